"""What the targets of cases are about."""

from collections.abc import Collection, Iterable, Iterator

from casecraft.core.case import Case


def is_about(target: str, node: str) -> bool:
    """Whether a target is about a place of the request (`path.petId`), or about something inside it."""
    return target.startswith(node) and target[len(node) : len(node) + 1] in (":", "/", ".", "[")


def only(case: Case, targets: Collection[str]) -> tuple[str, ...]:
    """Those of the case's targets that are in `targets`, in their order."""
    return tuple(target for target in case.targets if target in targets)


def left_over(cases: Iterable[Case], others: Iterable[Case]) -> Iterator[Case]:
    """The cases that hit what neither the others nor those before them hit."""
    hit = {target for case in others for target in case.targets}
    for case in cases:
        if not hit.issuperset(case.targets):
            hit.update(case.targets)
            yield case
