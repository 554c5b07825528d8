"""Photos that wait for a language model, and what was answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.db.tables.base import Base, RowId, utc_now


class AiBacklogEntry(Base):
    """A photo that a language model is to describe, or has described; see ``core.backlog``."""

    __tablename__ = "ai_backlog"
    __table_args__ = (Index(None, "state", "priority", "captured_at"), Index(None, "state", "next_attempt_at"))

    version_id: Mapped[str] = mapped_column(ForeignKey("file_versions.id", ondelete="CASCADE"), primary_key=True)
    #: ``waiting``, ``running``, ``done``, ``deferred`` or ``failed``.
    state: Mapped[str]
    #: Higher goes first: what a person asked for before what merely came.
    priority: Mapped[int] = mapped_column(server_default="0", default=0)
    #: The version's capture time, by which the newest goes first; empty where nobody knows.
    captured_at: Mapped[str] = mapped_column(server_default="", default="")
    #: What it is asked for: what runs are gathered by, in words for a person.
    request: Mapped[str]
    #: Answers that could not be used.
    attempts: Mapped[int] = mapped_column(server_default="0", default=0)
    next_attempt_at: Mapped[datetime | None]
    #: One sentence for a person: why it is where it is.
    reason: Mapped[str | None]
    #: The process that asks about it.
    holder: Mapped[str | None]
    #: Who answered, of what is done.
    provider: Mapped[str | None]
    model: Mapped[str | None]
    prompt_version: Mapped[str | None]
    #: Who was asked last in vain; see ``core.backlog.missing``.
    asked_of: Mapped[str | None]
    #: A person has taken its answer back, and does not want the same one.
    is_taken_back: Mapped[bool] = mapped_column(server_default=false(), default=False)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class AiRun(Base):
    """Answers that belong together: to one request, of one model with one version of the prompts."""

    __tablename__ = "ai_runs"
    __table_args__ = (
        Index(
            "uq_ai_runs_open",
            "request",
            "provider",
            "model",
            "prompt_version",
            unique=True,
            sqlite_where=text("undone_at IS NULL"),
            postgresql_where=text("undone_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    request: Mapped[str]
    provider: Mapped[str]
    model: Mapped[str]
    prompt_version: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(default=utc_now)
    undone_at: Mapped[datetime | None]


class AiAnswer(Base):
    """One answer, and what it took the place of, so that it can be taken back."""

    __tablename__ = "ai_answers"
    __table_args__ = (
        Index(None, "run_id"),
        Index(None, "version_id"),
        Index(None, "answered_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("ai_runs.id"))
    version_id: Mapped[str] = mapped_column(ForeignKey("file_versions.id", ondelete="CASCADE"))
    #: ``metadata.ai`` after and before; NULL for nothing.
    answer: Mapped[dict[str, Any]]
    before: Mapped[dict[str, Any] | None]
    #: ``ai_short_description`` after and before.
    short: Mapped[str | None]
    short_before: Mapped[str | None]
    answered_at: Mapped[datetime] = mapped_column(default=utc_now)


class AiSpending(Base):
    """What has been asked of a paid provider on a day of the owner's calendar."""

    __tablename__ = "ai_spending"

    #: ISO 8601.
    day: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    requests: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    tokens: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
