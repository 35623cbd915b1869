"""One pass over one endpoint: the least valid request, combined valid ones, and those with one thing wrong."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from casecraft.cases.composition import NoValueError, fields_to_send, list_value, minimal
from casecraft.cases.inspection import Inspection
from casecraft.cases.least_requests import least_values
from casecraft.cases.nodes import Goal, Node
from casecraft.cases.pair_requests import PairRequests
from casecraft.cases.probes import probe_values
from casecraft.cases.reduction import without_superfluous
from casecraft.cases.relation_cases import title_of, values_for
from casecraft.cases.relations import Relation
from casecraft.cases.request_makers import WHOLE_KINDS, RightRequest, odd_requests
from casecraft.cases.request_values import RequestValues
from casecraft.cases.requests import RequestModel
from casecraft.cases.rich_values import Wish, conforming, goal_values, rich
from casecraft.cases.styles import essence_of
from casecraft.cases.surroundings import enclosing, least_mapping_but
from casecraft.cases.verification import RULES, judged_case
from casecraft.cases.wrong_values import invalid_values
from casecraft.core.case import Case, CaseRequest, Priority, Target, Technique

ROUNDS = 40
"""Combined valid requests that are tried for one endpoint."""

PATIENCE = 3
"""How often a place may spoil a combined request before it is left out of them."""

PAIRS_ALONE = 12
"""Pairs that the requests for many of them left out which are tried by themselves."""

LONGEST_PARAMETERS = 6000
"""Characters in all parameters of a combined request: RFC 9110 has servers take 8,000 octets, and escapes take more."""

SEVERAL_ITEMS = 2
"""Items of a body that is a sequence, where it is to have several."""

VALUES_TRIED = 12
"""Values that are tried for one target before it counts as unreachable."""


@dataclass(frozen=True, slots=True)
class RuleSuite:
    """What the rules make of an endpoint: its reachable targets in their order, cases that hit them all, the targets
    that are out of reach and why, and what was left out.
    """

    targets: tuple[Target, ...]
    cases: tuple[Case, ...]
    unreachable: Mapping[str, str]
    notes: tuple[str, ...]


@dataclass(slots=True)
class Generation:
    """One pass over one endpoint."""

    model: RequestModel
    pending: dict[str, None] = field(default_factory=dict)
    cases: list[Case] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    base: RequestValues | None = None
    index_of: dict[str, int] = field(default_factory=dict)
    impossible: list[str] = field(default_factory=list)

    def suite(self) -> RuleSuite:
        """Make all cases and say what they reach."""
        model = self.model
        self.index_of = {field.node.id: index for index, field in enumerate(model.fields)}
        self.pending = {goal_id: None for goal_id, (goal, *_) in model.goals.items() if goal.valid and not goal.probe}
        reason = self.find_base()
        if reason is None:
            self._add_combined()
            self._add_pairs()
            for goal_id in list(self.pending):
                if goal_id in self.pending:
                    self._add_alone(goal_id)
            self.cases = without_superfluous(self.cases, self.model.goals.keys())
            for goal_id, goals in model.goals.items():
                if not goals[0].valid or goals[0].probe:
                    self._add_broken(goal_id, goals)
        else:
            self._add_without_base()
            self.reasons = dict.fromkeys(model.goals, reason)
            self.impossible.append(f"no request that conforms can be made: {reason}")
        return self._result()

    def _add_without_base(self) -> None:
        """Add what needs no request that conforms: the part that cannot be made is missing, or is what is wrong."""
        for goal_id, goals in self.model.goals.items():
            if not goals[0].valid:
                self._add_broken(goal_id, goals)

    def _result(self) -> RuleSuite:
        hit = {target for case in self.cases for target in case.targets}
        targets = tuple(
            Target(goal.id, goal.technique, goal.valid, goal.description)
            for goal in (goals[0] for goals in self.model.goals.values())
            if goal.id in hit
        )
        if any(relation.kind == "exclusive" for relation in self.model.mender.relations):
            self.reasons.setdefault("request:all-parameters", "what is declared excludes each other")
        reasons = {goal_id: self.reasons.get(goal_id, _NOT_FOUND) for goal_id in self.model.goals if goal_id not in hit}
        return RuleSuite(targets, tuple(self.cases), reasons, self._notes())

    def _notes(self) -> tuple[str, ...]:
        nodes = [field.node for field in self.model.fields] + [body.node for body in self.model.bodies]
        passed_over = (f"{node.id}: {note}" for node in nodes for note in node.validator.notes)
        return tuple(dict.fromkeys((*self.impossible, *self.model.notes, *passed_over)))

    # The least valid request

    def find_base(self) -> str | None:
        """Find the least valid request; the reason where there is none. What can be made of it is known even so."""
        model = self.model
        self.base, reasons = least_values(model)
        if reasons:
            return "; ".join(reasons)
        base = model.mender.mended(self.base)
        request = model.request_with(base)
        if request is None:
            return "no required value can be written in the style that its parameter has"
        inspection = model.inspect(request)
        if inspection.findings or inspection.unclear:
            return "; ".join([*(f"{each.target}: {each.message}" for each in inspection.findings), *inspection.unclear])
        self.base = base
        self._keep(request, inspection, "Accepts a request with only what is required", "P0")
        return None

    def _keep(
        self,
        request: CaseRequest,
        inspection: Inspection,
        title: str,
        priority: Priority,
        technique: Technique | None = None,
    ) -> bool:
        """Keep a valid case if it hits something new."""
        new = inspection.hits & self.pending.keys()
        if not new:
            return False
        for target in new:
            del self.pending[target]
        usual: Technique = "boundary_value_analysis" if priority != "P0" else "equivalence_partitioning"
        chosen = technique or usual
        if chosen not in self.model.techniques:
            chosen = next(goal.technique for goal_id, (goal, *_) in self.model.goals.items() if goal_id in new)
        self.cases.append(judged_case(self.model, request, inspection, title, RULES, chosen, priority))
        return True

    # Many valid targets in one request

    def _add_combined(self) -> None:
        """Add requests that each meet as many pending targets as fit in one."""
        failures: Counter[str] = Counter()
        exhausted: set[str] = set()
        for _ in range(ROUNDS):
            avoided = frozenset(place for place, count in failures.items() if count >= PATIENCE)
            wish = Wish({goal for goal in self.pending if goal not in exhausted}, avoided)
            if not wish.wanted - _REQUEST_GOALS and "request:all-parameters" not in wish.wanted:
                return
            request = self._combined(wish)
            exhausted |= wish.tried | ({"request:all-parameters"} if request is None else set())
            if request is None:
                continue
            inspection = self.model.inspect(request)
            if not inspection.findings and not inspection.unclear:
                if not self._keep(request, inspection, self._combined_title(inspection), "P1") and not wish.tried:
                    return
                exhausted.add("request:all-parameters")
                continue
            places = {finding.target.rsplit(":", 1)[0] for finding in inspection.findings}
            if places <= avoided:
                return
            failures.update(places)
            exhausted -= {goal for goal in wish.tried if not any(goal.startswith(place) for place in places)}

    def _combined_title(self, inspection: Inspection) -> str:
        if "request:all-parameters" in self.pending.keys() & inspection.hits:
            return "Accepts a request with everything that is declared"
        new = [goal for goal in self.pending if goal in inspection.hits]
        first = self.model.goals[new[0]][0].description if new else "conforming values"
        return f"Accepts {first}" + (f" and {len(new) - 1} more" if len(new) > 1 else "")

    def _combined(self, wish: Wish) -> CaseRequest | None:
        values: dict[int, Any] = {}
        body, body_value = None, None
        try:
            for index, field in enumerate(self.model.fields):
                if field.parameter.required or field.node.id not in wish.avoided:
                    value = self._rich_field(index, field.node, wish, required=field.parameter.required)
                    if value is not None:
                        values[index] = value[0]
            if self.model.body is not None and ("body" not in wish.avoided or self.model.body.node.required):
                body = self.model.body
                body_value = rich(body.node, wish)
            values = self._shortened(values)
        except NoValueError:
            return None
        return self.model.request_with(self.model.mender.mended(RequestValues(values, body, body_value)))

    def _shortened(self, values: Mapping[int, Any]) -> dict[int, Any]:
        """Parameters that are together no longer than servers take: the longest values give way to plain ones."""
        lengths = {index: len(json.dumps(value)) for index, value in values.items()}
        shortened = dict(values)
        for index in sorted(lengths, key=lambda index: -lengths[index]):
            if sum(lengths.values()) <= LONGEST_PARAMETERS:
                break
            shortened[index] = conforming(self.model.fields[index].node)
            lengths[index] = len(json.dumps(shortened[index]))
        return shortened

    def _rich_field(self, index: int, node: Node, wish: Wish, *, required: bool) -> tuple[Any] | None:
        try:
            value = rich(node, wish)
            if self.model.writable(index, value):
                return (value,)
            value = conforming(node)
        except NoValueError:
            if required:
                raise
            return None
        return (value,) if self.model.writable(index, value) else None

    # Pairs of options

    def _add_pairs(self) -> None:
        """Add requests that meet the pairs which those before have left."""
        pairs = self.model.pairs
        if not any(goal_id.startswith("pair:") for goal_id in self.pending):
            return
        maker = PairRequests(self.model, self._known_base())
        tested = [pairs.row_of(self.model.given(case.request)) for case in self.cases]
        for row in pairs.rows(tested):
            self._keep_pair(maker.request(dict(enumerate(row))))
        left = [goal_id for goal_id in self.pending if goal_id.startswith("pair:")]
        for goal_id in left[:PAIRS_ALONE]:
            if goal_id in self.pending:
                self._keep_pair(maker.request(dict(self.model.goals[goal_id][0].argument)))
        for goal_id in left:
            if self.pending.pop(goal_id, _NOT_FOUND) is None:
                self.reasons[goal_id] = "no request that conforms was found with both"

    def _keep_pair(self, request: CaseRequest | None) -> None:
        if request is None:
            return
        inspection = self.model.inspect(request)
        new = [goal_id for goal_id in self.pending if goal_id in inspection.hits and goal_id.startswith("pair:")]
        if new and not inspection.findings and not inspection.unclear:
            more = f" and {len(new) - 1} more pairs" if len(new) > 1 else ""
            title = f"Accepts {self.model.goals[new[0]][0].description}{more}"
            self._keep(request, inspection, title, "P2", "pairwise_testing")

    # One valid target at a time

    def _add_alone(self, goal_id: str) -> None:
        reason = None
        for request in self._alone(goal_id):
            inspection = self.model.inspect(request)
            if goal_id in inspection.hits:
                self._keep_alone(request, inspection, self.model.goals[goal_id][0])
                return
            if inspection.findings:
                first = inspection.findings[0]
                reason = f"every request tried is wrong in another way: {first.target} ({first.message})"
            elif inspection.unclear:
                reason = f"no request tried can be judged: {inspection.unclear[0]}"
            elif inspection.doubtful:
                reason = "every request tried goes against a rule between fields"
        if reason is not None:
            self.reasons[goal_id] = reason

    def _keep_alone(self, request: CaseRequest, inspection: Inspection, goal: Goal) -> None:
        if isinstance(goal.argument, Relation):
            state: Any = goal.kind.removeprefix("relation-")
            self._keep(request, inspection, title_of(goal.argument, state), "P2", goal.technique)
        else:
            self._keep(request, inspection, f"Accepts {goal.description}", "P2")

    def _alone(self, goal_id: str) -> Iterator[CaseRequest]:
        for goal in self.model.goals[goal_id]:
            requests = self._request_level(goal) if goal.node is None else self._with_values(goal.node, goal)
            for _, request in zip(range(VALUES_TRIED), requests, strict=False):
                yield request

    def _with_values(self, node: Node, goal: Goal) -> Iterator[CaseRequest]:
        makers = goal_values(node, goal) if goal.valid else invalid_values(node, goal)
        yield from self._with_roots(goal, (enclosing(node, value) for value in makers))

    def _with_roots(self, goal: Goal, values: Iterator[tuple[Node, Any]]) -> Iterator[CaseRequest]:
        try:
            for root, value in values:
                request = self._with_root(root, value)
                if request is None:
                    self.reasons[goal.id] = "the value cannot be written where it belongs"
                else:
                    yield request
        except NoValueError as error:
            self.reasons[goal.id] = str(error)

    def _with_root(self, root: Node, value: Any) -> CaseRequest | None:
        """The least request but for this value of one parameter or of the body."""
        base = self._known_base()
        index = self.index_of.get(root.id)
        if index is None:
            values = replace(base, body=self.model.body, body_value=value)
        else:
            values = base.with_field(index, value)
        return self.model.request_with(self.model.mender.mended(values, root.id))

    def _known_base(self) -> RequestValues:
        if self.base is None:
            raise NoValueError("no valid request is known")
        return self.base

    def _request_level(self, goal: Goal) -> Iterator[CaseRequest]:
        base, model = self._known_base(), self.model
        requests: list[CaseRequest | None] = []
        if goal.kind in ("anonymous", "auth-missing"):
            requests.append(model.request(base.values, base.body, base.body_value, credentials="none"))
        elif goal.kind == "body-missing":
            requests.append(model.request(base.values, None, None))
        elif goal.kind == "content-type":
            requests.append(self._unsupported(base))
        elif goal.kind == "other-type":
            other = next(body for body in model.bodies if goal.id.endswith(f"={essence_of(body.media.content_type)}"))
            requests.append(model.request(base.values, other, conforming(other.node)))
        elif goal.kind == "several-items" and model.body is not None:
            requests.append(model.request(base.values, model.body, list_value(model.body.node, SEVERAL_ITEMS)))
        elif goal.kind == "all-parameters":
            requests.append(self._combined(Wish(set())))
        elif isinstance(goal.argument, Relation):
            state: Any = goal.kind.removeprefix("relation-")
            found = values_for(model.mender, base, goal.argument, state)
            requests.extend(map(model.request_with, found))
        yield from (request for request in requests if request is not None)

    def _unsupported(self, base: RequestValues) -> CaseRequest:
        written = self.model.request(base.values, None, None)
        if written is None:
            raise NoValueError("no valid request is known")
        return CaseRequest(
            method=written.method,
            path=written.path,
            path_params=written.path_params,
            query=written.query,
            headers=written.headers,
            cookies=written.cookies,
            body="not a documented type",
            content_type="text/plain",
        )

    # One thing wrong, or one probe

    def _add_broken(self, goal_id: str, goals: list[Goal]) -> None:
        reason = None
        for goal in goals:
            for _, request in zip(range(VALUES_TRIED), self._broken(goal), strict=False):
                inspection = self.model.inspect(request)
                found = [finding.target for finding in inspection.findings]
                if inspection.probing:
                    found = list(inspection.hits)
                if found == [goal_id] and not inspection.unclear:
                    priority = _PRIORITIES.get(goal.kind, "P2" if goal.probe else "P1")
                    title = f"{'Withstands' if goal.probe else 'Refuses'} {goal.description}"
                    case = judged_case(self.model, request, inspection, title, RULES, goal.technique, priority)
                    self.cases.append(case)
                    return
                others = ", ".join(dict.fromkeys(each for each in found if each != goal_id))
                reason = f"every value tried breaks other rules: {others}" if others else "every value tried conforms"
        if reason is not None:
            self.reasons[goal_id] = reason

    def _broken(self, goal: Goal) -> Iterator[CaseRequest]:
        node = goal.node
        if goal.kind in WHOLE_KINDS:
            return self._odd(goal)
        if goal.probe:
            return self._with_roots(goal, probe_values(goal))
        if node is None:
            return self._request_level(goal)
        if goal.kind != "missing":
            return self._with_values(node, goal)
        return self._without(node, goal)

    def _odd(self, goal: Goal) -> Iterator[CaseRequest]:
        try:
            for right in self._right_requests(goal):
                yield from odd_requests(right, goal)
        except NoValueError as error:
            self.reasons[goal.id] = str(error)

    def _right_requests(self, goal: Goal) -> Iterator[RightRequest]:
        """The least request, with what the goal needs in it."""
        base, model = self._known_base(), self.model
        with_body = goal.kind in ("raw", "repeated-name", "typeless")
        body, value = (model.body, self._telling_body(goal)) if with_body else (base.body, base.body_value)
        additions = (
            {index: conforming(model.fields[index].node) for index in model.scalars} if goal.kind == "repeated" else {}
        )
        for addition in additions.items() or [None]:
            values = base.values if addition is None else {**base.values, addition[0]: addition[1]}
            request = model.request(values, body, value)
            if request is not None:
                yield RightRequest(model.endpoint, request, body, value)

    def _telling_body(self, goal: Goal) -> Any:
        """A conforming body, not empty where it may have a field; any where none can be made and its text is broken."""
        node = self.model.body.node if self.model.body is not None else None
        if node is None:
            return None
        try:
            value = conforming(node)
        except NoValueError:
            if goal.kind == "raw":
                return {"unexpected": True}
            raise
        names = fields_to_send(node)
        return value if value or not names else {names[0]: minimal(node.child(names[0]))}

    def _without(self, node: Node, goal: Goal) -> Iterator[CaseRequest]:
        parent = node.parent
        if parent is None:
            yield from self._written(goal, lambda: self._without_field(node))
            return
        for make in (self._others, self._all_others):
            yield from self._written(goal, partial(self._beside, parent, node.step, make))

    def _written(self, goal: Goal, make: Callable[[], CaseRequest | None]) -> Iterator[CaseRequest]:
        try:
            request = make()
        except NoValueError as error:
            self.reasons[goal.id] = str(error)
            return
        if request is not None:
            yield request
        else:
            self.reasons.setdefault(goal.id, "the request cannot be written without it")

    def _beside(self, parent: Node, step: str | int | None, make: "_Others") -> CaseRequest | None:
        return self._with_root(*enclosing(parent, make(parent, step)))

    def _without_field(self, node: Node) -> CaseRequest | None:
        base = self._known_base()
        values = {index: value for index, value in base.values.items() if index != self.index_of[node.id]}
        return self.model.request(values, base.body, base.body_value)

    def _all_others(self, parent: Node, left_out: str | int | None) -> dict[str, Any]:
        """A mapping with every field but one: a condition may ask for more where that one is missing."""
        names = [name for name in fields_to_send(parent) if not parent.child(name).is_recursive]
        return {name: minimal(parent.child(name)) for name in names if name != left_out}

    def _others(self, parent: Node, left_out: str | int | None) -> dict[str, Any]:
        """The least mapping without one field; on the wire it needs another one to be seen."""
        value = {name: each for name, each in least_mapping_but(parent, str(left_out)).items() if name != left_out}
        if not value and parent.carrier != "json" and parent.parent is not None:
            other = next((name for name in fields_to_send(parent) if name != left_out), None)
            return value if other is None else {other: minimal(parent.child(other))}
        return value


def base_of(model: RequestModel) -> RequestValues | None:
    """The values of the least valid request to an endpoint, None where none is known."""
    generation = Generation(model)
    return generation.base if generation.find_base() is None else None


_Others = Callable[[Node, str | int | None], dict[str, Any]]


_NOT_FOUND = "no value was found for it"


_REQUEST_GOALS = frozenset({"auth:anonymous"})


_PRIORITIES: dict[str, Priority] = {
    "auth-missing": "P0",
    "auth-invalid": "P0",
    "missing": "P0",
    "body-missing": "P0",
    "unexpected-null": "P2",
    "extra-field": "P2",
    "duplicate-items": "P2",
    "content-type": "P2",
    "wrong-format": "P1",
}
