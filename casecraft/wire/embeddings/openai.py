"""OpenAI's embeddings, which most compatible servers speak.

Source: https://platform.openai.com/docs/api-reference/embeddings.
"""

from collections.abc import Mapping
from typing import Any

from casecraft.core.embedding import EmbeddingRequest, EmbeddingResponse
from casecraft.core.usage import Usage
from casecraft.wire.answers import count, mapping, string
from casecraft.wire.dialect import Encoded
from casecraft.wire.embeddings.dialect import EmbeddingDialect, fixed_path
from casecraft.wire.embeddings.vectors import lists, pack, parse_embeddings, read_vectors, take_texts
from casecraft.wire.request_fields import RequestFields
from casecraft.wire.vendor_error import NO_CODES, Codes


def encode_request(request: EmbeddingRequest) -> Encoded:
    """The body for `POST /embeddings`."""
    body: dict[str, Any] = {"model": request.model, "input": list(request.texts)}
    if request.dimensions is not None:
        body["dimensions"] = request.dimensions
    return Encoded({**body, **request.extra})


def decode_request(body: Mapping[str, Any], *, model: str = "") -> EmbeddingRequest:
    """The request; `encoding_format` stays in `extra`, as the answer must heed it."""
    fields = RequestFields(body)
    return EmbeddingRequest(
        texts=take_texts(fields, "input"),
        model=fields.take_of("model", str) or model,
        dimensions=fields.take_of("dimensions", int),
        extra=fields.rest,
    )


def encode_response(response: EmbeddingResponse, request: EmbeddingRequest) -> Any:
    """The body, with numbers or base64 as the request wants it."""
    packed = request.extra.get("encoding_format") == "base64"
    rows: list[Any] = [pack(vector) for vector in response.vectors] if packed else lists(response)
    data = [{"object": "embedding", "index": index, "embedding": row} for index, row in enumerate(rows)]
    given = response.usage.input if response.usage else 0
    usage = {"prompt_tokens": given, "total_tokens": given}
    return {"object": "list", "data": data, "model": response.model, "usage": usage}


def decode_response(
    body: bytes, *, texts: int | None = None, provider: str = "", codes: Codes = NO_CODES
) -> EmbeddingResponse:
    """The vectors, in the order that their indexes say."""
    answer = parse_embeddings(body, provider, codes)
    rows = answer.get("data")
    if isinstance(rows, list):
        rows = [row.get("embedding") for row in _in_order(rows)]
    return EmbeddingResponse(
        vectors=read_vectors(rows, body, provider, texts),
        model=string(answer.get("model")),
        usage=_usage(answer.get("usage")),
        raw=body,
    )


def _in_order(rows: list[Any]) -> list[dict[str, Any]]:
    found = list(map(mapping, rows))
    return sorted(found, key=lambda row: row["index"]) if all(type(row.get("index")) is int for row in found) else found


def _usage(stated: object) -> Usage | None:
    if not isinstance(stated, dict) or not ("prompt_tokens" in stated or "total_tokens" in stated):
        return None
    return Usage(input=count(stated.get("prompt_tokens")) or count(stated.get("total_tokens")))


DIALECT = EmbeddingDialect(
    name="openai_embeddings",
    path=fixed_path("/embeddings"),
    encode_request=encode_request,
    decode_request=decode_request,
    encode_response=encode_response,
    decode_response=decode_response,
)
