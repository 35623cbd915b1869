"""What rules leave open between the endpoints of a document, and which few endpoints may be the answer.

Only this is put to models. An endpoint whose fields rules fill, in a group whose lives rules know, is asked nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from casecraft.cases.expectations import expect_accepted
from casecraft.cases.generation import base_of
from casecraft.cases.outline import one_line
from casecraft.cases.question import Question
from casecraft.cases.requests import request_model
from casecraft.cases.scenarios.graph import Graph, Operation, bindable_places, build_graph
from casecraft.cases.scenarios.paths import is_below, is_item, noun_of, shape_of, singular, words_of
from casecraft.cases.scenarios.places import RequestField, id_sources, request_fields
from casecraft.cases.scenarios.registry import READING, Registry
from casecraft.core.case import Case, Source
from casecraft.core.endpoint import Endpoint
from casecraft.core.job import JobResult
from casecraft.core.scenario import Resource

MOST_ENDPOINTS = 20
"""Other endpoints that one question shows."""

_MOST_CANDIDATES = 12
_MOST_FIELDS, _MOST_SOURCES, _MOST_STATUSES = 10, 4, 8
_LONGEST_SUMMARY = 80
_REFERENCE_ENDINGS = frozenset({"id", "ids", "uuid", "guid", "ref"})
_LEAST_GROUP = 2


class Questions:
    """The questions for all endpoints of a run. Nothing is worked out before the first is asked for."""

    def __init__(self, endpoints: Sequence[Endpoint], *, scenarios: bool = True) -> None:
        self._endpoints = endpoints
        self._scenarios = scenarios
        self._registry: Registry | None = None
        self._leaders: dict[str, list[Operation]] = {}
        self._sources: dict[str, list[str]] = {}
        self._by_word: dict[str, list[str]] = defaultdict(list)

    def of(self, endpoint: Endpoint) -> Question | None:
        """The question for one endpoint, None where nothing is open."""
        if len(self._endpoints) < 2:  # noqa: PLR2004  # one endpoint has no others
            return None
        registry = self._known()
        fields = list(self._open_fields(registry, endpoint))[:_MOST_FIELDS]
        candidates = self._candidates(registry.graph, endpoint, fields) if fields else []
        group = self._leaders.get(endpoint.id, []) if self._scenarios else []
        shown = list({it.endpoint.id: it for it in (*group, *candidates)}.values())[:MOST_ENDPOINTS]
        if not group and not candidates:
            return None
        described = tuple(self._described(it, with_statuses=it in group) for it in shown)
        return Question(tuple(field.name for field in fields) if candidates else (), bool(group), described)

    def _known(self) -> Registry:
        if self._registry is None:
            self._registry = Registry(build_graph([result for it in self._endpoints for result in _least(it)]))
            self._leaders = dict(_leaders(self._registry))
            for name, operation in self._registry.graph.by_id.items():
                if operation.endpoint.method.upper() in ("GET", "POST", "PUT"):
                    for word in _words(operation.endpoint):
                        self._by_word[word].append(name)
        return self._registry

    def _open_fields(self, registry: Registry, endpoint: Endpoint) -> Iterator[RequestField]:
        """The fields that look like references to other things, and that rules cannot fill."""
        graph = registry.graph
        filled = {binding.place for binding in registry.path_bindings(endpoint)}
        made = {it.create.endpoint_id: it for it in registry.in_order}.get(endpoint.id)
        filled |= {binding.place for binding in made.create.bindings} if made is not None else set()
        own = {f"path.{place.name}" for place in bindable_places(endpoint) if place.shape in registry.resources}
        for field in request_fields(graph.shapes, endpoint).values():
            if field.place in filled or field.name in own:
                continue
            if field.name.startswith("path."):
                yield field
            elif _is_reference(field) and field.shape.members is None:
                value: object = "x" if "string" in field.shape.types else 1
                item = registry.references.item_of(endpoint, field.words, value)
                if item is None or item not in registry.resources:
                    yield field

    def _candidates(self, graph: Graph, endpoint: Endpoint, fields: Sequence[RequestField]) -> list[Operation]:
        """The endpoints that may give the fields' values, the likeliest first."""
        wanted = {singular(word) for field in fields for word in field.words} - _REFERENCE_ENDINGS
        likeness = Counter(name for word in sorted(wanted) for name in self._by_word.get(word, ()))
        ranked = sorted(
            likeness,
            key=lambda name: (
                -2 * likeness[name] - bool({*endpoint.tags} & {*graph.endpoints[name].tags}),
                len(graph.endpoints[name].path),
                name,
            ),
        )
        likely = (graph.by_id[name] for name in ranked if name != endpoint.id)
        able = (it for it in likely if not all(_stands_under(endpoint, it.endpoint, field) for field in fields))
        giving = (it for it in able if self._sources_of(graph, it.endpoint))
        return list(islice(giving, _MOST_CANDIDATES))

    def _sources_of(self, graph: Graph, endpoint: Endpoint) -> list[str]:
        if endpoint.id not in self._sources:
            self._sources[endpoint.id] = id_sources(graph.shapes, endpoint, _MOST_SOURCES)
        return self._sources[endpoint.id]

    def _described(self, operation: Operation, *, with_statuses: bool) -> dict[str, Any]:
        endpoint = operation.endpoint
        described: dict[str, Any] = {"endpoint": endpoint.id}
        if endpoint.summary:
            described["summary"] = one_line(endpoint.summary, _LONGEST_SUMMARY)
        graph = self._known().graph
        described["gives"] = self._sources_of(graph, endpoint)
        if with_statuses:
            described["statuses"] = [response.status for response in endpoint.responses[:_MOST_STATUSES]]
        return described


def _words(endpoint: Endpoint) -> set[str]:
    """The words that an endpoint goes by."""
    return {singular(word) for word in words_of(f"{shape_of(endpoint.path)} {endpoint.operation_id or ''}")}


def _is_reference(field: RequestField) -> bool:
    is_business = field.name.startswith(("query.", "body."))  # ids in headers are of requests
    return is_business and len(field.words) > 1 and field.words[-1] in _REFERENCE_ENDINGS


def _stands_under(endpoint: Endpoint, other: Endpoint, field: RequestField) -> bool:
    """Whether the other endpoint needs the same path parameter itself, and so cannot give its value."""
    shapes = (place.shape for place in bindable_places(endpoint) if field.name == f"path.{place.name}")
    shape = next(shapes, None)
    return shape is not None and is_below(shape_of(other.path), shape)


def _least(endpoint: Endpoint) -> Iterator[JobResult]:
    """A result with the least valid request alone: what rules know of who makes what needs no more."""
    model = request_model(endpoint)
    base = base_of(model)
    request = model.request_with(base) if base is not None else None
    if request is not None:
        expect = expect_accepted(endpoint, request)
        case = Case(
            endpoint.id,
            "",
            True,
            "equivalence_partitioning",
            "P0",
            ("request:minimal",),
            request,
            expect,
            Source("rules"),
        )
        yield JobResult(endpoint, "pending", None, cases=(case,))


def _leaders(registry: Registry) -> Iterator[tuple[str, list[Operation]]]:
    """The endpoint of each group that is asked for the group's scenarios, with the group.

    A group is a tag's endpoints, or those under the first word of their paths. One with nothing but the lives of one
    kind of thing has no business that rules do not know.
    """
    groups: dict[str, list[Operation]] = defaultdict(list)
    for operation in registry.graph.by_id.values():
        endpoint = operation.endpoint
        groups[endpoint.tags[0] if endpoint.tags else shape_of(endpoint.path).split("/")[1]].append(operation)
    creations = {resource.create.endpoint_id: resource for resource in registry.in_order}
    for group in groups.values():
        changing = [it for it in group if it.endpoint.method.upper() not in READING]
        posts = [it for it in changing if it.endpoint.method.upper() == "POST"]
        named = list(_named_elsewhere(registry, group, creations))
        if len(group) < _LEAST_GROUP or not posts or not (named or _has_business(changing, creations)):
            continue
        leader = min(posts, key=lambda it: (len(it.endpoint.path), it.endpoint.id))
        ordered = sorted(group, key=lambda it: (it not in changing, len(it.endpoint.path), it.endpoint.id))
        shown = {it.endpoint.id: it for it in (leader, *named, *ordered)}
        yield leader.endpoint.id, list(shown.values())[:MOST_ENDPOINTS]


def _named_elsewhere(
    registry: Registry, group: Sequence[Operation], creations: Mapping[str, Resource]
) -> Iterator[Operation]:
    """What makes and removes the things that the group's creating requests name in their fields, as an order a pet."""
    by_name = {resource.id: resource for resource in creations.values()}
    for operation in group:
        made = creations.get(operation.endpoint.id)
        for binding in made.create.bindings if made is not None else ():
            held = by_name.get(binding.step)
            if held is not None and not binding.place.startswith("/path_params/"):
                steps = (held.create, held.remove)
                yield from (registry.graph.by_id[step.endpoint_id] for step in steps if step is not None)


def _has_business(changing: Sequence[Operation], creations: Collection[str]) -> bool:
    """Whether a group makes things of several kinds, or does something to a thing that is no plain change of it."""
    kinds = {noun_of(shape_of(it.endpoint.path)) for it in changing if it.endpoint.id in creations}
    shapes = [shape_of(it.endpoint.path) for it in changing if it.endpoint.id not in creations]
    return len(kinds) > 1 or any("{}" in shape and not is_item(shape) for shape in shapes)
