"""Cases that test one rule in other words: which to compare, by what text, and which of them go.

Equal requests, and cases whose targets others hit, are gone before (see `complete`). What is left are mostly requests
that conform and are refused for what they mean: each is a target of its own, and two answers may well have thought of
the same.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import mul
from typing import Any

from casecraft.cases.identity import MEANING
from casecraft.cases.keys import stable_key
from casecraft.cases.verification import RULES
from casecraft.core.case import Case, CaseRequest, Credentials, MissingScope
from casecraft.core.embedding import Vector

MOST_CHARACTERS = 2000
"""Longer texts are not compared: many models read no more than 512 tokens, and would judge by the beginning."""

DIGITS = 6
"""Decimal places of a similarity that count: vectors are kept as 32-bit floats, and have no more."""


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """A case that may go, the one that it repeats, which stays, and how alike they are (cosine, at most 1)."""

    case: Case
    repeats: Case
    similarity: float


def texts_to_compare(cases: Sequence[Case]) -> dict[str, str]:
    """A text for each case of one endpoint that may repeat another or be repeated, by id: none, or at least two.

    It has the title, and the values of the request that not all of them have: those would make all texts alike.
    """
    chosen = _comparable(cases)
    values = {case.id: _values(case) for case in chosen}
    shared = Counter(value for each in values.values() for value in {*each})
    texts: dict[str, str] = {}
    for case in chosen:
        own = [value for value in values[case.id] if shared[value] < len(values)]
        text = "\n".join([case.title.encode("utf-8", "replace").decode(), *own])
        if len(text) <= MOST_CHARACTERS:
            texts[case.id] = text
    return texts if len(texts) > 1 else {}


def _comparable(cases: Sequence[Case]) -> list[Case]:
    hit = _hit(cases)
    found: set[int] = set()
    for index, case in enumerate(cases):
        if _may_go(case, hit):
            fitting = {at for at, other in enumerate(cases) if at != index and _stands_for(other, case)}
            found |= fitting | {index} if fitting else set()
    return [case for index, case in enumerate(cases) if index in found]


def _as_whom(request: CaseRequest) -> tuple[Credentials, MissingScope | None, str | None]:
    return request.credentials, request.without_scope, request.credentials_for


def _values(case: Case) -> list[str]:
    """The single values of a case's request, each with its place: `body.owner.name: "Tom"`."""
    parts = ("raw_body", "body", "content_type", "cookies", "headers", "query", "path_params")
    left: list[tuple[str, Any]] = [(part, getattr(case.request, part)) for part in parts]
    values = [f"{it.place} from {it.step} {it.source}" for it in case.bindings]
    while left:
        place, value = left.pop()
        if isinstance(value, Mapping) and value:
            left += [(f"{place}.{name}", value[name]) for name in reversed(value)]
        elif isinstance(value, list) and value:
            left += [(f"{place}.{index}", each) for index, each in reversed([*enumerate(value)])]
        elif place not in parts or value:
            shown = stable_key(value).decode()
            values.append(f"{place}: {shown}".encode("utf-8", "replace").decode())
    return values


def near_duplicates(cases: Sequence[Case], vectors: Mapping[str, Vector], least: float) -> tuple[NearDuplicate, ...]:
    """The cases of one endpoint that may go, as each is at least so similar to one that stays.

    `vectors` are those of the texts to compare, by the cases' ids. A case stays where rules made it, where it alone
    hits a target (that of its own meaning does not count), and where nothing that stays has the same `valid` and
    credentials, a status in common, and a meaning where it has one. Of two, the one of the higher priority stays, then
    the first.
    """
    directions = {name: _direction(vector) for name, vector in vectors.items()}
    hit = _hit(cases)
    staying: list[Case] = []
    going: list[NearDuplicate] = []
    for case in sorted(cases, key=lambda case: case.priority):
        nearest = _nearest(case, staying, directions) if _may_go(case, hit) else None
        if nearest is None or nearest.similarity < least:
            staying.append(case)
            continue
        hit.subtract({*case.targets})
        going.append(nearest)
    return tuple(going)


def _nearest(case: Case, staying: Iterable[Case], directions: Mapping[str, Vector]) -> NearDuplicate | None:
    if case.id not in directions:
        return None
    found = (
        NearDuplicate(case, other, _similarity(directions[case.id], directions[other.id]))
        for other in staying
        if other.id in directions and _stands_for(other, case)
    )
    return max(found, key=lambda it: it.similarity, default=None)


def _hit(cases: Iterable[Case]) -> Counter[str]:
    """How many cases hit each target."""
    return Counter(target for case in cases for target in {*case.targets})


def _may_go(case: Case, hit: Mapping[str, int]) -> bool:
    if case.source.provider == RULES.provider:
        return False
    return all(hit[target] > 1 for target in case.targets if not target.startswith(MEANING))


def _stands_for(other: Case, case: Case) -> bool:
    """Whether one may take the other's place, as far as can be told without their meaning.

    A request that a service may accept or refuse does not show that it refuses one.
    """
    if (other.valid, _as_whom(other.request)) != (case.valid, _as_whom(case.request)):
        return False
    if _has_meaning(case) and not _has_meaning(other):
        return False
    return any(_agree(str(one), str(two)) for one in case.expect.status for two in other.expect.status)


def _has_meaning(case: Case) -> bool:
    return any(target.startswith(MEANING) for target in case.targets)


def _agree(one: str, two: str) -> bool:
    if one.upper().endswith("XX") or two.upper().endswith("XX"):
        return one[:1] == two[:1]
    return one == two


def _direction(vector: Vector) -> Vector:
    """The vector at length 1; an empty one where it has no direction."""
    length = math.hypot(*vector)
    return tuple(value / length for value in vector) if 0 < length < math.inf else ()


def _similarity(one: Vector, two: Vector) -> float:
    return round(sum(map(mul, one, two)), DIGITS) if len(one) == len(two) else 0.0
