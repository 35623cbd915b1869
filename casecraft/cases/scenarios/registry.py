"""The resources of a suite: what can be made before a case, parents first, and the bindings that use it."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from casecraft.cases.scenarios.accepted import AcceptedEdge
from casecraft.cases.scenarios.fields import escape
from casecraft.cases.scenarios.graph import Graph, Operation, is_given, path_parameter
from casecraft.cases.scenarios.paths import collection_of, places_of, readable_name, shape_of
from casecraft.cases.scenarios.producers import Producer, Producers
from casecraft.cases.scenarios.references import References
from casecraft.cases.scenarios.uniqueness import unique_bindings, unique_source
from casecraft.core.case import RUN, Binding, CaseRequest
from casecraft.core.endpoint import Endpoint
from casecraft.core.scenario import Resource, Step

_STEPS = frozenset({RUN, "create", "create-parent"})
"""Steps that bindings may name beside resources."""

READING = frozenset({"GET", "HEAD", "OPTIONS", "QUERY"})


class Registry:
    """Every resource that the endpoints of a graph allow, by the item path of what it makes.

    `edges` are what models know beside the rules. What only a field takes has no item path: its resource is there under
    the id of the endpoint that gives it.
    """

    def __init__(self, graph: Graph, edges: Sequence[AcceptedEdge] = ()) -> None:
        self.graph = graph
        self.found: dict[str, Producer] = {}  # those that need what cannot be made are among them
        self._by_shape = {edge.shape: edge for edge in edges if edge.shape is not None}
        self._by_consumer: dict[str, list[AcceptedEdge]] = defaultdict(list)
        for edge in edges:
            if edge.shape is None:
                self._by_consumer[edge.consumer].append(edge)
        self.producers: dict[str, Producer] = {}
        self.resources: dict[str, Resource] = {}
        self.references = References(graph)
        self._producers = Producers(graph)
        self._making: set[str] = set()
        self._aliases: set[str] = set()
        self._keys: dict[str, str] = {}
        items = sorted(graph.names, key=lambda item: (item.count("/"), item))
        for item in (*items, *(self._key_of(edge.producer) for edge in edges)):
            self._make(item)

    @property
    def in_order(self) -> tuple[Resource, ...]:
        """All resources, each after those that it needs."""
        return tuple({resource.id: resource for resource in self.resources.values()}.values())

    def fills(self, edge: AcceptedEdge) -> bool:
        """Whether something makes what an edge speaks of."""
        return (edge.shape or self._key_of(edge.producer)) in self.resources

    def has_life(self, item: str) -> bool:
        """Whether the suite makes what is at an item path, and not only takes it from elsewhere."""
        producer = self.producers[item]
        return bool(producer.item) and not producer.listed and item not in self._aliases

    @property
    def borrowed(self) -> set[str]:
        """The ids of the resources that nothing makes: the first of a list stands for them."""
        return {self.resources[item].id for item, producer in self.producers.items() if producer.listed}

    def path_bindings(self, endpoint: Endpoint, but: str = "") -> Iterator[Binding]:
        """Bindings for the path parameters that resources can fill, except the id of the item path `but`."""
        places = places_of(endpoint.path)
        filled: dict[str, tuple[str, str]] = {}
        for item in (place.shape for place in places):
            if item == but:
                filled = {shape: held for shape, held in filled.items() if shape not in self._parts(item)}
            elif item in self.resources and self._may_use(endpoint, self.producers[item]):
                # All parts of an id come from one answer, whatever else has one of them.
                sources = {item: self.producers[item].source, **self.producers[item].others}
                filled |= {shape: (self.resources[item].id, source) for shape, source in sources.items()}
        for place in places:
            if place.shape in filled and place.name in self._names(place.shape):
                yield Binding(path_place(place.name), *filled[place.shape])

    def _names(self, shape: str) -> Collection[str]:
        """The names of a path parameter under which it means what its resource gives."""
        producer = self.producers.get(shape)
        return self.graph.names[shape] if producer is None or producer.names is None else producer.names

    def reference_bindings(self, endpoint: Endpoint, request: CaseRequest) -> Iterator[Binding]:
        """Bindings for fields of the query and the body that name a resource by its id."""
        for place, item in self.references.find(endpoint, request):
            resource = self.resources.get(item)
            if resource is not None:
                yield Binding(place, resource.id, self.producers[item].source)
        for edge in self._by_consumer.get(endpoint.id, ()):
            resource = self.resources.get(self._key_of(edge.producer))
            if resource is not None and holds(request, edge.place):
                yield Binding(edge.place, resource.id, edge.source)

    def _parts(self, item: str) -> Mapping[str, str]:
        producer = self.producers.get(item)
        return producer.others if producer is not None else {}

    def _may_use(self, endpoint: Endpoint, producer: Producer) -> bool:
        """Whether an endpoint may be carried out on what a producer gives: what is not the suite's is only read."""
        return not producer.listed or endpoint.method.upper() in READING

    def creation_bindings(self, producer: Producer) -> tuple[Binding, ...]:
        """All that a creating request takes from elsewhere."""
        endpoint, request = producer.operation.endpoint, producer.operation.least.request
        bindings = list(self.path_bindings(endpoint, but=producer.item))
        if producer.own is not None:
            source = unique_source(self.graph.shapes, endpoint, path_parameter(endpoint, producer.own).schema)
            if source is not None:
                bindings.append(Binding(path_place(producer.own), RUN, source))
        key = producer.source.removeprefix("request:") if producer.source.startswith("request:/body/") else ""
        bindings.extend(unique_bindings(self.graph.shapes, endpoint, request, {key}))
        bindings.extend(self.reference_bindings(endpoint, request))
        return tuple({binding.place: binding for binding in reversed(bindings)}.values())[::-1]

    def _make(self, item: str) -> None:
        """Make the resource of an item path after those that it needs. A loop of needs is cut where it closes."""
        if item in self.resources or item in self._making:
            return
        producer = self._find(item)
        if producer is None:
            return
        self.found[item] = producer
        self._making.add(item)
        endpoint = producer.operation.endpoint
        needed = [place.shape for place in places_of(endpoint.path) if place.shape != item]
        needed += [found for _, found in self.references.find(endpoint, producer.operation.least.request)]
        needed += [self._key_of(edge.producer) for edge in self._by_consumer.get(endpoint.id, ())]
        first = self._key_of(producer.operation) if self._by_shape.get(item) is not None else item
        for other in (*needed, first):
            self._make(other)
        if first != item and first in self.resources:
            self.producers[item], self.resources[item] = producer, self.resources[first]
            self._aliases.add(item)
        elif first == item and self._is_certain(producer):
            self.producers[item], self.resources[item] = producer, self._resource(producer)
        self._making.discard(item)

    def _find(self, item: str) -> Producer | None:
        """Who makes what is at an item path, rules before models; what makes things before what lists them."""
        operation = self.graph.by_id.get(item)
        if operation is not None:
            lists = operation.endpoint.method.upper() == "GET"
            return Producer("", operation, "", linked=True, listed=lists)
        known, edge = self._producers.find(item), self._by_shape.get(item)
        if edge is None or (known is not None and not known.listed):
            return known
        return Producer(item, edge.producer, edge.source, linked=True, listed=edge.borrowed)

    def _key_of(self, operation: Operation) -> str:
        """Under what the resource is that an operation makes, which there is once for all that take values of it."""
        name = operation.endpoint.id
        if name not in self._keys:
            made = ((item, self._producers.find(item)) for item in self.graph.names)
            items = [item for item, known in made if known is not None and known.operation is operation]
            items += [shape for shape, edge in self._by_shape.items() if edge.producer is operation]
            self._keys[name] = next(iter(items), name)
        return self._keys[name]

    def _is_certain(self, producer: Producer) -> bool:
        """Whether all that the creation stands under is made too, or given by the document, so that it can succeed."""
        operation = producer.operation
        request = operation.least.request
        bound = {binding.place for binding in self.creation_bindings(producer)}
        return all(
            path_place(name) in bound or is_given(operation.endpoint, name, value)
            for name, value in request.path_params.items()
        )

    def _resource(self, producer: Producer) -> Resource:
        operation = producer.operation
        name = self._unique_name(producer.item or shape_of(operation.endpoint.path))
        least = operation.least
        verb = "Take" if producer.listed else "Make"
        create = Step(
            name,
            f"{verb} one of {collection_of(producer.item)}" if producer.item else f"{verb} what others need",
            operation.endpoint.id,
            least.request,
            least.expect,
            self.creation_bindings(producer),
        )
        remove = None if producer.listed else self.graph.find("DELETE", producer.item)
        return Resource(name, create, self._removal(remove, producer, name) if remove else None)

    def _removal(self, operation: Operation, producer: Producer, name: str) -> Step:
        bindings = [*self.path_bindings(operation.endpoint, but=producer.item), *own_binding(operation, producer, name)]
        least = operation.least
        title = f"Remove it from {collection_of(producer.item)}"
        return Step(f"{name}-removal", title, operation.endpoint.id, least.request, least.expect, tuple(bindings))

    def _unique_name(self, item: str) -> str:
        name, number = readable_name(item), 1
        taken = {resource.id for resource in self.resources.values()} | _STEPS
        candidate = name
        while candidate in taken:
            number += 1
            candidate = f"{name}-{number}"
        return candidate


def holds(request: CaseRequest, place: str) -> bool:
    """Whether a request has a value at a place."""
    section, *names = (name.replace("~1", "/").replace("~0", "~") for name in place.split("/")[1:])
    value: Any = getattr(request, section)
    for name in names:
        if isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, Mapping) and name in value:
            value = value[name]
        else:
            return False
    return True


def own_binding(operation: Operation, producer: Producer, step: str) -> Iterator[Binding]:
    """The bindings of an item's own id, part by part, to the step that made it."""
    for place in operation.places:
        source = producer.source_at(place.shape)
        if source is not None:
            yield Binding(path_place(place.name), step, source)


def path_place(name: str) -> str:
    """The place of a path parameter in a request."""
    return f"/path_params/{escape(name)}"
