"""What a schema asks of one value, in one flat record.

What a flat record cannot say (`not`, `if`, the branches' own rules) stays in the schema, and every value made from a
shape is validated against that.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from casecraft.core.schema import Schema

ALL_TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})


Number = int | float


@dataclass(frozen=True, slots=True)
class Bounds:
    """A closed or open interval of numbers; None where a side has no end."""

    minimum: Number | None = None
    maximum: Number | None = None
    open_below: bool = False
    open_above: bool = False

    def within(self, other: "Bounds") -> "Bounds":
        """The interval of the numbers that lie in both."""
        minimum, open_below = _tighter((self.minimum, self.open_below), (other.minimum, other.open_below), 1)
        maximum, open_above = _tighter((self.maximum, self.open_above), (other.maximum, other.open_above), -1)
        return Bounds(minimum, maximum, open_below, open_above)


@dataclass(frozen=True, slots=True)
class Size:
    """How long, or of how many, something may be."""

    least: int = 0
    most: int | None = None

    def within(self, other: "Size") -> "Size":
        """The sizes that lie in both."""
        return Size(max(self.least, other.least), _least_of(self.most, other.most))

    def clamp(self, count: int) -> int:
        """The allowed size nearest to `count`."""
        count = max(count, self.least)
        return count if self.most is None else min(count, self.most)


@dataclass(frozen=True, slots=True)
class Choice:
    """A `oneOf` or `anyOf` whose branches differ in more than a constant or `null`."""

    keyword: str
    branches: tuple[Schema, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """A keyword that applies another schema to the value, or to what is in it, and that no flat record can say.

    `keyword` is "not", "if", "contains", "propertyNames", "patternProperties" or "dependentSchemas"; `name` is the
    field that a dependent schema hangs on, or the pattern; `then` and `otherwise` belong to "if", `least` and `most`
    to "contains".
    """

    keyword: str
    schema: Schema
    name: str = ""
    then: Schema = True
    otherwise: Schema = True
    least: int = 1
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """The flat record. `types` are the JSON types allowed ("number" stands with "integer"); `typed` says whether the
    schema names them; `members` are the values of `enum` or `const`; `samples` the document's own values; `xml` the
    fields of its XML Object.
    """

    types: frozenset[str] = ALL_TYPES
    typed: bool = False
    members: tuple[Any, ...] | None = None
    bounds: Bounds = Bounds()
    multiple_of: Number | None = None
    length: Size = Size()
    patterns: tuple[str, ...] = ()
    format: str | None = None
    size: Size = Size()
    unique: bool = False
    prefix: tuple[Schema, ...] = ()
    items: Schema = True
    properties: Mapping[str, Schema] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    additional: Schema = True
    width: Size = Size()
    dependent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    applied: tuple[Applied, ...] = ()
    samples: tuple[Any, ...] = ()
    xml: Mapping[str, Any] = field(default_factory=dict)

    @property
    def likely_type(self) -> str:
        """The type to make a value of: the one that the keywords speak of where several are allowed."""
        for kind, spoken_of in self._signs():
            if spoken_of and kind in self.types:
                return kind
        for kind in ("string", "object", "integer", "number", "array", "boolean", "null"):
            if kind in self.types:
                return kind
        return "null"

    def _signs(self) -> Iterable[tuple[str, bool]]:
        keywords = {each.keyword for each in self.applied}
        named = bool(keywords & {"propertyNames", "patternProperties", "dependentSchemas"})
        yield "object", bool(self.properties or self.required or self.dependent or self.width != Size() or named)
        yield "array", self.items is not True or bool(self.prefix) or self.size != Size() or "contains" in keywords
        if self.types - {"null"} != {"number", "integer"}:
            yield "integer", self.bounds != Bounds() and "integer" in self.types


def merge(one: Shape, other: Shape) -> Shape:
    """The shape of the values that fit both, as far as a shape can say it."""
    return Shape(
        types=one.types & other.types,
        typed=one.typed or other.typed,
        members=_common_members(one.members, other.members),
        bounds=one.bounds.within(other.bounds),
        multiple_of=_common_multiple(one.multiple_of, other.multiple_of),
        length=one.length.within(other.length),
        patterns=tuple(dict.fromkeys(one.patterns + other.patterns)),
        format=one.format or other.format,
        size=one.size.within(other.size),
        unique=one.unique or other.unique,
        prefix=one.prefix or other.prefix,
        items=_both(one.items, other.items),
        properties=_merge_properties(one, other),
        required=one.required | other.required,
        additional=_both(one.additional, other.additional),
        width=one.width.within(other.width),
        dependent={**one.dependent, **other.dependent},
        choices=one.choices + other.choices,
        applied=one.applied + other.applied,
        samples=one.samples + other.samples,
        xml={**other.xml, **one.xml} if other.xml else one.xml,
    )


def _merge_properties(one: Shape, other: Shape) -> Mapping[str, Schema]:
    if not other.properties:
        return one.properties
    if not one.properties:
        return other.properties
    merged = dict(one.properties)
    for name, schema in other.properties.items():
        merged[name] = _both(merged[name], schema) if name in merged else schema
    return merged


def is_sent(schema: Schema) -> bool:
    """Whether a property belongs in a request: it may have a value, and it is not readOnly."""
    return schema is not False and (schema is True or schema.get("readOnly") is not True)


def json_type(value: Any) -> str:
    """The JSON type of a value; a number without a fraction is an "integer"."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def same_value(one: Any, other: Any) -> bool:
    """Equality as JSON has it: `True` is not 1, at any depth."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_value, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same_value(one[key], other[key]) for key in one)
    return bool(one == other)


def _common_members(one: tuple[Any, ...] | None, other: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    if one is None or other is None:
        return other if one is None else one
    return tuple(member for member in one if any(same_value(member, each) for each in other))


def _tighter(
    one: tuple[Number | None, bool], other: tuple[Number | None, bool], sign: int
) -> tuple[Number | None, bool]:
    if one[0] is None or other[0] is None:
        return other if one[0] is None else one
    if one[0] == other[0]:
        return one[0], one[1] or other[1]
    return one if (one[0] - other[0]) * sign > 0 else other


def _common_multiple(one: Number | None, other: Number | None) -> Number | None:
    if one is None or other is None:
        return other if one is None else one
    if isinstance(one, int) and isinstance(other, int):
        return math.lcm(one, other)
    larger, smaller = max(one, other), min(one, other)
    return larger if Decimal(str(larger)) % Decimal(str(smaller)) == 0 else larger * smaller


def _least_of(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _both(one: Schema, other: Schema) -> Schema:
    if one is True or one == other:
        return other
    if other is True:
        return one
    return False if one is False or other is False else {"allOf": [one, other]}
