"""Where does a command get the settings from?

Worker processes import this module with the command line and need no settings, so pydantic waits for the first call.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from core.config import LoadedSettings


@dataclass(frozen=True)
class CliContext:
    """What the options before the command's name said: ``config_file`` is ``--config``, or ``None``."""

    config_file: Path | None


def load(ctx: click.Context, *, require_folders: bool = True) -> LoadedSettings:
    """Load the settings for the command that runs in ``ctx``, whose ``obj`` is a :class:`CliContext`.

    Raises:
        ConfigError: one line for each problem; ``main`` prints it and exits with its code.
    """
    from core.config import load_settings

    context = ctx.find_object(CliContext)
    assert context is not None, "the root command sets ctx.obj"
    return load_settings(context.config_file, os.environ, Path.cwd(), require_folders=require_folders)
