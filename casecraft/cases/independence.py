"""Which of an endpoint's relations can each be broken alone: none that others contradict, imply or hide."""

from collections.abc import Iterable, Sequence

from casecraft.cases.relations import Kind, Relation

_FIRST: tuple[Kind, ...] = ("exclusive", "together", "requires", "ordered")
"""The most explicit first: of two that contradict each other the earlier one is believed."""


def independent(relations: Iterable[Relation]) -> tuple[Relation, ...]:
    """The relations, in their order, without those that others contradict or imply; groups of places that are given
    together and share one are one group.
    """
    order = _grouped(relations)
    kept: list[Relation] = []
    for relation in sorted(order, key=lambda each: _FIRST.index(each.kind)):
        if not _contradicts(relation, kept):
            kept.append(relation)
    for relation in reversed(kept.copy()):
        others = [each for each in kept if each is not relation]
        if _is_implied(relation, others):
            kept = others
    return tuple(sorted(kept, key=order.index))


def _grouped(relations: Iterable[Relation]) -> list[Relation]:
    grouped: list[Relation] = []
    for relation in relations:
        merged = relation
        for other in [each for each in grouped if each.kind == relation.kind == "together"]:
            if not {*other.places}.isdisjoint(merged.places):
                grouped.remove(other)
                merged = Relation("together", tuple(sorted({*other.places, *merged.places})))
        grouped.append(merged)
    return grouped


def _reached(place: str, relations: Iterable[Relation]) -> set[str]:
    """The places that a request has to give with one, and that one."""
    reached = {place}
    edges = [each for each in relations if each.kind in ("together", "requires")]
    for _ in edges:
        for edge in edges:
            leads = edge.places if edge.kind == "together" else edge.places[:1]
            if not reached.isdisjoint(leads):
                reached.update(edge.places)
    return reached


def _contradicts(relation: Relation, kept: Sequence[Relation]) -> bool:
    """Whether a place could never be given, or two never be compared, were a relation kept with the others."""
    if relation.kind == "exclusive":
        return False
    if relation.kind == "ordered" and Relation("ordered", relation.places[::-1]) in kept:
        return True
    together = [*kept, relation]
    needed = [_reached(each.places[0], together) for each in together if each.kind in ("together", "requires")]
    if relation.kind == "ordered":
        needed = [set[str]().union(*(_reached(place, kept) for place in relation.places))]
    return any(_excludes(each, reached, reached) for each in kept for reached in needed)


def _is_implied(relation: Relation, others: Sequence[Relation]) -> bool:
    if relation.kind == "requires":
        return _reached(relation.places[0], others).issuperset(relation.places)
    if relation.kind != "exclusive":
        return False
    one, *rest = relation.places
    return all(
        any(_excludes(each, _reached(one, others), _reached(other, others)) for each in others) for other in rest
    )


def _excludes(relation: Relation, one: set[str], other: set[str]) -> bool:
    """Whether a relation forbids what is in one set beside another place that is in the other."""
    if relation.kind != "exclusive":
        return False
    return any(first != second for first in one & {*relation.places} for second in other & {*relation.places})
