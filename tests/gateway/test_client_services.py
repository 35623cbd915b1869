"""What the SDKs offer beside chat: counting tokens, embeddings and lists of models."""

import json
from typing import Any

import pytest
from google import genai
from google.genai import types

from tests.gateway.spoken import Said
from tests.gateway.stage import Stage
from tests.gateway.upstream import VENDORS

pytestmark = pytest.mark.slow
# After platform.openai.com/docs/api-reference/embeddings (the answer's example, with shorter vectors).
VECTORS = [[0.5, -0.25, 1.0], [0.0, 0.125, -1.0]]
EMBEDDED = {
    "object": "list",
    "data": [{"object": "embedding", "index": at, "embedding": it} for at, it in enumerate(VECTORS)],
    "model": "text-embedding-3-small",
    "usage": {"prompt_tokens": 8, "total_tokens": 8},
}


def sdk(stage: Stage, client: str) -> Any:
    return stage.clients[client].sdk  # type: ignore[attr-defined]


def test_a_provider_of_messages_counts_itself(stage: Stage) -> None:
    stage.upstream.says(Said())
    stage.upstream.raw = [b'{"input_tokens": 2095}']
    assert stage.clients["anthropic"].count("anthropic/m", "Hi") == 2095
    [asked] = stage.upstream.requests
    assert asked.path == "/anthropic_messages/v1/messages/count_tokens"
    assert asked.body == {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


@pytest.mark.parametrize("form", [None, "float", "base64"])
@pytest.mark.parametrize("provider", ["openai_chat", "openai", "azure"])
def test_embeddings_come_in_the_form_that_is_asked_for(stage: Stage, provider: str, form: str | None) -> None:
    stage.upstream.says(Said())
    stage.upstream.raw = [json.dumps(EMBEDDED).encode()]
    more = {} if form is None else {"encoding_format": form}
    model = f"{provider}/text-embedding-3-small"
    answer = sdk(stage, "openai-chat").embeddings.create(model=model, input=["a", "b"], **more)
    [asked] = stage.upstream.requests
    assert (asked.body["model"], asked.body["input"]) == ("text-embedding-3-small", ["a", "b"])
    assert (answer.usage.prompt_tokens, [it.index for it in answer.data]) == (8, [0, 1])
    found = [it.embedding for it in answer.data]
    assert found == VECTORS if form != "base64" else [len(it) for it in found] == [16, 16]


@pytest.mark.parametrize("client", ["anthropic", "openai-chat", "genai"])
def test_models_are_listed(stage: Stage, client: str) -> None:
    names = [it.id if hasattr(it, "id") else it.name for it in sdk(stage, client).models.list()]
    prefix = "models/" if client == "genai" else ""
    assert {f"{prefix}anthropic/usual", f"{prefix}openai_chat/usual"} <= set(names)


def test_google_s_library_lists_models_as_it_comes(stage: Stage) -> None:
    """Its version of the API is another one unless it is told."""
    options = types.HttpOptions(base_url=stage.gateway.url)
    plain = genai.Client(api_key=stage.gateway.token, vertexai=False, http_options=options)
    assert "models/anthropic/usual" in {it.name for it in plain.models.list()}
    assert plain.models.get(model="anthropic/usual").name == "models/anthropic/usual"


@pytest.mark.parametrize("client", ["anthropic", "openai-chat", "genai"])
def test_one_model_is_told_of(stage: Stage, client: str) -> None:
    models = sdk(stage, client).models
    if client == "genai":
        assert models.get(model="anthropic/usual").name == "models/anthropic/usual"
    else:
        assert models.retrieve("anthropic/usual").id == "anthropic/usual"


def test_every_vendor_is_in_the_table() -> None:
    from docs.build_gateway_matrix import TITLES

    assert list(TITLES) == list(VENDORS)
