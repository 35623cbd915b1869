"""Brings every permitted external `$ref` inside the document, and finds those that lead nowhere."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from casecraft.core.credentials import without_credentials
from casecraft.core.document import Problem
from casecraft.errors import DocumentError, DocumentLimitError
from casecraft.spec import pointers, source, syntax
from casecraft.spec.limits import Limits, refuse_depth
from casecraft.spec.version import version_of

FILES_KEY = "x-casecraft-files"
"""Where the bundled files stand in the root: by path relative to the document's folder, or by URL."""

_UNREAD = "#/x-casecraft-unread/"


@dataclass(slots=True)
class Bundle:
    """One document on its way to having only local references."""

    source: str
    root: dict[str, Any]
    limits: Limits
    allow_external_refs: bool
    bytes_read: int
    problems: list[Problem] = field(default_factory=list)
    files: dict[str, Any] = field(default_factory=dict)
    references: set[str] = field(default_factory=set)
    _waiting: list[tuple[str, Any]] = field(default_factory=list)
    _refused: set[str] = field(default_factory=set)
    _ids: dict[str, str] | None = None

    @property
    def _shown(self) -> str:
        return without_credentials(self.source)

    def close(self) -> None:
        """Read what may be read and make every `$ref` local; what may not be read stays dangling."""
        self._make_absolute()
        self._localise(self.root, "")
        while self._waiting:
            key, value = self._waiting.pop()
            self._localise(value, key)
        if self.files:
            self.root[FILES_KEY] = self.files

    def _localise(self, value: Any, key: str) -> None:
        """Rewrite the references of one file, `key` being "" for the document itself."""
        for node in iterate_mappings(value, self._shown, self.limits.max_depth):
            reference = node.get("$ref")
            if not isinstance(reference, str):
                continue
            if key or not reference.startswith("#"):
                reference = node["$ref"] = self._rewrite(reference, key)
            if not reference.startswith(_UNREAD):
                self.references.add(reference)

    def _rewrite(self, reference: str, key: str) -> str:
        if reference.startswith((f"#/{FILES_KEY}/", _UNREAD)):
            return reference
        address, _, fragment = reference.partition("#")
        if not key and address in self._identified():
            return f"#{self._identified()[address]}{fragment}"
        target = self._locate(address, key) if address else key
        if target != key and not self._bring(target, reference):
            return _UNREAD + pointers.escape(reference)
        place = f"#/{FILES_KEY}/{pointers.escape(target)}" if target else "#"
        return place + fragment if not fragment or fragment.startswith("/") else f"{place}/{fragment}"

    def _make_absolute(self) -> None:
        """Make the references of 3.1 that are relative to an `$id`, or name an `$anchor`, pointers from the root."""
        if version_of(self.root) in ("2.0", "3.0"):
            return
        anchors = self._anchors()
        for resource in ("", *sorted(self._identified().values(), key=len, reverse=True)):
            schema = pointers.look_up(self.root, resource)
            for node in iterate_mappings(schema, self._shown, self.limits.max_depth):
                inner = node["$ref"] if "$ref" in node else node.pop("$dynamicRef", None)
                if isinstance(inner, str):
                    node["$ref"] = self._from_root(inner, resource, anchors)

    def _from_root(self, reference: str, resource: str, anchors: dict[str, str]) -> str:
        if reference.startswith("#/"):
            inside = f"#{resource}{reference[1:]}"
            return inside if self._holds(inside[1:]) else reference
        return "#" + anchors[reference[1:]] if reference.startswith("#") and reference[1:] in anchors else reference

    def _anchors(self) -> dict[str, str]:
        keys = ("$dynamicAnchor", "$anchor")
        return {name: pointer for key in keys for pointer, name in pointers.find_strings(self.root, key)}

    def _holds(self, pointer: str) -> bool:
        return pointers.look_up(self.root, pointers.normalise(pointer)) is not pointers.MISSING

    def _identified(self) -> dict[str, str]:
        """The pointer of each schema of the document that has an `$id`, by that."""
        if self._ids is None:
            self._ids = {name: pointer for pointer, name in pointers.find_strings(self.root, "$id")}
        return self._ids

    def _locate(self, address: str, key: str) -> str:
        """The key of the file that an address means when it stands in the file `key`."""
        base = key or (self.source if source.is_url(self.source) else "")
        if source.is_url(address) or source.is_url(base):
            return "" if urljoin(base, address) == self.source else urljoin(base, address)
        path = unquote(urlsplit(address).path) if address.startswith("file:") else unquote(address.partition("?")[0])
        folder = self._folder()
        found = _resolve(folder / Path(key).parent / path)
        if self.source != source.STANDARD_INPUT and found == _resolve(Path(self.source)):
            return ""
        return Path(os.path.relpath(found, folder)).as_posix()

    def _folder(self) -> Path:
        own = Path() if self.source == source.STANDARD_INPUT else Path(self.source).parent
        return _resolve(own)

    def _bring(self, target: str, reference: str) -> bool:
        """Whether the file could be brought inside; where not, there is a problem that says why."""
        if not target or target in self.files:
            return True
        if target in self._refused:
            return False
        if not self.allow_external_refs and self._is_outside(target):
            reason = "leads out of the document's folder; not read without --allow-external-refs"
            return self._refuse(target, reference, reason)
        try:
            self.files[target] = self._read(target)
        except DocumentLimitError:
            raise
        except DocumentError as error:
            return self._refuse(target, reference, f"cannot be followed: {error}")
        self._waiting.append((target, self.files[target]))
        return True

    def _is_outside(self, target: str) -> bool:
        return source.is_url(target) or Path(target).parts[:1] == ("..",) or self.source == source.STANDARD_INPUT

    def _refuse(self, target: str, reference: str, reason: str) -> bool:
        self._refused.add(target)
        place = next(pointers.find_all(self.root, "$ref", reference), "")
        self.problems.append(Problem(place, f"`$ref` {reference!r} {reason}"))
        return False

    def _read(self, target: str) -> Any:
        place = target if source.is_url(target) else str(self._folder() / target)
        data = source.read(place, self.limits.max_bytes - self.bytes_read)
        self.bytes_read += len(data)
        return syntax.parse(data, without_credentials(place), self.limits)


def as_written(reference: str) -> str:
    """The reference as the document has it, also where it led to something that was not read."""
    return pointers.unescape(reference.removeprefix(_UNREAD)) if reference.startswith(_UNREAD) else reference


def iterate_mappings(value: Any, name: str, max_depth: int) -> Iterator[dict[str, Any]]:
    """Every mapping in a value, level by level; DocumentLimitError where there are more than `max_depth` levels.

    What YAML aliases share comes as often as it is shared: their limit keeps that within bounds.
    """
    level: list[Any] = [value]
    for _ in range(max_depth):
        mappings = [node for node in level if type(node) is dict]
        yield from mappings
        values = [child for node in mappings for child in node.values()]
        values += [child for node in level if type(node) is list for child in node]
        level = [child for child in values if type(child) is dict or type(child) is list]
        if not level:
            return
    raise refuse_depth(name, max_depth)


def _resolve(path: Path) -> Path:
    """The path without symbolic links, so that none leads out unseen."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return path.absolute()
