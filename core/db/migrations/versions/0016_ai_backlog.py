"""Photos that language models are to describe, what they answered, what stood there before, and what it has cost.

What people had said in the place of a machine is marked in the photo from now on; until now only the history told.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db.types import Json, UtcTimestamp

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_BY_PERSON = "givenByPerson"
_FIELDS = {"description": "longDescription", "tags": "aiTags"}
_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "ai_backlog",
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("captured_at", sa.Text(), server_default="", nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", UtcTimestamp(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("prompt_version", sa.Text(), nullable=True),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["file_versions.id"], name=op.f("fk_ai_backlog_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_ai_backlog")),
    )
    for columns in (["state", "priority", "captured_at"], ["state", "next_attempt_at"]):
        op.create_index(op.f(f"ix_ai_backlog_{'_'.join(columns)}"), "ai_backlog", columns)
    op.create_table(
        "ai_runs",
        sa.Column("id", _ROW_ID, autoincrement=True, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("request", "provider", "model", "prompt_version")),
        sa.Column("started_at", UtcTimestamp(), nullable=False),
        sa.Column("undone_at", UtcTimestamp(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_runs")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_ai_runs_open",
        "ai_runs",
        ["request", "provider", "model", "prompt_version"],
        unique=True,
        sqlite_where=sa.text("undone_at IS NULL"),
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.create_table(
        "ai_answers",
        sa.Column("id", _ROW_ID, autoincrement=True, nullable=False),
        sa.Column("run_id", _ROW_ID, nullable=False),
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.Column("answer", Json, nullable=False),
        sa.Column("before", Json, nullable=True),
        sa.Column("short", sa.Text(), nullable=True),
        sa.Column("short_before", sa.Text(), nullable=True),
        sa.Column("answered_at", UtcTimestamp(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["ai_runs.id"], name=op.f("fk_ai_answers_run_id")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["file_versions.id"], name=op.f("fk_ai_answers_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_answers")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_ai_answers_run_id"), "ai_answers", ["run_id"])
    op.create_index(op.f("ix_ai_answers_version_id"), "ai_answers", ["version_id"])
    op.create_table(
        "ai_spending",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("requests", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("day", "provider", name=op.f("pk_ai_spending")),
    )
    _mark_what_people_said()


def _mark_what_people_said() -> None:
    history = sa.table("asset_history", *(sa.column(name) for name in ("media_asset_id", "action", "details")))
    versions = sa.table("file_versions", sa.column("id"), sa.column("media_asset_id"), sa.column("metadata", Json))
    connection = op.get_bind()
    edits = sa.select(history.c.media_asset_id, history.c.details).where(
        history.c.action.in_(("METADATA_EDITED", "METADATA_UPDATED"))
    )
    given: dict[str, set[str]] = {}
    for asset_id, details in connection.execute(edits).all():
        words = (details or "").rpartition(": ")[2].removesuffix(".").split(", ")
        if fields := {field for word, field in _FIELDS.items() if word in words}:
            given.setdefault(asset_id, set()).update(fields)
    for asset_id, fields in given.items():
        found = sa.select(versions.c.id, versions.c.metadata).where(versions.c.media_asset_id == asset_id)
        for version_id, metadata in connection.execute(found).all():
            if not (metadata or {}).get("ai"):
                continue
            marked = {**metadata, "ai": {**metadata["ai"], _BY_PERSON: sorted(fields)}}
            connection.execute(versions.update().where(versions.c.id == version_id).values(metadata=marked))


def downgrade() -> None:
    raise RuntimeError("A library is never taken back to an older schema; restore the backup that was made instead.")
