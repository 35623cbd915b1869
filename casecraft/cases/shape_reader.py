"""Reads schemas into shapes: `$ref`, `allOf`, unions with `null` and unions of constants are folded in."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from casecraft.cases.schema_costs import MOST_DEPTH
from casecraft.cases.shapes import ALL_TYPES, Applied, Bounds, Choice, Number, Shape, Size, json_type, merge
from casecraft.core.schema import Definitions, Schema, referenced_name


class ShapeReader:
    """Reads schemas of one document into shapes; named definitions are read once."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._named: dict[str, Shape] = {}
        self._cut_short: dict[str, tuple[Shape, frozenset[str]]] = {}
        self._reading: set[str] = set()
        self._cut: set[str] = set()
        self._depth = 0

    def read(self, schema: Schema) -> Shape:
        """The shape of a schema; a loop of references adds nothing to it, nor does what lies too deep."""
        if isinstance(schema, bool):
            return _ANYTHING if schema else _NOTHING
        self._depth += 1
        try:
            name = referenced_name(schema)
            if name is None:
                return self._read_mapping(schema)
            named = self._read_named(name)
            return named if len(schema) == 1 else merge(self._read_mapping(schema), named)
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._cut_short.clear()

    def _read_named(self, name: str) -> Shape:
        if name in self._reading or self._depth > MOST_DEPTH:
            self._cut.add(name)
            return _ANYTHING
        if name in self._named:
            return self._named[name]
        if name not in self._cut_short:
            cut_before, self._cut = self._cut, set()
            shape = self._read_definition(name)
            self._cut.discard(name)
            if not self._cut:
                self._named[name] = shape
            # What misses something that is still being read holds good as long as that is being read.
            self._cut_short[name] = shape, frozenset(self._cut)
            self._cut = cut_before
        shape, missing = self._cut_short[name]
        self._cut |= missing
        return shape

    def _read_definition(self, name: str) -> Shape:
        self._reading.add(name)
        try:
            return self.read(self._definitions[name])
        except KeyError:  # a dangling reference, of which the loader has told
            return _ANYTHING
        finally:
            self._reading.discard(name)

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
        size=_item_count(schema),
        unique=schema.get("uniqueItems") is True,
        prefix=_schemas(schema.get("prefixItems")),
        items=_schema(schema.get("items", schema.get("unevaluatedItems", True))),
        properties=_properties(schema.get("properties")),
        required=_required(schema.get("required")),
        additional=_schema(schema.get("additionalProperties", schema.get("unevaluatedProperties", True))),
        width=_size(schema, "minProperties", "maxProperties"),
        dependent=_dependent(schema.get("dependentRequired")),
        applied=tuple(_applied(schema)) if not APPLYING.isdisjoint(schema) else (),
        samples=_samples(schema),
        xml=_properties_of_xml(schema.get("xml")),
    )


APPLYING = frozenset({"not", "if", "contains", "propertyNames", "patternProperties", "dependentSchemas"})


def _applied(schema: Mapping[str, Any]) -> Iterator[Applied]:
    for keyword in ("not", "propertyNames"):
        if keyword in schema:
            yield Applied(keyword, _schema(schema[keyword]))
    if "if" in schema and ("then" in schema or "else" in schema):
        then, otherwise = _schema(schema.get("then", True)), _schema(schema.get("else", True))
        yield Applied("if", _schema(schema["if"]), then=then, otherwise=otherwise)
    if "contains" in schema:
        least, most = _number(schema.get("minContains", 1)), _number(schema.get("maxContains"))
        count = Size(1 if least is None else int(least), None if most is None else int(most))
        yield Applied("contains", _schema(schema["contains"]), least=count.least, most=count.most)
    for keyword in ("patternProperties", "dependentSchemas"):
        for name, applied in _properties(schema.get(keyword)).items():
            yield Applied(keyword, applied, name)


def _item_count(schema: Mapping[str, Any]) -> Size:
    """How many items; where none may follow those that stand by their position, there are no more than these."""
    size = _size(schema, "minItems", "maxItems")
    prefix = schema.get("prefixItems")
    if isinstance(prefix, list) and schema.get("items", schema.get("unevaluatedItems")) is False:
        return size.within(Size(0, len(prefix)))
    return size


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


def _bounds(schema: Mapping[str, Any]) -> Bounds:
    closed = Bounds(_number(schema.get("minimum")), _number(schema.get("maximum")))
    below, above = _number(schema.get("exclusiveMinimum")), _number(schema.get("exclusiveMaximum"))
    if below is None and above is None:
        return closed
    return closed.within(Bounds(below, above, below is not None, above is not None))


def _size(schema: Mapping[str, Any], least: str, most: str) -> Size:
    low, high = _number(schema.get(least)), _number(schema.get(most))
    if low is None and high is None:
        return _ANY_SIZE
    return Size(int(low or 0), None if high is None else int(high))


_ANY_SIZE = Size()


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
    if not isinstance(value, Mapping):
        return {}
    if all(isinstance(schema, Mapping | bool) for schema in value.values()):
        return value
    return {name: _schema(schema) for name, schema in value.items()}


def _properties_of_xml(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _required(value: Any) -> frozenset[str]:
    return frozenset(name for name in value if isinstance(name, str)) if isinstance(value, list) else frozenset()


def _dependent(value: Any) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(value, Mapping):
        return {}
    return {name: tuple(each for each in names if isinstance(each, str)) for name, names in value.items()}


def _samples(schema: Mapping[str, Any]) -> tuple[Any, ...]:
    samples = [schema[key] for key in ("example", "default") if key in schema]
    several = schema.get("examples")
    return tuple(several) + tuple(samples) if isinstance(several, list) else tuple(samples)
