"""Flags over environment over casecraft.toml over defaults."""

import difflib
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from casecraft.config.environment import (
    TABLE_SETTINGS,
    KnownProvider,
    fold_name,
    read_environment,
    read_provider,
    read_top,
    reject_misspelt,
)
from casecraft.config.gateway import GatewaySettings
from casecraft.config.gateway_layer import GATEWAY, read_gateway_settings
from casecraft.config.layers import Found, Layer, unknown, validate
from casecraft.config.settings import ProviderSettings, Settings
from casecraft.config.values import split_names
from casecraft.errors import ConfigurationError

FILE = "casecraft.toml"
TABLES = "providers"
SELECTION = "use"
OF_PROVIDERS = "provider_settings"
# A table with one of these may be that of a provider of the user's own.
ADDRESSES = {"base_url", "sites", "dialect"}


def load_settings(
    flags: Mapping[str, Any],
    environ: Mapping[str, str],
    cwd: Path,
    known: Iterable[KnownProvider] = (),
    *,
    known_with_plugins: Callable[[], Iterable[KnownProvider]] | None = None,
    row_fields: Collection[str] = (),
) -> Settings:
    """The settings of a run.

    `flags` are named like the fields of `Settings`; None means not given. Under `provider_settings` they may hold a
    mapping of provider to fields of `ProviderSettings`, under `gateway` one of the fields of `GatewaySettings`; of
    its `routes` each rule replaces that of the file. `known` are the catalog's names; where one is used that is not
    among them, or all are meant, `known_with_plugins` is asked instead. `row_fields` are the keys of a catalog row,
    which a provider's table may have too. Raises `ConfigurationError` with the file or variable, the key and the
    nearest right name.
    """
    known = tuple(known)
    environment = read_environment(environ, cwd)
    document = _read_file(cwd / FILE)
    layers = [_top_of_file(document), read_top(environment), _found(flags)]
    top = {name: found for layer in layers for name, found in layer.items()}
    sources = [*_providers_file(top, cwd), (FILE, document)]
    gateway = read_gateway_settings(document, environment, flags.get(GATEWAY) or {}, FILE)
    mentioned = _mentioned(top, sources, flags) | _lowered(gateway.named)
    if known_with_plugins is not None and not mentioned <= _canonical_names(known).keys():
        known = tuple(known_with_plugins())
    tables: dict[str, Layer] = {}
    for where, source in sources:
        for name, layer in _tables_of(source, [*known, *map(KnownProvider, tables)], row_fields, where).items():
            tables[name] = {**tables.get(name, {}), **layer}
    custom = [_custom(name, tables[name]) for name in tables if name not in {provider.name for provider in known}]
    providers = [*known, *custom]
    reject_misspelt(environment, providers)
    given = _given_for_providers(flags, providers)
    by_provider = {
        provider.name: {
            **_with_parts(tables.get(provider.name, {}), read_provider(environment, provider)),
            **given.get(provider.name, {}),
        }
        for provider in providers
    }
    return _build(top, gateway, by_provider)


def _providers_file(top: Layer, cwd: Path) -> list[tuple[str, dict[str, Any]]]:
    """The file with more providers, by its name, where one is set; `~` is the user's folder."""
    name = top["providers_file"].value if "providers_file" in top else None
    if not isinstance(name, str):
        return []
    path = cwd / Path(name).expanduser()
    if not path.is_file():
        where = top["providers_file"].where
        raise ConfigurationError(f"{where} names {name!r}, but there is no such file", hint="Correct the path.")
    document = _read_file(path)
    for key in document.keys() - {TABLES}:
        raise unknown(key, {TABLES}, f"{name} has the key {key!r}")
    return [(name, document)]


def _mentioned(top: Layer, sources: Iterable[tuple[str, Mapping[str, Any]]], flags: Mapping[str, Any]) -> set[str]:
    """The names of providers that are used or set somewhere, in lower case; what is no name is refused later."""
    used = split_names(top["providers"].value) if "providers" in top else ()
    embeddings = (top["embeddings"].value,) if "embeddings" in top else ()
    tables = [document.get(TABLES) for _, document in sources]
    names = [*(used if isinstance(used, list | tuple) else ()), *embeddings, *(flags.get(OF_PROVIDERS) or ())]
    names += [name for table in tables if isinstance(table, dict) for name in table]
    return _lowered(names)


def _lowered(names: Iterable[object]) -> set[str]:
    return {str(name).strip().lower().partition("/")[0] for name in names}


def _with_parts(table: Layer, read: Layer) -> Layer:
    """What the environment says over what the table says; of the parts of an address, each by itself."""
    both = {**table, **read}
    if "variables" in table and "variables" in read:
        old, new = table["variables"].value, read["variables"]
        if isinstance(old, dict) and isinstance(new.value, dict):
            both["variables"] = Found({**old, **new.value}, new.where)
    return both


def _custom(name: str, layer: Layer) -> KnownProvider:
    """A provider of the user's own, as far as its row says what the environment may have for it."""
    row: Any = layer["row"].value if "row" in layer else {}
    variables = [
        it for site in _listed(row, "sites") if isinstance(site, dict) for it in _listed(site, "key_variables")
    ]
    parts = layer["variables"].value if "variables" in layer else {}
    own = dict.fromkeys(parts, ()) if isinstance(parts, dict) else {}
    return KnownProvider(name, tuple(map(str, _listed(row, "aliases"))), tuple(map(str, variables)), own)


def _listed(table: Mapping[str, Any], key: str) -> list[Any]:
    """A list of a row that is not checked yet; whoever makes the provider says what is wrong with it."""
    value = table.get(key)
    return value if isinstance(value, list) else []


def _found(values: Mapping[str, Any], owner: str = "") -> Layer:
    return {
        name: Found(value, f"the option {name!r}{owner}")
        for name, value in values.items()
        if value is not None and name not in TABLE_SETTINGS
    }


def _given_for_providers(flags: Mapping[str, Any], providers: Iterable[KnownProvider]) -> dict[str, Layer]:
    """What the flags set for single providers, under their canonical names."""
    canonical = _canonical_names(providers)
    layers: dict[str, Layer] = {}
    for name, values in (flags.get(OF_PROVIDERS) or {}).items():
        known = _canonical_name(name, canonical)
        if known is None:
            nearest = difflib.get_close_matches(name.lower(), canonical, n=1)
            hint = f"Did you mean {nearest[0]!r}?" if nearest else f"Providers: {', '.join(sorted(canonical))}."
            raise ConfigurationError(f"an option is set for {name!r}, but no provider has that name", hint=hint)
        layers[known] = {**layers.get(known, {}), **_found(values, f" of {known!r}")}
    return layers


def _canonical_names(providers: Iterable[KnownProvider]) -> dict[str, str]:
    names = {alias.lower(): provider.name for provider in providers for alias in (provider.name, *provider.aliases)}
    return {fold_name(alias): name for alias, name in names.items()} | names


def _canonical_name(name: str, canonical: Mapping[str, str]) -> str | None:
    return canonical.get(name.lower()) or canonical.get(fold_name(name))


def _read_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read {str(path)!r}: {error}", hint="Save it as UTF-8 text.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{str(path)!r} is no valid TOML: {error}", hint="Correct it there.") from error


def _top_of_file(document: Mapping[str, Any]) -> Layer:
    allowed = {*Settings.model_fields, SELECTION} - {"providers", *TABLE_SETTINGS}
    layer: Layer = {}
    for key, value in document.items():
        if key in {TABLES, GATEWAY}:
            continue
        if key not in allowed:
            raise unknown(key, {*allowed, TABLES, GATEWAY}, f"{FILE} has the key {key!r}")
        layer["providers" if key == SELECTION else key] = Found(value, f"{key!r} in {FILE}")
    return layer


def _tables_of(
    document: Mapping[str, Any], known: Iterable[KnownProvider], row_fields: Collection[str], file: str
) -> dict[str, Layer]:
    """The `[providers.NAME]` tables, under canonical names."""
    tables = document.get(TABLES, {})
    if not isinstance(tables, dict):
        message = f"{TABLES!r} in {file} must be tables, one for each provider"
        raise ConfigurationError(message, hint=f'Name those to use with `{SELECTION} = ["glm", "qwen"]`.')
    canonical = _canonical_names(known)
    layers: dict[str, Layer] = {}
    for name, table in tables.items():
        layer = _table(str(name), table, canonical, row_fields, file)
        owner = _canonical_name(str(name), canonical | _canonical_names(map(KnownProvider, layers))) or str(name)
        if owner in layers:
            message = f"{file} has two tables for the provider {owner!r}"
            raise ConfigurationError(message, hint=f"Join them in [{TABLES}.{owner}].")
        layers[owner] = layer
    return layers


def _table(name: str, table: object, canonical: Mapping[str, str], row_fields: Collection[str], file: str) -> Layer:
    where = f"[{TABLES}.{name}] in {file}"
    if not isinstance(table, dict):
        hint = f'Name providers to use with `{SELECTION} = ["{name}"]`.'
        raise ConfigurationError(f"{TABLES}.{name} in {file} must be a table", hint=hint)
    if "/" in name:
        hint = "What follows a slash is a model: choose another name, and set `model` in the table."
        raise ConfigurationError(f"{where}: the name of a provider has no slash", hint=hint)
    if _canonical_name(name, canonical) is None and not ADDRESSES & table.keys():
        nearest = difflib.get_close_matches(name.lower(), canonical, n=1)
        hint = f"Did you mean {nearest[0]!r}? " if nearest else ""
        hint += "A provider of your own needs a `base_url`."
        raise ConfigurationError(f"{where}: no provider has the name {name!r}", hint=hint)
    allowed = set(ProviderSettings.model_fields) - {"key_variable", "row"}
    of_row = set(row_fields) - allowed - {"name"}
    for key in table:
        if key not in allowed | of_row:
            raise unknown(key, allowed | of_row, f"{where} has the key {key!r}")
    layer = {key: Found(value, f"{key!r} of {where}") for key, value in table.items() if key in allowed}
    row = {key: value for key, value in table.items() if key in of_row}
    return {**layer, "row": Found(row, where)} if row else layer


def _build(top: Layer, gateway: GatewaySettings, by_provider: Mapping[str, Layer]) -> Settings:
    providers = {
        name: validate(ProviderSettings, layer, f"provider {name!r}") for name, layer in by_provider.items() if layer
    }
    settings = validate(Settings, top, "the settings")
    return settings.model_copy(update={"gateway": gateway, "provider_settings": providers})
