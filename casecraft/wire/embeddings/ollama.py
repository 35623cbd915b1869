"""Ollama's own embeddings: `POST /api/embed`.

Source: https://github.com/ollama/ollama/blob/main/docs/api.md#generate-embeddings.
"""

from typing import Any

from casecraft.core.embedding import EmbeddingRequest, EmbeddingResponse
from casecraft.core.usage import Usage
from casecraft.wire.answers import count, string
from casecraft.wire.embeddings.dialect import EmbeddingDialect, fixed_path
from casecraft.wire.embeddings.openai import decode_request, encode_request
from casecraft.wire.embeddings.vectors import lists, parse_embeddings, read_vectors
from casecraft.wire.vendor_error import NO_CODES, Codes


def encode_response(response: EmbeddingResponse, request: EmbeddingRequest) -> Any:  # noqa: ARG001  # one form alone
    """The body."""
    body: dict[str, Any] = {"model": response.model, "embeddings": lists(response)}
    if response.usage is not None:
        body["prompt_eval_count"] = response.usage.input
    return body


def decode_response(
    body: bytes, *, texts: int | None = None, provider: str = "", codes: Codes = NO_CODES
) -> EmbeddingResponse:
    """The vectors."""
    answer = parse_embeddings(body, provider, codes)
    return EmbeddingResponse(
        vectors=read_vectors(answer.get("embeddings"), body, provider, texts),
        model=string(answer.get("model")),
        usage=Usage(input=count(answer["prompt_eval_count"])) if "prompt_eval_count" in answer else None,
        raw=body,
    )


# Its requests have the fields that OpenAI's have.
DIALECT = EmbeddingDialect(
    name="ollama_embeddings",
    path=fixed_path("/api/embed"),
    encode_request=encode_request,
    decode_request=decode_request,
    encode_response=encode_response,
    decode_response=decode_response,
)
