"""The states of a ledger entry."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a file that was once seen is now; every entry is in exactly one."""

    #: seen, but still being written
    WAITING = "waiting"
    #: stands still, in line for the pipeline
    QUEUED = "queued"
    #: in the pipeline
    RUNNING = "running"
    #: in the library
    DONE = "done"
    #: its bytes were in the library already
    DUPLICATE = "duplicate"
    #: no photo or video
    IGNORED = "ignored"
    #: looks like a photo in the library; a person decides
    CONFLICT = "conflict"
    #: did not work, will be tried again
    FAILED = "failed"
    #: did not work so often that a person should look
    QUARANTINED = "quarantined"
    #: not there any more
    MISSING = "missing"
