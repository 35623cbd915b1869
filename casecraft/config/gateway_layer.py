"""The settings of the gateway from their own table, their variables and flags."""

from collections.abc import Mapping
from typing import Any

from casecraft.config.environment import read_gateway, read_gateway_tokens
from casecraft.config.gateway import GatewaySettings, KeySettings, LongContextSettings
from casecraft.config.layers import Found, Layer, unknown, validate
from casecraft.errors import ConfigurationError

GATEWAY = "gateway"
KEYS = "keys"
ROUTES = "routes"
LONG_CONTEXT = "long_context"


def read_gateway_settings(
    document: Mapping[str, Any], environment: Mapping[str, str], flags: Mapping[str, Any], file: str
) -> GatewaySettings:
    """The settings of the gateway. Raises `ConfigurationError` as for all other settings."""
    of_file = _of_file(document, file)
    given = {
        name: Found(value, f"the option {name!r} of the gateway") for name, value in flags.items() if value is not None
    }
    if ROUTES in given and ROUTES in of_file:
        given[ROUTES] = _merged(of_file[ROUTES], given[ROUTES])
    layer = {**of_file, **read_gateway(environment), **given}
    if KEYS not in given:
        layer |= _with_tokens(of_file.get(KEYS), environment)
    return validate(GatewaySettings, layer, "the settings of the gateway")


def _merged(file: Found, flag: Found) -> Found:
    """The routes of the file with those of a flag over them, each rule a setting of its own."""
    if not (isinstance(file.value, dict) and isinstance(flag.value, Mapping)):
        return flag
    return Found({**file.value, **flag.value}, f"{flag.where}, or {file.where},")


def _of_file(document: Mapping[str, Any], file: str) -> Layer:
    """What stands in `[gateway]`, its keys and those of its tables checked for slips."""
    if GATEWAY not in document:
        return {}
    where = f"[{GATEWAY}] in {file}"
    table = _table(document[GATEWAY], where)
    _refuse_unknown(table, GatewaySettings.model_fields, where)
    for name, key in _table(table.get(KEYS, {}), f"[{GATEWAY}.{KEYS}] in {file}").items():
        where_key = f"[{GATEWAY}.{KEYS}.{name}] in {file}"
        _refuse_unknown(_table(key, where_key), KeySettings.model_fields, where_key)
    where_routes = f"[{GATEWAY}.{ROUTES}] in {file}"
    long_context = _table(table.get(ROUTES, {}), where_routes).get(LONG_CONTEXT)
    if isinstance(long_context, dict):
        _refuse_unknown(long_context, LongContextSettings.model_fields, f"{LONG_CONTEXT!r} of {where_routes}")
    return {name: Found(value, f"{name!r} of {where}") for name, value in table.items()}


def _table(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ConfigurationError(f"{where} must be a table", hint="`casecraft init` writes an example of it.")
    return value


def _refuse_unknown(table: Mapping[str, Any], allowed: Mapping[str, Any], where: str) -> None:
    for key in table:
        if key not in allowed:
            raise unknown(key, allowed, f"{where} has the key {key!r}")


def _with_tokens(keys: Found | None, environment: Mapping[str, str]) -> Layer:
    """The keys of the file with the tokens that the environment has for them, and the keys that it alone has."""
    tables: Any = keys.value if keys is not None else {}
    tokens = read_gateway_tokens(environment, tables)
    if not tokens:
        return {}
    merged = {**tables, **{name: {**tables.get(name, {}), "token": token} for name, token in tokens.items()}}
    return {KEYS: Found(merged, keys.where if keys is not None else "the keys of the gateway in the environment")}
