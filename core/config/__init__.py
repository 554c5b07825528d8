"""Settings: a TOML file, ``PICTALLION_SECTION__KEY`` overrides, secrets from ``*_FILE``."""

from core.config.loading import LoadedSettings, load_settings
from core.config.quantities import format_duration, format_size, parse_duration, parse_size
from core.config.schema import Settings, Watch

__all__ = [
    "LoadedSettings",
    "Settings",
    "Watch",
    "format_duration",
    "format_size",
    "load_settings",
    "parse_duration",
    "parse_size",
]
