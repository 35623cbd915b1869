"""As few cases as hit the same targets."""

from collections.abc import Collection

from casecraft.core.case import Case


def fewest(cases: list[Case], wanted: Collection[str]) -> list[Case]:
    """Cases that together hit all wanted targets that any of them hits, in their order, and none that others make
    superfluous.
    """
    left = set(wanted)
    chosen: list[Case] = []
    alone = [case for case in cases if len(case.targets) == 1]
    for case in sorted(
        (case for case in cases if len(case.targets) > 1), key=lambda case: -len(left & {*case.targets})
    ):
        if not left.isdisjoint(case.targets):
            chosen.append(case)
            left.difference_update(case.targets)
    for case in alone:
        if case.targets[0] in left:
            chosen.append(case)
            left.discard(case.targets[0])
    kept = {id(case) for case in without_superfluous(chosen, wanted)}
    return [case for case in cases if id(case) in kept]


def without_superfluous(cases: list[Case], wanted: Collection[str]) -> list[Case]:
    """The cases without those whose wanted targets the others hit, looked at from the last to the first."""
    counts: dict[str, int] = {}
    for case in cases:
        for target in case.targets:
            counts[target] = counts.get(target, 0) + 1
    kept = []
    for case in reversed(cases):
        if any(counts[target] == 1 and target in wanted for target in case.targets):
            kept.append(case)
            continue
        for target in case.targets:
            counts[target] -= 1
    return kept[::-1]
