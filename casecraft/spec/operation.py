"""The parts of one operation on their way to an endpoint, and what all readers of them share."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from casecraft.spec.bundle import as_written
from casecraft.spec.references import References
from casecraft.spec.schemas import Schemas


@dataclass(frozen=True, slots=True)
class Context:
    """What the operations of one document share."""

    root: Mapping[str, Any]
    version: str
    references: References
    requests: Schemas
    responses: Schemas


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation with the path item that holds it. `notes` collects what had to be passed over."""

    context: Context
    method: str
    path: str
    item: Mapping[str, Any]
    content: Mapping[str, Any]
    notes: list[str] = field(default_factory=list)

    def resolve(self, node: Any, what: str) -> dict[str, Any] | None:
        """The mapping that a node is or refers to; None, with a note, where it is none."""
        value, lost = self.context.references.resolve(node)
        if isinstance(value, dict):
            return value
        reason = "it is no mapping"
        if lost is not None:
            reason = f"its `$ref` {as_written(lost)!r} {self.context.references.why_lost(lost)}"
        self.notes.append(f"{what} was passed over: {reason}")
        return None

    def raw_parameters(self) -> Iterator[dict[str, Any]]:
        """The operation's parameters, then those of the path item that it does not override, each once."""
        seen: set[tuple[str, str]] = set()
        for source, overridable in ((self.content, False), (self.item, True)):
            inherited = set(seen) if overridable else set()
            for raw in self._mappings(source.get("parameters")):
                name, location = raw.get("name"), raw.get("in")
                if not isinstance(name, str) or not isinstance(location, str):
                    self.notes.append(f"a parameter without a name or place was passed over: {name!r} in {location!r}")
                    continue
                key = (name.lower() if location == "header" else name, location)
                if key not in seen:
                    seen.add(key)
                    yield raw
                elif key not in inherited:
                    self.notes.append(f"the parameter {name!r} in {location} is declared twice; the first counts")

    def _mappings(self, values: Any) -> Iterator[dict[str, Any]]:
        if values is None:
            return
        if not isinstance(values, list):
            self.notes.append("`parameters` was passed over: it is no list")
            return
        for index, value in enumerate(values):
            resolved = self.resolve(value, f"parameter {index}")
            if resolved is not None:
                yield resolved


def text(holder: Mapping[str, Any], key: str) -> str:
    """The string under a key, or ""."""
    value = holder.get(key)
    return value if isinstance(value, str) else ""


def mapping(holder: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The mapping under a key, or an empty one."""
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def strings(value: Any) -> tuple[str, ...]:
    """The strings in a list, in order, each once."""
    return tuple(dict.fromkeys(each for each in value if isinstance(each, str))) if isinstance(value, list) else ()


def read_examples(holder: Mapping[str, Any], references: References) -> tuple[Any, ...]:
    """The examples that a parameter or media type carries itself: `example`, `examples`, `x-example(s)`."""
    found = [holder[key] for key in ("example", "x-example") if key in holder]
    for key in ("examples", "x-examples"):
        found += _read_named(holder.get(key), references)
    return tuple(found)


def _read_named(examples: Any, references: References) -> Iterable[Any]:
    if isinstance(examples, list):
        return examples
    named = examples.values() if isinstance(examples, dict) else ()
    resolved = (references.resolve(example)[0] for example in named)
    keys = ("value", "dataValue")  # 3.2 tells the value from how it is written.
    return [example[key] for example in resolved if isinstance(example, dict) for key in keys if key in example]
