"""What may a token do?"""

from __future__ import annotations

from enum import IntEnum


class Scope(IntEnum):
    """Each includes the ones before it."""

    #: look at everything
    READ = 1
    #: also upload, describe, promote, archive and delete photos
    WRITE = 2
    #: also change settings, language models, watched folders
    ADMIN = 3

    @classmethod
    def named(cls, name: str) -> Scope:
        """The scope that is written ``read``, ``write`` or ``admin``; any other name raises ``KeyError``."""
        return cls[name.upper()]

    @property
    def label(self) -> str:
        """``read``, ``write`` or ``admin``."""
        return self.name.lower()
