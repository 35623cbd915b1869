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
from casecraft.cases.relation_search import MOST_RELATIONS, checked_relations
from casecraft.cases.relations import KINDS, Relation, State
from casecraft.cases.request_values import Mender, RequestValues
from casecraft.cases.requests import RequestModel, request_model
from casecraft.core.case import Case, CaseRequest, Source
from casecraft.core.endpoint import Endpoint

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
    model = request_model(endpoint)
    known = model.mender.relations
    checked = checked_relations(proposed, endpoint, model.fields, model.body)
    fresh = [relation for relation in checked if relation not in known]
    base = base_of(model) if fresh else None
    if base is None:
        return ()
    mender = Mender(model.fields, model.body, (*known, *fresh))
    return tuple(
        _case(model, request, relation, state, source)
        for relation in fresh
        for state in relation_states(relation)
        for request in _first(model, mender, base, relation, state)
    )


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
