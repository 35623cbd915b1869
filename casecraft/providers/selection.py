"""From names to providers: which are there, which are meant, and how each is set up."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from casecraft.config import ProviderSettings, Settings, fold_name
from casecraft.config.environment import variable_of_part
from casecraft.core.profile import Price, Profile
from casecraft.errors import ProviderConfigurationError
from casecraft.providers.addresses import base_of, fill
from casecraft.providers.catalog import Catalog, CatalogRow, Site, check_row, load_catalog
from casecraft.providers.provider import Provider

if TYPE_CHECKING:
    from casecraft.providers.call_log import CallLog
    from casecraft.providers.retry import RetryPolicy

AUTO = "auto"
RULES = "rules"
EMBEDDED = "embedded"
DEFAULT_TIMEOUT = 120.0
OWN_WORKERS = 2
LOCAL_TIMEOUT = 600.0


@dataclass(frozen=True, slots=True)
class Detected:
    """A provider that could be used: its key is set, or its server runs. `how` says so in words.

    `openai_url` is where a server that was found speaks Chat Completions.
    """

    name: str
    how: str
    base_url: str | None = None
    models: tuple[str, ...] = ()
    openai_url: str | None = None


def resolve_names(names: Sequence[str], settings: Settings, detected: Iterable[Detected] = ()) -> tuple[str, ...]:
    """The canonical names of these providers, each once, in order; `auto` stands for all that were detected.

    Raises `ProviderNotFoundError` with the nearest name, and `ProviderConfigurationError` where none is named or
    found.
    """
    detected = tuple(detected)
    resolved: dict[str, None] = {}
    for name in names:
        if name.strip().lower() == AUTO:
            resolved.update(dict.fromkeys(found.name for found in detected))
        else:
            resolved[canonical_name(name, settings.provider_settings)] = None
    if not resolved:
        raise no_provider_named(detected)
    return tuple(resolved)


def canonical_name(name: str, own: Mapping[str, ProviderSettings]) -> str:
    """The name under which the catalog or the settings have this provider; a model after a `/` stays as it is.

    Raises `ProviderNotFoundError`.
    """
    provider, model = split_name(name)
    provider = own_name(provider, own) or load_catalog().get(provider).name
    return f"{provider}/{model}" if model else provider


def own_name(name: str, own: Mapping[str, ProviderSettings]) -> str | None:
    """The provider that the user has given this name or alias, however it is written; None where there is none."""
    wanted = fold_name(name)
    if owner := next((owner for owner in own if fold_name(owner) == wanted), None):
        return owner
    rows = ((owner, row_of(owner, settings)) for owner, settings in own.items() if settings.row)
    return next((owner for owner, row in rows if wanted in map(fold_name, row.aliases)), None)


def split_name(name: str) -> tuple[str, str]:
    """Provider and model of `anthropic/claude-sonnet-4-5`; the model is empty where none is named."""
    provider, _, model = name.strip().partition("/")
    return provider, model


def settings_of(name: str, own: Mapping[str, ProviderSettings]) -> ProviderSettings:
    """What is set for the provider of this name, with the model that the name says."""
    provider, model = split_name(name)
    settings = own.get(provider) or ProviderSettings()
    return settings.model_copy(update={"model": model}) if model else settings


def no_provider_named(detected: Iterable[Detected]) -> ProviderConfigurationError:
    """The error for a run that names no provider: how to name one, and which there are."""
    found = "; ".join(f"{it.name} ({it.how})" for it in detected) or "none"
    example = next((it.name for it in detected), "glm")
    return ProviderConfigurationError(
        f"no provider is named; detected: {found}",
        hint=f"Name some with `--provider {example}`, CASECRAFT_PROVIDERS or `use` in casecraft.toml. "
        "`--provider auto` takes all that are detected; `--provider rules` needs no model and costs nothing.",
    )


def row_of(name: str, settings: ProviderSettings) -> CatalogRow:
    """The row of this name in the catalog or of a plugin, else one of the user's own; the user's fields over it.

    Raises `ProviderConfigurationError` where those are no fields of a row, or an alias is the name of another provider.
    """
    catalog, name = load_catalog(), split_name(name)[0]
    if name not in catalog and _is_own(settings):
        kind, fields = CatalogRow, _own_fields(name, settings)
    else:
        row = catalog.get(name)
        if not settings.row:
            return row
        kind, fields = type(row), dict(row)
    fields["variables"] = (*fields.get("variables", ()), *_own_variables(fields, settings))
    row = check_row({**fields, **settings.row}, f"[providers.{name}]", kind)
    _refuse_taken(row, catalog)
    return row


def _is_own(settings: ProviderSettings) -> bool:
    return bool(settings.base_url or settings.dialect or settings.row)


def _own_fields(name: str, settings: ProviderSettings) -> dict[str, Any]:
    return {
        "name": name,
        "title": name,
        "dialect": settings.dialect or "openai_chat",
        "model": "",
        "workers": OWN_WORKERS,
        "structured_output": "json_object",
        "needs_key": False,
        "local": bool(settings.local),
        "sites": (Site(base_url=settings.base_url),) if settings.base_url else (),
        "checked": datetime.now(tz=UTC).date(),
        "sources": ("the user's settings",),
    }


def _own_variables(fields: Mapping[str, Any], settings: ProviderSettings) -> Iterator[dict[str, Any]]:
    """The parts of an address that are the user's own invention: their values are set where they are used."""
    known = {variable.name for variable in fields.get("variables", ())}
    for name in settings.variables:
        if name not in known:
            yield {"name": name, "environment": (variable_of_part(fields["name"], name),)}


def _refuse_taken(row: CatalogRow, catalog: Catalog) -> None:
    for alias in row.aliases:
        if alias in catalog and catalog.get(alias).name != row.name:
            message = f"[providers.{row.name}] has the alias {alias!r}, a name that {catalog.get(alias).name!r} has"
            raise ProviderConfigurationError(message, provider=row.name, hint="Choose another alias.")


def profile_of(name: str, settings: ProviderSettings | None = None, *, workers: int | None = None) -> Profile:
    """What the run uses the provider as: its row with the settings over it. `workers` overrules both."""
    settings = settings or ProviderSettings()
    row = row_of(name, settings)
    site = row.site_of(settings.base_url, settings.key_variable)
    dialect = settings.dialect or (site.dialect if site is not None else None) or row.dialect
    local = row.local if settings.local is None else settings.local
    model = split_name(name)[1]
    return Profile(
        name=f"{row.name}/{model}" if model else row.name,
        dialect=dialect,
        base_url=_address(row, site, settings, dialect),
        model=model or settings.model or (site and site.model) or row.model,
        max_workers=workers or settings.workers or row.workers,
        rpm=settings.rpm or row.rpm,
        timeout=settings.timeout or (LOCAL_TIMEOUT if local else DEFAULT_TIMEOUT),
        structured_output=settings.structured_output or row.structured_output,
        context_tokens=settings.context_tokens or row.context_tokens,
        max_output_tokens=settings.max_output_tokens or row.max_output_tokens,
        price=_price_of(settings),
        local=local,
    )


def create(
    name: str,
    settings: ProviderSettings | None = None,
    *,
    workers: int | None = None,
    log: "CallLog | None" = None,
    retry: "RetryPolicy | None" = None,
) -> Provider:
    """The provider of this name, set up but not yet validated. Opens no connection.

    `log` gets every request; `retry` says whether `complete` tries again, which runs do by themselves.

    Raises `ProviderNotFoundError`, and `ProviderConfigurationError` for `rules`, which answers no requests.
    """
    from casecraft.providers.chat import ChatProvider  # noqa: PLC0415  # brings the HTTP client with it
    from casecraft.providers.plugins import PluggedRow  # noqa: PLC0415  # who names built-in ones needs no plugins

    settings = settings or ProviderSettings()
    row = row_of(name, settings)
    profile = profile_of(name, settings, workers=workers)
    if profile.dialect == RULES:
        raise ProviderConfigurationError("'rules' generates cases itself and answers no requests", provider=RULES)
    if isinstance(row, PluggedRow) and (provider := row.provider(profile, settings)) is not None:
        return provider
    if profile.dialect == EMBEDDED:
        from casecraft.providers.embedded import EmbeddedProvider  # noqa: PLC0415

        return EmbeddedProvider(row, profile, settings, log=log)
    return ChatProvider(row, profile, settings, log=log, retry=retry)


def name_for_embeddings(name: str, own: Mapping[str, ProviderSettings]) -> str:
    """Who makes embeddings, as `provider/model`: the model that is named, else the first of the provider's row that
    makes them. The provider alone where it is a server with one model. Raises `ProviderNotFoundError`.
    """
    from casecraft.wire.embeddings import EMBEDDING_DIALECTS  # noqa: PLC0415  # few runs need it

    name = canonical_name(name, own)
    if split_name(name)[1]:
        return name
    settings = settings_of(name, own)
    model = next((model.id for model in row_of(name, settings).models if model.embeddings), "")
    profile = profile_of(name, settings)
    if not model and profile.dialect in EMBEDDING_DIALECTS:
        model = profile.model
    return f"{name}/{model}" if model else name


def create_for_embeddings(
    name: str, settings: ProviderSettings | None = None, *, workers: int | None = None, log: "CallLog | None" = None
) -> Provider:
    """The provider of this name, set up for embeddings alone and validated for them. Opens no connection.

    Raises `ProviderNotFoundError`, and `ProviderConfigurationError` where it makes none, where its model is not known,
    and where a setting is missing or wrong.
    """
    from casecraft.providers.chat import ChatProvider  # noqa: PLC0415  # brings the HTTP client with it
    from casecraft.providers.embedder import makes_none  # noqa: PLC0415

    profile = profile_of(name, settings)
    if profile.dialect == RULES:
        raise makes_none(RULES)
    provider = create(name, settings, workers=workers, log=log)
    if isinstance(provider, ChatProvider):
        provider.validate_embeddings()
    elif "embeddings" not in row_of(name, settings or ProviderSettings()).capabilities:
        raise makes_none(name)
    else:
        provider.validate()
    _refuse_without_model(profile)
    return provider


def _refuse_without_model(profile: Profile) -> None:
    """A service has many models; a server of one's own may have one, and is asked for no other."""
    from casecraft.wire.embeddings import EMBEDDING_DIALECTS  # noqa: PLC0415

    if not split_name(profile.name)[1] and not profile.local and profile.dialect not in EMBEDDING_DIALECTS:
        message = f"no model of provider {profile.name!r} is known to make embeddings"
        hint = f"Name one: `--embeddings {profile.name}/MODEL`."
        raise ProviderConfigurationError(message, provider=profile.name, hint=hint)


def _address(row: CatalogRow, site: Site | None, settings: ProviderSettings, dialect: str) -> str:
    """The base URL that is set, else the site's, with the user's values in it."""
    given = settings.base_url or (site.base_url if site is not None else "")
    values = {variable.name: variable.default for variable in row.variables if variable.default is not None}
    for name, value in settings.variables.items():
        if value.strip():
            values[name] = base_of(value, dialect) if "://" in value else value
    filled = fill(given, values)
    return base_of(filled, dialect) if settings.base_url else filled


def _price_of(settings: ProviderSettings) -> Price | None:
    price = settings.price
    return None if price is None else Price(**price.model_dump())
