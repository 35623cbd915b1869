"""What a dialect of embeddings is, and the ones that there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from casecraft.core.embedding import EmbeddingRequest, EmbeddingResponse
from casecraft.errors import ProviderNotFoundError
from casecraft.wire.dialect import DecodeError, Encoded
from casecraft.wire.vendor_error import Codes, decode_error


class DecodeEmbeddingRequest(Protocol):
    """Reads a request of a client that speaks the dialect."""

    def __call__(self, body: Mapping[str, Any], *, model: str = "") -> EmbeddingRequest:
        """The request. `model` is what the path says, where the dialect says it there.

        Raises `InvalidRequestError` where the body is no request of the dialect.
        """


class EncodeEmbeddingResponse(Protocol):
    """Writes an answer for a client that speaks the dialect."""

    def __call__(self, response: EmbeddingResponse, request: EmbeddingRequest) -> Any:
        """The body as JSON values, in the form that the request asked for."""


class DecodeEmbeddingResponse(Protocol):
    """Reads an answer. Whatever the bytes are, it returns vectors or raises a `ProviderError`."""

    def __call__(
        self, body: bytes, *, texts: int | None = None, provider: str = "", codes: Codes = ...
    ) -> EmbeddingResponse:
        """The answer in a body that came with status 2xx, with a vector for each of so many texts."""


@dataclass(frozen=True, slots=True)
class EmbeddingDialect:
    """One wire format for embeddings. `path` gives what is appended to a provider's base URL, from the model's name."""

    name: str
    path: Callable[[str], str]
    encode_request: Callable[[EmbeddingRequest], Encoded]
    decode_request: DecodeEmbeddingRequest
    encode_response: EncodeEmbeddingResponse
    decode_response: DecodeEmbeddingResponse
    decode_error: DecodeError = decode_error


def fixed_path(path: str) -> Callable[[str], str]:
    """The path of a dialect that names the model in the body, or serves one alone."""
    return lambda _model: path


EMBEDDING_DIALECTS: Mapping[str, str] = {
    "openai_embeddings": "openai",
    "tei": "tei",
    "gemini_embeddings": "gemini",
    "cohere_embeddings": "cohere",
    "ollama_embeddings": "ollama",
}
"""The names, and the module below this package that holds the `DIALECT` of each."""


def find_embedding_dialect(name: str) -> EmbeddingDialect:
    """The dialect of this name. Raises `ProviderNotFoundError` where there is none."""
    if name not in EMBEDDING_DIALECTS:
        known = ", ".join(EMBEDDING_DIALECTS)
        raise ProviderNotFoundError(f"there is no dialect of embeddings {name!r}", hint=f"Dialects: {known}.")
    dialect: EmbeddingDialect = import_module(f"casecraft.wire.embeddings.{EMBEDDING_DIALECTS[name]}").DIALECT
    return dialect
