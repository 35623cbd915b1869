"""The files that `casecraft init` writes."""

from collections.abc import Iterable
from importlib.resources import files

from casecraft.config.environment import PROVIDER_VARIABLES, KnownProvider, variable_prefix

TEMPLATES = files("casecraft.config") / "templates"

# Whose variables are all spelt out: the others have the same, under their own names.
SHOWN_WHOLE = "glm"

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
    """The variables for a key and for the parts of the address; those of one provider are all there."""
    lines = ["", f"# {provider.name}"]
    if provider.key_variables:
        lines += [f"# A key; {' or '.join(dict.fromkeys(provider.key_variables))} serves as well."]
    prefix = variable_prefix(provider.name)
    endings = PROVIDER_VARIABLES if provider.name == SHOWN_WHOLE else ["API_KEY"]
    lines += [f"#{prefix}{ending}={EXAMPLES[ending]}" for ending in endings]
    lines += [f"#{own[0]}=" for own in provider.variables.values()]
    return "\n".join(lines)
