"""Settings from environment variables, and which variables mean what."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

from casecraft.config.gateway import GatewaySettings
from casecraft.config.layers import Found, Layer
from casecraft.config.settings import Settings
from casecraft.errors import ConfigurationError

PREFIX = "CASECRAFT_"
DOTENV = ".env"

# The variable's ending -> the provider's setting.
PROVIDER_VARIABLES = {
    "API_KEY": "api_key",
    "BASE_URL": "base_url",
    "MODEL": "model",
    "WORKERS": "workers",
    "RPM": "rpm",
    "TIMEOUT": "timeout",
}
# Settings of the top that are tables.
TABLE_SETTINGS = frozenset({"provider_settings", "gateway"})
TOP_VARIABLES = {f"{PREFIX}{name.upper()}": name for name in Settings.model_fields if name not in TABLE_SETTINGS}

# Each setting of the gateway that is no table; and the token of each of its keys, under the key's name.
GATEWAY_PREFIX = f"{PREFIX}GATEWAY_"
GATEWAY_VARIABLES = {
    f"{GATEWAY_PREFIX}{name.upper()}": name for name in GatewaySettings.model_fields if name not in {"keys", "routes"}
}
GATEWAY_KEY_PREFIX = f"{GATEWAY_PREFIX}KEY_"

# Read by the suites that casecraft writes, not by casecraft: credentials end in a security scheme's name.
SUITE_VARIABLES = frozenset({"CASECRAFT_BASE_URL"})
SUITE_PREFIXES = ("CASECRAFT_AUTH_", "CASECRAFT_FOREIGN_AUTH_")
# After these anything may stand.
OPEN_PREFIXES = (*SUITE_PREFIXES, GATEWAY_KEY_PREFIX)

_SEPARATORS = re.compile(r"[\s._-]+")

# How alike an unknown variable must be to a known one to be called a mistake: one slip in a usual name.
RESEMBLANCE = 0.88


@dataclass(frozen=True, slots=True)
class KnownProvider:
    """A name that the catalog has, its other names, and its vendor's own variables for a key, the best first."""

    name: str
    aliases: tuple[str, ...] = ()
    key_variables: tuple[str, ...] = ()
    variables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Parts of its base URL -> the vendor's own variables for them."""


def fold_name(name: str) -> str:
    """The name without what people write in different ways: `Azure OpenAI`, `azure-openai` and `azure_openai` fold to
    the same.
    """
    return _SEPARATORS.sub("", name.lower())


def read_environment(environ: Mapping[str, str], cwd: Path) -> dict[str, str]:
    """The environment with what `.env` in `cwd` adds to it. Nothing is written to the process's environment.

    Raises `ConfigurationError` where there is a `.env` that cannot be read.
    """
    path = cwd / DOTENV
    if not path.is_file():
        return dict(environ)
    try:
        added = dotenv_values(path, interpolate=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read {str(path)!r}: {error}", hint="Save it as UTF-8 text.") from error
    return {**{name: value for name, value in added.items() if value is not None}, **environ}


def variable_prefix(provider: str) -> str:
    """`CASECRAFT_MY_LLM_` for `my-llm`."""
    return f"{PREFIX}{_capitals(provider)}_"


def _capitals(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "_", name).upper()


def key_variable(provider: str) -> str:
    """The variable that holds casecraft's own key for a provider: `CASECRAFT_GLM_API_KEY`."""
    return f"{variable_prefix(provider)}API_KEY"


def read_top(environment: Mapping[str, str]) -> Layer:
    """The settings that are not of one provider. An empty variable counts as not set."""
    return _named(environment, TOP_VARIABLES)


def read_gateway(environment: Mapping[str, str]) -> Layer:
    """The settings of the gateway, without its keys. An empty variable counts as not set."""
    return _named(environment, GATEWAY_VARIABLES)


def read_gateway_tokens(environment: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The tokens of the gateway's keys, those of these names and any others, which are then in lower case."""
    known = {gateway_key_variable(name): name for name in names}
    return {
        known.get(variable, variable.removeprefix(GATEWAY_KEY_PREFIX).lower()): token.strip()
        for variable, token in environment.items()
        if variable.startswith(GATEWAY_KEY_PREFIX) and variable != GATEWAY_KEY_PREFIX and token.strip()
    }


def gateway_key_variable(name: str) -> str:
    """The variable that holds the token of this key of the gateway: `CASECRAFT_GATEWAY_KEY_ALICE`."""
    return f"{GATEWAY_KEY_PREFIX}{_capitals(name)}"


def _named(environment: Mapping[str, str], variables: Mapping[str, str]) -> Layer:
    return {
        setting: Found(environment[variable], f"the variable {variable}")
        for variable, setting in variables.items()
        if environment.get(variable)
    }


def read_provider(environment: Mapping[str, str], provider: KnownProvider) -> Layer:
    """The settings of one provider; casecraft's own variables go before its vendor's."""
    found: Layer = {}
    for variable in reversed(provider.key_variables):
        _take_key(environment, variable, found)
    for name in reversed((provider.name, *provider.aliases)):
        if not name.isascii():
            continue
        prefix = variable_prefix(name)
        for ending, setting in PROVIDER_VARIABLES.items():
            if environment.get(f"{prefix}{ending}"):
                found[setting] = Found(environment[f"{prefix}{ending}"], f"the variable {prefix}{ending}")
        _take_key(environment, f"{prefix}API_KEY", found)
    found.update(_parts_of_address(environment, provider))
    return found


def _parts_of_address(environment: Mapping[str, str], provider: KnownProvider) -> Layer:
    """What the environment says of the parts of the base URL that are each user's own."""
    values: dict[str, str] = {}
    variable = ""
    for part, own in provider.variables.items():
        for name in (variable_of_part(provider.name, part), *own):
            if environment.get(name):
                values[part], variable = environment[name].strip(), name
                break
    return {"variables": Found(values, f"the variable {variable}")} if values else {}


def variable_of_part(provider: str, part: str) -> str:
    """casecraft's own variable for a part of a base URL: `CASECRAFT_AZURE_RESOURCE`."""
    return f"{variable_prefix(provider)}{part.upper()}"


def _take_key(environment: Mapping[str, str], variable: str, found: Layer) -> None:
    if environment.get(variable):
        where = f"the variable {variable}"
        found["api_key"] = Found(environment[variable].strip(), where)
        found["key_variable"] = Found(variable, where)


def reject_misspelt(environment: Mapping[str, str], providers: Iterable[KnownProvider]) -> None:
    """Raise `ConfigurationError` for a CASECRAFT_ variable that we do not know but that resembles one that we do."""
    known = {*TOP_VARIABLES, *GATEWAY_VARIABLES, *SUITE_VARIABLES}
    for provider in providers:
        for name in (provider.name, *provider.aliases):
            known |= {f"{variable_prefix(name)}{ending}" for ending in PROVIDER_VARIABLES}
        known |= {variable_of_part(provider.name, part) for part in provider.variables}
    for variable in sorted(environment):
        if not variable.startswith(PREFIX) or variable in known or variable.startswith(OPEN_PREFIXES):
            continue
        nearest = difflib.get_close_matches(variable, known, n=1, cutoff=RESEMBLANCE)
        if nearest:
            message = f"the environment has {variable!r}, which is no setting"
            raise ConfigurationError(message, hint=f"Did you mean {nearest[0]}?")
