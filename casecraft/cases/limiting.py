"""The best cases where not all may be kept."""

from collections import Counter
from collections.abc import Sequence

from casecraft.core.case import Case, Priority

_RANKS: dict[Priority, int] = {"P0": 0, "P1": 1, "P2": 2}


def best(cases: Sequence[Case], most: int) -> list[Case]:
    """At most so many of the cases, the best first chosen: by priority, valid and invalid ones in balance, spread over
    the places of a request, and those that hit most targets. They stay in their order.
    """
    if len(cases) <= most:
        return list(cases)
    left = dict(enumerate(cases))
    labels: Counter[bool] = Counter()
    places: Counter[str] = Counter()
    hit: set[str] = set()
    for _ in range(most):
        number = min(left, key=lambda it: _cost(left[it], labels, places, hit))
        case = left.pop(number)
        labels[case.valid] += 1
        places.update(_places(case))
        hit.update(case.targets)
    return [case for number, case in enumerate(cases) if number not in left]


def _cost(case: Case, labels: Counter[bool], places: Counter[str], hit: set[str]) -> tuple[int, int, int, str]:
    """What speaks against a case: being of the label that has more already costs as much as one priority."""
    crowded = labels[case.valid] > labels[not case.valid]
    known = min((places[place] for place in _places(case)), default=0)
    return _RANKS[case.priority] + crowded, known, -len(set(case.targets) - hit), case.id


def _places(case: Case) -> set[str]:
    """The places of a request that a case is about: `query.limit`, `body.name`."""
    if case.valid:
        return {"valid"}
    return {target.rpartition(":")[0] for target in case.targets}
