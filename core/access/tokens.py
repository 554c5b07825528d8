"""Tokens: made for one program or person, known by their hash only.

Every function works in the caller's transaction.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import delete, exists, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access.scope import Scope
from core.access.secret import hash_of, new_secret
from core.db.tables import ApiToken, utc_now
from core.errors import TokenExists


class KnownToken(msgspec.Struct, frozen=True):
    """A token as it is listed. The secret itself is not known to anybody but its holder."""

    name: str
    scope: Scope
    created_at: datetime


async def create_token(connection: AsyncConnection, name: str, scope: Scope) -> str:
    """Makes a token and returns its secret, which is told once and never again.

    Raises:
        TokenExists: another token has that name.
    """
    if (await connection.execute(select(exists().where(ApiToken.name == name)))).scalar_one():
        raise TokenExists(f"There is a token called {name} already. Revoke it, or choose another name.")
    secret = new_secret()
    columns = {"name": name, "scope": scope.label, "secret_hash": hash_of(secret), "created_at": utc_now()}
    await connection.execute(insert(ApiToken).values(**columns))
    return secret


async def all_tokens(connection: AsyncConnection) -> list[KnownToken]:
    """Every token, by name."""
    statement = select(ApiToken.name, ApiToken.scope, ApiToken.created_at).order_by(ApiToken.name)
    return [KnownToken(row.name, Scope.named(row.scope), row.created_at) for row in await connection.execute(statement)]


async def revoke_token(connection: AsyncConnection, name: str) -> bool:
    """Ends a token and the sessions that were opened with it; ``False`` where there is none of that name."""
    result = await connection.execute(delete(ApiToken).where(ApiToken.name == name).returning(ApiToken.id))
    return result.first() is not None


async def scope_of_token(connection: AsyncConnection, secret: str) -> Scope | None:
    """What the holder of a secret may do; ``None`` where the secret is no token's."""
    statement = select(ApiToken.scope).where(ApiToken.secret_hash == hash_of(secret))
    name = (await connection.execute(statement)).scalar_one_or_none()
    return None if name is None else Scope.named(name)
