"""Requests to one endpoint: the places that they set, and what is wrong with one."""

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from casecraft.cases.ambiguity import is_unclear, why_unclear
from casecraft.cases.bodies import BodyForm, Field, concrete_type, find_body, parameter_field
from casecraft.cases.goals import node_goals, sampling_notes
from casecraft.cases.inspection import Inspection, Look
from casecraft.cases.judgement import Reading, judged, judged_document
from casecraft.cases.keys import stable_key
from casecraft.cases.nesting import add_nesting_probe, with_nesting_probe
from casecraft.cases.nodes import Goal, Node, SchemaContext
from casecraft.cases.pairs import PairTable
from casecraft.cases.probes import add_assignment_probe, add_text_probes
from casecraft.cases.raw_bodies import read_raw, text_to_read
from casecraft.cases.readings import coerce
from casecraft.cases.relation_cases import relation_goals
from casecraft.cases.relation_search import checked_relations, found_relations
from casecraft.cases.request_values import Mender, RequestValues
from casecraft.cases.rich_values import nodes_inside
from casecraft.cases.sameness import Same
from casecraft.cases.styles import Written, essence_of, is_json, names_of, read, write
from casecraft.cases.techniques import ALL_TECHNIQUES
from casecraft.cases.violations import Finding
from casecraft.cases.whole_requests import (
    ACCEPT,
    DEEPLY_NESTED,
    METHOD,
    REPEATED,
    REPEATED_NAME,
    TYPELESS,
    accept_of,
    is_acceptable,
    is_of_wrong_type,
    needs_auth,
    read_credentials,
    whole_goals,
)
from casecraft.core.case import CaseRequest, RawBody, Technique
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

KEPT_READINGS = 2048


class RequestModel:
    """All that can be said about requests to one endpoint. `goals` holds the targets in their order, by id; one id may
    stand for several places where a union's branches share them, or where a probe may go to one of several. Only the
    goals of the wanted techniques are there. `notes` say what was left out.
    """

    def __init__(
        self, endpoint: Endpoint, context: SchemaContext, techniques: frozenset[Technique] = ALL_TECHNIQUES
    ) -> None:
        self.endpoint = endpoint
        self.techniques = techniques
        self.notes: list[str] = []
        self.goals: OrderedDict[str, list[Goal]] = OrderedDict()
        self.fields = [parameter_field(context, each) for each in endpoint.parameters if not _is_ignored(each)]
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
        self._grown: list[Node] = []
        unmade = [body.media.content_type for body in self.bodies if body.kind == "opaque"]
        if unmade:
            self.notes.append(f"no body of type {', '.join(unmade)} can be made")
        self._add_request_goals()
        self._grow()
        self.pairs = PairTable(self.fields, self.body)
        found = found_relations(self.fields, self.body)
        self.mender = Mender(self.fields, self.body, checked_relations(found, endpoint, self.fields, self.body))
        self._add_goals_between()
        self._add_probes()

    # Goals

    @property
    def needs_auth(self) -> bool:
        """Whether a request without credentials is refused."""
        return needs_auth(self.endpoint)

    @property
    def scalars(self) -> dict[int, str]:
        """The query parameters that take one value: their numbers and names."""
        return {index: each.parameter.name for index, each in enumerate(self.fields) if _is_scalar(each)}

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
        if self.body.kind == "lines" and self.body.node.shape.size.most != 1:
            self._add_request_goal(SEVERAL, "several-items", True, "a body of several items")
        writable = [body for body in self.bodies if body.kind != "opaque"]
        for other in writable[:MEDIA_LIMIT] if len(writable) > 1 else ():
            name = essence_of(other.media.content_type)
            if other is not self.body:
                self._add_request_goal(f"body:content-type={name}", "other-type", True, f"a body sent as {name}")

    def _add_request_goal(self, id: str, kind: str, valid: bool, description: str) -> None:  # noqa: A002
        technique: Technique = "security" if id.startswith("auth:") else "equivalence_partitioning"
        if technique in self.techniques:
            self.goals[id] = [Goal(id, kind, valid, technique, description)]

    def _add_probes(self) -> None:
        """Add what is odd about a request as a whole, and the probes of places that have goals."""
        odd = list(whole_goals(self.endpoint, self.body, scalars=bool(self.scalars)))
        for each in self.fields:
            odd += add_nesting_probe(each)
        if self.endpoint.method != "DELETE":
            odd += add_text_probes(self._grown, self.techniques)
            if self.body is not None and self.body.kind in ("json", "xml"):
                odd += add_assignment_probe(self.body.node)
        for goal in odd:
            if goal.technique in self.techniques:
                self.goals.setdefault(goal.id, []).append(goal)

    def _add_goals_between(self) -> None:
        """The targets about several places at once."""
        goals = [goal for relation in self.mender.relations for goal in relation_goals(relation)]
        goals.extend(self.pairs.goals())
        self.goals.update((goal.id, [goal]) for goal in goals if goal.technique in self.techniques)
        if self.pairs.note and "pairwise_testing" in self.techniques:
            self.notes.append(self.pairs.note)

    def _grow(self) -> None:
        """Give the places their goals, level by level, until enough have some."""
        level = [field.node for field in self.fields]
        if self.body is not None:
            level.append(self.body.node)
        grown: list[tuple[Node, list[Goal]]] = []
        left_out = 0
        while level:
            below: list[Node] = []
            for node in level:
                if len(grown) >= NODE_LIMIT or node.is_recursive or node.depth > DEPTH_LIMIT:
                    left_out += not node.is_recursive
                    continue
                grown.append((node, [goal for goal in node_goals(node) if goal.technique in self.techniques]))
                self.notes.extend(sampling_notes(node))
                node.expanded = True
                below.extend(nodes_inside(node))
            level = below
        surplus = _surplus(goal for _, goals in grown for goal in goals if not goal.valid)
        for node, goals in grown:
            self._grown.append(node)
            node.goals = [goal for goal in goals if goal.id not in surplus]
            for goal in node.goals:
                self.goals.setdefault(goal.id, []).append(goal)
        if left_out:
            self.notes.append(
                f"{left_out} nested places have no targets of their own: they lie too deep or are too many"
            )
        if surplus:
            self.notes.append(f"{len(surplus)} targets for invalid values were left out: they are too many")

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

    def request_with(self, values: RequestValues) -> CaseRequest | None:
        """A request with these values; None where one cannot be written."""
        return self.request(values.values, values.body, values.body_value)

    def writable(self, index: int, value: Any) -> bool:
        """Whether a field's style can carry a value."""
        return write(self.fields[index].parameter, value) is not None

    # Reading

    def inspect(self, request: CaseRequest) -> Inspection:
        """What is wrong with a request, or what it hits."""
        look = Look()
        if request.method != self.endpoint.method:
            self._read_method(request, look)
            return look.concluded(self.goals.keys())
        sent = 0
        for index, written in enumerate(self._entries(request, look.unclear)):
            look.add(self._parameter_reading(index, written), self.fields[index].node.id)
            sent += written is not None
        self._read_credentials(request, look)
        self._read_accept(request, look)
        self._read_body(request, look)
        body_sent = request.content_type is not None
        options = sum(not field.parameter.required for field in self.fields)
        required = len(self.fields) - options
        if sent == required and (not body_sent or self._needs_body):
            look.hits.add("request:minimal")
        if self.has_options and sent == len(self.fields) and (body_sent or self.body is None):
            look.hits.add("request:all-parameters")
        return self._concluded(look)

    def _concluded(self, look: Look) -> Inspection:
        """The inspection of all values together: the relations between them, and the pairs of options."""
        if not (look.findings or look.unclear or look.probes):
            for relation in self.mender.relations:
                state = relation.state(look.given)
                if state is not None:
                    (look.hits if state == "kept" else look.doubts).add(relation.target(state))
            if not look.sends_other_type:
                look.hits.update(self.pairs.hit_by(look.given))
        return look.concluded(self.goals.keys())

    def _read_method(self, request: CaseRequest, look: Look) -> None:
        """What another method than the endpoint's is. Only the path must be right then."""
        for index, written in enumerate(self._entries(request, [])):
            if self.fields[index].parameter.location == "path":
                look.findings.extend(self._parameter_reading(index, written).findings)
        if not self.endpoint.path_methods or request.method in self.endpoint.path_methods:
            look.unclear.append(f"{request.method} is another endpoint's method")
        look.findings.append(Finding(METHOD, f"{request.method} is not documented for this path"))

    def _read_credentials(self, request: CaseRequest, look: Look) -> None:
        found = read_credentials(self.endpoint, request)
        if isinstance(found, Finding):
            look.findings.append(found)
        elif found is not None:
            look.unclear.append(found)
        elif request.credentials == "none" and self.endpoint.security:
            look.hits.add("auth:anonymous")

    def _read_accept(self, request: CaseRequest, look: Look) -> None:
        accept = accept_of(request)
        if accept is not None and not is_acceptable(self.endpoint, accept[1]):
            look.probes.add(ACCEPT)

    def given(self, request: CaseRequest) -> dict[str, Any]:
        """The values of a request by their places, as they are read off it."""
        look = Look()
        for index, written in enumerate(self._entries(request, [])):
            look.add(self._parameter_reading(index, written), self.fields[index].node.id)
        self._read_body(request, look)
        return look.given

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
        left = {location: {*written} for location, written in places.items()}
        accept = accept_of(request)
        left["header"] -= {accept[0]} if accept is not None else set()
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
            if isinstance(raw, list) and len(raw) > 1 and _is_scalar(field):
                readings = [judged(node, coerce(parameter, node, each)) for each in raw]
                if not any(reading.findings for reading in readings):
                    return Reading((), frozenset(), frozenset({REPEATED}))
            if is_unclear(parameter, node, raw):
                return Reading((), frozenset(), unclear=(why_unclear(node),))
            value = coerce(parameter, node, raw)
        return with_nesting_probe(judged(node, value), field, raw)

    def _read_body(self, request: CaseRequest, look: Look) -> None:
        content_type = request.content_type
        if content_type is None:
            if self._needs_body:
                look.findings.append(Finding("body:missing", "a request without the required body"))
            return
        if not self.bodies:
            look.unclear.append("a body is sent and none is documented")
            return
        body = self.body_for(content_type) if content_type else self.body
        if body is None:
            look.findings.append(Finding(UNSUPPORTED, f"{content_type} is not a documented type"))
        elif body.kind == "xml":
            self._read_xml_body(body, request, look)
        elif body.kind == "opaque" or (request.raw_body is not None and body.kind != "json"):
            look.unclear.append(f"a body of type {content_type} cannot be checked")
        elif request.raw_body is not None:
            self._read_raw_body(body, request.raw_body, look)
            if not content_type:
                look.probes.add(TYPELESS)
        elif not content_type:
            look.unclear.append(_NO_TEXT)
        else:
            self._add_body(body, request.body, look)

    def _read_xml_body(self, body: BodyForm, request: CaseRequest, look: Look) -> None:
        raw = request.raw_body
        if raw is None and not request.content_type:
            look.unclear.append(_NO_TEXT)
            return
        self._add_body(body, request.body if raw is None else text_to_read(raw), look)
        if not request.content_type:
            look.probes.add(TYPELESS)

    def _add_body(self, body: BodyForm, value: Any, look: Look) -> None:
        reading = self._body_reading(body, value)
        if body is not self.body:
            look.unclear.extend("the body is nested too deeply to be checked" for _ in reading.probes & {DEEPLY_NESTED})
            reading = replace(reading, hits=frozenset(), probes=frozenset(), value=())
            look.sends_other_type = True
            look.hits.add(f"body:content-type={essence_of(body.media.content_type)}")
        if body.kind == "lines" and reading.value and len(reading.value[0]) > 1:
            look.hits.add(SEVERAL)
        look.add(reading, "body")

    def _read_raw_body(self, body: BodyForm, raw: RawBody, look: Look) -> None:
        read = read_raw(raw)
        if read.fault in ("deeply-nested", "huge") and not is_of_wrong_type(body, raw):
            look.unclear.append(f"{read.message}: too much to be checked")
        elif read.fault is not None:
            look.findings.append(Finding(f"body:{read.fault}", read.message))
        else:
            reading = judged(body.node, read.value)
            if body is not self.body:
                reading = Reading(reading.findings, frozenset(), unproven=reading.unproven)
            look.add(reading, "body")
            if read.repeats:
                look.probes.add(REPEATED_NAME)

    def _body_reading(self, body: BodyForm, value: Any) -> Reading:
        last = self._last_body
        if last is None or last[0] is not value or last[1] != body.media.content_type:
            last = self._last_body = (value, body.media.content_type, self._judged_body(body, value))
        return last[2]

    def _judged_body(self, body: BodyForm, value: Any) -> Reading:
        if body.kind == "xml":
            return judged_document(body.node, value)
        ambiguous = body.ambiguous_field(value)
        if ambiguous is not None:
            return Reading((), frozenset(), unclear=(why_unclear(ambiguous.node),))
        return judged(body.node, body.read(value))

    def body_for(self, content_type: str) -> BodyForm | None:
        """The documented body that a content type belongs to, an exact one before a range."""
        return find_body(self.bodies, content_type)


def _surplus(goals: Iterable[Goal]) -> set[str]:
    """The targets that are too many; values of another type say least of a service, so they go first."""
    kinds = {goal.id: goal.kind for goal in goals}
    ranked = sorted(kinds, key=lambda goal_id: _SAY_LESS.get(kinds[goal_id], 0))
    return set(ranked[INVALID_LIMIT:])


_SAY_LESS = {"wrong-type": 1, "unexpected-null": 2}

_NO_TEXT = "a body without a type has no text"

SEVERAL = "body:several-items"
UNSUPPORTED = "body:unsupported-content-type"

MEDIA_LIMIT = 6

_TAKES_ALL = frozenset({"*/*", "text/*", "text/plain"})

_KINDS = ("json", "form", "xml", "lines", "text", "opaque")


def _is_scalar(field: Field) -> bool:
    """Whether a parameter of the query has one value, and stands there once."""
    parameter, shape = field.parameter, field.node.shape
    return parameter.location == "query" and shape.typed and not shape.types & {"array", "object"}


def _is_ignored(parameter: Parameter) -> bool:
    return parameter.location == "header" and parameter.name.lower() in IGNORED_HEADERS


def request_model(endpoint: Endpoint, techniques: frozenset[Technique] = ALL_TECHNIQUES) -> RequestModel:
    """The model of an endpoint's requests, with the targets of these techniques; those used lately are kept."""
    return _model(Same(endpoint), techniques)


@lru_cache(maxsize=64)
def _model(endpoint: Same[Endpoint], techniques: frozenset[Technique]) -> RequestModel:
    return RequestModel(endpoint.held, _context(Same(endpoint.held.definitions)), techniques)


@lru_cache(maxsize=4)
def _context(definitions: Same[Definitions]) -> SchemaContext:
    return SchemaContext(definitions.held)
