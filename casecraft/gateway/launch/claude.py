"""Claude Code: everything goes into its environment.

The variables are described at https://code.claude.com/docs/en/env-vars and .../llm-gateway; what they really do was
looked at with version 2.1.197 and a server that records.
"""

from collections.abc import Mapping

from casecraft.gateway.launch.client import Client, Preparation, Target

KEY, TOKEN = "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"  # names of variables
TIERS = ("OPUS", "SONNET", "FABLE")
USUAL_CONTEXT = 200_000
USUAL_OUTPUT = 32_000

# Keys and headers of the user's own, which are for somebody else, and ways to other clouds.
FOREIGN = (
    KEY,
    TOKEN,
    "ANTHROPIC_CUSTOM_HEADERS",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_USE_ANTHROPIC_AWS",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_USE_GATEWAY",
    "CLAUDE_CODE_USE_MANTLE",
    "CLAUDE_CODE_USE_VERTEX",
)

# Beside a key that is no bearer token, the user's own helper would give one.
NO_HELPER = ("--settings", '{"apiKeyHelper": ""}')

ALWAYS = {
    # Without it the `env` of the user's settings.json wins over the environment, and so does its `apiKeyHelper`.
    "CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST": "1",
    # Telemetry, error reports and updates go to Anthropic, whoever answers.
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
}


def prepare(target: Target, environ: Mapping[str, str]) -> Preparation:
    """What Claude Code is started with. What the user has set of `ALWAYS`, of limits and models stays."""
    own = {**ALWAYS, **_limits(target)}
    variables = {name: environ.get(name, value) for name, value in own.items()}
    variables |= {"ANTHROPIC_BASE_URL": target.base_url, **_models(target)}
    if target.token is not None:
        variables[KEY if target.header else TOKEN] = target.token.get_secret_value()
    hidden = tuple(name for name in FOREIGN if name not in variables)
    return Preparation(variables, hidden, NO_HELPER if target.header else ())


def _models(target: Target) -> dict[str, str]:
    """The model for each of the names that the client has for sizes."""
    small = target.small_model or target.model
    # The second name is that of earlier versions.
    models = {"ANTHROPIC_DEFAULT_HAIKU_MODEL": small, "ANTHROPIC_SMALL_FAST_MODEL": small} if small else {}
    if target.model:
        models |= {"ANTHROPIC_MODEL": target.model}
        models |= {f"ANTHROPIC_DEFAULT_{tier}_MODEL": target.model for tier in TIERS}
    return models


def _limits(target: Target) -> dict[str, str]:
    """What is less than the client takes a model that it does not know to have."""
    limits = {}
    if target.context_tokens is not None and target.context_tokens < USUAL_CONTEXT:
        limits["CLAUDE_CODE_AUTO_COMPACT_WINDOW"] = str(target.context_tokens)
    if target.max_output_tokens is not None and target.max_output_tokens < USUAL_OUTPUT:
        limits["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] = str(target.max_output_tokens)
    return limits


CLAUDE = Client(
    name="claude",
    title="Claude Code",
    package="@anthropic-ai/claude-code",
    dialect="anthropic_messages",
    path="",
    prepare=prepare,
    headers=frozenset({"x-api-key"}),
    vendor="anthropic",
    asks_by_rule=True,
)
