"""The providers that settings name: found where `auto` is meant, and described for those who choose among them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from casecraft.config import ProviderSettings, Settings
from casecraft.core.profile import Price, Profile
from casecraft.core.usage import Usage
from casecraft.providers.detection import detect
from casecraft.providers.selection import AUTO, RULES, create, profile_of, resolve_names, settings_of

LOCAL = "local"


def with_detected(
    names: Sequence[str], settings: Settings, environment: Mapping[str, str]
) -> tuple[Settings, tuple[str, ...]]:
    """The canonical names of these providers, and the settings with the addresses of local servers that were found.

    Looks for providers in `environment` and on this machine where none is named, or `auto`, or `local`. Raises
    `ProviderNotFoundError`, and `ProviderConfigurationError` where none is named or found.
    """
    wanted = {name.strip().lower() for name in names}
    needed = not wanted or wanted & {AUTO, LOCAL}
    detected = detect(environment, settings.provider_settings) if needed else []
    resolved = resolve_names(names, settings, detected)
    own = dict(settings.provider_settings)
    for it in detected:
        given = own.get(it.name, ProviderSettings())
        if it.base_url is not None and given.base_url is None:
            own[it.name] = given.model_copy(update={"base_url": it.base_url})
    if LOCAL in resolved and own.get(LOCAL, ProviderSettings()).base_url is None:
        # Whatever server is here: it was found under its own name.
        address = next((it.openai_url for it in detected if it.openai_url is not None), None)
        own[LOCAL] = own.get(LOCAL, ProviderSettings()).model_copy(update={"base_url": address})
    return settings.model_copy(update={"provider_settings": own}), resolved


def priced_profile(name: str, settings: Settings) -> Profile:
    """A provider as strategies see it: with the price of an ordinary request, where it is known."""
    profile = profile_of(name, settings_of(name, settings.provider_settings), workers=settings.workers)
    if profile.price is not None or profile.name == RULES:
        return profile
    provider = create(name, settings_of(name, settings.provider_settings))
    parts = [provider.price(usage, profile.model) for usage in (Usage(input=1000), Usage(output=1000))]
    if parts[0] is None or parts[1] is None:
        return profile
    rates = [part.amount * 1000 for part in parts if part is not None]
    return replace(profile, price=Price(rates[0], rates[1], parts[0].currency, parts[0].as_of))
