"""What is wrong with a provider's settings, found before anybody is asked."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from casecraft.config import ProviderSettings
from casecraft.config.environment import key_variable, variable_of_part, variable_prefix
from casecraft.core.profile import Profile
from casecraft.errors import ProviderConfigurationError
from casecraft.providers.addresses import PART
from casecraft.providers.catalog import CatalogRow


def validate(row: CatalogRow, profile: Profile, settings: ProviderSettings, headers: Mapping[str, str]) -> None:
    """Raise `ProviderConfigurationError` where a setting is missing or wrong."""
    validate_access(row, profile, settings, headers)
    if not profile.model and not profile.local:
        raise wrong(profile, "has no model", f"Set {variable_prefix(row.name)}MODEL.")


def validate_access(row: CatalogRow, profile: Profile, settings: ProviderSettings, headers: Mapping[str, str]) -> None:
    """The same of what is needed to reach it: its address, its key and its headers."""
    _validate_address(row, profile)
    _validate_key(row, profile, settings)
    odd = odd_header(headers)
    if odd is not None:
        raise wrong(profile, f"has a header that is no plain text: {odd!r}", "Check its `headers`.")


def odd_header(headers: Mapping[str, str]) -> str | None:
    """The name of the first header that is no plain text: others end the head of a request, or arrive garbled."""
    texts = ((name, f"{name}{value}") for name, value in headers.items())
    return next((name for name, text in texts if not (text.isascii() and text.isprintable())), None)


def _validate_address(row: CatalogRow, profile: Profile) -> None:
    for part in PART.findall(profile.base_url):
        vendors = next((variable.environment for variable in row.variables if variable.name == part), None)
        names = (variable_of_part(row.name, part), *(vendors or ()))
        wanted = f"{part!r} in its `variables`" if vendors is None else " or ".join(dict.fromkeys(names))
        raise wrong(profile, f"has no {part!r} for its base URL", f"Set {wanted}.")
    hint = f"Set {variable_prefix(row.name)}BASE_URL, such as https://llm.example.com/v1."
    try:
        address = urlsplit(profile.base_url)
        valid = address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:
        raise wrong(profile, "has a base URL that is no URL", hint) from None
    if address.username or address.password:
        raise wrong(profile, "has a key in its base URL", f"Set {key_variable(row.name)} instead.")
    if "?" in profile.base_url or "#" in profile.base_url:
        hint = "Leave out what follows `?` or `#`: parameters of the URL are set with `query`."
        raise wrong(profile, "has more than an address in its base URL", hint)
    if not valid:
        raise wrong(profile, f"has the base URL {profile.base_url!r}, which is no http(s) URL", hint)


def _validate_key(row: CatalogRow, profile: Profile, settings: ProviderSettings) -> None:
    key = settings.api_key.get_secret_value() if settings.api_key is not None else ""
    if not key:
        # At an address of the user's own it is for that server to say whether it wants a key.
        if row.needs_key and settings.base_url is None:
            variables = " or ".join((key_variable(row.name), *row.key_variables))
            raise wrong(profile, "has no key", f"Set {variables}, in the environment or in .env.")
    elif not (key.isascii() and key.isprintable()) or " " in key:
        variable = settings.key_variable or key_variable(row.name)
        raise wrong(profile, "has a key with blanks or characters that no key has", f"Check {variable}.")


def wrong(profile: Profile, message: str, hint: str) -> ProviderConfigurationError:
    """The error that says so of the provider."""
    return ProviderConfigurationError(f"provider {profile.name!r} {message}", provider=profile.name, hint=hint)
