"""Vectors and texts as all dialects of embeddings have them."""

import base64
import math
import struct
from collections.abc import Iterable
from typing import Any

import orjson

from casecraft.core.embedding import EmbeddingResponse, Vector
from casecraft.errors import BadAnswerError, ProviderError
from casecraft.wire.answers import parse_answer
from casecraft.wire.data_urls import decode_base64
from casecraft.wire.request_fields import RequestFields, wrong
from casecraft.wire.vendor_error import Codes, error_in_answer, has_error


def parse_embeddings(body: bytes, provider: str, codes: Codes) -> dict[str, Any]:
    """The object that an answer is. Raises the fitting `ProviderError` where it is an error after all."""
    answer = parse_answer(body, provider)
    if has_error(answer):
        raise error_in_answer(answer, body, provider, codes)
    return answer


def parse_rows(body: bytes, provider: str, codes: Codes) -> list[Any]:
    """The list that an answer is. Raises like `parse_embeddings`."""
    try:
        rows = orjson.loads(body)
    except orjson.JSONDecodeError:
        rows = None
    if isinstance(rows, list):
        return rows
    parse_embeddings(body, provider, codes)
    raise bad_vectors(body, provider, "no vectors")


def read_vectors(rows: object, body: bytes, provider: str, texts: int | None) -> tuple[Vector, ...]:
    """The vectors: lists of numbers, or base64 of 32-bit floats. Raises `BadAnswerError` for anything else."""
    if not isinstance(rows, list):
        raise bad_vectors(body, provider, "no vectors")
    try:
        vectors = tuple(_read_vector(row) for row in rows)
    except ValueError as error:
        raise bad_vectors(body, provider, str(error)) from error
    if texts is not None and len(vectors) != texts:
        raise bad_vectors(body, provider, f"{len(vectors)} vectors for {texts} texts")
    if len({len(vector) for vector in vectors}) > 1:
        raise bad_vectors(body, provider, "vectors of different lengths")
    return vectors


def bad_vectors(body: bytes, provider: str, what: str) -> ProviderError:
    """The error for an answer that holds something else than it should."""
    return BadAnswerError(f"{provider!r} answered with {what}", provider=provider, status=200, body=body)


def _read_vector(row: object) -> Vector:
    if isinstance(row, str):
        vector = _unpack(decode_base64(row))
    elif isinstance(row, list) and all(type(value) in (float, int) for value in row):
        vector = tuple(map(float, row))
    else:
        raise ValueError("a vector that is no list of numbers")
    if not vector:
        raise ValueError("an empty vector")
    if not all(map(math.isfinite, vector)):
        raise ValueError("a vector of numbers that are not finite")
    return vector


def _unpack(data: bytes) -> Vector:
    if len(data) % 4:
        raise ValueError("a vector cut in the middle of a number")
    return struct.unpack(f"<{len(data) // 4}f", data)


def pack(vector: Vector) -> str:
    """A vector as base64 of 32-bit floats, the lowest byte first. What is too large for them becomes infinite."""
    return base64.b64encode(b"".join(map(_pack_number, vector))).decode()


def _pack_number(value: float) -> bytes:
    try:
        return struct.pack("<f", value)
    except OverflowError:
        return struct.pack("<f", math.copysign(math.inf, value))


def lists(response: EmbeddingResponse) -> list[list[float]]:
    """The vectors as JSON has them."""
    return [list(vector) for vector in response.vectors]


def take_texts(fields: RequestFields, name: str) -> tuple[str, ...]:
    """Texts of a client: one, or a list. Tokens instead of texts are refused, as they mean something to one model."""
    value = fields.take(name)
    texts: Iterable[Any] = [value] if isinstance(value, str) else value if isinstance(value, list) else [None]
    if not all(isinstance(text, str) for text in texts):
        raise wrong(name, "must be text or a list of texts")
    return tuple(texts)
