"""The OpenAPI document as loaded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the document: where (a JSON pointer, `""` for the whole) and what."""

    location: str
    message: str

    def __str__(self) -> str:
        return f"{self.location or '/'}: {self.message}"


@dataclass(frozen=True, slots=True)
class Document:
    """An OpenAPI document, parsed, with every permitted external `$ref` brought inside.

    `source` is the path or URL as the user gave it, without credentials (`-` for standard input); `name` is a short
    file-system-safe slug of it; `openapi` is the version field ("2.0", "3.0.3", "3.1.0", "3.2.0"); `digest` is the
    SHA-256 of the loaded content in hexadecimal; `root` is the content with all `$ref`s local to it.
    """

    source: str
    name: str
    title: str
    version: str
    openapi: str
    digest: str
    root: Mapping[str, Any] = field(repr=False, compare=False)
    problems: tuple[Problem, ...] = ()
