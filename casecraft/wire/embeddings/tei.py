"""Text Embeddings Inference: `POST /embed`.

Source: https://huggingface.github.io/text-embeddings-inference/. A server has one model, so none is named; its own
options (`normalize`, `truncate`, `prompt_name`) go through `extra`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from casecraft.core.chat import Loss
from casecraft.core.embedding import EmbeddingRequest, EmbeddingResponse
from casecraft.wire.dialect import Encoded
from casecraft.wire.embeddings.dialect import EmbeddingDialect, fixed_path
from casecraft.wire.embeddings.vectors import lists, parse_rows, read_vectors, take_texts
from casecraft.wire.request_fields import RequestFields
from casecraft.wire.vendor_error import NO_CODES, Codes


def encode_request(request: EmbeddingRequest) -> Encoded:
    """The body for `POST /embed`."""
    body: dict[str, Any] = {"inputs": list(request.texts)}
    if request.dimensions is not None:
        body["dimensions"] = request.dimensions
    return Encoded({**body, **request.extra}, tuple(_not_said(request)))


def _not_said(request: EmbeddingRequest) -> Iterator[Loss]:
    if request.model:
        yield Loss("model", "the server has one model", harmless=True)


def decode_request(body: Mapping[str, Any], *, model: str = "") -> EmbeddingRequest:
    """The request."""
    fields = RequestFields(body)
    texts = take_texts(fields, "inputs")
    return EmbeddingRequest(texts, model, fields.take_of("dimensions", int), extra=fields.rest)


def encode_response(response: EmbeddingResponse, request: EmbeddingRequest) -> Any:  # noqa: ARG001  # one form alone
    """The vectors, and nothing else."""
    return lists(response)


def decode_response(
    body: bytes, *, texts: int | None = None, provider: str = "", codes: Codes = NO_CODES
) -> EmbeddingResponse:
    """The vectors. Usage stands in headers, which are not read here."""
    rows = parse_rows(body, provider, codes)
    return EmbeddingResponse(read_vectors(rows, body, provider, texts), raw=body)


DIALECT = EmbeddingDialect(
    name="tei",
    path=fixed_path("/embed"),
    encode_request=encode_request,
    decode_request=decode_request,
    encode_response=encode_response,
    decode_response=decode_response,
)
