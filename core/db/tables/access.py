"""Who may use the API."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ForeignKey,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.db.tables.base import Base, new_id, utc_now


class ApiToken(Base):
    """A token for the API; only the hash of its secret is known."""

    __tablename__ = "api_tokens"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    #: ``read``, ``write`` or ``admin``
    scope: Mapped[str]
    #: Hex SHA-256.
    secret_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class ApiSession(Base):
    """A browser that logged in with a token; it ends with the token."""

    __tablename__ = "api_sessions"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    token_id: Mapped[str] = mapped_column(ForeignKey("api_tokens.id", ondelete="CASCADE"), index=True)
    #: Hex SHA-256.
    secret_hash: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
