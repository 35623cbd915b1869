"""Which rule a schema path means: what breaks a `then` breaks the condition, not the field that it speaks of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]

_NAMED = frozenset({"properties", "patternProperties", "$defs"})
_LISTED = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_ENTERS = frozenset({"properties", "prefixItems", "items", "additionalProperties", "unevaluatedProperties"})
"""Keywords whose schemas apply to what is inside of a value, one step down."""

_RULES = frozenset({"then", "else", "dependentRequired", "dependentSchemas", "patternProperties", "propertyNames"})
_COUNTS = {"contains": "minContains", "minContains": "minContains", "maxContains": "maxContains"}


@dataclass(frozen=True, slots=True)
class AppliedKeyword:
    """The keyword that is broken as a whole by the value at `path`. `name` is the field or pattern that it hangs on."""

    path: Path
    keyword: str
    name: str | None = None


def applied_keyword(schema_path: Sequence[str | int], instance_path: Path) -> AppliedKeyword | None:
    """The outermost keyword that applies a schema by a condition or by a name; None where there is none.

    `schema_path` is that of an error: keywords, names and numbers as they come.
    """
    depth = index = 0
    while index < len(schema_path):
        keyword, here = schema_path[index], instance_path[:depth]
        name = schema_path[index + 1] if index + 1 < len(schema_path) else None
        if keyword in _RULES:
            return AppliedKeyword(here, str(keyword), name if isinstance(name, str) and keyword in _HANGING else None)
        if index == len(schema_path) - 1:
            return _last(str(keyword), here)
        depth += keyword in _ENTERS
        index += 2 if keyword in _NAMED or keyword in _LISTED else 1
    return None


_HANGING = frozenset({"dependentSchemas", "patternProperties"})


def _last(keyword: str, here: Path) -> AppliedKeyword | None:
    if keyword in _COUNTS:
        return AppliedKeyword(here, _COUNTS[keyword])
    if keyword == "unevaluatedItems":
        return AppliedKeyword(here, "maxItems")
    return AppliedKeyword(here, "maxItems") if keyword == "items" else None
