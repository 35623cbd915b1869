"""Settings from flags, environment, casecraft.toml and defaults, in this order, as one validated value."""

from casecraft.config.environment import KnownProvider, fold_name, read_environment
from casecraft.config.gateway import GatewaySettings, KeySettings, LongContextSettings, RouteSettings
from casecraft.config.loader import load_settings
from casecraft.config.settings import PriceSettings, ProviderSettings, Settings
from casecraft.config.template import environment_template, settings_template

__all__ = [
    "GatewaySettings",
    "KeySettings",
    "KnownProvider",
    "LongContextSettings",
    "PriceSettings",
    "ProviderSettings",
    "RouteSettings",
    "Settings",
    "environment_template",
    "fold_name",
    "load_settings",
    "read_environment",
    "settings_template",
]
