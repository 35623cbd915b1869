"""What there is to hit at an endpoint, and what nothing hits."""

from casecraft.cases.rules import rule_suite
from casecraft.cases.techniques import ALL_TECHNIQUES
from casecraft.core.case import Technique
from casecraft.core.endpoint import Endpoint
from casecraft.core.job import Coverage


def coverage_of(endpoint: Endpoint, techniques: frozenset[Technique] = ALL_TECHNIQUES) -> Coverage:
    """The targets of an endpoint: those that a request is known to hit, and the others with the reason. Only those of
    these techniques count.
    """
    suite = rule_suite(endpoint, techniques)
    return Coverage(tuple(target.id for target in suite.targets), dict(suite.unreachable))
