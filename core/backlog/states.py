"""In which states is a photo that a language model is to describe?"""

from __future__ import annotations

from enum import StrEnum


class BacklogState(StrEnum):
    """``WAITING``: for its turn, or for another try after an answer that could not be used. ``RUNNING``: it is asked
    about. ``DONE``: it was answered, or there is nothing to ask. ``DEFERRED``: whoever is asked was not there, which is
    nobody's fault and no attempt; its ``next_attempt_at`` says until when. ``FAILED``: it was tried often enough, and
    waits for a person.
    """

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    DEFERRED = "deferred"
    FAILED = "failed"
