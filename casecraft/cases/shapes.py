"""What a schema asks of one value, read into one flat record.

`$ref`, `allOf`, unions with `null` and unions of constants are folded in. What a flat record cannot say (`not`,
`if`, the branches' own rules) stays in the schema, and every value made from a shape is validated against that.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from casecraft.core.schema import Definitions, Schema, referenced_name

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
class Shape:
    """The flat record. `types` are the JSON types allowed ("number" stands with "integer"); `typed` says whether the
    schema names them; `members` are the values of `enum` or `const`; `samples` the document's own values.
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
    samples: tuple[Any, ...] = ()

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
        yield "object", bool(self.properties or self.required or self.width != Size())
        yield "array", self.items is not True or bool(self.prefix) or self.size != Size()
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
        samples=one.samples + other.samples,
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


class ShapeReader:
    """Reads schemas of one document into shapes; named definitions are read once."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._named: dict[str, Shape] = {}
        self._reading: set[str] = set()

    def read(self, schema: Schema) -> Shape:
        """The shape of a schema; a loop of references adds nothing to it."""
        if isinstance(schema, bool):
            return _ANYTHING if schema else _NOTHING
        name = referenced_name(schema)
        if name is None:
            return self._read_mapping(schema)
        if name in self._reading:
            return _ANYTHING
        named = self._read_named(name)
        return named if len(schema) == 1 else merge(self._read_mapping(schema), named)

    def _read_named(self, name: str) -> Shape:
        shape = self._named.get(name)
        if shape is None:
            self._reading.add(name)
            try:
                shape = self.read(self._definitions[name])
            finally:
                self._reading.discard(name)
            if not self._reading:
                self._named[name] = shape
        return shape

    def _read_mapping(self, schema: Mapping[str, Any]) -> Shape:
        shape = own_keywords(schema)
        for part in _schemas(schema.get("allOf")):
            shape = merge(shape, self.read(part))
        for keyword in ("oneOf", "anyOf"):
            branches = _schemas(schema.get(keyword))
            if branches:
                shape = self._with_union(shape, keyword, branches)
        return _settled(shape)

    def _with_union(self, shape: Shape, keyword: str, branches: tuple[Schema, ...]) -> Shape:
        others = tuple(branch for branch in branches if not _is_null(branch))
        nullable = len(others) < len(branches)
        if len(others) == 1:
            return merge(shape, _or_null(self.read(others[0])) if nullable else self.read(others[0]))
        if not others:
            return merge(shape, Shape(types=frozenset({"null"}), typed=True))
        shapes = [self.read(branch) for branch in others[:UNION_LIMIT]]
        types: frozenset[str] = frozenset().union(*(each.types for each in shapes), {"null"} if nullable else ())
        typed = len(others) <= UNION_LIMIT
        either = Shape(types=types if typed else ALL_TYPES, typed=typed)
        members = _joined_members(shapes) if typed else None
        if members is not None:
            return merge(shape, replace(either, members=(*members, None) if nullable else members))
        return merge(shape, replace(either, choices=(Choice(keyword, others),)))


UNION_LIMIT = 64
"""More branches than this are sampled, not read."""

_ANYTHING = Shape()
_NOTHING = Shape(types=frozenset(), typed=True)


def own_keywords(schema: Mapping[str, Any]) -> Shape:
    """The shape of a schema's own keywords, without those that hold other schemas beside it."""
    return Shape(
        types=_types(schema.get("type")),
        typed="type" in schema,
        members=_members(schema),
        bounds=_bounds(schema),
        multiple_of=_positive(schema.get("multipleOf")),
        length=_size(schema, "minLength", "maxLength"),
        patterns=(schema["pattern"],) if isinstance(schema.get("pattern"), str) else (),
        format=schema["format"] if isinstance(schema.get("format"), str) else None,
        size=_size(schema, "minItems", "maxItems"),
        unique=schema.get("uniqueItems") is True,
        prefix=_schemas(schema.get("prefixItems")),
        items=_schema(schema.get("items", True)),
        properties=_properties(schema.get("properties")),
        required=_required(schema.get("required")),
        additional=_schema(schema.get("additionalProperties", True)),
        width=_size(schema, "minProperties", "maxProperties"),
        dependent=_dependent(schema.get("dependentRequired")),
        samples=_samples(schema),
    )


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


def _settled(shape: Shape) -> Shape:
    if shape.members is None:
        return shape
    kept = tuple(member for member in shape.members if json_type(member) in shape.types)
    types = frozenset(json_type(member) for member in kept)
    if "number" in types:
        types |= {"integer"}
    return replace(shape, members=kept, types=types & shape.types)


def _joined_members(shapes: list[Shape]) -> tuple[Any, ...] | None:
    joined: list[Any] = []
    for shape in shapes:
        if shape.members is None or shape.types & {"object", "array"}:
            return None
        joined.extend(shape.members)
    return tuple(joined)


def _or_null(shape: Shape) -> Shape:
    members = None if shape.members is None else (*shape.members, None)
    return replace(shape, types=shape.types | {"null"}, members=members)


def _is_null(schema: Schema) -> bool:
    if isinstance(schema, bool):
        return False
    kind, members = schema.get("type"), schema.get("enum")
    return kind in ("null", ["null"]) or members == [None] or ("const" in schema and schema["const"] is None)


def _types(declared: Any) -> frozenset[str]:
    if isinstance(declared, str):
        declared = [declared]
    if not isinstance(declared, list):
        return ALL_TYPES
    types = frozenset(kind for kind in declared if isinstance(kind, str)) & ALL_TYPES
    return types | {"integer"} if "number" in types else types


def _members(schema: Mapping[str, Any]) -> tuple[Any, ...] | None:
    if "const" in schema:
        return (schema["const"],)
    members = schema.get("enum")
    return tuple(members) if isinstance(members, list) else None


def _common_members(one: tuple[Any, ...] | None, other: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    if one is None or other is None:
        return other if one is None else one
    return tuple(member for member in one if any(same_value(member, each) for each in other))


def _bounds(schema: Mapping[str, Any]) -> Bounds:
    closed = Bounds(_number(schema.get("minimum")), _number(schema.get("maximum")))
    below, above = _number(schema.get("exclusiveMinimum")), _number(schema.get("exclusiveMaximum"))
    if below is None and above is None:
        return closed
    return closed.within(Bounds(below, above, below is not None, above is not None))


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


def _size(schema: Mapping[str, Any], least: str, most: str) -> Size:
    low, high = _number(schema.get(least)), _number(schema.get(most))
    if low is None and high is None:
        return _ANY_SIZE
    return Size(int(low or 0), None if high is None else int(high))


_ANY_SIZE = Size()


def _least_of(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _number(value: Any) -> Number | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _positive(value: Any) -> Number | None:
    number = _number(value)
    return number if number is not None and number > 0 else None


def _schema(value: Any) -> Schema:
    return value if isinstance(value, Mapping | bool) else True


def _schemas(value: Any) -> tuple[Schema, ...]:
    return tuple(_schema(each) for each in value) if isinstance(value, list) else ()


def _properties(value: Any) -> Mapping[str, Schema]:
    return value if isinstance(value, Mapping) else {}


def _required(value: Any) -> frozenset[str]:
    return frozenset(name for name in value if isinstance(name, str)) if isinstance(value, list) else frozenset()


def _dependent(value: Any) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(value, Mapping):
        return {}
    return {name: tuple(each for each in names if isinstance(each, str)) for name, names in value.items()}


def _both(one: Schema, other: Schema) -> Schema:
    if one is True or one == other:
        return other
    if other is True:
        return one
    return False if one is False or other is False else {"allOf": [one, other]}


def _samples(schema: Mapping[str, Any]) -> tuple[Any, ...]:
    samples = [schema[key] for key in ("example", "default") if key in schema]
    several = schema.get("examples")
    return tuple(several) + tuple(samples) if isinstance(several, list) else tuple(samples)
