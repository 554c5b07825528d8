"""What has changed in the search index, for who keeps it at hand: see :mod:`core.db.search_rows`.

A change to a photo's words comes with one to its facts, which are written anew each time. PostgreSQL's index for ranks
goes: what comes first is told by who has the index at hand.
"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_NEXT = "1 + coalesce((SELECT max(changed) FROM search_changes), 0)"


def upgrade() -> None:
    run = op.get_bind().exec_driver_sql
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    # of just that type it is the number of SQLite's row, and needs no index
    number = "INTEGER" if is_sqlite else "BIGINT"
    run(f"CREATE TABLE search_changes (id {number} PRIMARY KEY, changed BIGINT NOT NULL)")
    run("CREATE INDEX ix_search_changes_changed ON search_changes (changed)")
    if is_sqlite:
        for event, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
            run(
                f"CREATE TRIGGER search_fact_{event.lower()}_noted AFTER {event} ON search_facts BEGIN "
                f"INSERT INTO search_changes (id, changed) SELECT {row}.id, {_NEXT} WHERE true "
                "ON CONFLICT (id) DO UPDATE SET changed = excluded.changed; END"
            )
        return
    run("ALTER TABLE search_texts DROP COLUMN words")
    run(
        """CREATE FUNCTION search_note_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO search_changes (id, changed) VALUES (
            CASE TG_OP WHEN 'DELETE' THEN OLD.id ELSE NEW.id END, pg_current_xact_id()::text::bigint)
        ON CONFLICT (id) DO UPDATE SET changed = excluded.changed WHERE search_changes.changed <> excluded.changed;
        RETURN NULL; END $$"""
    )
    run(
        "CREATE TRIGGER search_fact_noted AFTER INSERT OR UPDATE OR DELETE ON search_facts FOR EACH ROW "
        "EXECUTE FUNCTION search_note_change()"
    )


def downgrade() -> None:
    raise RuntimeError("A library is never taken back to an older schema; restore the backup that was made instead.")
