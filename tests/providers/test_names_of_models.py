"""Models named with their provider, and providers found by a model."""

import inspect

import httpx
import pytest
from pydantic import SecretStr

import casecraft
from casecraft import errors
from casecraft.config import ProviderSettings, Settings
from casecraft.core.chat import ChatRequest, Message
from casecraft.core.usage import Usage
from casecraft.providers import (
    BlockingProvider,
    Provider,
    create,
    load_catalog,
    name_for_model,
    profile_of,
    providers_for_model,
    resolve_names,
)
from casecraft.providers.chat import ChatProvider
from casecraft.providers.selection import row_of
from tests.providers.loopback import CHAT
from tests.providers.test_chat_provider import KEY, Recorder


def test_a_name_may_say_the_model():
    assert resolve_names(["智谱/glm-5.3", "glm"], Settings()) == ("glm/glm-5.3", "glm")
    profile = profile_of("glm/glm-5.3")
    assert (profile.name, profile.model) == ("glm/glm-5.3", "glm-5.3")
    assert create("glm/glm-5.3").profile.base_url == profile_of("glm").base_url
    with pytest.raises(errors.ProviderNotFoundError, match="'gml'"):
        resolve_names(["gml/glm-5.3"], Settings())


def test_a_model_of_many_parts_keeps_its_slashes():
    assert profile_of("siliconflow/deepseek-ai/DeepSeek-V4-Flash").model == "deepseek-ai/DeepSeek-V4-Flash"


def test_a_model_leads_to_who_serves_it():
    assert providers_for_model("qwen-plus")[0] == "qwen"
    assert name_for_model("qwen-plus") == "qwen/qwen-plus"
    assert name_for_model("glm/anything") == "glm/anything"
    with pytest.raises(errors.ModelNotFoundError, match="'no-such-model'"):
        name_for_model("no-such-model")


def test_who_has_a_key_is_taken_before_others():
    served = (it.id for name in load_catalog().names for it in load_catalog().get(name).models)
    model = next(model for model in served if len(providers_for_model(model)) > 1)
    names = providers_for_model(model)
    own = {names[-1]: ProviderSettings(api_key=SecretStr("k" * 9))}
    assert name_for_model(model, own) == f"{names[-1]}/{model}"
    assert name_for_model(model) == f"{names[0]}/{model}"


def keys(*names: str) -> dict[str, ProviderSettings]:
    return {name: ProviderSettings(api_key=SecretStr("k" * 20)) for name in names}


OSS, NEMOTRON = "openai/gpt-oss-120b", "nvidia/nemotron-3-super-120b-a12b"


@pytest.mark.parametrize(
    ("model", "own", "name"),
    [
        # A whole id, of a provider that has a key.
        (OSS, ("groq",), f"groq/{OSS}"),
        (OSS, ("groq", "openai"), f"groq/{OSS}"),
        ("zai-org/glm-5.3", ("novita",), "novita/zai-org/glm-5.3"),
        # The provider before the slash goes first where it has the whole id too.
        (NEMOTRON, ("nvidia", "openrouter"), f"nvidia/{NEMOTRON}"),
        (NEMOTRON, (), f"nvidia/{NEMOTRON}"),
        ("perplexity/sonar", (), "perplexity/perplexity/sonar"),
        # A provider that has a key, and serves what follows it.
        ("openai/gpt-5.4-mini", ("openai", "openrouter"), "openai/gpt-5.4-mini"),
        ("智谱/glm-5.3", ("glm",), "智谱/glm-5.3"),
        # Nobody that serves the whole has a key: what is written is meant.
        (OSS, (), OSS),
        (OSS, ("openai",), OSS),
        ("groq/llama-9", ("groq",), "groq/llama-9"),
    ],
)
def test_a_name_with_a_slash_may_be_a_whole_id(model: str, own: tuple[str, ...], name: str) -> None:
    assert name_for_model(model, keys(*own)) == name


def test_every_id_with_a_slash_is_found_where_it_has_a_key() -> None:
    rows = [load_catalog().get(name) for name in load_catalog().names]
    pairs = [(row, model.id) for row in rows if not row.retired for model in row.models if "/" in model.id]
    assert len(pairs) > 45
    for row, model in pairs:
        parts = {variable.name: "mine" for variable in row.variables}
        own = {row.name: ProviderSettings(api_key=SecretStr("k" * 20), variables=parts)}
        assert name_for_model(model, own) == f"{row.name}/{model}"


def test_who_answers_no_more_serves_nothing() -> None:
    gone = [row for row in map(load_catalog().get, load_catalog().names) if row.retired]
    assert gone
    for row in gone:
        assert row.name not in providers_for_model(row.model)


def test_models_of_the_users_own_rows_are_found_first() -> None:
    row = {"sites": [{"base_url": "http://x/v1"}], "models": [{"id": "qwen-plus"}, {"id": "acme/large"}]}
    own = {"Acme": ProviderSettings(row=row), "mine": ProviderSettings(base_url="http://y/v1", model="my-model")}
    assert providers_for_model("qwen-plus", own)[:2] == ("Acme", "qwen")
    assert name_for_model("qwen-plus", own) == "Acme/qwen-plus"
    assert name_for_model("acme/large", own) == "Acme/acme/large"
    assert name_for_model("my-model", own) == "mine/my-model"
    assert name_for_model("acme/small", own) == "acme/small"


@pytest.mark.parametrize(
    ("model", "vendor"),
    [
        ("gpt-4o", "openai"),
        ("gpt-4.1-mini", "openai"),
        ("gemini-2.5-pro", "gemini"),
        ("glm-4.6", "glm"),
        ("qwen3-max", "qwen"),
        ("deepseek-chat", "deepseek"),
        ("grok-4", "xai"),
        ("claude-opus-4-5", "anthropic"),
    ],
)
def test_a_vendor_serves_what_the_price_table_has_of_it(model: str, vendor: str) -> None:
    assert providers_for_model(model)[0] == vendor
    assert name_for_model(model) == f"{vendor}/{model}"


def test_who_needs_nothing_more_is_taken_before_who_does() -> None:
    assert providers_for_model("gemini-3.8-flash")[:2] == ("gemini", "vertex")
    assert name_for_model("gemini-3.8-flash") == "gemini/gemini-3.8-flash", "no project is set for the other"
    own = {"vertex": ProviderSettings(variables={"project": "p"})}
    assert name_for_model("gemini-3.8-flash", own) == "vertex/gemini-3.8-flash"
    assert name_for_model("gemini-3.8-flash", own | keys("gemini")) == "gemini/gemini-3.8-flash"


def test_parts_of_an_address_that_are_missing_are_asked_for():
    row = row_of("pai-eas", ProviderSettings())
    part = row.variables[0]
    provider = create("pai-eas", ProviderSettings(model="m"))
    with pytest.raises(errors.ProviderConfigurationError) as caught:
        provider.validate()
    assert part.environment[0] in (caught.value.hint or "")


def blocking(*responses: httpx.Response) -> BlockingProvider:
    settings = ProviderSettings(api_key=SecretStr(KEY))
    return BlockingProvider(
        ChatProvider(row_of("qwen", settings), profile_of("qwen"), settings, transport=Recorder(*responses))
    )


def test_the_synchronous_door_gives_what_the_other_gives():
    with blocking(httpx.Response(200, json=CHAT)) as provider:
        request = ChatRequest((Message("user", "Hi"),))
        assert provider.complete(request).text == "Hello"
        assert [getattr(event, "text", "") for event in provider.stream(request)] == ["Hello", ""]
    with blocking(httpx.Response(200, json={"data": [{"id": "a"}]})) as provider:
        assert provider.list_models() == ("a",)


def test_the_synchronous_door_has_all_that_the_other_has():
    for name, wanted in vars(Provider).items():
        if name.startswith("_"):
            continue
        given = getattr(BlockingProvider, "close" if name == "aclose" else name)
        assert type(given) is type(wanted), name
        if not isinstance(wanted, property):
            assert list(inspect.signature(given).parameters) == list(inspect.signature(wanted).parameters), name


def test_what_awaits_nothing_is_passed_through_the_synchronous_door():
    with blocking(httpx.Response(200, json={"data": [{"id": "qwen-plus"}]})) as provider:
        provider.validate()
        assert (provider.name, provider.max_workers) == ("qwen", provider.profile.max_workers)
        assert provider.get_model("qwen-plus").context_tokens
        assert provider.price(Usage(10, 2), "qwen-plus") is not None
        usage = b'{"usage": {"prompt_tokens": 7, "completion_tokens": 9}}'
        assert provider.usage_of(errors.BadAnswerError("cut", body=usage)) == Usage(7, 9)


@pytest.mark.parametrize(
    "values",
    [
        {"max_attempts": 0},
        {"max_rate_limits": 0},
        {"initial": -1.0},
        {"maximum": -1.0},
        {"multiplier": 0.5},
        {"max_retry_after": -1.0},
        {"initial": float("nan")},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(values):
    (name,) = values
    with pytest.raises(ValueError, match=f"{name} is "):
        casecraft.RetryPolicy(**values)


def test_a_refresh_names_the_providers_of_the_settings(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert "acme" not in casecraft.refresh_providers()
    (tmp_path / "casecraft.toml").write_text('[providers.acme]\nbase_url = "https://llm.example.com/v1"\n')
    names = casecraft.refresh_providers()
    assert {"acme", "qwen"} <= set(names)
    assert list(names) == sorted(names)


async def test_a_model_that_is_not_listed_is_told_with_the_nearest():
    settings = ProviderSettings(api_key=SecretStr(KEY))
    transport = Recorder(httpx.Response(200, json={"data": [{"id": "qwen-plus"}, {"id": "qwen-flash"}]}))
    provider = ChatProvider(row_of("qwen", settings), profile_of("qwen"), settings, transport=transport)
    known = await provider.get_model("qwen-plus")
    assert known.context_tokens
    with pytest.raises(errors.ModelNotFoundError, match="'qwen-pluss'") as caught:
        await provider.get_model("qwen-pluss")
    assert "'qwen-plus'" in (caught.value.hint or "")


def test_the_library_reads_keys_where_the_command_does(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DASHSCOPE_API_KEY", KEY)
    assert casecraft.create("通义千问/qwen-flash").profile.name == "qwen/qwen-flash"
    assert casecraft.create_for_model("qwen-plus").profile.model == "qwen-plus"
    assert ("qwen", "key in DASHSCOPE_API_KEY") in [(it.name, it.how) for it in casecraft.detect()]
    monkeypatch.delenv("DASHSCOPE_API_KEY")
    with pytest.raises(errors.ProviderConfigurationError, match="has no key"):
        casecraft.create("qwen")


async def test_a_policy_tries_again_what_may_yet_succeed():
    limited = httpx.Response(429, json={}, headers={"retry-after": "0"})
    transport = Recorder(limited, httpx.Response(500, json={}), httpx.Response(200, json=CHAT))
    settings, policy = ProviderSettings(api_key=SecretStr(KEY)), casecraft.RetryPolicy(initial=0.0, maximum=0.0)
    request = ChatRequest((Message("user", "Hi"),))
    row, profile = row_of("qwen", settings), profile_of("qwen")
    provider = ChatProvider(row, profile, settings, transport=transport, retry=policy)
    assert (await provider.complete(request)).text == "Hello"
    assert len(transport.requests) == 3
    refused = Recorder(httpx.Response(401, json={}))
    with pytest.raises(errors.AuthenticationError):
        await ChatProvider(row, profile, settings, transport=refused, retry=policy).complete(request)
    assert len(refused.requests) == 1
