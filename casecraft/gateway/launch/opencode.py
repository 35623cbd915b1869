"""OpenCode: a configuration in its environment, which it puts over the user's.

The variable and the configuration are described at https://opencode.ai/docs/config and .../providers; that they win
over the user's was looked at with version 1.18.33 and a server that records.
"""

import json
from collections.abc import Mapping
from typing import Any

from casecraft.errors import ConfigurationError
from casecraft.gateway.launch.client import Client, Preparation, Target

CONFIGURATION = "OPENCODE_CONFIG_CONTENT"
VARIABLE = "OPENCODE_CASECRAFT_TOKEN"
USUAL_CONTEXT = 128_000
USUAL_OUTPUT = 32_000


def prepare(target: Target, environ: Mapping[str, str]) -> Preparation:
    """What OpenCode is started with. What the user has in the same variable stays below it.

    Raises `ConfigurationError` where that is no JSON object.
    """
    variables = {CONFIGURATION: json.dumps(_over(_given(environ), _configuration(target)))}
    if target.token is not None:
        variables[VARIABLE] = target.token.get_secret_value()
    return Preparation(variables)


def _configuration(target: Target) -> dict[str, Any]:
    model, small = target.model, target.small_model or target.model
    chosen = {"model": f"casecraft/{model}"}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "casecraft",
        "options": {"baseURL": target.base_url, **_credentials(target)},
        "models": {name: _model(name, target) for name in dict.fromkeys((model, small))},
    }
    return {
        "provider": {"casecraft": provider},
        **chosen,
        "small_model": f"casecraft/{small}",
        # Where the user has given these agents a model of their own, it would win over the one above.
        "agent": {"build": chosen, "plan": chosen},
    }


def _credentials(target: Target) -> dict[str, Any]:
    """Where the token is read from: the configuration itself is shown to whoever asks OpenCode for it."""
    if target.token is None:
        return {}
    value = f"{{env:{VARIABLE}}}"
    return {"headers": {target.header: value}} if target.header else {"apiKey": value}


def _model(name: str, target: Target) -> dict[str, Any]:
    limit = {"context": target.context_tokens or USUAL_CONTEXT, "output": target.max_output_tokens or USUAL_OUTPUT}
    model: dict[str, Any] = {"name": name, "limit": limit}
    if target.images:
        model |= {"attachment": True, "modalities": {"input": ["text", "image"], "output": ["text"]}}
    return model


def _given(environ: Mapping[str, str]) -> dict[str, Any]:
    """The user's own configuration in the variable; that ours is among the providers that it allows is seen to."""
    text = environ.get(CONFIGURATION) or "{}"
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        message = f"the variable {CONFIGURATION} is set and holds no JSON object"
        raise ConfigurationError(message, hint="Correct it, or unset it.")
    allowed = given.get("enabled_providers")
    return {**given, "enabled_providers": [*allowed, "casecraft"]} if isinstance(allowed, list) else given


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Both, tables within tables; `above` wins."""
    merged = dict(below)
    for key, value in above.items():
        lower = merged.get(key)
        merged[key] = _over(lower, value) if isinstance(lower, dict) and isinstance(value, dict) else value
    return merged


OPENCODE = Client(
    name="opencode",
    title="OpenCode",
    package="opencode-ai",
    dialect="openai_chat",
    path="/v1",
    prepare=prepare,
    fields=frozenset({"max_tokens", "max_output_tokens", "stream_options", "tools", "tool_choice"}),
)
