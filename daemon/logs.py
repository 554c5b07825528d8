"""Logs: one line an event, for people on a terminal and JSON elsewhere, ours and the libraries' alike."""

from __future__ import annotations

import logging
import sys
import warnings

import structlog
import structlog.tracebacks
from structlog.typing import Processor

from core.config import Settings

#: Libraries that tell more than their users want to know.
_QUIET = (
    *("apscheduler", "alembic", "watchdog", "aiosqlite", "asyncio", "PIL", "uvicorn.error", "uvicorn.access"),
    # what language models are told, pictures and names, is nothing for a log
    *("httpx", "httpcore", "ollama", "openai"),
)


def configure_logs(settings: Settings, level: str | None = None) -> None:
    """Sends everything to standard error, where systemd and launchd collect it; ``level`` overrides ``[log] level``."""
    as_json = settings.log.format == "json" or (settings.log.format == "auto" and not sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso" if as_json else "%H:%M:%S", utc=as_json),
    ]
    rendering: list[Processor] = (
        [
            # without local variables: the password of the database is one
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
        if as_json
        else [structlog.dev.ConsoleRenderer(pad_event_to=10, exception_formatter=structlog.dev.plain_traceback)]
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    logging.captureWarnings(True)
    # of a folder that is found in a new one while the system tells of it as well: one of the two is enough
    warnings.filterwarnings("ignore", "Callback with id .* already exists", RuntimeWarning)
    # of countries whose feasts are computed for some years alone; the other days of the others are told
    warnings.filterwarnings("ignore", "Requested Holidays are available only", UserWarning)
    logging.basicConfig(handlers=[handler], level=(level or settings.log.level).upper(), force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
