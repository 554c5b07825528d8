"""What the machine proposes about faces without a name, and what a person has said of that."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.db.tables.base import Base, utc_now


def _face(*, is_indexed: bool = False) -> Mapped[str]:
    return mapped_column(ForeignKey("faces.id", ondelete="CASCADE"), primary_key=True, index=is_indexed)


def _person() -> Mapped[str]:
    return mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True, index=True)


class SuggestedName(Base):
    """Somebody whose face it may be, as the last pass has found; see ``core.people.proposing``."""

    __tablename__ = "suggested_names"
    __table_args__ = (Index(None, "confidence", "face_id"),)

    face_id: Mapped[str] = _face()
    person_id: Mapped[str] = _person()
    #: 0–100.
    confidence: Mapped[int]
    suggested_at: Mapped[datetime] = mapped_column(default=utc_now)


class RefusedName(Base):
    """A person has said that it is not this person's face."""

    __tablename__ = "refused_names"

    face_id: Mapped[str] = _face()
    person_id: Mapped[str] = _person()
    refused_at: Mapped[datetime] = mapped_column(default=utc_now)


class UnnamedGroup(Base):
    """Faces that look like one person's whom nobody has named yet. One that was dismissed stays for good."""

    __tablename__ = "unnamed_groups"
    __table_args__ = (Index(None, "dismissed_at", "created_at"),)

    #: Follows from the members.
    id: Mapped[str] = mapped_column(primary_key=True)
    #: 0–100, the mean over its pairs.
    confidence: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    dismissed_at: Mapped[datetime | None]


class UnnamedGroupFace(Base):
    __tablename__ = "unnamed_group_faces"

    group_id: Mapped[str] = mapped_column(ForeignKey("unnamed_groups.id", ondelete="CASCADE"), primary_key=True)
    face_id: Mapped[str] = _face(is_indexed=True)
