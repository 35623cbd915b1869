"""What becomes of cases that were parted, as one request could not test all that they were about."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace

from casecraft.cases.reduction import without_superfluous
from casecraft.cases.requests import request_model
from casecraft.cases.scenarios.targets import only
from casecraft.cases.verification import RULES
from casecraft.core.case import Case
from casecraft.core.endpoint import Endpoint


def settled(endpoint: Endpoint, rest: Iterable[Case], apart: Iterable[Case], parted: Collection[str]) -> list[Case]:
    """All of the cases but those whose targets others hit now.

    The ones `apart`, and those of the `rest` whose ids are `parted`, get titles that say what they alone are about;
    what is left of a model's case keeps its own.
    """
    rest, apart = list(rest), list(apart)
    cases = without_superfluous([*rest, *apart], {target for case in (*rest, *apart) for target in case.targets})
    hit = Counter(target for case in cases for target in {*case.targets})
    untold = {case.id for case in rest if case.id in parted and case.source == RULES} | {case.id for case in apart}
    return [_titled(endpoint, case, hit) if case.id in untold else case for case in cases]


def _titled(endpoint: Endpoint, case: Case, hit: Counter[str]) -> Case:
    known = request_model(endpoint).goals
    goals = [known[target][0] for target in only(case, {it for it in hit if hit[it] == 1}) if target in known]
    if not goals:
        return case
    verb = "Withstands" if goals[0].probe else "Accepts"
    more = f" and {len(goals) - 1} more" if len(goals) > 1 else ""
    return replace(case, title=f"{verb} {goals[0].description}{more}")
