"""From names and settings to providers, and what is said where none is named."""

import pytest
from pydantic import SecretStr

from casecraft.config import KnownProvider, ProviderSettings, Settings, load_settings
from casecraft.errors import ProviderConfigurationError, ProviderNotFoundError
from casecraft.providers import Detected, create, detect, load_catalog, no_provider_named, profile_of, resolve_names

KEY = SecretStr("sk-0123456789")


def settings(**values) -> ProviderSettings:
    return ProviderSettings(**{"api_key": KEY, **values})


def test_names_are_resolved_once_and_in_order():
    own = Settings(provider_settings={"mine": settings(base_url="http://x/v1")})
    found = [Detected("kimi", "key"), Detected("glm", "key")]
    assert resolve_names(["通义", "mine", "qwen", "auto"], own, found) == ("qwen", "mine", "kimi", "glm")


def test_an_unknown_name_is_refused():
    with pytest.raises(ProviderNotFoundError, match="'kimy'"):
        resolve_names(["glm", "kimy"], Settings())


@pytest.mark.parametrize("names", [[], ["auto"]])
def test_with_no_provider_the_error_says_how_to_name_one(names):
    with pytest.raises(ProviderConfigurationError, match="no provider is named; detected: none") as caught:
        resolve_names(names, Settings())
    assert "--provider auto" in caught.value.hint
    assert "--provider rules" in caught.value.hint


def test_the_error_lists_what_was_detected():
    error = no_provider_named([Detected("qwen", "key in DASHSCOPE_API_KEY"), Detected("local", "Ollama at http://x")])
    assert "qwen (key in DASHSCOPE_API_KEY); local (Ollama at http://x)" in str(error)
    assert "`--provider qwen`" in error.hint


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({}, []),
        ({"DASHSCOPE_API_KEY": ""}, []),
        ({"DASHSCOPE_API_KEY": "k", "ZAI_API_KEY": "k", "UNHEARD_OF_API_KEY": "k"}, ["glm", "qwen"]),
        # Set in every workflow of GitHub's, whose models are gone.
        ({"GITHUB_TOKEN": "k", "GEMINI_API_KEY": "k"}, ["gemini"]),
        ({"CASECRAFT_KIMI_API_KEY": "k"}, ["kimi"]),
        ({"CASECRAFT_LOCAL_BASE_URL": "http://127.0.0.1:9/v1"}, ["local"]),
        ({"CASECRAFT_PAI_EAS_BASE_URL": "http://mine.example/v1", "PAIEAS_API_KEY": "k"}, ["pai-eas"]),
        ({"PAI_EAS_ENDPOINT": "http://mine.example/api/predict/x"}, ["pai-eas"]),
        ({"PAIEAS_API_KEY": "k"}, []),
        ({"OLLAMA_API_KEY": "k", "GPUSTACK_API_KEY": "k"}, []),
        ({"CASECRAFT_GLM_BASE_URL": "http://127.0.0.1:9/v1"}, []),
        ({"CASECRAFT_LOCAL_API_KEY": "k"}, []),
    ],
)
def test_keys_and_addresses_in_the_environment_are_detected(environ, names):
    assert [it.name for it in detect(environ, probe=False)] == names


def test_what_is_detected_never_shows_the_key():
    assert "very-secret" not in repr(detect({"DASHSCOPE_API_KEY": "very-secret"}, probe=False))


def test_settings_go_over_the_row():
    profile = profile_of("qwen", settings(base_url="http://x/v1/", model="m", workers=7, rpm=9, timeout=1.5))
    assert (profile.base_url, profile.model, profile.max_workers) == ("http://x/v1", "m", 7)
    assert (profile.rpm, profile.timeout, profile.structured_output) == (9, 1.5, "json_schema")
    assert profile_of("qwen", settings(workers=7), workers=2).max_workers == 2


def test_the_key_decides_the_site(tmp_path):
    known = load_catalog().known()
    assert isinstance(known[0], KnownProvider)
    loaded = load_settings({}, {"ZAI_API_KEY": "k"}, tmp_path, known).provider_settings["glm"]
    assert profile_of("glm", loaded).base_url == "https://api.z.ai/api/paas/v4"


@pytest.mark.parametrize(
    ("name", "given", "dialect"),
    [
        ("glm", {}, "openai_chat"),
        ("glm", {"base_url": "https://api.z.ai/api/anthropic/"}, "anthropic_messages"),
        ("glm", {"base_url": "https://api.z.ai/api/anthropic", "dialect": "openai_chat"}, "openai_chat"),
        ("glm", {"base_url": "http://127.0.0.1:9"}, "openai_chat"),
        ("ollama", {"base_url": "http://127.0.0.1:11434/v1"}, "openai_chat"),
        ("ollama", {}, "ollama_chat"),
    ],
)
def test_a_site_may_speak_another_dialect_than_its_row(name, given, dialect):
    assert profile_of(name, settings(**given)).dialect == dialect


def test_a_pasted_endpoint_is_cut_to_its_base():
    assert profile_of("glm", settings(base_url=" http://x/v1/chat/completions")).base_url == "http://x/v1"


def test_rules_is_no_provider_of_answers():
    with pytest.raises(ProviderConfigurationError, match="'rules' generates cases itself"):
        create("rules")


@pytest.mark.parametrize(
    ("name", "given", "message", "hint"),
    [
        ("glm", {"api_key": None}, "has no key", "Set CASECRAFT_GLM_API_KEY or ZHIPU_API_KEY or ZAI_API_KEY"),
        ("glm", {"api_key": SecretStr("")}, "has no key", "CASECRAFT_GLM_API_KEY"),
        ("glm", {"api_key": SecretStr("sk-“x”")}, "characters that no key has", "CASECRAFT_GLM_API_KEY"),
        ("glm", {"api_key": SecretStr("a b"), "key_variable": "ZAI_API_KEY"}, "blanks", "Check ZAI_API_KEY"),
        ("glm", {"base_url": "open.bigmodel.cn/api"}, "which is no http(s) URL", "CASECRAFT_GLM_BASE_URL"),
        ("glm", {"base_url": "ftp://x/v1"}, "which is no http(s) URL", "CASECRAFT_GLM_BASE_URL"),
        ("glm", {"base_url": "http://x:99999/v1"}, "that is no URL", "CASECRAFT_GLM_BASE_URL"),
        ("glm", {"base_url": "https://sk-secret@x/v1"}, "a key in its base URL", "CASECRAFT_GLM_API_KEY"),
        ("mine", {"base_url": "http://x/v1"}, "has no model", "CASECRAFT_MINE_MODEL"),
        ("glm", {"headers": {"X": "a\r\nEvil: b"}}, "no plain text", "headers"),
    ],
)
def test_wrong_settings_are_found_before_anything_is_asked(name, given, message, hint):
    with pytest.raises(ProviderConfigurationError) as caught:
        create(name, settings(**given)).validate()
    assert message in str(caught.value)
    assert hint in caught.value.hint
    assert "sk-" not in str(caught.value)


@pytest.mark.parametrize("name", ["glm", "qwen", "kimi", "local"])
def test_with_a_key_every_row_is_valid(name):
    provider = create(name, settings())
    provider.validate()
    assert "sk-0123456789" not in repr(provider)


def test_local_needs_no_key_and_no_model():
    provider = create("local")
    provider.validate()
    assert (provider.profile.model, provider.profile.local) == ("", True)
