"""The files that `casecraft init` writes."""

from collections.abc import Iterable
from importlib.resources import files

from casecraft.config.environment import PROVIDER_VARIABLES, KnownProvider, variable_prefix

TEMPLATES = files("casecraft.config") / "templates"

# What stands behind each variable of a provider in the example.
EXAMPLES = {"API_KEY": "", "BASE_URL": "", "MODEL": "", "WORKERS": "2", "RPM": "60", "TIMEOUT": "120"}


def settings_template() -> str:
    """A `casecraft.toml` with every setting explained and commented out.

    A line that begins with `#` and no space is a setting: take the `#` away and it is valid.
    """
    return (TEMPLATES / "casecraft.toml").read_text(encoding="utf-8")


def environment_template(known: Iterable[KnownProvider]) -> str:
    """A `.env.example` with the variables of every known provider, commented out in the same way."""
    head = (TEMPLATES / "env.example").read_text(encoding="utf-8")
    return "\n".join([head.rstrip("\n"), *(_provider_block(provider) for provider in known)]) + "\n"


def _provider_block(provider: KnownProvider) -> str:
    lines = ["", f"# {provider.name}"]
    if provider.key_variables:
        lines += [f"# A key; {' or '.join(provider.key_variables)} serves as well."]
    prefix = variable_prefix(provider.name)
    lines += [f"#{prefix}{ending}={EXAMPLES[ending]}" for ending in PROVIDER_VARIABLES]
    return "\n".join(lines)
