"""Codex: arguments over the user's configuration, and the token in a variable that they name.

The settings are described at https://developers.openai.com/codex/config-reference; that `-c` wins over the user's
config.toml was looked at with version 0.169.0 and a server that records.
"""

import json
from collections.abc import Mapping

from casecraft.gateway.launch.client import Client, Preparation, Target

VARIABLE = "CODEX_CASECRAFT_TOKEN"
PROVIDER = "model_providers.casecraft"


def prepare(target: Target, environ: Mapping[str, str]) -> Preparation:  # noqa: ARG001  # all that it has is arguments
    """What Codex is started with: a provider of this process alone, and its model."""
    settings: dict[str, object] = {
        "model_provider": "casecraft",
        f"{PROVIDER}.name": "casecraft",
        f"{PROVIDER}.base_url": target.base_url,
        f"{PROVIDER}.wire_api": "responses",
        **_model(target),
    }
    variables = {}
    if target.token is not None:
        variables[VARIABLE] = target.token.get_secret_value()
        key, value = (f"env_http_headers.{target.header}", VARIABLE) if target.header else ("env_key", VARIABLE)
        settings[f"{PROVIDER}.{key}"] = value
    arguments = (part for key, value in settings.items() for part in ("-c", f"{key}={_toml(value)}"))
    return Preparation(variables, arguments=tuple(arguments))


def _model(target: Target) -> dict[str, object]:
    """The model, and what it cannot have: tools that OpenAI's own servers run, groups of tools."""
    settings: dict[str, object] = {}
    if target.model:
        settings["model"] = target.model
        if target.context_tokens is not None:
            settings["model_context_window"] = target.context_tokens
    if not target.vendor_tools:
        settings |= {"web_search": "disabled", "features.multi_agent": False}
    return settings


def _toml(value: object) -> str:
    """A string, a whole number or a truth value; of these JSON's are TOML's too."""
    return json.dumps(value, ensure_ascii=False)


CODEX = Client(
    name="codex",
    title="Codex",
    package="@openai/codex",
    dialect="openai_responses",
    path="/v1",
    prepare=prepare,
    vendor="openai",
)
