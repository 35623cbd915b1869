"""Cases that take from all others what they use: they are run alone."""

from collections.abc import Collection, Iterable

from casecraft.cases.scenarios.graph import Graph
from casecraft.cases.scenarios.paths import collection_of, is_item, shape_of, words_of
from casecraft.cases.scenarios.registry import path_place
from casecraft.core.case import Case
from casecraft.core.job import JobResult

_EMPTYING = frozenset(
    {"clean", "cleanup", "clear", "delete", "drop", "empty", "erase", "flush", "purge", "remove", "reset", "truncate"}
    | {"shutdown", "wipe"}
)
"""Last words of paths whose request removes what nobody named."""


def lone_cases(graph: Graph, results: Iterable[JobResult]) -> frozenset[str]:
    """The ids of the cases that must be run alone.

    They send DELETE to a path that names no object by its id, PUT or PATCH to a list of objects, or POST to an action
    that empties; and no resource of their own confines that. Whether the request conforms plays no part: a service may
    accept what it should refuse.
    """
    lists = {collection_of(shape) for _, shape in graph.operations if is_item(shape)}
    return frozenset(case.id for result in results for case in result.cases if _disturbs(case, lists))


def _disturbs(case: Case, lists: Collection[str]) -> bool:
    shape, method = shape_of(case.request.path), case.request.method.upper()
    if is_item(shape) or any(binding.place.startswith(path_place("")) for binding in case.bindings):
        return False
    if method == "POST":
        return not _EMPTYING.isdisjoint(words_of(shape.rpartition("/")[2])[-1:])
    return method == "DELETE" or (method in {"PUT", "PATCH"} and shape in lists)
