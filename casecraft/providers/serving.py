"""Who serves a model: by the user's own rows, the catalog, and the price table."""

from collections.abc import Mapping

from casecraft.config import ProviderSettings
from casecraft.errors import ModelNotFoundError, ProviderConfigurationError
from casecraft.providers.catalog import load_catalog
from casecraft.providers.prices import maker_of
from casecraft.providers.selection import canonical_name, own_name, profile_of, row_of, settings_of, split_name
from casecraft.providers.validation import validate_access

# Farther from use than any provider that can be asked.
UNUSABLE = 2


def providers_for_model(model: str, own: Mapping[str, ProviderSettings] | None = None) -> tuple[str, ...]:
    """The names of the providers that serve a model under this very id; `own` is what is set for each provider.

    The user's own come first, then those of the catalog that list it, whose default it is before others. Last comes
    the vendor that has made it, where its provider does not list it but the price table has it as that vendor's.
    """
    own = own or {}
    catalog = load_catalog()
    ranks = {}
    for name in dict.fromkeys((*own, *catalog.names)):
        settings = settings_of(name, own)
        row, default = row_of(name, settings), profile_of(name, settings).model
        if model and not row.retired and model in {default, row.model, *(it.id for it in row.models)}:
            ranks[name] = (name in catalog, default != model, len(row.models))
    names = sorted(ranks, key=ranks.__getitem__)
    return tuple(dict.fromkeys((*names, *_maker(model))))


def _maker(model: str) -> list[str]:
    """Whose prices are this vendor's; of many the one that has its name, as others sell on what it makes."""
    vendor, catalog = maker_of(model), load_catalog()
    if vendor is None:
        return []
    rows = map(catalog.get, catalog.names)
    names = [row.name for row in rows if any(site.model_prices == vendor for site in row.sites)]
    own = [name for name in names if vendor in catalog and catalog.get(vendor).name == name]
    return own or names


def name_for_model(model: str, own: Mapping[str, ProviderSettings] | None = None) -> str:
    """Who serves a model, as `provider/model`. `own` is what is set for each provider.

    Of those that serve it the first is taken whose key or address is set, else the first that needs none, else the
    first. A name with a slash may be `provider/model` or the whole id of a model (`openai/gpt-oss-120b` at Groq):

    1. Where the provider before the slash can be used and serves what follows it, that is meant.
    2. Else, where a provider that can be used serves a model of the whole name, that is; the one before the slash is
       taken before others.
    3. Else the provider before the slash is meant: with the whole name where that is an id of its own
       (`nvidia/nemotron-3`), with what follows the slash where it is not.

    Raises `ModelNotFoundError` where nobody is known to serve it.
    """
    own = own or {}
    names = providers_for_model(model, own)
    before, after = split_name(model)
    is_provider = bool(after) and (own_name(before, own) is not None or before in load_catalog())
    named = canonical_name(before, own) if is_provider else None
    if named is not None and not _is_whole_id(named, after, names, own):
        return model
    if not names:
        raise ModelNotFoundError(
            f"no provider of the catalog serves the model {model!r}", hint="Name one with it, as `provider/model`."
        )
    return f"{min(names, key=lambda name: (_distance(name, own), name != named))}/{model}"


def _is_whole_id(named: str, after: str, names: tuple[str, ...], own: Mapping[str, ProviderSettings]) -> bool:
    """Whether a name with a provider before its slash is a model's whole id, which these providers serve."""
    if _distance(named, own) < UNUSABLE and named in providers_for_model(after, own):
        return False
    return named in names or any(_distance(name, own) < UNUSABLE for name in names)


def _distance(name: str, own: Mapping[str, ProviderSettings]) -> int:
    """How far a provider is from use: 0 where the user has given what it needs, 1 where it needs nothing."""
    settings = settings_of(name, own)
    try:
        validate_access(row_of(name, settings), profile_of(name, settings), settings, {})
    except ProviderConfigurationError:
        return UNUSABLE
    given = settings.api_key is not None or settings.base_url is not None or name not in load_catalog()
    return 0 if given else 1
