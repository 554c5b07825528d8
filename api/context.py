"""What the HTTP API works on, put together by whoever starts it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from api.patience import Patience
from core.backlog.progress import Doing
from core.feed import Feed
from core.passes.runner import Runner
from core.pipeline.workbench import Workbench
from core.places.nominatim import Geocoder
from core.rate_limit import LOOPBACK, REQUESTS_PER_MINUTE


@dataclass(frozen=True)
class RootScan:
    """The last comparison of a root with the ledger: how long it took [s], and the files it found."""

    at: datetime
    seconds: float
    seen: int
    new: int
    gone: int
    moved: int


@dataclass(frozen=True)
class RootReport:
    """How a watched root is doing. ``trouble`` says why nothing is changed for it at present.

    ``method`` is how changes are noticed, ``hints`` or ``scans``, ``method_reason`` why so; ``hint_seconds`` how long
    a hint took when that was last measured; ``overflows`` how often hints were lost.
    """

    name: str
    path: str
    mode: str
    trouble: str | None
    last_scan: RootScan | None
    method: str
    method_reason: str | None
    hint_seconds: float | None
    overflows: int
    filesystem: str


@dataclass(frozen=True)
class AccessRules:
    """Who may use the API.

    ``needs_token`` is whether tokens are asked for. ``hosts`` are names by which the server may be called besides
    addresses and ``localhost``; ``None`` where any name will do. ``origins`` are pages of others that may use it.
    ``own_secret`` is the token of this machine's own commands. Each address may ask ``requests_per_minute`` times, 0
    for no limit; those of ``unlimited`` are not counted.
    """

    needs_token: bool = False
    hosts: frozenset[str] | None = frozenset()
    origins: frozenset[str] = frozenset()
    session_lifetime: timedelta = timedelta(days=30)
    own_secret: str | None = None
    requests_per_minute: int = REQUESTS_PER_MINUTE
    unlimited: tuple[str, ...] = LOOPBACK


@dataclass(frozen=True)
class Describing:
    """Who works the backlog off. ``doing`` tells what is done about it at present, ``wake`` that somebody may wait,
    ``changed`` that who is asked, or where, may be another now.
    """

    doing: Callable[[], Doing] = Doing
    wake: Callable[[], None] = lambda: None
    changed: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class ApiContext:
    """The tools behind the routes.

    ``request_scan`` asks for a scan of one root, or of all when it is given ``None``; it answers the names of the
    roots that will be scanned. ``wake`` says that the queue may have something new. ``frontend_dir`` holds the built
    client, if there is one. Uploads leave ``min_free`` bytes of the disk free. ``paused`` says why nothing is taken in
    at present, if so. ``roots`` tells how each watched root is doing. ``passes`` runs the passes of the
    night. ``feed`` is what has just happened, ``access`` who may ask, ``geocoder`` names positions where the owner has
    named a server, ``patience`` how long is waited for a body, ``describing`` who asks language models.
    """

    bench: Workbench
    request_scan: Callable[[str | None], list[str]]
    wake: Callable[[], None]
    frontend_dir: Path | None
    min_free: int
    paused: Callable[[], str | None]
    roots: Callable[[], Sequence[RootReport]]
    passes: Runner
    feed: Feed = field(default_factory=Feed)
    access: AccessRules = AccessRules()
    geocoder: Geocoder | None = None
    patience: Patience = field(default_factory=Patience)
    describing: Describing = field(default_factory=Describing)
