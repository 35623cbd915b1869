"""Settings of the gateway: their table, their variables, flags, and what is said of a wrong one."""

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from casecraft.config import (
    GatewaySettings,
    KeySettings,
    KnownProvider,
    LongContextSettings,
    RouteSettings,
    environment_template,
    load_settings,
    settings_template,
)
from casecraft.errors import ConfigurationError
from tests.config.templates import uncommented

ALICE = "alice-0123456789abcdef"


KNOWN = (KnownProvider("glm"), KnownProvider("local"))


def load(folder: Path, text: str = "", environ: dict[str, str] | None = None, **flags: object) -> GatewaySettings:
    (folder / "casecraft.toml").write_text(text)
    return load_settings({"gateway": flags}, environ or {}, folder, KNOWN).gateway


def test_flags_go_before_environment_before_file(tmp_path: Path) -> None:
    text = '[gateway]\nhost = "file"\nport = 1\ntimeout = 1\nfallback = ["a"]\n'
    environ = {"CASECRAFT_GATEWAY_PORT": "2", "CASECRAFT_GATEWAY_TIMEOUT": "2", "CASECRAFT_GATEWAY_FALLBACK": "b>c"}
    found = load(tmp_path, text, environ, timeout=3, host=None)
    assert (found.host, found.port, found.timeout, found.fallback) == ("file", 2, 3.0, ("b", "c"))


def test_without_any_source_it_listens_on_this_machine_and_routes_nothing(tmp_path: Path) -> None:
    found = load(tmp_path)
    assert found == GatewaySettings()
    assert (found.host, found.port, found.token, found.named) == ("127.0.0.1", 4141, None, ())
    assert found.max_body == 32 * 1024 * 1024


def test_routes_are_rules_and_patterns(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        """
        [gateway]
        fallback = "local"
        [gateway.routes]
        default = "glm"
        background = ["glm/glm-4.5-air", "qwen"]
        long_context = "gemini"
        "claude-*" = "kimi > glm"
        patterns = "odd"
        """,
    )
    assert found.routes.long_context == LongContextSettings(over=60_000, to=("gemini",))
    assert found.routes.patterns == {"claude-*": ("kimi", "glm"), "patterns": ("odd",)}
    assert found.routes.candidates["background"] == ("glm/glm-4.5-air", "qwen")
    assert found.named == ("glm", "glm/glm-4.5-air", "qwen", "gemini", "odd", "kimi", "local")


def test_routes_may_be_made_by_a_program() -> None:
    made = RouteSettings(default=("glm",), patterns={"gpt-*": ("qwen",)})
    assert made == RouteSettings.model_validate({"default": "glm", "gpt-*": "qwen"})
    assert RouteSettings.model_validate(made.model_dump()) == made


def test_a_route_of_a_flag_replaces_that_of_the_file(tmp_path: Path) -> None:
    text = '[gateway.routes]\ndefault = "qwen"\n"claude-*" = "qwen"\n'
    found = load(tmp_path, text, routes={"default": "glm", "gpt-*": "glm"})
    assert found.routes.candidates == {"default": ("glm",), "claude-*": ("qwen",), "gpt-*": ("glm",)}
    with pytest.raises(ConfigurationError, match="the option 'routes' of the gateway"):
        load(tmp_path, text, routes={"gpt-*": ""})


def test_tokens_of_keys_come_from_the_file_or_the_environment(tmp_path: Path) -> None:
    text = f'[gateway.keys.alice]\ntoken = "{ALICE}"\nbudget = 2.5\n[gateway.keys.ci-1]\nbudget = 1\n'
    environ = {"CASECRAFT_GATEWAY_KEY_CI_1": " ci-token\n", "CASECRAFT_GATEWAY_KEY_BOB": "bobs"}
    found = load(tmp_path, text, environ).keys
    assert found == {
        "alice": KeySettings(token=SecretStr(ALICE), budget=Decimal("2.5")),
        "ci-1": KeySettings(token=SecretStr("ci-token"), budget=Decimal(1)),
        "bob": KeySettings(token=SecretStr("bobs")),
    }
    assert (
        load(tmp_path, text, {"CASECRAFT_GATEWAY_KEY_ALICE": "newer"}).keys["alice"].token.get_secret_value() == "newer"
    )


def test_a_key_without_a_token_is_no_error_of_other_commands(tmp_path: Path) -> None:
    assert load(tmp_path, "[gateway.keys.ci]\nbudget = 1\n").keys["ci"].token.get_secret_value() == ""


def test_tokens_do_not_show(tmp_path: Path) -> None:
    (tmp_path / "casecraft.toml").write_text(f'[gateway]\ntoken = "very-secret"\n[gateway.keys.a]\ntoken = "{ALICE}"\n')
    settings = load_settings({}, {"CASECRAFT_GATEWAY_KEY_B": "bobs-secret"}, tmp_path)
    for text in (repr(settings), settings.model_dump_json()):
        assert not any(secret in text for secret in ("very-secret", ALICE, "bobs-secret"))


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[gatway]\n", "casecraft.toml has the key 'gatway'", "'gateway'"),
        ("gateway = 4141\n", "[gateway] in casecraft.toml must be a table", None),
        ("[gateway]\nprot = 1\n", "[gateway] in casecraft.toml has the key 'prot'", "'port'"),
        ("[gateway]\nport = 70000\n", "'port' of [gateway] in casecraft.toml is wrong: port:", None),
        ('[gateway]\nmax_body = "much"\n', "'max_body' of [gateway] in casecraft.toml is wrong", None),
        ("[gateway]\nroutes = 1\n", "[gateway.routes] in casecraft.toml must be a table", None),
        ('[gateway.routes]\nbackgroud = "glm"\n', "'backgroud' is no rule; did you mean 'background'?", None),
        ('[gateway.routes]\nlong-context = "glm"\n', "'long-context' is no rule; did you mean 'long_context'?", None),
        ('[gateway.routes]\n"gpt-*" = []\n', "routes.patterns.gpt-*", None),
        (
            '[gateway.routes]\nlong_context = { above = 5, to = "glm" }\n',
            "'long_context' of [gateway.routes] in casecraft.toml has the key 'above'",
            "'over'",
        ),
        ("[gateway.routes]\nlong_context = { over = 5 }\n", "routes.long_context.to: Field required", None),
        ('[gateway.keys]\nalice = "x"\n', "[gateway.keys.alice] in casecraft.toml must be a table", None),
        (
            '[gateway.keys.alice]\ntokne = "x"\n',
            "[gateway.keys.alice] in casecraft.toml has the key 'tokne'",
            "'token'",
        ),
        ("[gateway.keys.alice]\nbudget = -1\n", "keys.alice.budget", None),
    ],
)
def test_a_wrong_file_is_named_with_its_key(tmp_path: Path, text: str, message: str, hint: str | None) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text)
    assert message in str(caught.value)
    assert (hint or "") in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("CASECRAFT_GATEWAY_PROT", "CASECRAFT_GATEWAY_PORT"),
        ("CASECRAFT_GATWAY_TOKEN", "CASECRAFT_GATEWAY_TOKEN"),
        ("CASECRAFT_DEFAULT_CLIENT", "CASECRAFT_DEFAULT_CLI"),
    ],
)
def test_a_misspelt_variable_is_refused(tmp_path: Path, variable: str, nearest: str) -> None:
    with pytest.raises(ConfigurationError, match=variable) as caught:
        load(tmp_path, environ={variable: "secret-value"})
    assert caught.value.hint == f"Did you mean {nearest}?"


def test_a_wrong_flag_or_variable_is_named_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="the option 'port' of the gateway is wrong"):
        load(tmp_path, port="x")
    with pytest.raises(ConfigurationError, match="'prot'"):
        load(tmp_path, prot=1)
    with pytest.raises(ConfigurationError, match="the variable CASECRAFT_GATEWAY_BUDGET is wrong") as caught:
        load(tmp_path, environ={"CASECRAFT_GATEWAY_BUDGET": "sk-pasted-by-mistake"})
    assert "sk-pasted" not in str(caught.value)


def test_a_plugin_may_be_named_in_a_route(tmp_path: Path) -> None:
    (tmp_path / "casecraft.toml").write_text('[gateway.routes]\n"gpt-*" = "plugged/m"\n')
    plugged = [KnownProvider("plugged")]
    environ = {"CASECRAFT_PLUGGED_API_KEY": "k" * 20}
    settings = load_settings({}, environ, tmp_path, known_with_plugins=lambda: plugged)
    assert "plugged" in settings.provider_settings


def test_the_templates_have_every_setting(tmp_path: Path) -> None:
    text = uncommented(settings_template())
    (tmp_path / "my-providers.toml").write_text("")
    found = load(tmp_path, text)
    assert found.model_fields_set == set(GatewaySettings.model_fields)
    assert set(found.routes.candidates) > set(RouteSettings.model_fields) - {"patterns"}
    assert found.keys["alice"].budget == Decimal("2.50")
    environ = [line.partition("=")[0] for line in uncommented(environment_template([])).splitlines()]
    assert {f"CASECRAFT_GATEWAY_{name.upper()}" for name in GatewaySettings.model_fields} - set(environ) == {
        "CASECRAFT_GATEWAY_KEYS",
        "CASECRAFT_GATEWAY_ROUTES",
    }
