"""What looks after the library remembers: passes of the night, damage, names of places that were asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.db.tables.base import Base, RowId, utc_now
from core.db.types import PathText


class PassRun(Base):
    """One run of a pass of the night; see ``core.passes.runs``."""

    __tablename__ = "pass_runs"
    __table_args__ = (Index(None, "name", "id"), Index(None, "state", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    name: Mapped[str]
    state: Mapped[str]
    #: A person wanted it now.
    is_asked: Mapped[bool]
    #: It only looked what there would be to do.
    is_dry: Mapped[bool]
    #: The process that runs it; see ``core.pipeline.holders``.
    holder: Mapped[str]
    #: Where the next slice begins.
    checkpoint: Mapped[dict[str, Any]]
    done: Mapped[int]
    total: Mapped[int | None]
    report: Mapped[dict[str, Any]]
    #: How long it has worked.
    seconds: Mapped[float] = mapped_column(default=0.0)
    #: How many of these seconds it may work.
    time_limit: Mapped[float | None]
    #: One sentence for a person: why it is in this state.
    reason: Mapped[str | None]
    started_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class DamagedFile(Base):
    """A version whose file is not what was stored; see ``core.audit.damage``."""

    __tablename__ = "damaged_files"

    version_id: Mapped[str] = mapped_column(ForeignKey("file_versions.id", ondelete="CASCADE"), primary_key=True)
    #: ``differs``, ``unreadable`` or ``missing``
    kind: Mapped[str]
    #: A file with the right bytes, absolute.
    good_copy: Mapped[str | None] = mapped_column(PathText())
    found_at: Mapped[datetime] = mapped_column(default=utc_now)


class GeocodedPlace(Base):
    """What a geocoding server has answered, so that it is asked once only."""

    __tablename__ = "geocoded_places"

    #: The server, the language and the position.
    key: Mapped[str] = mapped_column(primary_key=True)
    #: ``None``, and so the type, where the server knows nothing there.
    name: Mapped[str | None]
    type: Mapped[str | None]
    asked_at: Mapped[datetime] = mapped_column(default=utc_now)
