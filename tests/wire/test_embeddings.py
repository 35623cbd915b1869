"""Embeddings: what the vendors' SDKs send and read, documented answers, and what is no answer."""

import json
from pathlib import Path

import cohere
import httpx
import ollama
import openai
import pytest
from cohere.types import EmbedByTypeResponse
from google.genai import types as google_types
from hypothesis import given
from hypothesis import strategies as st
from ollama._types import EmbedRequest, EmbedResponse
from openai.types import EmbeddingCreateParams
from pydantic import ConfigDict, TypeAdapter, with_config

from casecraft import errors
from casecraft.core.chat import Loss
from casecraft.core.embedding import EmbeddingRequest, EmbeddingResponse
from casecraft.core.usage import Usage
from casecraft.wire import encode_body
from casecraft.wire.embeddings import EMBEDDING_DIALECTS, find_embedding_dialect
from tests.wire.gemini_sdk import Server

ANSWERS = json.loads((Path(__file__).parent / "vendor_embeddings.json").read_text())
OPENAI = TypeAdapter(with_config(ConfigDict(extra="forbid"))(EmbeddingCreateParams))
TEXTS = ("a", "b")
ASKED = EmbeddingRequest(TEXTS, "m", 2)
VECTORS = EmbeddingResponse(((0.5, -0.25), (1.0, 2.0)), "m", Usage(input=4))
STORED = [list(vector) for vector in VECTORS.vectors]
DIALECTS = [find_embedding_dialect(name) for name in EMBEDDING_DIALECTS]


class Wire:
    """Answers every request with the same JSON, and keeps what was asked."""

    def __init__(self, answer) -> None:
        self.answer = answer
        self.path, self.sent = "", {}

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.path, self.sent = request.url.path, json.loads(request.content)
        return httpx.Response(200, content=json.dumps(self.answer))

    def http(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self.handle), base_url="http://x")


def by_openai(wire: Wire, **more):
    with openai.OpenAI(api_key="k", base_url="http://x", http_client=wire.http(), max_retries=0) as client:
        answer = client.embeddings.create(model="m", input=list(TEXTS), dimensions=2, **more)
    return [each.embedding for each in answer.data], answer.usage.prompt_tokens


def by_cohere(wire: Wire):
    client = cohere.ClientV2(api_key="k", base_url="http://x", httpx_client=wire.http(), max_retries=0)
    answer = client.embed(
        model="m", texts=list(TEXTS), input_type="clustering", embedding_types=["float"], output_dimension=2
    )
    return answer.embeddings.float_, answer.meta.billed_units.input_tokens


def by_ollama(wire: Wire):
    client = ollama.Client(host="http://x", transport=httpx.MockTransport(wire.handle))
    answer = client.embed(model="m", input=list(TEXTS), dimensions=2)
    return [list(each) for each in answer.embeddings], answer.prompt_eval_count


def by_google(wire: Wire):
    server = Server(json.dumps(wire.answer).encode())
    config = google_types.EmbedContentConfig(output_dimensionality=2)
    answer = server.client().models.embed_content(model="m", contents=list(TEXTS), config=config)
    wire.path, wire.sent = server.path.removeprefix("/v1beta"), server.sent
    return [each.values for each in answer.embeddings], None


SDKS = {
    "openai_embeddings": by_openai,
    "gemini_embeddings": by_google,
    "cohere_embeddings": by_cohere,
    "ollama_embeddings": by_ollama,
}


@pytest.mark.parametrize("name", SDKS)
def test_the_sdk_reads_what_we_write_and_we_read_what_it_sends(name):
    dialect = find_embedding_dialect(name)
    wire = Wire(dialect.encode_response(VECTORS, ASKED))
    read, tokens = SDKS[name](wire)
    assert read == STORED
    assert tokens in (4, None)
    assert wire.path == dialect.path("m")
    asked = dialect.decode_request(wire.sent, model="m")
    assert (asked.texts, asked.model, asked.dimensions) == (ASKED.texts, ASKED.model, ASKED.dimensions)


@pytest.mark.parametrize("name", ["gemini_embeddings", "cohere_embeddings", "ollama_embeddings"])
def test_we_send_what_the_sdk_sends(name):
    dialect = find_embedding_dialect(name)
    wire = Wire(dialect.encode_response(VECTORS, ASKED))
    SDKS[name](wire)
    for request in wire.sent.get("requests", []):
        assert request["content"].pop("role") == "user"  # which is what no role means
    body, losses = dialect.encode_request(ASKED)
    assert (body, losses) == (wire.sent, ())


def test_bodies_conform_to_the_published_types():
    body = find_embedding_dialect("openai_embeddings").encode_request(ASKED).body
    OPENAI.validate_json(encode_body(body), strict=True)
    EmbedRequest.model_validate(find_embedding_dialect("ollama_embeddings").encode_request(ASKED).body)
    with pytest.raises(ValueError, match="inputs"):
        OPENAI.validate_python({"model": "m", "input": [], "inputs": []})


def test_base64_is_written_where_the_client_wants_it():
    dialect = find_embedding_dialect("openai_embeddings")
    first = Wire(dialect.encode_response(VECTORS, ASKED))
    by_openai(first)  # the SDK asks for base64 unless told otherwise
    asked = dialect.decode_request(first.sent)
    packed = dialect.encode_response(VECTORS, asked)
    assert asked.extra == {"encoding_format": "base64"}
    assert packed["data"][0]["embedding"] == "AAAAPwAAgL4="
    assert by_openai(Wire(packed))[0] == STORED
    assert dialect.decode_response(json.dumps(packed).encode(), texts=2).vectors == VECTORS.vectors


def test_cohere_gives_base64_beside_the_numbers():
    dialect = find_embedding_dialect("cohere_embeddings")
    asked = EmbeddingRequest(TEXTS, extra={"embedding_types": ["base64"]})
    body = dialect.encode_response(VECTORS, asked)
    assert EmbedByTypeResponse.model_validate(body).embeddings.base64 == ["AAAAPwAAgL4=", "AACAPwAAAEA="]
    del body["embeddings"]["float"]
    assert dialect.decode_response(json.dumps(body).encode()).vectors == VECTORS.vectors


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer["dialect"])
def test_documented_answers_are_read(answer):
    body = json.dumps(answer["body"]).encode()
    read = find_embedding_dialect(answer["dialect"]).decode_response(body, texts=len(answer["vectors"]))
    assert read.vectors == tuple(tuple(vector) for vector in answer["vectors"])
    assert read.model == answer["model"]
    assert read.usage == (None if answer["input"] is None else Usage(input=answer["input"]))
    assert read.raw == body


def test_the_published_types_take_the_documented_answers():
    documented = {answer["dialect"]: answer["body"] for answer in ANSWERS}
    assert EmbedResponse.model_validate(documented["ollama_embeddings"]).prompt_eval_count == 8
    assert EmbedByTypeResponse.model_validate(documented["cohere_embeddings"]).embeddings.float_
    google = google_types.EmbedContentResponse.model_validate(documented["gemini_embeddings"])
    assert google.embeddings[1].values == [0.5, 1.0]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_requests_and_answers_come_back(dialect):
    own = {"task": "CLUSTERING", "input_type": "search_query", "normalize": False}
    for asked in (ASKED, EmbeddingRequest(("x",), "m"), EmbeddingRequest(("é", ""), "m", extra=own)):
        body, losses = dialect.encode_request(asked)
        assert losses == ((Loss("model", "the server has one model", harmless=True),) if dialect.name == "tei" else ())
        assert dialect.decode_request(json.loads(encode_body(body)), model="m") == asked
    back = dialect.decode_response(json.dumps(dialect.encode_response(VECTORS, ASKED)).encode(), texts=2)
    assert back.vectors == VECTORS.vectors
    assert back.model in ("m", "")
    assert back.usage in (VECTORS.usage, None)


def wrapped(name: str, rows) -> bytes:
    """An answer with these rows as vectors."""
    whole = {
        "openai_embeddings": lambda: {"data": [{"embedding": row} for row in rows]},
        "tei": lambda: rows,
        "gemini_embeddings": lambda: {"embeddings": [{"values": row} for row in rows]},
        "cohere_embeddings": lambda: {"embeddings": {"float": rows}},
        "ollama_embeddings": lambda: {"embeddings": rows},
    }[name]()
    return json.dumps(whole).encode()


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([[1.0]], "1 vectors for 2 texts"),
        ([[1.0], [1.0, 2.0]], "different lengths"),
        ([[], []], "empty vector"),
        ([[1.0], None], "no list of numbers"),
        ([[1.0], ["1"]], "no list of numbers"),
        ([[1.0], [True]], "no list of numbers"),
        ([[1.0], "?"], "broken base64"),
        ([[1.0], "AAA="], "cut in the middle"),
        ([[1.0], "AADAfw=="], "not finite"),
    ],
)
def test_what_are_no_vectors_is_a_typed_error(dialect, rows, says):
    body = wrapped(dialect.name, rows)
    with pytest.raises(errors.BadAnswerError, match=says) as caught:
        dialect.decode_response(body, texts=2, provider="p")
    assert (caught.value.provider, caught.value.body) == ("p", body)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", errors.BadAnswerError),
        (b"<title>502</title>", errors.BadAnswerError),
        (b"{}", errors.BadAnswerError),
        (b"7", errors.BadAnswerError),
        (b'{"error": "Model is overloaded", "error_type": "Overloaded"}', errors.BadAnswerError),
        (b'{"error": {"code": "rate_limit_exceeded"}}', errors.RateLimitError),
        (b'{"data": 1, "embeddings": 1}', errors.BadAnswerError),
    ],
)
def test_what_is_no_answer_is_a_typed_error(dialect, body, kind):
    with pytest.raises(errors.ProviderError) as caught:
        dialect.decode_response(body, provider="p")
    assert type(caught.value) is kind


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@given(
    st.binary(max_size=40)
    | st.recursive(
        st.none() | st.integers() | st.floats() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["data", "embedding", "embeddings", "values", "float", "index", "usage", "meta"]), inner
            )
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_bytes_are_vectors_or_a_provider_error(dialect, body):
    try:
        result = dialect.decode_response(body, provider="p")
    except errors.ProviderError as error:
        result = error
    assert isinstance(result, EmbeddingResponse) or (result.provider == "p" and str(result))


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("openai_embeddings", {"input": [[1, 2]]}, "'input' must be text or a list of texts"),
        ("openai_embeddings", {}, "'input'"),
        ("openai_embeddings", {"input": "a", "dimensions": "2"}, "'dimensions' must be a whole number"),
        ("tei", {"inputs": 7}, "'inputs'"),
        ("cohere_embeddings", {"texts": None}, "'texts'"),
        ("gemini_embeddings", {"requests": [{"content": {"parts": [{}]}}]}, "'requests[0].content.parts[0].text'"),
        (
            "gemini_embeddings",
            {"requests": [{"content": {"parts": []}}, {"taskType": "X", "content": {}}]},
            "'requests[1]' must want the same",
        ),
    ],
)
def test_what_is_no_request_is_refused_with_a_word_on_why(name, body, says):
    with pytest.raises(errors.InvalidRequestError) as caught:
        find_embedding_dialect(name).decode_request(body)
    assert says in str(caught.value)


def test_one_text_needs_no_list():
    assert find_embedding_dialect("openai_embeddings").decode_request({"input": "a", "model": "m"}).texts == ("a",)


def test_an_unknown_dialect_names_the_known_ones():
    with pytest.raises(errors.ProviderNotFoundError) as caught:
        find_embedding_dialect("word2vec")
    assert "openai_embeddings" in caught.value.hint
    assert [dialect.name for dialect in DIALECTS] == list(EMBEDDING_DIALECTS)
