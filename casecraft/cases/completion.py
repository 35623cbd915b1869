"""From the cases that were made to the ones that are kept: no two alike, none superfluous, every target hit."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from casecraft.cases.expectations import expect_either
from casecraft.cases.identity import case_id
from casecraft.cases.limiting import best
from casecraft.cases.reduction import fewest, without_superfluous
from casecraft.cases.relations import Relation, relation_of
from casecraft.cases.requests import RequestModel, request_model
from casecraft.cases.rules import generate, rule_suite
from casecraft.cases.techniques import ALL_TECHNIQUES
from casecraft.cases.verification import targets_of_case
from casecraft.core.case import Case, Technique
from casecraft.core.endpoint import Endpoint


def complete(
    endpoint: Endpoint,
    cases: Sequence[Case],
    *,
    fill: bool = True,
    techniques: frozenset[Technique] = ALL_TECHNIQUES,
    max_cases: int | None = None,
) -> tuple[Case, ...]:
    """The cases worth keeping, by priority and id.

    What a case hits is read off its request anew. Of two cases with the same request, and of two that hit the same,
    one that a model made is kept before one by rules, as it was paid for and knows more of the subject. Rules fill
    what is left uncovered, unless `fill` is off. Only targets of these techniques count. Of more than `max_cases` the
    best are kept.
    """
    given = _with_targets(endpoint, cases, techniques)
    made = [case for case in given if case.source.provider != "rules"]
    ruled = [case for case in given if case.source.provider == "rules"]
    kept = fewest(made, {target for case in made for target in case.targets})
    left = {target for case in ruled for target in case.targets} - _covered(kept)
    kept += fewest(ruled, left)
    if fill:
        uncovered = {target.id for target in rule_suite(endpoint, techniques).targets} - _covered(kept)
        named = (relation_of(target) for case in made for target in case.targets)
        relations = {relation for relation in named if relation is not None}
        if uncovered:
            kept += _within(endpoint, generate(endpoint, uncovered, kept, techniques), relations)
    kept = without_superfluous(kept, _covered(kept))
    kept = kept if max_cases is None else best(kept, max_cases)
    return tuple(sorted(_named(endpoint, kept), key=lambda case: (case.priority, case.id)))


def _with_targets(endpoint: Endpoint, cases: Sequence[Case], techniques: frozenset[Technique]) -> list[Case]:
    model = request_model(endpoint, techniques)
    known = {id(case) for case in rule_suite(endpoint, techniques).cases}
    found = []
    for case in cases:
        if id(case) in known:
            found.append(case)
            continue
        if case.targets and all(_is_proposed(target, model) for target in case.targets):
            found.append(case)
            continue
        targets = targets_of_case(model, case.request, model.inspect(case.request), case.expect)
        found.append(replace(case, targets=targets))
    return found


def _is_proposed(target: str, model: RequestModel) -> bool:
    """Whether a target is about a rule between fields that only a model knows of."""
    return target not in model.goals and relation_of(target) is not None


def _within(endpoint: Endpoint, cases: Sequence[Case], relations: Collection[Relation]) -> tuple[Case, ...]:
    """The cases, where those that break a rule that a model has found may be refused, too."""
    model = request_model(endpoint)
    kept = []
    for case in cases:
        given = model.given(case.request) if case.valid and relations else {}
        doubtful = any(relation.state(given) in ("broken", "equal") for relation in relations)
        kept.append(replace(case, expect=expect_either(endpoint, case.request)) if doubtful else case)
    return tuple(kept)


def _covered(cases: Sequence[Case]) -> set[str]:
    return {target for case in cases for target in case.targets}


def _named(endpoint: Endpoint, cases: list[Case]) -> list[Case]:
    named = []
    used: set[str] = set()
    for case in cases:
        name = case_id(endpoint, case.request, case.targets, valid=case.valid)
        number = 2
        while name in used:
            name, number = f"{name.removesuffix(f'-{number - 1}')}-{number}", number + 1
        used.add(name)
        named.append(case if case.id == name else replace(case, id=name))
    return named
