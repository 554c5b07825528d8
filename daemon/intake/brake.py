"""Whether a scan can be believed, or whether the root is not what it was.

What other programs did with a share that was not mounted is why this exists: they put the whole library into the
trash. Here such a root is frozen: every entry stays as it is until the files come back or a person accepts the change.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.pipeline.watch_roots import Remembered

#: More missing files than this, and more than this share of a root, are no ordinary clearing up.
MASS_FILES = 50
MASS_SHARE = 0.2


@dataclass(frozen=True)
class Findings:
    """What a scan found, before anything is written.

    ``expected`` files should be there, ``gone`` of them are not; ``seen`` are. ``marker`` and ``mount_point`` are as
    in :class:`core.pipeline.watch_roots.Remembered`.
    """

    path: str
    marker: str | None
    mount_point: str
    expected: int
    gone: int
    seen: int


def reason_to_freeze(root: Remembered | None, found: Findings) -> str | None:
    """A sentence that says why the scan is not to be believed; ``None`` when it is."""
    if root is None or root.is_accepted:
        return None
    if found.path != root.path:
        # the configuration names another folder now; what matters is that the files are there
        return _too_many_gone(found)
    if found.marker is not None and root.marker is not None and found.marker != root.marker:
        return _sentence("another folder lies in its place: its .pictallion/root is that of a different one")
    if found.marker is None and found.mount_point != root.mount_point:
        return _sentence(
            f"what was mounted at {root.mount_point} is not there: the folder now lies on {found.mount_point}"
        )
    if found.marker is None and found.expected and not found.seen:
        return _sentence(f"it is empty, where {found.expected} files should be")
    return _too_many_gone(found)


def _too_many_gone(found: Findings) -> str | None:
    if found.gone > MASS_FILES and found.gone > MASS_SHARE * found.expected:
        return _sentence(f"{found.gone} of its {found.expected} files are missing at once")
    return None


def _sentence(what: str) -> str:
    return (
        f"Nothing is changed, because {what}. It goes on by itself when they are back; if this is meant to be so, say "
        "it with `pictallion roots accept NAME`."
    )
