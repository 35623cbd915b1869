"""What discriminators say of a document's schemas: which ones stand for which, and by which value of which field.

OpenAPI 2.0 and 3.x let a component be a base: the value of a field names the component, the base itself or one that
inherits from it by `allOf`, that the object must conform to.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from casecraft.spec import pointers
from casecraft.spec.references import References

MOST_HEIRS: Final = 64
"""A base that more components inherit from is taken as it stands."""


@dataclass(frozen=True, slots=True)
class _Discriminator:
    """The field that tells schemas apart, the values that stand for them, by the pointers of the schemas, and those
    that the field may have in all of them, None where any.
    """

    field: str
    mapping: Mapping[str, tuple[str, ...]]
    listed: tuple[Any, ...] | None


@dataclass(frozen=True, slots=True)
class Variant:
    """A component that may be meant, and the values of the field by which it is."""

    pointer: str
    field: str
    values: tuple[str, ...]


class Discriminators:
    """Looks the bases of one document up. `components` is the pointer that its schemas stand under."""

    def __init__(self, references: References, components: str) -> None:
        self._references = references
        self._components = components
        self._variants: dict[str, tuple[Variant, ...]] = {}

    def variants(self, pointer: str) -> tuple[Variant, ...]:
        """What a reference to a component may mean where it is, or inherits from, a base; else nothing."""
        if not self._heirs:
            return ()
        known = self._variants.get(pointer)
        if known is None:
            known = self._variants[pointer] = self._find_variants(pointer)
        return known

    def is_inheritance(self, parts: Any) -> bool:
        """Whether a list, as it stands in the document, is the `allOf` by which a component inherits."""
        return id(parts) in self._inheritances

    def variant(self, union: Mapping[str, Any], pointer: str) -> Variant | None:
        """A branch of a union under the discriminator that the union has; None where that tells nothing of it."""
        discriminator = self._read(union)
        variant = None if discriminator is None else self._variant(discriminator, pointer)
        return variant if variant is not None and variant.values else None

    def _find_variants(self, pointer: str) -> tuple[Variant, ...]:
        discriminator = self._of(pointer, set())
        heirs = list(self._descend(pointer, {pointer}))
        if discriminator is None or len(heirs) > MOST_HEIRS:
            return ()
        found = [self._variant(discriminator, each) for each in heirs]
        if not all(each.values for each in found):
            return ()
        base = self._variant(discriminator, pointer)
        is_meant = not found or not discriminator.mapping or pointer in discriminator.mapping
        if not is_meant or not base.values:
            return tuple(found)
        # What has heirs of its own and inherits itself is meant first; the base of all may be abstract.
        return (*found, base) if self._owns(pointer) else (base, *found)

    def _owns(self, pointer: str) -> bool:
        return self._read(pointers.look_up(self._references.root, pointer)) is not None

    def reached_from(self, reference: str) -> frozenset[str]:
        """References to what a reference may mean besides what it names."""
        pointer = self._references.place(reference)[0]
        return frozenset(f"#{each.pointer}" for each in self.variants(pointer))

    def _of(self, pointer: str, seen: set[str]) -> _Discriminator | None:
        """The discriminator of a component, its own or an inherited one. Unions have theirs for their branches."""
        schema = pointers.look_up(self._references.root, pointer)
        if not isinstance(schema, dict) or pointer in seen or "oneOf" in schema or "anyOf" in schema:
            return None
        seen.add(pointer)
        own = self._read(schema)
        inherited = (self._of(parent, seen) for parent in self._parents(schema))
        return own or next((each for each in inherited if each is not None), None)

    def _read(self, schema: Mapping[str, Any]) -> _Discriminator | None:
        value = schema.get("discriminator")
        if isinstance(value, str):
            return _Discriminator(value, {}, self._values_of(schema, value))
        if not isinstance(value, dict) or not isinstance(value.get("propertyName"), str) or "defaultMapping" in value:
            return None
        mapping: dict[str, tuple[str, ...]] = {}
        named = value.get("mapping")
        for key, target in named.items() if isinstance(named, dict) else ():
            if isinstance(target, str):
                place = self._references.place(self.reference_to(target))[0]
                mapping[place] = (*mapping.get(place, ()), str(key))
        return _Discriminator(value["propertyName"], mapping, self._values_of(schema, value["propertyName"]))

    def reference_to(self, target: str) -> str:
        """What a mapping's target, a reference or a component's name, is as a reference."""
        return target if target.startswith("#") else f"#{self._components}{pointers.escape(target)}"

    def _variant(self, discriminator: _Discriminator, pointer: str) -> Variant:
        """Without values where the component lists others for the field, and no fewer than are listed for all."""
        schema = pointers.look_up(self._references.root, pointer)
        named = schema.get("x-ms-discriminator-value") if isinstance(schema, dict) else None
        own = named if isinstance(named, str) else pointers.unescape(pointer.rpartition("/")[2])
        values = discriminator.mapping.get(pointer, (own,))
        listed = self._values_of(schema, discriminator.field)
        if listed is not None:
            fitting = tuple(value for value in values if value in listed)
            values = fitting or (listed if listed != discriminator.listed else ())
        return Variant(pointer, discriminator.field, values)

    def _values_of(self, schema: Any, field: str) -> tuple[Any, ...] | None:
        """The texts that a schema, with what it inherits, allows for a field; None where any."""
        lists = list(self._listed(schema, field, set()))
        if not lists:
            return None
        return tuple(value for value in lists[0] if isinstance(value, str) and all(value in each for each in lists))

    def _listed(self, schema: Any, field: str, seen: set[int]) -> Iterator[list[Any]]:
        """The lists of values that a schema and what it inherits have for a field."""
        schema, _ = self._references.resolve(schema)
        if not isinstance(schema, dict) or id(schema) in seen:
            return
        seen.add(id(schema))
        properties, parts = schema.get("properties"), schema.get("allOf")
        declared, _ = self._references.resolve(properties.get(field) if isinstance(properties, dict) else None)
        if isinstance(declared, dict):
            if isinstance(declared.get("enum"), list):
                yield declared["enum"]
            if "const" in declared:
                yield [declared["const"]]
            if declared.get("type", "string") != "string":
                yield []
        for part in parts if isinstance(parts, list) else ():
            yield from self._listed(part, field, seen)

    def _descend(self, pointer: str, seen: set[str]) -> Iterator[str]:
        for heir in self._heirs.get(pointer, ()):
            if heir not in seen:
                seen.add(heir)
                yield heir
                yield from self._descend(heir, seen)

    def _parents(self, schema: Mapping[str, Any]) -> Iterator[str]:
        parts = schema.get("allOf")
        for part in parts if isinstance(parts, list) else ():
            reference = part.get("$ref") if isinstance(part, dict) else None
            if isinstance(reference, str):
                yield self._references.place(reference)[0]

    @cached_property
    def _named(self) -> list[tuple[str, dict[str, Any]]]:
        """The components, by their pointers; none where no component has a discriminator."""
        known = pointers.look_up(self._references.root, self._components.rstrip("/"))
        items = known.items() if isinstance(known, dict) else ()
        named = [
            (self._components + pointers.escape(str(name)), each) for name, each in items if isinstance(each, dict)
        ]
        return named if any("discriminator" in schema for _, schema in named) else []

    @cached_property
    def _heirs(self) -> dict[str, list[str]]:
        heirs: dict[str, list[str]] = {}
        for pointer, schema in self._named:
            for parent in self._parents(schema):
                heirs.setdefault(parent, []).append(pointer)
        return heirs

    @cached_property
    def _inheritances(self) -> set[int]:
        return {id(schema["allOf"]) for _, schema in self._named if isinstance(schema.get("allOf"), list)}
