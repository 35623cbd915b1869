"""Texts as vectors, in no vendor's format."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from casecraft.core.usage import Usage

Vector: TypeAlias = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class EmbeddingRequest:
    """Texts to be turned into vectors, of so many `dimensions` where the model lets one choose.

    `model` is filled in by the provider where it is empty. `extra` holds vendors' own fields, which win over ours.
    """

    texts: tuple[str, ...]
    model: str = ""
    dimensions: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EmbeddingResponse:
    """One vector for each text, in the order of the texts, all of one length.

    `usage` is None where the provider did not say. `raw` is the body as it came.
    """

    vectors: tuple[Vector, ...]
    model: str = ""
    usage: Usage | None = None
    raw: bytes = field(default=b"", repr=False)
