"""What is remembered of files on their way into the library, and beside it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.db.tables.base import Base, RowId, new_id, utc_now
from core.db.types import PathText, folded


class LedgerEntry(Base):
    """One row per path ever seen below a root: the queue, the memory and the proof."""

    __tablename__ = "ledger"
    __table_args__ = (
        UniqueConstraint("root", "path"),
        Index(None, "state", "id"),
        Index(None, "state", "next_attempt_at"),
        Index(None, "media_asset_id"),
        # a file that comes back under another name is looked for among those that are missing
        Index(
            "ix_ledger_missing_inode",
            "inode",
            sqlite_where=text("state = 'missing'"),
            postgresql_where=text("state = 'missing'"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    #: The name of the watch root, or ``import`` and ``upload`` for what came another way.
    root: Mapped[str]
    #: Relative to the root.
    path: Mapped[str] = mapped_column(PathText())
    state: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    ctime_ns: Mapped[int] = mapped_column(BigInteger)
    #: Unsigned 64 bits on some file systems, more than either database's integers hold.
    inode: Mapped[str]
    sha256: Mapped[str | None]
    media_asset_id: Mapped[str | None] = mapped_column(ForeignKey("media_assets.id"))
    attempts: Mapped[int] = mapped_column(server_default="0", default=0)
    #: How many worker processes died or were stopped over this file since it last changed.
    worker_losses: Mapped[int] = mapped_column(server_default="0", default=0)
    next_attempt_at: Mapped[datetime | None]
    #: One sentence for a person: why the file is where it is.
    reason: Mapped[str | None]
    #: The process that is working on it; see ``core.pipeline.holders``.
    holder: Mapped[str | None]
    first_seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class WatchRoot(Base):
    """What is remembered of a watched root, to tell it from an empty mount point or another disk in its place."""

    __tablename__ = "watch_roots"

    name: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(PathText())
    #: The id in ``.pictallion/root`` below it; ``None`` where the root cannot be written to.
    marker: Mapped[str | None]
    #: Where the file system that it lies on was mounted when the root was accepted.
    mount_point: Mapped[str] = mapped_column(PathText())
    #: Why nothing is changed for it at present; ``None`` when all is well.
    frozen_reason: Mapped[str | None]
    frozen_at: Mapped[datetime | None]
    #: A person has said that the next scan is to be believed whatever it finds.
    is_accepted: Mapped[bool] = mapped_column(server_default=false(), default=False)
    #: Its photos are shown to nobody beyond this machine; this holds on when the root is watched no more.
    is_local_only: Mapped[bool] = mapped_column(server_default=false(), default=False)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class Placement(Base):
    """The intent to put a file into the library, written before the first byte is copied.

    It reserves the target's name and lets the next start repair what a crash left.
    """

    __tablename__ = "placements"
    __table_args__ = (Index(None, "ledger_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    #: ``None`` for a Gold file, which is made of what the library has and not of a file of the ledger.
    ledger_id: Mapped[int | None] = mapped_column(ForeignKey("ledger.id"))
    tier: Mapped[str]
    #: Relative to the data directory.
    target: Mapped[str]
    #: The target as a file system that folds case and Unicode forms would see it.
    target_key: Mapped[str] = mapped_column(
        unique=True, default=lambda context: folded(context.get_current_parameters()["target"])
    )
    sha256: Mapped[str]
    holder: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class StageResult(Base):
    """What a stage found out about some content, so that the same bytes are never looked at twice."""

    __tablename__ = "stage_results"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    stage: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class UploadConflict(Base):
    """An upload that looks like a photo in the library. Its original is kept as Bronze while a person decides."""

    __tablename__ = "upload_conflicts"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    #: The asset of the upload.
    media_asset_id: Mapped[str] = mapped_column(ForeignKey("media_assets.id"), index=True)
    existing_photo_id: Mapped[str] = mapped_column(ForeignKey("file_versions.id"))
    conflict_type: Mapped[str]
    #: Percent of equal bits of the two perceptual hashes.
    similarity: Mapped[int]
    suggested_action: Mapped[str]
    reasoning: Mapped[str]
    perceptual_hash: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Sidecar(Base):
    """What was last written beside a version, and whether it has to be written or read again; see
    ``core.library.sidecars``.
    """

    __tablename__ = "sidecars"
    __table_args__ = (Index(None, "state", "next_attempt_at"), Index(None, "path"))

    version_id: Mapped[str] = mapped_column(ForeignKey("file_versions.id", ondelete="CASCADE"), primary_key=True)
    #: ``stale``, ``written`` or ``failed``.
    state: Mapped[str]
    #: When the photo was last changed in the database.
    changed_at: Mapped[datetime | None]
    #: Where it lies; ``None`` before it was first written.
    path: Mapped[str | None] = mapped_column(PathText())
    #: The packet that says what we last wanted to say: the base of the next merge.
    base: Mapped[bytes | None] = mapped_column(LargeBinary)
    #: What ``stat`` said when it was last written or read.
    signature: Mapped[str | None]
    #: A sidecar that other programs write and we only read: ``name.xmp``, or one beside the source in a drop zone.
    other_path: Mapped[str | None] = mapped_column(PathText())
    #: What was last read from it.
    other_base: Mapped[bytes | None] = mapped_column(LargeBinary)
    other_signature: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default="0", default=0)
    next_attempt_at: Mapped[datetime | None]
    #: One sentence for a person: why it could not be written.
    reason: Mapped[str | None]
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)
