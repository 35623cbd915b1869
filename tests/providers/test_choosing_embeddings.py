"""Who makes embeddings under which name, and what is refused before anybody is asked."""

import json

import httpx
import pytest
from pydantic import SecretStr

from casecraft import errors
from casecraft.config import ProviderSettings
from casecraft.core.embedding import EmbeddingRequest
from casecraft.core.usage import Usage
from casecraft.providers import CallLog, create_for_embeddings, load_catalog, name_for_embeddings, settings_of
from casecraft.providers.chat import ChatProvider
from casecraft.providers.selection import profile_of, row_of
from tests.providers.test_chat_provider import KEY, Recorder

OWN = {
    "mine": ProviderSettings(base_url="http://127.0.0.1:1", dialect="openai_embeddings", model="bge"),
    "one": ProviderSettings(base_url="http://127.0.0.1:1", dialect="tei"),
}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("openai", "openai/text-embedding-3-small"),
        ("gpt/text-embedding-3-large", "openai/text-embedding-3-large"),
        ("智谱", "glm/embedding-3"),
        ("siliconcloud", "siliconflow/Qwen/Qwen3-Embedding-8B"),
        ("tei", "tei"),
        ("text-embeddings-inference", "tei"),
        ("mine", "mine/bge"),
        ("one", "one"),
    ],
)
def test_the_model_is_the_named_one_or_the_first_of_the_row(given, name):
    assert name_for_embeddings(given, OWN) == name


def test_an_unknown_name_is_refused():
    with pytest.raises(errors.ProviderNotFoundError, match="opnai"):
        name_for_embeddings("opnai", {})


@pytest.mark.parametrize("name", ["anthropic", "rules", "embedded", "groq"])
def test_who_makes_none_is_refused(name):
    with pytest.raises(errors.ProviderConfigurationError, match=f"provider '{name}' makes no embeddings") as caught:
        create_for_embeddings(name)
    assert caught.value.hint == "`casecraft providers list --capability embeddings` shows who does."


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("openai/m", {}, "has no key"),
        ("jina/m", {}, "has no key"),
        ("openai/m", {"api_key": "a b"}, "has a key with blanks"),
        ("tei", {"base_url": "ftp://x"}, "which is no http"),
        ("openrouter", {"api_key": KEY}, "no model of provider 'openrouter' is known to make embeddings"),
    ],
)
def test_wrong_settings_are_found_before_anything_is_asked(name, given, message):
    with pytest.raises(errors.ProviderConfigurationError, match=message):
        create_for_embeddings(name, ProviderSettings(**given))


def test_every_row_that_says_so_makes_embeddings():
    catalog = load_catalog()
    rows = [row for row in map(catalog.get, catalog.names) if "embeddings" in row.capabilities]
    variables = {variable.name: "x" for row in rows for variable in row.variables}
    settings = ProviderSettings(api_key=SecretStr(KEY), variables=variables, base_url=None)
    for row in rows:
        if row.sites:
            create_for_embeddings(f"{row.name}/m", settings)
    assert len(rows) > 25


def test_embeddings_are_priced_by_their_own_model():
    name = name_for_embeddings("openai", {})
    own = {"openai": ProviderSettings(api_key=SecretStr(KEY), model="gpt-6.1-terra")}
    cost = create_for_embeddings(name, settings_of(name, own)).price(Usage(input=10**6), "text-embedding-3-small")
    assert cost is not None
    assert cost.amount < 1


async def test_the_log_of_calls_has_embeddings_too(tmp_path):
    answer = {"data": [{"index": 0, "embedding": [1.0]}], "model": "m", "usage": {"prompt_tokens": 3}}
    log = CallLog(tmp_path / "calls", bodies=True)
    settings = ProviderSettings(api_key=SecretStr(KEY))
    responses = Recorder(httpx.Response(200, json=answer), httpx.Response(401, json={"error": {"message": KEY}}))
    provider = ChatProvider(row_of("glm", settings), profile_of("glm"), settings, log=log, transport=responses)
    await provider.embed(EmbeddingRequest(("Hi",)))
    with pytest.raises(errors.AuthenticationError):
        await provider.embed(EmbeddingRequest(("Hi",)))
    log.close()
    answered, refused = (json.loads(line) for line in (tmp_path / "calls").read_text().splitlines())
    assert (answered["model"], answered["status"], answered["tokens"]["input"]) == ("embedding-3", 200, 3)
    assert (answered["sent"]["input"], answered["received"]) == (["Hi"], answer)
    assert refused["status"] == 401
    assert KEY not in (tmp_path / "calls").read_text()
