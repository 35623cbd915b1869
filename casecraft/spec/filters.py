"""Which endpoints of a document are wanted."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Filters:
    """Globs (`*`, `?`, `[…]`; `*` matches `/` too). An empty `include_…` lets everything in; an exclusion wins.

    Tags and paths are compared by case, as HTTP compares paths. Methods are not: `get` means GET. An endpoint
    without tags has the tag "".
    """

    include_tags: tuple[str, ...] = ()
    exclude_tags: tuple[str, ...] = ()
    include_paths: tuple[str, ...] = ()
    exclude_paths: tuple[str, ...] = ()
    include_methods: tuple[str, ...] = ()

    def admit(self, method: str, path: str, tags: Iterable[str]) -> bool:
        """Whether an endpoint passes."""
        own_tags = tuple(tags) or ("",)
        methods = tuple(glob.upper() for glob in self.include_methods)
        return (
            _passes((method.upper(),), methods, ())
            and _passes((path,), self.include_paths, self.exclude_paths)
            and _passes(own_tags, self.include_tags, self.exclude_tags)
        )


def _passes(values: tuple[str, ...], include: tuple[str, ...], exclude: tuple[str, ...]) -> bool:
    if include and not _matches(values, include):
        return False
    return not _matches(values, exclude)


def _matches(values: tuple[str, ...], globs: tuple[str, ...]) -> bool:
    return any(fnmatchcase(value, glob) for value in values for glob in globs)
