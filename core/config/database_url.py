"""Which database does a URL name, and can Pictallion use it?

SQLAlchemy reads the URLs. It is imported inside the functions because it costs more than everything else in
this package together, and most installations never set a URL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import URL

_ASYNC_DRIVER: Final = {
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
}
SQLITE_PREFIXES: Final = ("sqlite:///", "sqlite+aiosqlite:///")


def with_async_driver(url: SecretStr) -> SecretStr:
    """Return the URL with the asynchronous driver that Pictallion uses for its database.

    ``postgresql://`` becomes ``postgresql+asyncpg://``, ``sqlite:///`` becomes ``sqlite+aiosqlite:///``.

    Raises:
        ValueError: for any other database, a SQLite URL without a file, a password in the query, and what is no URL.
            The message never repeats any of the text, since all of it may be the password.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url.get_secret_value())
    except (ArgumentError, ValueError):
        raise ValueError(
            "is no database URL; write postgresql://USER:PASSWORD@HOST/NAME or sqlite:///FILE, "
            "with special characters of the password percent-encoded"
        ) from None
    driver = _ASYNC_DRIVER.get(parsed.drivername)
    if driver is None:
        raise ValueError("names a database that Pictallion cannot use; begin with postgresql:// or sqlite:///")
    if driver == "sqlite+aiosqlite" and parsed.database in (None, "", ":memory:"):
        raise ValueError("must name a file: what SQLite keeps in memory is gone at the next start")
    if "password" in parsed.query:
        # SQLAlchemy hides a password when it prints a URL, but only where passwords belong.
        raise ValueError("has its password behind the question mark; write postgresql://USER:PASSWORD@HOST/NAME")
    return SecretStr(parsed.set(drivername=driver).render_as_string(hide_password=False))


def sqlite_url(file: Path) -> URL:
    """Return the URL of a SQLite database in ``file``, an absolute path."""
    from sqlalchemy import URL

    return URL.create("sqlite+aiosqlite", database=str(file))
