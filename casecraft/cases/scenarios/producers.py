"""How something of each kind is made: the endpoint that makes it, and where the answer or the request has its id."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from casecraft.cases.scenarios.composite import composite_sources, parts_of, root_of
from casecraft.cases.scenarios.existing import first_of_list
from casecraft.cases.scenarios.fields import (
    escape,
    id_pointer,
    json_schema,
    names_of_id,
    successes,
)
from casecraft.cases.scenarios.graph import Graph, Operation
from casecraft.cases.scenarios.paths import (
    collection_of,
    common_segments,
    is_below,
    is_item,
    places_of,
    shape_of,
    singular,
    words_of,
)
from casecraft.core.endpoint import Link
from casecraft.core.schema import referenced_name

_CREATION = frozenset({"create", "add", "register", "new", "insert", "make", "import", "upload", "place", "open"})
_EXPRESSION = re.compile(r"\$(response|request)\.(?:(body)#(/.*)|(header|path|query)\.(.+))", re.DOTALL)
_SECTIONS = {"path": "path_params", "query": "query", "header": "headers"}


@dataclass(frozen=True, slots=True)
class Producer:
    """Makes what is at an item path. `source` says where its id is, in the terms of a binding. `own` is the path
    parameter under which the client chooses the id itself (created by PUT), else None. Where a link of the document or
    a model is all that says so (`linked`), the answer may speak of what was there before.

    Where the id has several parts, `others` says where those before the last are, by the shape of the path up to them.
    `listed` says that nothing is made: the first of a list is taken, which is not the suite's to change or remove.
    `names` are those of the path parameter under which it means what `source` gives; None where it is all.
    """

    item: str
    operation: Operation
    source: str
    own: str | None = None
    linked: bool = False
    others: Mapping[str, str] = field(default_factory=dict)
    listed: bool = False
    names: frozenset[str] | None = None

    def source_at(self, shape: str) -> str | None:
        """Where the part of the id is that ends a path of this shape; None where none does."""
        return self.source if shape == self.item else self.others.get(shape)


class Producers:
    """Finds the producers of item paths in a graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._linked: dict[str, Producer] = {}
        self._makers: dict[str, list[tuple[Operation, str]]] = defaultdict(list)
        for (method, shape), operation in graph.operations.items():
            if method == "POST":
                for item, source in _linked_sources(graph, operation):
                    if not is_below(shape, item):
                        self._linked.setdefault(
                            item, Producer(item, operation, source, linked=shape != collection_of(item))
                        )
                kind = _answer_name(operation)
                if kind is not None and _creates(operation):
                    self._makers[kind].append((operation, shape))

    def find(self, item: str) -> Producer | None:
        """The producer of the objects at an item path, by the strongest sign: a link of the document, POST on the
        collection, PUT that creates, POST elsewhere whose answer is of the same named schema. Where nothing makes any,
        what lists them.
        """
        graph = self._graph
        return (
            self._linked.get(item)
            or next(_by_collection(graph, item), None)
            or next(_by_put(graph, item), None)
            or next(self._by_schema(item), None)
            or next(self._of_parts(item), None)
            or next(_by_list(graph, item), None)
        )

    def _by_schema(self, item: str) -> Iterator[Producer]:
        if is_item(collection_of(item)):  # an id of several parts is more than one field
            return
        for operation in self._makers_of(item):
            source = _source(self._graph, operation, item)
            if source:
                yield Producer(item, operation, source)

    def _of_parts(self, item: str) -> Iterator[Producer]:
        """Makers whose answer has every part of an id such as that of `/repos/{owner}/{repo}`."""
        if len(parts_of(item)) == 1:
            return
        on_root = self._graph.find("POST", root_of(item))
        for operation in ([on_root] if on_root is not None else []) + self._makers_of(item):
            sources = composite_sources(self._graph, operation, item)
            if sources is not None:
                yield Producer(item, operation, sources.pop(item), others=sources)

    def _makers_of(self, item: str) -> list[Operation]:
        """What creates and answers with the named schema that reading the item answers with, the nearest path first."""
        read = self._graph.find("GET", item)
        kind = _answer_name(read) if read else None
        makers = [made for made in self._makers.get(kind or "", ()) if not is_below(made[1], item)]
        makers.sort(key=lambda made: (-common_segments(made[1], item), len(made[1]), made[1]))
        return [operation for operation, _ in makers]


def _linked_sources(graph: Graph, operation: Operation) -> Iterator[tuple[str, str]]:
    """The item paths whose ids the links of an operation's answers give, with the sources."""
    for link in (link for response in successes(operation.endpoint) for link in response.links):
        path = _linked_path(graph, link)
        for place in places_of(path) if path else ():
            expression = link.parameters.get(place.name) or link.parameters.get(f"path.{place.name}", "")
            source = source_of(expression)
            if source and place.shape in graph.names:
                yield place.shape, source


def _linked_path(graph: Graph, link: Link) -> str:
    if link.operation_id:
        linked = graph.by_operation_id.get(link.operation_id)
        return linked.endpoint.path if linked else ""
    _, _, pointer = link.operation_ref.partition("#/paths/")
    return pointer.rpartition("/")[0].replace("~1", "/").replace("~0", "~").replace("%7B", "{").replace("%7D", "}")


def source_of(expression: str) -> str:
    """A runtime expression of OpenAPI as the source of a binding; "" for one that is none here."""
    found = _EXPRESSION.fullmatch(expression)
    if found is None:
        return ""
    message, body, pointer, section, name = found.groups()
    if message == "response":
        return pointer if body else f"header:{name}" if section == "header" else ""
    return f"request:/body{pointer}" if body else f"request:/{_SECTIONS[section]}/{escape(name)}"


def _by_collection(graph: Graph, item: str) -> Iterator[Producer]:
    for collection in _spellings(collection_of(item)):
        operation = graph.find("POST", collection)
        if operation is not None:
            source = _source(graph, operation, item)
            if source:
                yield Producer(item, operation, source)


def _spellings(collection: str) -> Iterator[str]:
    """The collection's path, then the same with its last word in the other number."""
    yield collection
    head, _, last = collection.rpartition("/")
    other = singular(last)
    yield f"{head}/{last}s" if other == last else f"{head}/{other}"


def _by_put(graph: Graph, item: str) -> Iterator[Producer]:
    operation = graph.find("PUT", item)
    if operation is not None and operation.documents(201):
        name = next((place.name for place in operation.places if place.shape == item), None)
        if name is not None:
            yield Producer(item, operation, f"request:/path_params/{escape(name)}", own=name)


def _by_list(graph: Graph, item: str) -> Iterator[Producer]:
    for collection in _spellings(collection_of(item)):
        operation = graph.find("GET", collection)
        sources = first_of_list(graph, operation, item) if operation is not None else {}
        if operation is not None and sources:
            source = next(iter(sources.values()))
            names = frozenset(name for name, each in sources.items() if each == source)
            yield Producer(item, operation, source, listed=True, names=names)


def _creates(operation: Operation) -> bool:
    endpoint = operation.endpoint
    said = {*words_of(endpoint.operation_id or ""), *words_of(shape_of(endpoint.path).rpartition("/")[2])}
    return bool(operation.documents(201)) or not said.isdisjoint(_CREATION)


def _answer_name(operation: Operation) -> str | None:
    schemas = (json_schema(response) for response in successes(operation.endpoint))
    return next((referenced_name(it) for it in schemas if it is not None and not isinstance(it, bool)), None)


def _source(graph: Graph, operation: Operation, item: str) -> str:
    """Where the answer to a creation has the id: in its body, in its Location header, or in what was sent."""
    endpoint = operation.endpoint
    names = graph.names[item]
    for response in successes(endpoint):
        answer = graph.shapes.of_answer(endpoint, response)
        for name in names:
            if answer is None:
                break
            pointer = id_pointer(graph.shapes, endpoint, answer, name, item, graph.wanted(item, name))
            if pointer:
                return pointer
        header = next((it.name for it in response.headers if it.name.lower() == "location"), None)
        if header is not None:
            return f"header:{header}#last"
    return _natural_key(operation, names)


def _natural_key(operation: Operation, names: Iterable[str]) -> str:
    """The field of the request's body that has the very name of the path parameter, as a user's `username` has."""
    body = operation.least.request.body
    for name in names if isinstance(body, dict) else ():
        spelled = {"".join(words_of(key)): key for key in body}
        key = spelled.get(next(names_of_id(name, ())))
        if key is not None and isinstance(body[key], str | int):
            return f"request:/body/{escape(key)}"
    return ""
