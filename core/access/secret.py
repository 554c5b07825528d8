"""How is a secret made, and what is stored of it?"""

from __future__ import annotations

import hashlib
import secrets

PREFIX = "pict_"
"""Begins every token, so that people and scanners of leaked secrets recognise one."""

SECRET_BYTES = 32
"""256 random bits cannot be guessed, so that one fast hash protects what is stored; passwords would need a slow one."""


def new_secret() -> str:
    """A secret that nobody has seen: the prefix and 43 letters."""
    return PREFIX + secrets.token_urlsafe(SECRET_BYTES)


def hash_of(secret: str) -> str:
    """Lower-case hex SHA-256 of a secret: all that is stored of it."""
    return hashlib.sha256(secret.encode()).hexdigest()
