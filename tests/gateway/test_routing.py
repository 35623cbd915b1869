"""Where requests go: the rules' order, what a candidate is asked for, and what is refused at the start."""

from typing import Any

import pytest

from casecraft.config import ProviderSettings, Settings
from casecraft.errors import (
    CasecraftError,
    ConfigurationError,
    ModelNotFoundError,
    ProviderConfigurationError,
    ProviderNotFoundError,
    StrategyError,
)
from casecraft.gateway.candidates import resolve_auto
from casecraft.gateway.routing import Route, Router, Traits
from casecraft.providers import load_catalog
from tests.gateway.made import attempt, exchange, local, settings_with

GLM = load_catalog().get("glm").model
QWEN = load_catalog().get("qwen").model
ROUTES: dict[str, Any] = {
    "long_context": {"over": 1000, "to": "gemini/long"},
    "vision": "qwen/sees",
    "thinking": "kimi/thinks",
    "background": "glm/small",
    "claude-*": "glm/any-claude",
    "claude-opus-*": "glm/opus",
    "Claude-Opus-4": "glm/exact",
    "default": "qwen/rest",
}


def routed(settings: Settings, model: str, **traits: Any) -> Route:
    return Router(settings).route(Traits(model, **traits))


def test_each_rule_goes_before_the_next() -> None:
    settings = settings_with(["glm", "qwen", "kimi", "gemini"], routes=ROUTES)
    everything = {"input_tokens": 1001, "images": True, "thinking": True}
    steps = [
        ("deepseek/x", "gemini/long", "routes.long_context"),  # no key: it is not for the client to name
        ("claude-haiku-4-5", "gemini/long", "routes.long_context"),
    ]
    for model, candidate, rule in steps:
        assert routed(settings, model, **everything) == Route((candidate,), rule)
    assert routed(settings, "glm/glm-4.5", **everything) == Route(("glm/glm-4.5",), "glm/glm-4.5 named")
    everything["input_tokens"] = 1000
    assert routed(settings, "claude-haiku-4-5", **everything) == Route(("qwen/sees",), "routes.vision")
    everything["images"] = False
    assert routed(settings, "claude-haiku-4-5", **everything) == Route(("kimi/thinks",), "routes.thinking")
    assert routed(settings, "claude-haiku-4-5") == Route(("glm/small",), "routes.background")
    assert routed(settings, "claude-opus-4") == Route(("glm/exact",), "pattern 'Claude-Opus-4'")
    assert routed(settings, "CLAUDE-OPUS-4-1") == Route(("glm/opus",), "pattern 'claude-opus-*'")
    assert routed(settings, "claude-sonnet-4") == Route(("glm/any-claude",), "pattern 'claude-*'")
    assert routed(settings, "kimi") == Route((f"kimi/{load_catalog().get('kimi').model}",), "kimi named")
    assert routed(settings, QWEN) == Route(("qwen/rest",), "default")


def test_a_strategy_goes_before_the_default_and_after_patterns() -> None:
    settings = settings_with(["glm", "qwen"], routes=ROUTES_OF_TWO, strategy="round_robin", providers="qwen,glm")
    router = Router(settings)
    assert router.route(Traits("claude-sonnet-4")).rule == "pattern 'claude-*'"
    first, second = router.route(Traits("any")), router.route(Traits("any"))
    assert (first.rule, second.rule) == ("strategy round_robin", "strategy round_robin")
    assert {first.candidates[0], second.candidates[0]} == {f"glm/{GLM}", f"qwen/{QWEN}"}


ROUTES_OF_TWO = {"claude-*": "glm", "default": "glm"}


def test_the_other_providers_of_a_strategy_stand_in_unless_a_fallback_is_set() -> None:
    given = {"strategy": "round_robin", "providers": "glm,qwen"}
    other = Router(settings_with(["glm", "qwen", "kimi"], **given)).route(Traits("any"))
    assert other.candidates == (f"glm/{GLM}", f"qwen/{QWEN}")
    set_ = Router(settings_with(["glm", "qwen", "kimi"], **given, fallback="kimi/k")).route(Traits("any"))
    assert set_.candidates == (f"glm/{GLM}", "kimi/k")
    assert Router(settings_with(["glm", "qwen"], **given, fallback=())).route(Traits("any")).candidates == (
        f"glm/{GLM}",
    )


def test_the_fallback_follows_every_route_once() -> None:
    settings = settings_with(["glm", "qwen"], routes={"default": "glm/a, qwen/b"}, fallback=("qwen/b", "glm/c"))
    assert routed(settings, "any").candidates == ("glm/a", "qwen/b", "glm/c")
    assert routed(settings, "glm/x").candidates == ("glm/x", "qwen/b", "glm/c")


def test_a_provider_without_a_model_is_asked_for_what_the_client_names_if_it_has_it() -> None:
    sonnet = "claude-sonnet-4-5"
    settings = settings_with(
        ["anthropic", "openai"],
        routes={"default": "anthropic", "gpt-*": "openai/*", "o-*": "mine", "own": "mine"},
        own={"mine": local(local=True)},
    )
    usual = load_catalog().get("anthropic").model
    assert routed(settings, sonnet).candidates == (f"anthropic/{sonnet}",)
    assert routed(settings, f"{sonnet}-20250929").candidates == (f"anthropic/{sonnet}-20250929",)
    assert routed(settings, "something-else").candidates == (f"anthropic/{usual}",)
    assert routed(settings, "gpt-99-turbo").candidates == ("openai/gpt-99-turbo",)
    assert routed(settings, "own").candidates == ("mine",), "a server with one model is asked for it"
    settings = settings_with(routes={"own": "mine"}, own={"mine": local(model="m")})
    assert routed(settings, "own").candidates == ("mine/m",)


def test_names_of_providers_are_canonical() -> None:
    settings = settings_with(["glm"], routes={"default": "智谱/glm-4.5"})
    assert routed(settings, "any").candidates == ("glm/glm-4.5",)
    assert routed(settings, "ZHIPU/x").rule == "glm/x named"


def test_a_model_with_a_slash_that_names_no_provider_in_use_is_a_name_like_others() -> None:
    settings = settings_with(["openrouter"], routes={"anthropic/*": "openrouter/*"})
    assert routed(settings, "anthropic/claude-x") == Route(("openrouter/anthropic/claude-x",), "pattern 'anthropic/*'")


def test_the_catalog_says_which_provider_in_use_has_a_model() -> None:
    settings = settings_with(["glm", "qwen"])
    assert routed(settings, GLM) == Route((f"glm/{GLM}",), "catalog")
    assert routed(settings, f"{QWEN}-2026-01-01") == Route((f"qwen/{QWEN}-2026-01-01",), "catalog")


def test_of_two_that_have_a_model_the_one_goes_first_whose_usual_it_is() -> None:
    own = {"a": local(model="x", row={"models": [{"id": "m"}]}), "b": local(model="m"), "c": local(model="m")}
    assert routed(settings_with(own=own), "m").candidates == ("b/m",)


def test_a_service_without_a_usual_model_can_be_asked_for_one() -> None:
    assert routed(settings_with(own={"mine": local()}), "mine/x").candidates == ("mine/x",)
    with pytest.raises(ProviderConfigurationError, match="'mine' has no model"):
        Router(settings_with(own={"mine": local()}, routes={"default": "mine"}))


def test_who_is_not_named_is_not_asked() -> None:
    settings = settings_with(["glm", "qwen", "kimi"], use=["glm", "qwen"])
    with pytest.raises(ModelNotFoundError):
        routed(settings, load_catalog().get("kimi").model)
    with pytest.raises(ModelNotFoundError):
        routed(settings, "kimi")
    assert routed(settings, QWEN).rule == "catalog"


def test_one_provider_alone_gets_everything() -> None:
    assert routed(settings_with(["glm", "qwen"], use=["glm"]), "any") == Route((f"glm/{GLM}",), "the only provider")
    assert routed(settings_with(["glm"], own={"ollama": ProviderSettings(workers=1)}), "any").candidates == (
        f"glm/{GLM}",
    )
    with pytest.raises(ModelNotFoundError):
        routed(settings_with(["glm", "qwen"]), "any")


def test_a_run_that_ends_with_rules_may_be_a_gateway_too() -> None:
    assert routed(settings_with(["glm"], use=["glm", "rules"]), "any").candidates == (f"glm/{GLM}",)


def test_a_model_without_a_way_is_told_with_the_nearest_or_what_is_missing() -> None:
    settings = settings_with(["glm", "qwen"], routes={"gpt-5-codex": "glm"})
    with pytest.raises(ModelNotFoundError, match="no route for the model 'gpt-5-codec'") as caught:
        routed(settings, "gpt-5-codec")
    assert "Did you mean 'gpt-5-codex'?" in (caught.value.hint or "")
    assert caught.value.status == 404
    with pytest.raises(ModelNotFoundError, match="cannot ask for 'kimi/k': provider 'kimi") as caught:
        routed(settings, "kimi/k")
    assert "MOONSHOT_API_KEY" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "gateway",
    [
        {},
        {"routes": {"default": "glm"}},
        {"providers": "glm,qwen", "strategy": "round_robin"},
        {"routes": {"claude-*": "glm", "background": "glm"}},
    ],
)
def test_what_is_meant_for_a_provider_without_a_key_goes_to_nobody_else(gateway: dict[str, Any]) -> None:
    settings = settings_with(["glm", "qwen"], use=["glm"], **gateway)
    with pytest.raises(ModelNotFoundError, match="cannot ask for 'kimi/kimi-k2': provider 'kimi' has no key") as caught:
        routed(settings, "kimi/kimi-k2")
    assert "MOONSHOT_API_KEY" in (caught.value.hint or "")
    assert "[gateway.routes]" in (caught.value.hint or "")
    assert routed(settings, "claude-sonnet-4-5").candidates
    assert routed(settings, "nobody/knows-this").candidates, "what names no provider is a name like others"


def test_the_user_may_say_who_answers_for_a_provider_without_a_key() -> None:
    for routes in ({"kimi/*": "glm/x"}, {"*": "glm/x"}, {"thinking": "glm/x"}):
        assert routed(settings_with(["glm"], routes=routes), "kimi/k", thinking=True).candidates == ("glm/x",)


def test_a_model_of_a_provider_in_use_may_be_called_as_another_vendor_is() -> None:
    own = {"mine": local(model="kimi/kimi-k2")}
    assert routed(settings_with(["glm"], own=own), "kimi/kimi-k2") == Route(("mine/kimi/kimi-k2",), "catalog")


def test_models_are_those_of_routes_then_of_providers() -> None:
    settings = settings_with(
        ["glm", "qwen"], use=["glm"], routes={"gpt-5": "qwen/q", "claude-*": "glm", "default": "qwen/*"}
    )
    models = Router(settings).models()
    assert models[:3] == ("gpt-5", "qwen/q", f"glm/{GLM}")
    assert all(model.startswith("glm/") for model in models[2:])
    assert len(set(models)) == len(models) > 4


def test_a_strategy_that_fails_is_an_error_of_the_configuration(tmp_path: Any) -> None:
    file = tmp_path / "odd.py"
    file.write_text(
        "class Odd:\n    rebalance = False\n    def assign(self, endpoints, profiles):\n"
        "        if endpoints[0].tags == ('boom',):\n            raise RuntimeError('no')\n"
        "        return {it.id: profiles[0].name for it in endpoints}\n"
    )
    router = Router(settings_with(["glm"], use=["glm"], strategy=str(file)))
    assert router.route(Traits("any")).candidates[0] == f"glm/{GLM}"
    with pytest.raises(ProviderConfigurationError, match="RuntimeError: no"):
        router.route(Traits("boom"))


def test_an_adaptive_strategy_learns_from_exchanges(tmp_path: Any) -> None:
    file = tmp_path / "keeps.py"
    file.write_text(
        "class Keeps:\n    rebalance = False\n    last = None\n"
        "    def assign(self, endpoints, profiles):\n        return {it.id: profiles[0].name for it in endpoints}\n"
        "    def choose(self, endpoint, profiles):\n        return self.last or profiles[0].name\n"
        "    def learn(self, result):\n        self.last = result.provider\n"
    )
    router = Router(settings_with(["glm", "qwen"], providers=("glm", "qwen/q"), strategy=str(file)))
    traits = Traits("any")
    assert router.route(traits).candidates[0] == f"glm/{GLM}"
    router.learn(traits, exchange("answered", attempt("glm", error="ServerError: no"), attempt("qwen", "q")))
    assert router.route(traits).candidates[0] == "qwen/q"


@pytest.mark.parametrize(
    ("given", "kind", "message", "hint"),
    [
        (
            {"routes": {"background": "glmm"}},
            ProviderNotFoundError,
            "'background' in [gateway.routes] names 'glmm'",
            "glm",
        ),
        (
            {"routes": {"gpt-*": "kimi/k"}},
            ProviderConfigurationError,
            "'gpt-*' in [gateway.routes]",
            "MOONSHOT_API_KEY",
        ),
        ({"routes": {"long_context": "kimi"}}, ProviderConfigurationError, "'long_context'", "MOONSHOT_API_KEY"),
        ({"fallback": "kimi"}, ProviderConfigurationError, "'fallback' in [gateway] names 'kimi'", "MOONSHOT_API_KEY"),
        ({"providers": "kimi"}, ProviderConfigurationError, "'providers' in [gateway]", "MOONSHOT_API_KEY"),
        ({"use": ["kimi"]}, ProviderConfigurationError, "'use' in casecraft.toml", "MOONSHOT_API_KEY"),
        ({"fallback": "rules"}, ProviderConfigurationError, "answers no requests", None),
        ({"strategy": "random"}, ConfigurationError, "'random' has no providers to choose from", "`providers ="),
        ({"strategy": "roundrobin", "use": ["glm"]}, StrategyError, "no strategy 'roundrobin'", "round_robin"),
        ({"provider_map": "/v1/messages:glm", "use": ["glm"]}, StrategyError, "POST /v1/chat", "*:glm"),
        ({"provider_map": "*:gml", "use": ["glm"]}, StrategyError, "'gml'", "glm"),
    ],
)
def test_what_cannot_work_is_refused_at_the_start(
    given: dict[str, Any], kind: type[CasecraftError], message: str, hint: str | None
) -> None:
    with pytest.raises(kind) as caught:
        Router(settings_with(["glm"], **given))
    assert message in str(caught.value)
    assert (hint or "") in (caught.value.hint or "")


def test_a_provider_of_embeddings_may_be_routed_to() -> None:
    settings = settings_with(routes={"bge-*": "tei"}, own={"tei": local()})
    assert routed(settings, "bge-m3") == Route(("tei",), "pattern 'bge-*'")


def test_auto_stands_for_the_providers_that_are_found() -> None:
    settings = resolve_auto(settings_with(["glm"], use=["auto"], own={"mine": local(model="m")}), {})
    assert {"glm", "mine"} <= set(settings.gateway.providers)
    assert Router(settings).route(Traits("mine/x")).candidates == ("mine/x",)
    own = {"qwen": local(), "vllm": ProviderSettings()}
    models = Router(settings_with(["glm", "kimi"], use=["qwen/q", "auto"], own=own)).models()
    assert models[0] == "qwen/q"
    assert {model.partition("/")[0] for model in models} == {"glm", "kimi", "qwen"}
    named = settings_with(["glm"], use=["glm"])
    assert resolve_auto(named, {}) is named
