"""How do the commands on this machine talk to their daemon when a login is needed?

The daemon makes a secret at each start and leaves it where only its own user can read it.
"""

from __future__ import annotations

import os
from pathlib import Path

from core.access.secret import new_secret

_NAME = "api-secret"


def leave_own_secret(locks: Path) -> str:
    """Makes a secret, writes it into the folder of locks and returns it. Raises ``OSError``."""
    secret = new_secret()
    path = locks / _NAME
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret)
    return secret


def read_own_secret(locks: Path) -> str | None:
    """The secret that the running daemon left; ``None`` where there is none, or it is not for us to read."""
    try:
        return (locks / _NAME).read_text()
    except (FileNotFoundError, PermissionError):
        return None
