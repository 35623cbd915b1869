"""Converts the schemas of any OpenAPI version to JSON Schema 2020-12, each component once and when it is asked for."""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final, Literal, TypeAlias

from casecraft.core.schema import BEYOND_INT32, REFERENCE_PREFIX, Definitions, Schema
from casecraft.spec import pointers
from casecraft.spec.discriminators import Discriminators, Variant
from casecraft.spec.keywords import (
    DROPPED_KEYWORDS,
    LIST_KEYWORDS,
    MAP_KEYWORDS,
    SCHEMA_KEYWORDS,
    read_keyword,
    read_types,
    read_xml,
)
from casecraft.spec.pointers import MISSING
from casecraft.spec.references import References

Side: TypeAlias = Literal["request", "response"]

_SAFE_NAME = re.compile(r"[A-Za-z0-9._-]{1,120}")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_NOT_SENT: Final[Mapping[Side, str]] = {"request": "readOnly", "response": "writeOnly"}
_BOUNDS = (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum"))


class Schemas:
    """The schemas of one document for one side. `definitions` are those that have a name."""

    def __init__(self, references: References, version: str, side: Side) -> None:
        self._references = references
        self._legacy = version in ("2.0", "3.0")
        self._components = "/definitions/" if version == "2.0" else "/components/schemas/"
        self._side = side
        self._not_sent = _NOT_SENT[side]
        self._pointers: dict[str, str] = {}
        self._alone: dict[str, str] = {}
        self.discriminators = Discriminators(references, self._components)
        self.definitions = Definitions(self._load)

    def convert(self, schema: Any) -> Schema:
        """The schema with its references as `#/$defs/NAME`; what is no schema becomes `{}`, which allows all."""
        if not isinstance(schema, dict):
            return schema if isinstance(schema, bool) else {}
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return self._convert_keywords(schema)
        referring = self._refer(reference)
        if self._legacy:
            return referring  # What stands beside a `$ref` is ignored there, by the letter of both versions.
        return {**referring, **self._convert_keywords(schema)}

    def _load(self, name: str) -> Schema:
        pointer = self._pointers.get(name, self._components + pointers.escape(name))
        value = pointers.look_up(self._references.root, pointer)
        if value is MISSING:
            raise KeyError(name)
        variants = self._variants(pointer) if name not in self._alone else ()
        return self._convert_base(value, variants) if variants else self.convert(value)

    def _variants(self, pointer: str) -> tuple[Variant, ...]:
        """What a component may stand for in a request. Answers are held against what the document says of each."""
        return self.discriminators.variants(pointer) if self._side == "request" else ()

    def _convert_base(self, schema: Mapping[str, Any], variants: tuple[Variant, ...]) -> Schema:
        """A union of all that a component may stand for."""
        shown = {name: schema[name] for name in _SHOWN if name in schema}
        branches = [
            _meant(self._refer_alone(each.pointer), each.field, own) for each in variants for own in each.values
        ]
        return {**self._convert_keywords(shown), "anyOf": branches}

    def _refer_alone(self, pointer: str) -> dict[str, Any]:
        """A reference to a component that stands for itself alone."""
        own = name = self._name(pointer)
        if self._variants(pointer):
            name = f"{own}-alone"
            while pointers.look_up(self._references.root, self._components + name) is not MISSING:
                name += "-"
            self._alone[name] = own
        self._pointers[name] = pointer
        return {"$ref": REFERENCE_PREFIX + name}

    def _refer(self, reference: str) -> dict[str, Any]:
        pointer, value = self._references.place(reference)
        if value is MISSING:
            return {}
        name = self._name(pointer)
        self._pointers[name] = pointer
        return {"$ref": REFERENCE_PREFIX + name}

    def _name(self, pointer: str) -> str:
        """A component keeps its name where that is safe in a URI; any other place gets one with its hash."""
        if pointer.startswith(self._components):
            own = pointer[len(self._components) :]
            if _SAFE_NAME.fullmatch(own):
                return own
        last = _UNSAFE.sub("-", pointer.rpartition("/")[2]).strip("-")[:60]
        return f"{last or 'schema'}-{sha256(pointer.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"

    def _convert_keywords(self, schema: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for name, value in schema.items():
            if name in DROPPED_KEYWORDS or name.startswith("x-") or name in ("$ref", "type"):
                continue
            converted = self._convert_value(name, value, schema)
            if converted is not None or name in ("const", "default"):
                result[name] = converted
        self._add_types(result, schema)
        self._move_items(result, schema)
        _add_examples(result, schema)
        if self._legacy:
            _convert_bounds(result, schema)
        if result.get("format") == "int32" and self._side == "request":
            _bound_as_int32(result)
        if "required" in result:
            self._relax(result, schema)
        return self._allow_null(result, schema) if self._legacy else result

    def _convert_value(self, name: str, value: Any, schema: dict[str, Any]) -> Any:
        if name in SCHEMA_KEYWORDS:
            return self.convert(value) if isinstance(value, dict | bool) else None
        if name in MAP_KEYWORDS:
            if not isinstance(value, dict):
                return None
            # An answer never has what is writeOnly. Whether a request with what is readOnly is refused is left open.
            strict = name == "properties" and self._not_sent == "writeOnly"
            return {
                str(key): False if strict and self._is_absent(child) else self.convert(child)
                for key, child in value.items()
            }
        if name in LIST_KEYWORDS:
            return self._convert_list(name, value, schema) if isinstance(value, list) and value else None
        if name == "discriminator":
            return self._convert_discriminator(value)
        return self._convert_xml(value) if name == "xml" else read_keyword(name, value)

    def _convert_list(self, name: str, parts: list[Any], schema: dict[str, Any]) -> list[Schema]:
        if name == "allOf" and self.discriminators.is_inheritance(parts):
            return [self._convert_parent(part) for part in parts]
        if name in ("oneOf", "anyOf") and "discriminator" in schema and self._side == "request":
            return [branch for part in parts for branch in self._convert_branch(part, schema)]
        return [self.convert(part) for part in parts]

    def _convert_parent(self, part: Any) -> Schema:
        """What a component inherits from is no other one of those that the base may stand for."""
        if not isinstance(part, dict) or not isinstance(part.get("$ref"), str):
            return self.convert(part)
        converted = self.convert(part)
        pointer, value = self._references.place(part["$ref"])
        return converted if value is MISSING else {**converted, **self._refer_alone(pointer)}  # type: ignore[dict-item]

    def _convert_branch(self, part: Any, union: dict[str, Any]) -> list[Schema]:
        """A branch of a union once for each value of the discriminator that stands for it."""
        converted = self.convert(part)
        reference = part.get("$ref") if isinstance(part, dict) else None
        pointer, value = self._references.place(reference) if isinstance(reference, str) else ("", MISSING)
        variant = None if value is MISSING else self.discriminators.variant(union, pointer)
        return [converted] if variant is None else [_meant(converted, variant.field, own) for own in variant.values]

    def _convert_xml(self, value: Any) -> dict[str, Any] | None:
        """An annotation of requests alone: answers are not read as XML."""
        return read_xml(value) if self._side == "request" else None

    def _convert_discriminator(self, value: Any) -> dict[str, Any] | None:
        """An annotation; its mapping names definitions as references do."""
        if isinstance(value, str):
            return {"propertyName": value}
        if not isinstance(value, dict) or not isinstance(value.get("propertyName"), str):
            return None
        mapping = value.get("mapping")
        if not isinstance(mapping, dict):
            return {"propertyName": value["propertyName"]}
        named = {str(key): self._map(target) for key, target in mapping.items() if isinstance(target, str)}
        return {"propertyName": value["propertyName"], "mapping": named}

    def _map(self, target: str) -> str:
        return str(self._refer(self.discriminators.reference_to(target)).get("$ref", target))

    def _add_types(self, result: dict[str, Any], schema: dict[str, Any]) -> None:
        if "type" not in schema:
            return
        types = read_types(schema["type"])
        if schema["type"] == "file":
            result.setdefault("format", "binary")
        if types:
            result["type"] = types[0] if len(types) == 1 else types

    def _move_items(self, result: dict[str, Any], schema: dict[str, Any]) -> None:
        """`items` as a list is how earlier drafts write `prefixItems`."""
        items = schema.get("items")
        if isinstance(items, list) and items and "prefixItems" not in result:
            result["prefixItems"] = [self.convert(child) for child in items]

    def _relax(self, result: dict[str, Any], schema: dict[str, Any]) -> None:
        """A property that this side does not send is never required."""
        absent = self._absent_properties(schema, set())
        required = [name for name in dict.fromkeys(result["required"]) if name not in absent]
        if required:
            result["required"] = required
        else:
            del result["required"]

    def _absent_properties(self, schema: Any, seen: set[int]) -> set[str]:
        """The properties that the schema, or a part of its `allOf`, marks as not sent."""
        schema, _ = self._references.resolve(schema)
        if not isinstance(schema, dict) or id(schema) in seen:
            return set()
        seen.add(id(schema))
        properties, parts = schema.get("properties"), schema.get("allOf")
        absent = {name for name, child in _pairs(properties) if self._is_absent(child)}
        for part in parts if isinstance(parts, list) else ():
            absent |= self._absent_properties(part, seen)
        return absent

    def _is_absent(self, schema: Any) -> bool:
        if isinstance(schema, dict) and schema.get(self._not_sent) is True:
            return True
        target, _ = self._references.resolve(schema)
        return isinstance(target, dict) and target.get(self._not_sent) is True

    def _allow_null(self, result: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
        """`nullable` beside a `type` widens it. Without one 3.0 gives it no effect, but whoever writes it means it."""
        if schema.get("nullable") is not True and schema.get("x-nullable") is not True:
            return result
        own = result.get("type")
        if own is None:
            return {"anyOf": [result, {"type": "null"}]} if result else result
        types = own if isinstance(own, list) else [own]
        return {**result, "type": [*types, "null"] if "null" not in types else types}


_SHOWN = ("title", "description", "example", "examples", "xml")
"""What a component says for people, and how it is called in XML."""


def _meant(schema: Schema, field: str, value: str) -> Schema:
    """A schema with the value of the discriminator's field that stands for it."""
    return {"allOf": [schema, {"properties": {field: {"const": value}}, "required": [field]}]}


def _pairs(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []


def _add_examples(result: dict[str, Any], schema: dict[str, Any]) -> None:
    if "example" in schema:
        own = result.get("examples", [])
        result["examples"] = [schema["example"], *own]


def _convert_bounds(result: dict[str, Any], schema: dict[str, Any]) -> None:
    """Before 3.1 an exclusive bound is a flag beside the bound."""
    for exclusive, bound in _BOUNDS:
        if schema.get(exclusive) is True and bound in result:
            result[exclusive] = result.pop(bound)


def _bound_as_int32(result: dict[str, Any]) -> None:
    """A signed integer of 32 bits has ends of its own where the document gives none. They are written as excluded
    bounds: those of documents are not. One of 64 bits has more digits than JSON's numbers have in many programs.
    """
    if result.get("type") in ("integer", ["integer", "null"]) and not {"enum", "const"} & result.keys():
        for (exclusive, bound), end in zip(_BOUNDS, BEYOND_INT32, strict=True):
            if exclusive not in result and bound not in result:
                result[exclusive] = end
