"""Gemini's `batchEmbedContents`.

Source: https://ai.google.dev/api/embeddings. Each text is a request of its own; fields of `extra`, such as `taskType`,
go into each of them.
"""

from collections.abc import Mapping
from typing import Any

from casecraft.core.embedding import EmbeddingRequest, EmbeddingResponse
from casecraft.core.usage import Usage
from casecraft.wire.answers import count, mapping
from casecraft.wire.dialect import Encoded
from casecraft.wire.embeddings.dialect import EmbeddingDialect
from casecraft.wire.embeddings.vectors import lists, parse_embeddings, read_vectors
from casecraft.wire.gemini.field_names import with_camel_names
from casecraft.wire.gemini.paths import model_path
from casecraft.wire.request_fields import RequestFields, numbered, objects, text_at, wrong
from casecraft.wire.vendor_error import NO_CODES, Codes


def path(model: str) -> str:
    """Where this model answers."""
    return f"{model_path(model)}:batchEmbedContents"


def encode_request(request: EmbeddingRequest) -> Encoded:
    """The body for `batchEmbedContents`. Each of its requests names the model again."""
    model = request.model if "/" in request.model else f"models/{request.model}"
    shared: dict[str, Any] = {"model": model}
    if request.dimensions is not None:
        shared["outputDimensionality"] = request.dimensions
    shared |= request.extra
    return Encoded({"requests": [{"content": {"parts": [{"text": text}]}, **shared} for text in request.texts]})


def decode_request(body: Mapping[str, Any], *, model: str = "") -> EmbeddingRequest:
    """The request. Raises `InvalidRequestError` where its parts want different things."""
    fields = RequestFields(body)
    read = [_one(each, where) for where, each in numbered(fields.take_list("requests"), "requests")]
    shared = read[0][1] if read else {}
    for number, (_, wants) in enumerate(read):
        if wants != shared:
            raise wrong(f"requests[{number}]", "must want the same as the first one, but for its content")
    rest = RequestFields(shared)
    named = (rest.take_of("model", str) or "").removeprefix("models/")
    dimensions = rest.take_of("outputDimensionality", int)
    return EmbeddingRequest(tuple(text for text, _ in read), model or named, dimensions, extra=rest.rest)


def _one(request: dict[str, Any], where: str) -> tuple[str, dict[str, Any]]:
    """The text of one request, and what else it says."""
    fields = with_camel_names(request)
    place = f"{where}.content.parts"
    parts = objects(mapping(fields.pop("content", None)).get("parts"), place)
    return "".join(text_at(part, "text", at) for at, part in numbered(parts, place)), fields


def encode_response(response: EmbeddingResponse, request: EmbeddingRequest) -> Any:  # noqa: ARG001  # one form alone
    """The body."""
    body: dict[str, Any] = {"embeddings": [{"values": row} for row in lists(response)]}
    if response.usage is not None:
        body["usageMetadata"] = {"promptTokenCount": response.usage.input}
    return body


def decode_response(
    body: bytes, *, texts: int | None = None, provider: str = "", codes: Codes = NO_CODES
) -> EmbeddingResponse:
    """The vectors."""
    answer = parse_embeddings(body, provider, codes)
    rows = answer.get("embeddings")
    if isinstance(rows, list):
        rows = [mapping(row).get("values") for row in rows]
    stated = answer.get("usageMetadata")
    known = isinstance(stated, dict) and "promptTokenCount" in stated
    usage = Usage(input=count(mapping(stated).get("promptTokenCount"))) if known else None
    return EmbeddingResponse(read_vectors(rows, body, provider, texts), usage=usage, raw=body)


DIALECT = EmbeddingDialect(
    name="gemini_embeddings",
    path=path,
    encode_request=encode_request,
    decode_request=decode_request,
    encode_response=encode_response,
    decode_response=decode_response,
)
