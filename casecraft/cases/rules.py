"""The built-in generator: cases by rule, few of them, the same ones every time, each verified before it is kept."""

from collections.abc import Collection, Mapping
from functools import lru_cache

from casecraft.cases.generation import Generation, RuleSuite
from casecraft.cases.identity import request_key
from casecraft.cases.reduction import fewest
from casecraft.cases.requests import request_model
from casecraft.cases.sameness import Same
from casecraft.cases.techniques import ALL_TECHNIQUES
from casecraft.core.case import Case, Target, Technique
from casecraft.core.endpoint import Endpoint


def targets_of(endpoint: Endpoint, techniques: frozenset[Technique] = ALL_TECHNIQUES) -> tuple[Target, ...]:
    """The targets of an endpoint, in the document's order: only those that a verified request is known to hit."""
    return rule_suite(endpoint, techniques).targets


def unreachable(endpoint: Endpoint, techniques: frozenset[Technique] = ALL_TECHNIQUES) -> Mapping[str, str]:
    """The targets that no request was found to hit, with the reason."""
    return rule_suite(endpoint, techniques).unreachable


def notes_of(endpoint: Endpoint, techniques: frozenset[Technique] = ALL_TECHNIQUES) -> tuple[str, ...]:
    """What was left out or passed over in an endpoint's targets: places too deep, patterns that cannot be used."""
    return rule_suite(endpoint, techniques).notes


def generate(
    endpoint: Endpoint,
    uncovered: Collection[str] | None = None,
    taken: Collection[Case] = (),
    techniques: frozenset[Technique] = ALL_TECHNIQUES,
) -> tuple[Case, ...]:
    """Verified cases that hit the uncovered targets (ids; None for all), as few as a greedy choice needs.

    No case has the request of one that is `taken`. The same endpoint gets the same cases, to the byte.
    """
    suite = rule_suite(endpoint, techniques)
    used = {request_key(case.request) for case in taken}
    free = [case for case in suite.cases if not used or request_key(case.request) not in used]
    if uncovered is None and not used:
        return suite.cases
    wanted = {target.id for target in suite.targets} if uncovered is None else set(uncovered)
    return tuple(fewest(free, wanted))


def rule_suite(endpoint: Endpoint, techniques: frozenset[Technique] = ALL_TECHNIQUES) -> RuleSuite:
    """All that the rules make of an endpoint by these techniques; those used lately are kept."""
    return _suite(Same(endpoint), techniques)


@lru_cache(maxsize=64)
def _suite(endpoint: Same[Endpoint], techniques: frozenset[Technique]) -> RuleSuite:
    return Generation(request_model(endpoint.held, techniques)).suite()
