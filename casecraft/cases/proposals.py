"""Rules between fields that a model proposes: read, checked against the document, then tested both ways."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from casecraft.cases.composition import NoValueError
from casecraft.cases.expectations import expect_accepted, expect_either
from casecraft.cases.extraction import LONGEST_TEXT, decode, first_value
from casecraft.cases.generation import base_of
from casecraft.cases.identity import case_id
from casecraft.cases.relation_cases import RELATION_PRIORITY, relation_states, title_of, values_for
from casecraft.cases.relation_search import MOST_RELATIONS, judge_relations
from casecraft.cases.relations import KINDS, Relation, State
from casecraft.cases.request_values import Mender, RequestValues
from casecraft.cases.requests import RequestModel, request_model
from casecraft.core.case import Case, CaseRequest, Source
from casecraft.core.endpoint import Endpoint

KNOWN = "rules know it already"
NO_REQUEST = "no request can be made for it"

_MOST_FIELDS = 8
_LONGEST_FIELD = 200
_RULES_LIST = re.compile(r"""["']rules["']\s*+:\s*+(?=\[)""")


def read_relations(text: str) -> tuple[Relation, ...]:
    """The rules in a model's answer, whatever stands around them; what is none is passed over."""
    text = text[:LONGEST_TEXT]
    try:
        value = decode(text.strip())
        listed = value.get("rules") if isinstance(value, Mapping) else None
    except ValueError:
        found = _RULES_LIST.search(text)
        listed = None if found is None else first_value(text, found.end())
    given = (_relation(each) for each in listed) if isinstance(listed, list) else ()
    return tuple(dict.fromkeys(each for each in given if each is not None))[: 2 * MOST_RELATIONS]


def _relation(value: Any) -> Relation | None:
    if not isinstance(value, Mapping):
        return None
    kind, fields = value.get("kind"), value.get("fields")
    known = next((each for each in KINDS if each == kind), None)
    if known is None or not isinstance(fields, list) or not 1 < len(fields) <= _MOST_FIELDS:
        return None
    if not all(isinstance(each, str) and len(each) <= _LONGEST_FIELD for each in fields):
        return None
    return Relation(known, tuple(fields if known in ("ordered", "requires") else sorted(fields)))


def proposed_cases(endpoint: Endpoint, proposed: Iterable[Relation], source: Source) -> tuple[Case, ...]:
    """Cases of those proposed rules that the document bears out and that its names do not give already: for each a
    request that keeps the rule, one on its boundary, one that breaks it.

    All conform to the schemas. Where a rule is not kept, a documented success and a refusal are both right: only a
    model says that it is one.
    """
    return tuple(case for cases in _judge(endpoint, proposed, source) if not isinstance(cases, str) for case in cases)


def refused_relations(endpoint: Endpoint, proposed: Iterable[Relation]) -> list[str | None]:
    """Why each of the proposed rules gives no case; None for one that does."""
    return [it if isinstance(it, str) else None for it in _judge(endpoint, proposed, Source("rules"))]


def _judge(endpoint: Endpoint, proposed: Iterable[Relation], source: Source) -> list[list[Case] | str]:
    """The cases of each proposed rule, or why it has none."""
    model = request_model(endpoint)
    known = model.mender.relations
    judged = judge_relations(proposed, endpoint, model.fields, model.body)
    judged |= {relation: KNOWN for relation, refusal in judged.items() if refusal is None and relation in known}
    fresh = [relation for relation, refusal in judged.items() if refusal is None]
    base = base_of(model) if fresh else None
    mender = Mender(model.fields, model.body, (*known, *fresh))
    found: list[list[Case] | str] = []
    for relation, refusal in judged.items():
        cases = [] if refusal or base is None else list(_cases(model, mender, base, relation, source))
        found.append(refusal or cases or NO_REQUEST)
    return found


def _cases(
    model: RequestModel, mender: Mender, base: RequestValues, relation: Relation, source: Source
) -> Iterator[Case]:
    for state in relation_states(relation):
        for request in _first(model, mender, base, relation, state):
            yield _case(model, request, relation, state, source)


def _first(
    model: RequestModel, mender: Mender, base: RequestValues, relation: Relation, state: State
) -> Iterator[CaseRequest]:
    """The first request in this state of the relation that conforms and leaves no other doubt, if there is one."""
    try:
        for values in values_for(mender, base, relation, state):
            request = model.request_with(values)
            if request is None:
                continue
            inspection = model.inspect(request)
            wrong = inspection.findings or inspection.unclear or inspection.doubtful
            if not wrong and relation.state(model.given(request)) == state:
                yield request
                return
    except NoValueError:
        return


def _case(model: RequestModel, request: CaseRequest, relation: Relation, state: State, source: Source) -> Case:
    expect = expect_accepted if state == "kept" else expect_either
    targets = (relation.target(state),)
    return Case(
        id=case_id(model.endpoint, request, targets, valid=True),
        title=title_of(relation, state),
        valid=True,
        technique="decision_table_testing",
        priority=RELATION_PRIORITY,
        targets=targets,
        request=request,
        expect=expect(model.endpoint, request),
        source=source,
    )
