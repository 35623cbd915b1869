"""What each client is started with, for a target that is given."""

import json
import shlex
import subprocess
import tomllib
from typing import Any

import pytest
from pydantic import SecretStr

from casecraft.errors import ConfigurationError
from casecraft.gateway.launch import CLIENTS, SHELLS, Preparation, Target, lines

TOKEN = "token-of-this-start"
TARGET = Target("http://127.0.0.1:4141", SecretStr(TOKEN), model="glm/glm-5.3", small_model="glm/glm-5.3")


def prepare(client: str, target: Target = TARGET, **environ: str) -> Preparation:
    return CLIENTS[client].prepare(target, environ)


def codex_settings(prepared: Preparation) -> dict[str, Any]:
    """What `-c` says, read as Codex reads it."""
    flags, pairs = prepared.arguments[::2], prepared.arguments[1::2]
    assert set(flags) == {"-c"}
    return tomllib.loads("\n".join(pairs))


def opencode_configuration(prepared: Preparation) -> Any:
    return json.loads(prepared.variables["OPENCODE_CONFIG_CONTENT"])


@pytest.mark.parametrize("client", CLIENTS)
def test_a_token_stands_in_one_variable_and_nowhere_else(client: str) -> None:
    prepared = prepare(client)
    assert [value for value in prepared.variables.values() if TOKEN in value] == [TOKEN]
    assert TOKEN not in " ".join(prepared.arguments)
    assert TOKEN not in repr(prepared)
    assert TOKEN not in repr(TARGET)


def test_claude_code_gets_the_address_the_token_and_the_model_for_every_size() -> None:
    variables = prepare("claude").variables
    assert variables["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:4141"
    assert variables["ANTHROPIC_AUTH_TOKEN"] == TOKEN
    sizes = ("ANTHROPIC_MODEL", *(f"ANTHROPIC_DEFAULT_{size}_MODEL" for size in ("OPUS", "SONNET", "HAIKU")))
    assert {variables[name] for name in sizes} == {"glm/glm-5.3"}


def test_claude_code_keeps_its_own_names_where_no_model_is_named() -> None:
    variables = prepare("claude", Target("http://127.0.0.1:4141", SecretStr(TOKEN))).variables
    assert not [name for name in variables if "MODEL" in name]


def test_claude_code_asks_for_a_small_model_of_its_own_where_there_is_one() -> None:
    variables = prepare("claude", Target("u", None, model="big", small_model="small")).variables
    assert variables["ANTHROPIC_DEFAULT_HAIKU_MODEL"] == "small"
    assert variables["ANTHROPIC_DEFAULT_OPUS_MODEL"] == "big"


def test_claude_code_does_not_see_keys_and_clouds_that_are_for_others() -> None:
    others = {"ANTHROPIC_API_KEY": "sk", "CLAUDE_CODE_USE_BEDROCK": "1", "ANTHROPIC_CUSTOM_HEADERS": "X-Key: k"}
    seen = prepare("claude", **others).environment({**others, "PATH": "/bin"})
    assert seen["PATH"] == "/bin"
    assert others.keys() & seen.keys() == set()


def test_a_key_that_goes_under_its_own_header_is_no_bearer_token() -> None:
    prepared = prepare("claude", Target("u", SecretStr("sk"), header="x-api-key"), ANTHROPIC_AUTH_TOKEN="theirs")
    assert prepared.variables["ANTHROPIC_API_KEY"] == "sk"
    assert "ANTHROPIC_AUTH_TOKEN" in prepared.hidden
    assert json.loads(prepared.arguments[prepared.arguments.index("--settings") + 1]) == {"apiKeyHelper": ""}


def test_settings_of_the_user_cannot_send_claude_code_elsewhere_and_telemetry_is_their_choice() -> None:
    assert prepare("claude").variables["CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST"] == "1"
    chosen = prepare("claude", CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="0")
    assert chosen.variables["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] == "0"


def test_claude_code_learns_of_limits_below_the_usual_ones_alone() -> None:
    small = Target("u", None, model="m", context_tokens=131_072, max_output_tokens=8192)
    variables = prepare("claude", small).variables
    assert variables["CLAUDE_CODE_AUTO_COMPACT_WINDOW"] == "131072"
    assert variables["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] == "8192"
    large = prepare("claude", Target("u", None, model="m", context_tokens=1_000_000, max_output_tokens=131_072))
    assert not [name for name in large.variables if "TOKENS" in name or "WINDOW" in name]


def test_codex_gets_a_provider_of_this_process_by_arguments() -> None:
    target = Target("http://127.0.0.1:4141/v1", SecretStr(TOKEN), model='a/"b"é', context_tokens=200_000)
    prepared = prepare("codex", target)
    settings = codex_settings(prepared)
    provider = settings["model_providers"][settings["model_provider"]]
    assert provider["base_url"] == "http://127.0.0.1:4141/v1"
    assert provider["wire_api"] == "responses"
    assert prepared.variables[provider["env_key"]] == TOKEN
    assert settings["model"] == 'a/"b"é'
    assert settings["model_context_window"] == 200_000


def test_codex_offers_no_tools_that_only_openai_can_run_unless_openai_answers() -> None:
    settings = codex_settings(prepare("codex"))
    assert settings["web_search"] == "disabled"
    assert settings["features"]["multi_agent"] is False
    own = codex_settings(prepare("codex", Target("u", None, vendor_tools=True)))
    assert own.keys() == {"model_provider", "model_providers"}


def test_codex_sends_a_key_under_the_header_that_the_provider_wants() -> None:
    prepared = prepare("codex", Target("u", SecretStr("k"), header="api-key"))
    provider = codex_settings(prepared)["model_providers"]["casecraft"]
    assert prepared.variables[provider["env_http_headers"]["api-key"]] == "k"
    assert "env_key" not in provider


def test_opencode_gets_a_provider_with_its_model_and_limits() -> None:
    target = Target("http://h/v1", SecretStr(TOKEN), "", "glm/glm-5.3", "glm/small", 200_000, 131_072, images=True)
    prepared = prepare("opencode", target)
    configuration = opencode_configuration(prepared)
    assert configuration["model"] == "casecraft/glm/glm-5.3"
    assert configuration["small_model"] == "casecraft/glm/small"
    assert configuration["agent"]["build"]["model"] == "casecraft/glm/glm-5.3"
    provider = configuration["provider"]["casecraft"]
    assert provider["options"]["baseURL"] == "http://h/v1"
    variable = provider["options"]["apiKey"].removeprefix("{env:").removesuffix("}")
    assert prepared.variables[variable] == TOKEN
    assert provider["models"]["glm/glm-5.3"]["limit"] == {"context": 200_000, "output": 131_072}
    assert "image" in provider["models"]["glm/glm-5.3"]["modalities"]["input"]


def test_what_the_user_has_in_opencode_s_variable_stays_below() -> None:
    own = {"theme": "mine", "model": "theirs/m", "provider": {"theirs": {}}, "enabled_providers": ["theirs"]}
    configuration = opencode_configuration(prepare("opencode", OPENCODE_CONFIG_CONTENT=json.dumps(own)))
    assert configuration["theme"] == "mine"
    assert configuration["model"] == "casecraft/glm/glm-5.3"
    assert configuration["provider"].keys() == {"theirs", "casecraft"}
    assert configuration["enabled_providers"] == ["theirs", "casecraft"]


@pytest.mark.parametrize("content", ["{", "[]", "1"])
def test_a_broken_variable_of_opencode_s_is_told(content: str) -> None:
    with pytest.raises(ConfigurationError, match="OPENCODE_CONFIG_CONTENT"):
        prepare("opencode", OPENCODE_CONFIG_CONTENT=content)


AWKWARD = 'it\'s $HOME `x` "y" \\ end'


def test_lines_for_a_posix_shell_set_what_the_process_would_have() -> None:
    prepared = Preparation({"ONE": AWKWARD, "TWO": "2"}, ("GONE", "NEVER"), ("-c", AWKWARD))
    text = "\n".join(lines(prepared, "printf", "posix", {"GONE": "1"}))
    assert "NEVER" not in text
    script = f"shopt -s expand_aliases\nGONE=1\n{text}\n" + r"""echo "$ONE|${GONE-gone}"; printf '%s'"""
    # The alias stands before what follows: `printf -c AWKWARD %s` would be wrong, so it is only shown.
    done = subprocess.run(
        ["bash", "-c", script.replace("; printf '%s'", "; alias printf")], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[0] == f"{AWKWARD}|gone"
    alias = next(line for line in text.splitlines() if line.startswith("alias printf="))
    (definition,) = shlex.split(alias.removeprefix("alias "))
    assert shlex.split(definition.removeprefix("printf=")) == ["printf", "-c", AWKWARD]


def test_lines_for_fish_and_powershell_quote_as_these_do() -> None:
    prepared = Preparation({"ONE": AWKWARD}, ("GONE",), ("-c", "it's"))
    fish = list(lines(prepared, "codex", "fish", {"GONE": ""}))
    assert fish == [
        "set -e GONE",
        "set -gx ONE 'it\\'s $HOME `x` \"y\" \\\\ end'",
        "function codex; command codex '-c' 'it\\'s' $argv; end",
    ]
    power = list(lines(prepared, "codex", "powershell", {"GONE": ""}))
    assert power[0] == "Remove-Item Env:GONE -ErrorAction SilentlyContinue"
    assert power[1] == "$env:ONE = 'it''s $HOME `x` \"y\" \\ end'"
    assert "'it''s' @args" in power[2]
    assert SHELLS.keys() == {"posix", "fish", "powershell"}
