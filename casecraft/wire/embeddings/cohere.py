"""Cohere's second API: `POST /v2/embed`.

Source: https://docs.cohere.com/reference/embed. It wants to know what the vectors are for: ours are compared with each
other, unless `extra` says something else as `input_type`.
"""

from collections.abc import Mapping
from typing import Any

from casecraft.core.embedding import EmbeddingRequest, EmbeddingResponse
from casecraft.core.usage import Usage
from casecraft.wire.answers import count, mapping
from casecraft.wire.dialect import Encoded
from casecraft.wire.embeddings.dialect import EmbeddingDialect, fixed_path
from casecraft.wire.embeddings.vectors import lists, pack, parse_embeddings, read_vectors, take_texts
from casecraft.wire.request_fields import RequestFields
from casecraft.wire.vendor_error import NO_CODES, Codes

PURPOSE = "clustering"
TYPES = ["float"]


def encode_request(request: EmbeddingRequest) -> Encoded:
    """The body for `POST /v2/embed`."""
    body: dict[str, Any] = {
        "model": request.model,
        "texts": list(request.texts),
        "input_type": PURPOSE,
        "embedding_types": TYPES,
    }
    if request.dimensions is not None:
        body["output_dimension"] = request.dimensions
    return Encoded({**body, **request.extra})


def decode_request(body: Mapping[str, Any], *, model: str = "") -> EmbeddingRequest:
    """The request; `input_type` and `embedding_types` stay in `extra` where they are not what we would say."""
    fields = RequestFields(body)
    purpose, types = fields.take_of("input_type", str), fields.take_of("embedding_types", list)
    if purpose not in (None, PURPOSE):
        fields.rest["input_type"] = purpose
    if types not in (None, TYPES):
        fields.rest["embedding_types"] = types
    return EmbeddingRequest(
        texts=take_texts(fields, "texts"),
        model=fields.take_of("model", str) or model,
        dimensions=fields.take_of("output_dimension", int),
        extra=fields.rest,
    )


def encode_response(response: EmbeddingResponse, request: EmbeddingRequest) -> Any:
    """The body, with numbers, and base64 where the request wants that."""
    embeddings: dict[str, Any] = {"float": lists(response)}
    wanted = request.extra.get("embedding_types")
    if isinstance(wanted, list) and "base64" in wanted:
        embeddings["base64"] = [pack(vector) for vector in response.vectors]
    body: dict[str, Any] = {
        "id": "",
        "response_type": "embeddings_by_type",
        "texts": list(request.texts),
        "embeddings": embeddings,
    }
    if response.usage is not None:
        body["meta"] = {"api_version": {"version": "2"}, "billed_units": {"input_tokens": response.usage.input}}
    return body


def decode_response(
    body: bytes, *, texts: int | None = None, provider: str = "", codes: Codes = NO_CODES
) -> EmbeddingResponse:
    """The vectors, from numbers or from base64. The model is not said."""
    answer = parse_embeddings(body, provider, codes)
    by_type = mapping(answer.get("embeddings"))
    rows = by_type.get("float") or by_type.get("base64")
    billed = mapping(mapping(answer.get("meta")).get("billed_units"))
    usage = Usage(input=count(billed["input_tokens"])) if "input_tokens" in billed else None
    return EmbeddingResponse(read_vectors(rows, body, provider, texts), usage=usage, raw=body)


DIALECT = EmbeddingDialect(
    name="cohere_embeddings",
    path=fixed_path("/v2/embed"),
    encode_request=encode_request,
    decode_request=decode_request,
    encode_response=encode_response,
    decode_response=decode_response,
)
