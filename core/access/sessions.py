"""Sessions: what a browser gets for a token, so that a client that knows nothing of tokens works behind a login.

Every function works in the caller's transaction.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access.scope import Scope
from core.access.secret import hash_of, new_secret
from core.db.tables import ApiSession, ApiToken


async def open_session(
    connection: AsyncConnection, token: str, lifetime: timedelta, now: datetime
) -> tuple[str, Scope] | None:
    """Opens a session for the holder of ``token``; returns its secret and scope, ``None`` where that is no token.

    Sessions whose time is over are removed on this occasion.
    """
    found = (
        await connection.execute(select(ApiToken.id, ApiToken.scope).where(ApiToken.secret_hash == hash_of(token)))
    ).first()
    if found is None:
        return None
    await connection.execute(delete(ApiSession).where(ApiSession.expires_at <= now))
    secret = new_secret()
    columns = {"token_id": found.id, "secret_hash": hash_of(secret), "expires_at": now + lifetime}
    await connection.execute(insert(ApiSession).values(**columns))
    return secret, Scope.named(found.scope)


async def scope_of_session(connection: AsyncConnection, secret: str, now: datetime) -> Scope | None:
    """What a browser with this session may do; ``None`` where there is none, or its time is over."""
    statement = (
        select(ApiToken.scope)
        .join(ApiSession, ApiSession.token_id == ApiToken.id)
        .where(ApiSession.secret_hash == hash_of(secret), ApiSession.expires_at > now)
    )
    name = (await connection.execute(statement)).scalar_one_or_none()
    return None if name is None else Scope.named(name)


async def end_session(connection: AsyncConnection, secret: str) -> None:
    """Ends a session; nothing happens where there is none."""
    await connection.execute(delete(ApiSession).where(ApiSession.secret_hash == hash_of(secret)))
