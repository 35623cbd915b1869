"""Which methods the document has for a path, so that it can be told which it has not."""

from collections import defaultdict
from collections.abc import Iterable, Mapping


def methods_by_path(operations: Iterable[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    """For each path of the operations (path and method) its methods, in their order, then those of every other
    template that the same URL may be taken for: `/pets/{id}` and `/pets/mine`.
    """
    own: dict[str, dict[str, None]] = defaultdict(dict)
    for path, method in operations:
        own[path][method] = None
    found = {path: dict(methods) for path, methods in own.items()}
    for alike in _by_length(own):
        for path, segments in alike:
            for other, others in alike:
                if other is not path and _overlap(segments, others):
                    found[path].update(own[other])
    return {path: tuple(methods) for path, methods in found.items()}


def _by_length(paths: Iterable[str]) -> Iterable[list[tuple[str, list[str]]]]:
    groups: dict[tuple[int, str], list[tuple[str, list[str]]]] = defaultdict(list)
    open_lengths = set()
    split = [(path, path.partition("?")[0].rstrip("/").split("/")) for path in paths]
    for _, segments in split:
        if "{" in "".join(segments[1:2]):
            open_lengths.add(len(segments))
    for path, segments in split:
        # Where a template begins with a parameter, all paths of its length may be taken for it.
        first = "" if len(segments) in open_lengths else "".join(segments[1:2])
        groups[len(segments), first].append((path, segments))
    return groups.values()


def _overlap(one: list[str], other: list[str]) -> bool:
    return all(a == b or "{" in a or "{" in b for a, b in zip(one, other, strict=True))
