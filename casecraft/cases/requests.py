"""Requests to one endpoint: the places that they set, and what is wrong with one."""

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from casecraft.cases.bodies import BodyForm, Field
from casecraft.cases.goals import node_goals, sampling_notes
from casecraft.cases.judgement import Reading, judged
from casecraft.cases.keys import stable_key
from casecraft.cases.nodes import Goal, Node, SchemaContext
from casecraft.cases.readings import coerce
from casecraft.cases.rich_values import nodes_inside
from casecraft.cases.sameness import Same
from casecraft.cases.styles import Written, essence_of, is_json, names_of, read, write
from casecraft.cases.violations import Finding
from casecraft.core.case import CaseRequest, Technique
from casecraft.core.endpoint import Endpoint, Parameter
from casecraft.core.schema import Definitions

DEPTH_LIMIT = 4
"""Places nested deeper than this get no targets of their own."""

NODE_LIMIT = 120
"""Places of one endpoint that get targets; those nearest to the top come first."""

INVALID_LIMIT = 80
"""Targets of one endpoint that an invalid request hits, as each takes a case of its own."""

IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})
"""Header parameters with these names are ignored, as OpenAPI says: other parts of the document rule them."""

LOCATIONS = ("path", "query", "header", "cookie")


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a look at a request shows: what is wrong with it; what cannot be judged; and, where nothing is wrong, the
    ids of the valid targets that it hits.
    """

    findings: tuple[Finding, ...]
    unclear: tuple[str, ...]
    hits: frozenset[str]


KEPT_READINGS = 2048


class RequestModel:
    """All that can be said about requests to one endpoint. `goals` holds the targets in their order, by id; one id may
    stand for several places where a union's branches share them. `notes` say what was left out.
    """

    def __init__(self, endpoint: Endpoint, context: SchemaContext) -> None:
        self.endpoint = endpoint
        self.notes: list[str] = []
        self.goals: OrderedDict[str, list[Goal]] = OrderedDict()
        self.fields = [_parameter_field(context, each) for each in endpoint.parameters if not _is_ignored(each)]
        media_types = endpoint.body.media_types if endpoint.body is not None else ()
        required = endpoint.body is not None and endpoint.body.required
        self.bodies = [BodyForm(context, media, required=required) for media in media_types]
        self.body = min(
            (body for body in self.bodies if body.kind != "opaque"),
            key=lambda body: _KINDS.index(body.kind),
            default=None,
        )
        self._readings: dict[Any, Reading] = {}
        self._last_body: tuple[Any, str, Reading] | None = None
        self._add_request_goals()
        self._grow()

    # Goals

    @property
    def needs_auth(self) -> bool:
        """Whether a request without credentials is refused."""
        return bool(self.endpoint.security) and all(self.endpoint.security)

    @property
    def has_options(self) -> bool:
        """Whether a request may leave anything out."""
        optional_body = self.body is not None and not self.body.node.required
        return optional_body or any(not field.parameter.required for field in self.fields)

    def _add_request_goals(self) -> None:
        self._add_request_goal("request:minimal", "minimal", True, "a request with only what is required")
        if self.has_options:
            self._add_request_goal(
                "request:all-parameters", "all-parameters", True, "a request with all that is declared"
            )
        if self.needs_auth:
            self._add_request_goal("auth:missing", "auth-missing", False, "a request without credentials")
        elif self.endpoint.security:
            self._add_request_goal("auth:anonymous", "anonymous", True, "a request without credentials, as allowed")
        if self._needs_body:
            self._add_request_goal("body:missing", "body-missing", False, "a request without the required body")
        if self.body is None:
            return
        if not any(essence_of(body.media.content_type) in _TAKES_ALL for body in self.bodies):
            self._add_request_goal(UNSUPPORTED, "content-type", False, "a body of a type that is not documented")
        writable = [body for body in self.bodies if body.kind != "opaque"]
        for other in writable[:MEDIA_LIMIT] if len(writable) > 1 else ():
            name = essence_of(other.media.content_type)
            if other is not self.body:
                self._add_request_goal(f"body:content-type={name}", "other-type", True, f"a body sent as {name}")

    def _add_request_goal(self, id: str, kind: str, valid: bool, description: str) -> None:  # noqa: A002
        technique: Technique = "security" if id.startswith("auth:") else "equivalence_partitioning"
        self.goals[id] = [Goal(id, kind, valid, technique, description)]

    def _grow(self) -> None:
        """Give the places their goals, level by level, until enough have some."""
        level = [field.node for field in self.fields]
        if self.body is not None:
            level.append(self.body.node)
        grown = invalid = left_out = 0
        while level:
            below: list[Node] = []
            for node in level:
                if grown >= NODE_LIMIT or node.is_recursive or node.depth > DEPTH_LIMIT:
                    left_out += not node.is_recursive
                    continue
                grown += 1
                self.notes.extend(sampling_notes(node))
                for goal in node_goals(node):
                    if not goal.valid and goal.id not in self.goals:
                        invalid += 1
                        if invalid > INVALID_LIMIT:
                            continue
                    node.goals.append(goal)
                    self.goals.setdefault(goal.id, []).append(goal)
                node.expanded = True
                below.extend(nodes_inside(node))
            level = below
        if left_out:
            self.notes.append(
                f"{left_out} nested places have no targets of their own: they lie too deep or are too many"
            )
        if invalid > INVALID_LIMIT:
            self.notes.append(f"{invalid - INVALID_LIMIT} targets for invalid values were left out: they are too many")

    # Writing

    def request(
        self, values: Mapping[int, Any], body: "BodyForm | None", body_value: Any, **more: Any
    ) -> CaseRequest | None:
        """A request with these values, by the numbers of the fields; None where one cannot be written."""
        places: dict[str, dict[str, Any]] = {location: {} for location in LOCATIONS}
        for index, value in values.items():
            parameter = self.fields[index].parameter
            entries = write(parameter, value)
            if entries is None:
                return None
            places[parameter.location].update(entries)
        content_type = None
        written: tuple[Any] | None = (None,)
        if body is not None:
            content_type = concrete_type(body.media.content_type)
            written = body.write(body_value)
        if written is None:
            return None
        return CaseRequest(
            method=self.endpoint.method,
            path=self.endpoint.path,
            path_params=places["path"],
            query=places["query"],
            headers=places["header"],
            cookies=places["cookie"],
            body=written[0],
            content_type=more.get("content_type", content_type),
            credentials=more.get("credentials", "own"),
        )

    def writable(self, index: int, value: Any) -> bool:
        """Whether a field's style can carry a value."""
        return write(self.fields[index].parameter, value) is not None

    # Reading

    def inspect(self, request: CaseRequest) -> Inspection:
        """What is wrong with a request, or what it hits."""
        findings: list[Finding] = []
        hits: set[str] = set()
        unclear: list[str] = []
        sent = 0
        for index, written in enumerate(self._entries(request, unclear)):
            reading = self._parameter_reading(index, written)
            sent += written is not None
            findings.extend(reading.findings)
            hits |= reading.hits
        if self.needs_auth and request.credentials == "none":
            findings.append(Finding("auth:missing", "no credentials are sent"))
        elif self.endpoint.security and request.credentials == "none":
            hits.add("auth:anonymous")
        findings.extend(self._body_findings(request, hits, unclear))
        if findings or unclear:
            return Inspection(tuple(findings), tuple(unclear), frozenset())
        body_sent = request.content_type is not None
        options = sum(not field.parameter.required for field in self.fields)
        required = len(self.fields) - options
        if sent == required and (not body_sent or self._needs_body):
            hits.add("request:minimal")
        if self.has_options and sent == len(self.fields) and (body_sent or self.body is None):
            hits.add("request:all-parameters")
        return Inspection((), (), frozenset(hits & self.goals.keys()))

    @property
    def _needs_body(self) -> bool:
        return self.endpoint.body is not None and self.endpoint.body.required

    def _entries(self, request: CaseRequest, unclear: list[str]) -> Iterator[Written | None]:
        """What the request has for each field, None where it has nothing."""
        places: dict[str, Written] = {
            "path": request.path_params,
            "query": request.query,
            "header": request.headers,
            "cookie": request.cookies,
        }
        left = {location: set(written) for location, written in places.items()}
        for field in self.fields:
            location = field.parameter.location
            names = names_of(field.parameter, field.node.shape, places[location])
            left[location].difference_update(names)
            yield {name: places[location][name] for name in names} if names else None
        unclear.extend(
            f"{location} parameter {name!r} is not declared"
            for location in LOCATIONS
            for name in sorted(left[location])
        )

    def _parameter_reading(self, index: int, written: Written | None) -> Reading:
        key = (index, None if written is None else stable_key(written))
        known = self._readings.get(key)
        if known is None:
            if len(self._readings) >= KEPT_READINGS:
                self._readings.clear()
            known = self._readings[key] = self._read_parameter(self.fields[index], written)
        return known

    def _read_parameter(self, field: Field, written: Written | None) -> Reading:
        parameter, node = field.parameter, field.node
        raw = None if written is None else read(parameter, node.shape, written)
        if raw is None:
            missing = (Finding(f"{node.id}:missing", "a required parameter is not sent"),) if parameter.required else ()
            return Reading(missing, frozenset())
        if parameter.content_type is not None and is_json(parameter.content_type):
            try:
                value = json.loads(str(raw))
            except ValueError as error:
                return Reading((Finding(f"{node.id}:malformed", f"no JSON: {error}"),), frozenset())
        elif raw == "" and parameter.allow_empty:
            return Reading((), frozenset())
        else:
            value = coerce(parameter, node, raw)
        return judged(node, value)

    def _body_findings(self, request: CaseRequest, hits: set[str], unclear: list[str]) -> Iterable[Finding]:
        content_type = request.content_type
        if content_type is None:
            return (Finding("body:missing", "a request without the required body"),) if self._needs_body else ()
        if not self.bodies:
            unclear.append("a body is sent and none is documented")
            return ()
        body = self.body_for(content_type)
        if body is None:
            return (Finding(UNSUPPORTED, f"{content_type} is not a documented type"),)
        if body.kind == "opaque":
            unclear.append(f"a body of type {content_type} cannot be checked")
            return ()
        if body is not self.body:
            hits.add(f"body:content-type={essence_of(body.media.content_type)}")
        reading = self._body_reading(body, request.body)
        if body is self.body:
            hits |= reading.hits
        return reading.findings

    def _body_reading(self, body: BodyForm, value: Any) -> Reading:
        last = self._last_body
        if last is None or last[0] is not value or last[1] != body.media.content_type:
            last = self._last_body = (value, body.media.content_type, judged(body.node, body.read(value)))
        return last[2]

    def body_for(self, content_type: str) -> BodyForm | None:
        """The documented body that a content type belongs to, an exact one before a range."""
        essence = essence_of(content_type)
        exact = (body for body in self.bodies if essence_of(body.media.content_type) == essence)
        ranges = (body for body in self.bodies if _in_range(essence, essence_of(body.media.content_type)))
        return next(exact, None) or next(ranges, None)


UNSUPPORTED = "body:unsupported-content-type"


MEDIA_LIMIT = 6


_TAKES_ALL = frozenset({"*/*", "text/*", "text/plain"})


_KINDS = ("json", "form", "text", "opaque")


def concrete_type(content_type: str) -> str:
    """A type that can be sent: a range becomes JSON."""
    return "application/json" if "*" in content_type else content_type


def _in_range(essence: str, documented: str) -> bool:
    if documented == "*/*":
        return True
    return documented.endswith("/*") and essence.startswith(documented[:-1])


def _is_ignored(parameter: Parameter) -> bool:
    return parameter.location == "header" and parameter.name.lower() in IGNORED_HEADERS


def _parameter_field(context: SchemaContext, parameter: Parameter) -> Field:
    node = Node(
        context,
        f"{parameter.location}.{parameter.name}",
        parameter.schema,
        context.reader.read(parameter.schema),
        name=parameter.name,
        carrier=parameter.location,
        required=parameter.required,
        samples=parameter.examples,
    )
    return Field(parameter, node)


def request_model(endpoint: Endpoint) -> RequestModel:
    """The model of an endpoint's requests; those used lately are kept."""
    return _model(Same(endpoint))


@lru_cache(maxsize=64)
def _model(endpoint: Same[Endpoint]) -> RequestModel:
    return RequestModel(endpoint.held, _context(Same(endpoint.held.definitions)))


@lru_cache(maxsize=4)
def _context(definitions: Same[Definitions]) -> SchemaContext:
    return SchemaContext(definitions.held)
