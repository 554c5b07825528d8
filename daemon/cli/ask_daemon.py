"""Asking the running daemon over its own API."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from core.access.own_secret import read_own_secret
from core.config import Settings
from core.errors import PictallionError
from core.pipeline.holders import daemon_is_running
from daemon.workshop import layout_of

#: How long the daemon may take to answer. [s]
_PATIENCE = 10.0


class DaemonUnreachable(PictallionError):
    """The daemon did not do what it was asked for."""


def ask_for_scan(settings: Settings, root: str | None) -> list[str] | None:
    """Asks for a scan of ``root``, or of every root, and for a look at the queue.

    Returns the names of the roots that will be scanned; ``None`` when no daemon runs. Raises
    :class:`DaemonUnreachable` when one runs and does not do it.
    """
    answer = ask(settings, "/api/daemon/scan", {"root": root} if root else {})
    return None if answer is None else list(answer["roots"])


def ask_for_roots(settings: Settings) -> dict[str, dict[str, Any]] | None:
    """How the running daemon's roots are doing, by name, as ``/api/daemon/roots`` has it; ``None`` when none runs.

    Raises :class:`DaemonUnreachable` when one runs and does not answer.
    """
    answer = ask(settings, "/api/daemon/roots", None)
    return None if answer is None else {root["name"]: root for root in answer}


def ask_to_run_pass(settings: Settings, name: str, *, dry_run: bool, time_limit: float | None) -> bool:
    """Lets a pass run in the daemon as soon as its turn has come, ``time_limit`` seconds at most; ``False`` when no
    daemon runs.

    Raises :class:`DaemonUnreachable` when one runs and does not do it.
    """
    body = {"dryRun": dry_run, "timeLimit": time_limit}
    return ask(settings, f"/api/daemon/passes/{name}/run", body) is not None


def ask_for_queued_passes(settings: Settings) -> list[dict[str, Any]] | None:
    """What the daemon runs and what waits, as ``/api/daemon/passes/queue`` has it; ``None`` when no daemon runs.

    Raises :class:`DaemonUnreachable` when one runs and does not answer.
    """
    answer: list[dict[str, Any]] | None = ask(settings, "/api/daemon/passes/queue")
    return answer


def ask_to_cancel_pass(settings: Settings, name: str) -> bool:
    """Ends a pass of the daemon after the slice in hand; ``False`` when no daemon runs.

    Raises :class:`DaemonUnreachable` when one runs and does not do it.
    """
    return ask(settings, f"/api/daemon/passes/{name}/cancel", {}) is not None


def ask(settings: Settings, path: str, body: dict[str, Any] | None = None, patience: float = _PATIENCE) -> Any:
    """The daemon's answer to a GET of ``path``, or to a POST of ``body``; ``None`` when no daemon runs.

    ``patience`` is how long it may take [s]. Raises :class:`DaemonUnreachable` when one runs and does not do it.
    """
    layout = layout_of(settings)
    if not (layout.locks.is_dir() and daemon_is_running(layout.locks)):
        return None
    host = "127.0.0.1" if settings.server.host in ("0.0.0.0", "::") else settings.server.host  # noqa: S104 - compared
    address = f"[{host}]" if ":" in host else host
    request = urllib.request.Request(
        f"http://{address}:{settings.server.port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers=_headers(layout.locks),
    )
    try:
        with urllib.request.urlopen(request, timeout=patience) as response:  # noqa: S310 - our own address
            return json.load(response)
    except urllib.error.HTTPError as error:
        message = json.load(error).get("message", error.reason)
        raise DaemonUnreachable(f"The daemon did not do it: {message}") from error
    except OSError as error:
        raise DaemonUnreachable(f"The daemon does not answer at {request.full_url}: {error}") from error


def _headers(locks: Path) -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
    if (secret := read_own_secret(locks)) is not None:
        headers["Authorization"] = f"Bearer {secret}"
    return headers
