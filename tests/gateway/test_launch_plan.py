"""Which client is meant, which model it gets, and whether it goes directly."""

from pathlib import Path
from typing import Any

import pytest

from casecraft.api import settings_for
from casecraft.config import Settings
from casecraft.errors import LaunchError, ModelNotFoundError, ProviderConfigurationError
from casecraft.gateway.launch import CLIENTS, LaunchPlan, choose_client, configured_gateway, find_program, plan_launch
from casecraft.providers import Detected, detect

KEYS = ("ZAI_API_KEY", "ZHIPU_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "MISTRAL_API_KEY")


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without settings, an environment without keys, a machine without servers."""
    monkeypatch.chdir(tmp_path)
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("casecraft.providers.http.fetch_listing", lambda *_args, **_more: None)


def settings_of(monkeypatch: pytest.MonkeyPatch, text: str = "", **environ: str) -> Settings:
    Path("casecraft.toml").write_text(text)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return settings_for()


def plan(client: str, settings: Settings, environ: dict[str, str] | None = None, **how: Any) -> LaunchPlan:
    return plan_launch(CLIENTS[client], settings, environ or {}, **how)


@pytest.mark.parametrize(
    ("client", "provider", "key", "address"),
    [
        ("claude", "glm", "ZAI_API_KEY", "https://api.z.ai/api/anthropic"),
        ("claude", "glm", "ZHIPU_API_KEY", "https://open.bigmodel.cn/api/anthropic"),
        ("claude", "anthropic", "ANTHROPIC_API_KEY", "https://api.anthropic.com"),
        ("codex", "openai", "OPENAI_API_KEY", "https://api.openai.com/v1"),
        ("opencode", "glm", "ZAI_API_KEY", "https://api.z.ai/api/paas/v4"),
    ],
)
def test_a_client_goes_directly_where_the_provider_speaks_its_format(
    monkeypatch: pytest.MonkeyPatch, client: str, provider: str, key: str, address: str
) -> None:
    planned = plan(client, settings_of(monkeypatch, **{key: "k"}), provider=provider)
    assert planned.direct
    assert planned.target.base_url == address
    assert planned.target.token is not None
    assert planned.target.token.get_secret_value() == "k"


@pytest.mark.parametrize(
    ("base_url", "address"),
    [
        ("https://ark.cn-beijing.volces.com/api/v3", "https://ark.cn-beijing.volces.com/api/compatible"),
        ("https://ark.cn-beijing.volces.com/api/coding/v3", "https://ark.cn-beijing.volces.com/api/coding"),
    ],
)
def test_the_other_format_is_taken_from_where_the_same_key_is_good(
    monkeypatch: pytest.MonkeyPatch, base_url: str, address: str
) -> None:
    settings = settings_of(monkeypatch, f'[providers.ark]\nbase_url = "{base_url}"', ARK_API_KEY="k")
    assert plan("claude", settings, provider="ark").target.base_url == address


@pytest.mark.parametrize(
    ("client", "provider", "key"),
    [
        ("claude", "gemini", "GEMINI_API_KEY"),
        ("codex", "glm", "ZAI_API_KEY"),
        ("opencode", "anthropic", "ANTHROPIC_API_KEY"),
        ("opencode", "mistral", "MISTRAL_API_KEY"),  # it refuses `stream_options`, which the gateway leaves out
    ],
)
def test_a_client_goes_through_the_gateway_where_formats_differ(
    monkeypatch: pytest.MonkeyPatch, client: str, provider: str, key: str
) -> None:
    settings = settings_of(monkeypatch, **{key: "k"})
    planned = plan(client, settings, provider=provider)
    assert not planned.direct
    assert planned.target.token is None
    assert planned.target.model.startswith(f"{provider}/")
    with pytest.raises(LaunchError, match="cannot do without the gateway"):
        plan(client, settings, provider=provider, way="direct")


@pytest.mark.parametrize(
    "rules",
    [
        '[gateway.routes]\ndefault = "glm"',
        '[gateway]\nfallback = ["glm"]',
        "[gateway]\nbudget = 5",
        '[gateway]\nproviders = ["glm"]\nstrategy = "round_robin"',
    ],
)
def test_what_only_the_gateway_can_do_needs_it_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, rules: str
) -> None:
    settings = settings_of(monkeypatch, rules, ZAI_API_KEY="k")
    assert not plan("claude", settings, provider="glm").direct
    assert plan("claude", settings, provider="glm", way="direct").direct


def test_the_gateway_can_be_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not plan("claude", settings_of(monkeypatch, ZAI_API_KEY="k"), provider="glm", way="gateway").direct


@pytest.mark.parametrize("extra", ['headers = { X-Team = "a" }', 'query = { v = "1" }', "extra = { seed = 1 }"])
def test_what_the_user_adds_to_requests_needs_the_gateway(monkeypatch: pytest.MonkeyPatch, extra: str) -> None:
    settings = settings_of(monkeypatch, f"[providers.glm]\n{extra}", ZAI_API_KEY="k")
    assert not plan("opencode", settings, provider="glm").direct


def test_an_address_of_the_user_s_own_has_no_other_formats_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(monkeypatch, '[providers.glm]\nbase_url = "https://llm.example.com/v1"', ZAI_API_KEY="k")
    assert not plan("claude", settings, provider="glm").direct
    assert plan("opencode", settings, provider="glm").target.base_url == "https://llm.example.com/v1"


def test_the_model_that_is_named_is_asked_for_with_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(monkeypatch, ZAI_API_KEY="k")
    direct = plan("claude", settings, provider="glm", model="glm-5.1")
    assert (direct.target.model, direct.target.context_tokens) == ("glm-5.1", 200_000)
    through = plan("codex", settings, provider="zai", model="glm-5.1")
    assert through.target.model == "glm/glm-5.1"
    assert plan("codex", settings, model="glm/glm-5.1").target.model == "glm/glm-5.1"


def test_a_client_of_the_provider_s_own_chooses_among_its_models_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(monkeypatch, OPENAI_API_KEY="k")
    assert plan("codex", settings, provider="openai").target.model == ""
    assert plan("codex", settings, provider="openai", model="gpt-x").target.model == "gpt-x"
    assert plan("opencode", settings, provider="openai").target.model.startswith("openai/")


def test_the_only_provider_that_has_a_key_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LaunchError, match="detected: none"):
        plan("codex", settings_of(monkeypatch), {})
    server = [Detected("ollama", "Ollama at http://127.0.0.1:11434", "http://127.0.0.1:11434", ("m",))]
    monkeypatch.setattr("casecraft.gateway.launch.plan.detect", lambda *given: [*detect(*given), *server])
    assert plan("codex", settings_of(monkeypatch), {}, model="m").candidates == ("ollama/m",)
    settings = settings_of(monkeypatch, ZAI_API_KEY="k")
    assert plan("codex", settings, {"ZAI_API_KEY": "k"}).candidates[0].startswith("glm/")
    both = {"ZAI_API_KEY": "k", "OPENAI_API_KEY": "k"}
    with pytest.raises(LaunchError, match=r"no provider is named; detected: .*glm .*openai"):
        plan("codex", settings_of(monkeypatch, **both), both)


def test_rules_choose_where_the_user_names_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    text = '[gateway.routes]\ndefault = "glm/glm-5.3"\nbackground = "glm/glm-5.3-flash"'
    settings = settings_of(monkeypatch, text, ZAI_API_KEY="k")
    claude = plan("claude", settings)
    assert claude.target.model == ""
    assert claude.candidates == ("glm/glm-5.3",)
    codex = plan("codex", settings)
    assert codex.target.model
    assert codex.candidates == ("glm/glm-5.3",)
    assert "haiku" in codex.target.small_model


def test_where_no_rule_leads_anywhere_it_is_told_before_the_client_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    text = '[gateway]\nproviders = ["glm", "openai"]\n[gateway.routes]\n"nothing-*" = "glm"'
    settings = settings_of(monkeypatch, text, ZAI_API_KEY="k", OPENAI_API_KEY="k")
    with pytest.raises(ModelNotFoundError):
        plan("codex", settings)


@pytest.mark.parametrize("provider", ["glm", "rules"])
def test_a_provider_that_cannot_answer_is_told_before_the_client_starts(
    monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    with pytest.raises(ProviderConfigurationError, match=provider):
        plan("claude", settings_of(monkeypatch), provider=provider)


def test_openai_s_own_tools_stay_where_openai_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(monkeypatch, OPENAI_API_KEY="k", ZAI_API_KEY="k")
    assert plan("codex", settings, provider="openai", way="gateway").target.vendor_tools
    assert not plan("codex", settings, provider="glm").target.vendor_tools


def test_no_proxy_is_asked_for_what_is_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(monkeypatch, ZAI_API_KEY="k")
    planned = plan("codex", settings, provider="glm").at_gateway("http://127.0.0.1:1", "t")
    assert planned.target.base_url == "http://127.0.0.1:1/v1"
    assert planned.prepare({}).variables["NO_PROXY"] == "127.0.0.1,localhost,::1"
    both = planned.prepare({"NO_PROXY": "a.example", "no_proxy": "*"}).variables
    assert (both["NO_PROXY"], both["no_proxy"]) == ("a.example,127.0.0.1,localhost,::1", "*")
    assert "NO_PROXY" not in plan("claude", settings, provider="glm").prepare({}).variables


def programs(folder: Path, *names: str) -> dict[str, str]:
    for name in names:
        (folder / name).write_text("")
        (folder / name).chmod(0o755)
    return {"PATH": str(folder)}


def test_the_named_client_is_meant_then_the_configured_one_then_the_only_one(tmp_path: Path) -> None:
    environ = programs(tmp_path, "opencode")
    assert choose_client("Codex", Settings(default_cli="claude"), environ).name == "codex"
    assert choose_client(None, Settings(default_cli="claude"), environ).name == "claude"
    assert choose_client(None, Settings(), environ).name == "opencode"


def test_a_choice_that_cannot_be_made_says_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="none of the coding clients") as none:
        choose_client(None, Settings(), {"PATH": str(tmp_path)})
    assert "npm install -g @openai/codex" in (none.value.hint or "")
    with pytest.raises(LaunchError, match="several coding clients are installed: claude, codex"):
        choose_client(None, Settings(), programs(tmp_path, "claude", "codex"))
    with pytest.raises(LaunchError, match="'cluade'") as misspelt:
        choose_client("cluade", Settings(), {})
    assert "'claude'" in (misspelt.value.hint or "")
    with pytest.raises(LaunchError, match="`default_cli` names 'vim'"):
        choose_client(None, Settings(default_cli="vim"), {})


def test_a_client_that_is_not_installed_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="Claude Code is not installed") as error:
        find_program(CLIENTS["claude"], {"PATH": str(tmp_path)})
    assert "npm install -g @anthropic-ai/claude-code" in (error.value.hint or "")


def test_the_configured_gateway_is_where_its_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    token = "a-configured-token-of-32-letters"
    settings = settings_of(monkeypatch, f'[gateway]\ntoken = "{token}"\nport = 5000\nhost = "0.0.0.0"')
    assert configured_gateway(settings) == ("http://127.0.0.1:5000", token)
    with pytest.raises(LaunchError, match="new token"):
        configured_gateway(settings_of(monkeypatch, ""))
    with pytest.raises(LaunchError, match="new port"):
        configured_gateway(settings_of(monkeypatch, f'[gateway]\ntoken = "{token}"\nport = 0'))
