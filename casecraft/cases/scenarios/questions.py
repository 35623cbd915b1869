"""What rules leave open between the endpoints of a document, and which few endpoints may be the answer.

Only this is put to models. An endpoint whose fields rules fill, in a group whose lives rules know, is asked nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
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

MOST_ENDPOINTS = 20
"""Other endpoints that one question shows."""

_MOST_FIELDS, _MOST_SOURCES, _MOST_STATUSES = 10, 5, 8
_LONGEST_SUMMARY = 80
_REFERENCE_ENDINGS = frozenset({"id", "ids", "uuid", "guid", "ref"})
_LEAST_GROUP = 3


class Questions:
    """The questions for all endpoints of a run. Nothing is worked out before the first is asked for."""

    def __init__(self, endpoints: Sequence[Endpoint], *, scenarios: bool = True) -> None:
        self._endpoints = endpoints
        self._scenarios = scenarios
        self._registry: Registry | None = None
        self._leaders: dict[str, list[Operation]] = {}
        self._sources: dict[str, list[str]] = {}

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
        ranked = []
        for operation in graph.by_id.values():
            other = operation.endpoint
            if other.id == endpoint.id or other.method.upper() not in ("GET", "POST", "PUT"):
                continue
            if all(_stands_under(endpoint, other, field) for field in fields):
                continue
            words = {singular(word) for word in words_of(f"{shape_of(other.path)} {other.operation_id or ''}")}
            likeness = 2 * len(wanted & words) + bool({*endpoint.tags} & {*other.tags})
            if likeness and self._sources_of(graph, other):
                ranked.append((-likeness, len(other.path), other.id, operation))
        return [operation for *_, operation in sorted(ranked, key=lambda it: it[:3])[:MOST_ENDPOINTS]]

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


def _is_reference(field: RequestField) -> bool:
    return len(field.words) > 1 and field.words[-1] in _REFERENCE_ENDINGS


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
    makers = {resource.create.endpoint_id for resource in registry.in_order}
    for group in groups.values():
        changing = [it for it in group if it.endpoint.method.upper() not in READING]
        posts = [it for it in changing if it.endpoint.method.upper() == "POST"]
        if len(group) < _LEAST_GROUP or not posts or not _has_business(changing, makers):
            continue
        leader = min(posts, key=lambda it: (len(it.endpoint.path), it.endpoint.id))
        ordered = sorted(group, key=lambda it: (it not in changing, len(it.endpoint.path), it.endpoint.id))
        yield leader.endpoint.id, [leader, *(it for it in ordered if it is not leader)][:MOST_ENDPOINTS]


def _has_business(changing: Sequence[Operation], makers: set[str]) -> bool:
    """Whether a group makes things of several kinds, or does something to a thing that is no plain change of it."""
    kinds = {noun_of(shape_of(it.endpoint.path)) for it in changing if it.endpoint.id in makers}
    acting = (
        not is_item(shape_of(it.endpoint.path)) and "{}" in shape_of(it.endpoint.path) and it.endpoint.id not in makers
        for it in changing
    )
    return len(kinds) > 1 or any(acting)
