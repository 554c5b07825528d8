"""The search index, kept up to date by triggers: whatever writes a photo, the next search finds it.

``search_facts`` has a narrow row for each live version, ``search_facets`` each combination of what is counted,
``search_keywords`` each set of keywords, ``search_words`` each keyword, tag and place. ``search_texts`` has all words,
which FTS5 (trigrams) or PostgreSQL (``tsvector``, and ``pg_trgm`` where the server has it) index. A change to anything
of an asset refreshes all its versions.
"""

# ruff: noqa: S608 - the statements are put together of our own words, before anybody asks
from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TEXTS = ("names", "tags", "places", "events", "people", "description")

_RANK = "CASE {}.tier WHEN 'gold' THEN 2 WHEN 'silver' THEN 1 ELSE 0 END"

_IS_SHOWN = f"""NOT EXISTS (
    SELECT 1 FROM file_versions o
    WHERE o.media_asset_id = v.media_asset_id AND o.archived_at IS NULL
    AND ({_RANK.format("o")}, o.created_at, o.id) > ({_RANK.format("v")}, v.created_at, v.id)
)"""

_PEOPLE = """(
    SELECT {joined} FROM faces f
    JOIN file_versions w ON w.id = f.photo_id
    JOIN people p ON p.id = f.person_id
    WHERE w.media_asset_id = v.media_asset_id AND {is_seen}
)"""

_TABLES = """
CREATE TABLE search_facets (
    id {serial}, tier TEXT NOT NULL, rating INTEGER NOT NULL, event_type TEXT NOT NULL, mime_type TEXT NOT NULL,
    camera TEXT NOT NULL, lens TEXT NOT NULL, UNIQUE (tier, rating, event_type, mime_type, camera, lens)
);
CREATE TABLE search_keywords (id {serial}, words TEXT NOT NULL UNIQUE);
CREATE TABLE search_facts (
    id {serial}, facet_id INTEGER NOT NULL, keywords_id INTEGER NOT NULL, is_shown BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL, rating INTEGER NOT NULL, file_size BIGINT NOT NULL, confidence REAL NOT NULL,
    is_reviewed BOOLEAN NOT NULL, is_favorite BOOLEAN NOT NULL, has_gps BOOLEAN NOT NULL,
    version_id TEXT NOT NULL UNIQUE, captured_at TEXT NOT NULL, event_name TEXT NOT NULL
);
CREATE INDEX ix_search_facts_facet ON search_facts (is_shown, facet_id);
CREATE INDEX ix_search_facts_keywords ON search_facts (is_shown, keywords_id);
CREATE INDEX ix_search_facts_created ON search_facts (is_shown, created_at, version_id);
CREATE INDEX ix_search_facts_rating ON search_facts (is_shown, rating, version_id);
CREATE INDEX ix_search_facts_captured ON search_facts (is_shown, captured_at);
CREATE TABLE search_words (
    kind INTEGER NOT NULL, word TEXT NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (kind, word, id)
){without_rowid};
CREATE INDEX ix_search_words_id ON search_words (id);
CREATE TABLE search_texts (
    id BIGINT PRIMARY KEY, names TEXT NOT NULL, tags TEXT NOT NULL, places TEXT NOT NULL, events TEXT NOT NULL,
    people TEXT NOT NULL, description TEXT NOT NULL{generated}
);
"""

_FACT_COLUMNS = (
    *("version_id", "is_shown", "created_at", "rating", "file_size", "confidence", "is_reviewed", "is_favorite"),
    *("has_gps", "captured_at", "event_name"),
)
_FACET_COLUMNS = ("tier", "rating", "event_type", "mime_type", "camera", "lens")

_REFRESH = f"""
INSERT INTO search_facets ({", ".join(_FACET_COLUMNS)})
    SELECT DISTINCT {", ".join(_FACET_COLUMNS)} FROM search_source WHERE media_asset_id {{assets}}
    ON CONFLICT DO NOTHING;
DELETE FROM search_facts WHERE version_id IN (
    SELECT id FROM file_versions WHERE media_asset_id {{assets}} AND archived_at IS NOT NULL);
INSERT INTO search_keywords (words)
    SELECT DISTINCT keywords FROM search_source WHERE media_asset_id {{assets}}
    ON CONFLICT DO NOTHING;
INSERT INTO search_facts (facet_id, keywords_id, {", ".join(_FACT_COLUMNS)})
    SELECT c.id, k.id, {", ".join(f"s.{name}" for name in _FACT_COLUMNS)} FROM search_source s
    JOIN search_keywords k ON k.words = s.keywords
    JOIN search_facets c ON {" AND ".join(f"c.{name} = s.{name}" for name in _FACET_COLUMNS)}
    WHERE s.media_asset_id {{assets}}
    ON CONFLICT (version_id) DO UPDATE SET facet_id = excluded.facet_id, keywords_id = excluded.keywords_id,
    {", ".join(f"{name} = excluded.{name}" for name in _FACT_COLUMNS[1:])};
INSERT INTO search_texts (id, {", ".join(_TEXTS)})
    SELECT f.id, {", ".join(f"s.{name}" for name in _TEXTS)} FROM search_source s
    JOIN search_facts f ON f.version_id = s.version_id WHERE s.media_asset_id {{assets}}
    ON CONFLICT (id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _TEXTS)}
    WHERE {" OR ".join(f"search_texts.{name} <> excluded.{name}" for name in _TEXTS)};
DELETE FROM search_words WHERE id IN (
    SELECT f.id FROM search_facts f JOIN file_versions v ON v.id = f.version_id WHERE v.media_asset_id {{assets}});
"""

#: Where words come from: kind, the word, and what yields it for a version ``v``. One statement for each, as SQLite
#: would read all versions for a view that unites them.
_WORDS_SQLITE = (
    (0, "k.value", "json_each(v.keywords) k", "k.type = 'text'"),
    (1, "k.value", "json_each(v.metadata, '$.ai.aiTags') k", "k.type = 'text'"),
    (2, "v.location", "(SELECT 1) k", "v.location <> ''"),
    (
        2,
        "json_extract(v.metadata, '$.ai.placeName')",
        "(SELECT 1) k",
        "json_extract(v.metadata, '$.ai.placeName') <> ''",
    ),
)
_WORDS_POSTGRESQL = (
    (0, "k", "unnest(v.keywords) k", "k IS NOT NULL"),
    (1, "k", "search_lines(v.metadata #> '{ai,aiTags}') k", "k IS NOT NULL"),
    (2, "v.location", "(SELECT 1) k", "v.location <> ''"),
    (2, "v.metadata #>> '{ai,placeName}'", "(SELECT 1) k", "v.metadata #>> '{ai,placeName}' <> ''"),
)


def _refresh(assets: str, words: tuple[tuple[int, str, str, str], ...]) -> str:
    """Statements that bring the index in line with these assets."""
    return _REFRESH.format(assets=assets) + "".join(
        f"INSERT INTO search_words (kind, word, id) SELECT {kind}, {word}, f.id FROM file_versions v "
        f"JOIN search_facts f ON f.version_id = v.id CROSS JOIN {source} "
        f"WHERE v.media_asset_id {assets} AND {condition} ON CONFLICT DO NOTHING;\n"
        for kind, word, source, condition in words
    )


_VERSION_COLUMNS = (
    "media_asset_id, tier, file_path, file_size, mime_type, metadata, is_reviewed, rating, keywords, location, "
    "event_type, event_name, created_at, captured_at, gps_latitude, is_favorite, archived_at"
)
_ASSET_OF_FACE = "IN (SELECT media_asset_id FROM file_versions WHERE id = {}.photo_id)"
_ASSETS_OF_PERSON = (
    "IN (SELECT v.media_asset_id FROM faces f JOIN file_versions v ON v.id = f.photo_id WHERE f.person_id = NEW.id)"
)

#: name, event, table, condition, which assets are refreshed
_TRIGGERS = (
    ("version_added", "AFTER INSERT", "file_versions", "true", "= NEW.media_asset_id"),
    ("version_changed", f"AFTER UPDATE OF {_VERSION_COLUMNS}", "file_versions", "true", "= NEW.media_asset_id"),
    ("version_removed", "AFTER DELETE", "file_versions", "true", "= OLD.media_asset_id"),
    ("asset_renamed", "AFTER UPDATE OF original_filename", "media_assets", "true", "= NEW.id"),
    ("face_added", "AFTER INSERT", "faces", "NEW.person_id IS NOT NULL", _ASSET_OF_FACE.format("NEW")),
    ("face_changed", "AFTER UPDATE OF person_id, ignored, photo_id", "faces", "true", _ASSET_OF_FACE.format("NEW")),
    ("face_removed", "AFTER DELETE", "faces", "OLD.person_id IS NOT NULL", _ASSET_OF_FACE.format("OLD")),
    ("person_renamed", "AFTER UPDATE OF name", "people", "true", _ASSETS_OF_PERSON),
)

_FORGET = "DELETE FROM search_facts WHERE version_id = OLD.id;"
_CLEAR = "DELETE FROM search_texts WHERE id = OLD.id; DELETE FROM search_words WHERE id = OLD.id;"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _upgrade_sqlite()
    else:
        _upgrade_postgresql()


def _run(*statements: str) -> None:
    connection = op.get_bind()
    for statement in statements:
        connection.exec_driver_sql(statement)


def _each(script: str) -> list[str]:
    return [statement for part in script.split(";\n") if (statement := part.strip())]


def _upgrade_sqlite() -> None:
    _run(*_each(_TABLES.format(serial="INTEGER PRIMARY KEY", without_rowid=" WITHOUT ROWID", generated="")))
    columns = ", ".join(_TEXTS)
    _run(
        f"CREATE VIRTUAL TABLE search_index USING fts5({columns}, content='search_texts', content_rowid='id', "
        "tokenize='trigram')",
        *_each(_SOURCE_SQLITE),
    )
    new, old = (", ".join(f"{row}.{name}" for name in ("id", *_TEXTS)) for row in ("NEW", "OLD"))
    put = f"INSERT INTO search_index (rowid, {columns}) VALUES ({new});"
    take = f"INSERT INTO search_index (search_index, rowid, {columns}) VALUES ('delete', {old});"
    _run(
        f"CREATE TRIGGER search_text_added AFTER INSERT ON search_texts BEGIN {put} END",
        f"CREATE TRIGGER search_text_changed AFTER UPDATE ON search_texts BEGIN {take} {put} END",
        f"CREATE TRIGGER search_text_removed AFTER DELETE ON search_texts BEGIN {take} END",
        f"CREATE TRIGGER search_fact_removed AFTER DELETE ON search_facts BEGIN {_CLEAR} END",
    )
    for name, event, table, condition, assets in _TRIGGERS:
        before = _FORGET if name == "version_removed" else ""
        body = _refresh(assets, _WORDS_SQLITE)
        _run(f"CREATE TRIGGER search_{name} {event} ON {table} WHEN {condition} BEGIN {before} {body} END")
    _run(*_each(_refresh("IS NOT NULL", _WORDS_SQLITE)))


_SOURCE_SQLITE = f"""
CREATE VIEW search_source AS SELECT
    v.id AS version_id, v.media_asset_id, v.tier, coalesce(v.rating, 0) AS rating,
    coalesce(v.event_type, '') AS event_type, v.mime_type,
    coalesce(json_extract(v.metadata, '$.exif.camera'), '') AS camera,
    coalesce(json_extract(v.metadata, '$.exif.lens'), '') AS lens,
    {_IS_SHOWN} AS is_shown,
    strftime('%s', v.created_at) * 1000000 + CAST(substr(v.created_at || '000000', 21, 6) AS INTEGER) AS created_at,
    v.file_size,
    coalesce((SELECT max(CAST(value AS REAL)) FROM json_each(v.metadata, '$.ai.aiConfidenceScores')), 0) * 100
        AS confidence,
    coalesce(v.is_reviewed, 0) AS is_reviewed, v.is_favorite,
    v.gps_latitude IS NOT NULL OR json_type(v.metadata, '$.ai.gpsCoordinates') IS 'object' AS has_gps,
    coalesce(v.captured_at, replace(substr(v.created_at, 1, 19), ' ', 'T')) AS captured_at,
    coalesce(v.event_name, '') AS event_name,
    CASE json_type(v.keywords) WHEN 'array' THEN json(v.keywords) ELSE '[]' END AS keywords,
    a.original_filename || char(10) || replace(v.file_path, rtrim(v.file_path, replace(v.file_path, '/', '')), '')
        AS names,
    char(10) || coalesce((
        SELECT group_concat(word, char(10)) FROM (
            SELECT value AS word FROM json_each(v.keywords)
            UNION ALL SELECT value FROM json_each(v.metadata, '$.ai.aiTags')
        )), '') || char(10) AS tags,
    coalesce(v.location, '') || char(10) || coalesce(json_extract(v.metadata, '$.ai.placeName'), '') AS places,
    coalesce(v.event_name, '') AS events,
    coalesce({_PEOPLE.format(joined="group_concat(p.name, char(10))", is_seen="NOT f.ignored")}, '') AS people,
    coalesce(json_extract(v.metadata, '$.ai.shortDescription'), '') || char(10)
        || coalesce(json_extract(v.metadata, '$.ai.longDescription'), '') AS description
FROM file_versions v JOIN media_assets a ON a.id = v.media_asset_id WHERE v.archived_at IS NULL;
"""


def _upgrade_postgresql() -> None:
    joined = " || E'\\n' || ".join(_TEXTS)
    weighted = " || ".join(
        f"setweight(to_tsvector('simple'::regconfig, {name}), '{'D' if name == 'description' else 'A'}')"
        for name in _TEXTS
    )
    generated = (
        f", everything TEXT GENERATED ALWAYS AS (lower({joined})) STORED,"
        f" words tsvector GENERATED ALWAYS AS ({weighted}) STORED"
    )
    serial = "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
    _run(*_each(_TABLES.format(serial=serial, without_rowid="", generated=generated)))
    _run("CREATE INDEX ix_search_texts_words ON search_texts USING gin (words)")
    _index_trigrams()
    _run(*_each(_SOURCE_POSTGRESQL))
    refresh = _refresh("= ANY (assets)", _WORDS_POSTGRESQL)
    _run(
        f"""CREATE FUNCTION search_refresh(assets text[]) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
        -- two transactions that change one asset take turns, or the second would not see what the first one wrote
        PERFORM pg_advisory_xact_lock(hashtextextended(a, 0)) FROM (SELECT unnest(assets) AS a ORDER BY 1) ordered;
        {refresh} END $$""",
        f"""CREATE FUNCTION search_fact_removed() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN {_CLEAR} RETURN NULL; END $$""",
        "CREATE TRIGGER search_fact_removed AFTER DELETE ON search_facts FOR EACH ROW "
        "EXECUTE FUNCTION search_fact_removed()",
    )
    for name, event, table, condition, assets in _TRIGGERS:
        before = _FORGET if name == "version_removed" else ""
        which = f"SELECT DISTINCT v.media_asset_id FROM file_versions v WHERE v.media_asset_id {assets}"
        _run(
            f"""CREATE FUNCTION search_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            {before} PERFORM search_refresh(ARRAY({which})); RETURN NULL; END $$""",
            f"CREATE TRIGGER search_{name} {event} ON {table} FOR EACH ROW WHEN ({condition}) "
            f"EXECUTE FUNCTION search_{name}()",
        )
    _run(*_each(_refresh("IS NOT NULL", _WORDS_POSTGRESQL)))


def _index_trigrams() -> None:
    """Makes substrings quick where the server has the extension and lets us have it; they are found without, too."""
    _run(
        """DO $$ BEGIN
            IF EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
                CREATE EXTENSION IF NOT EXISTS pg_trgm;
                CREATE INDEX ix_search_texts_everything ON search_texts USING gin (everything gin_trgm_ops);
            END IF;
        EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
            RAISE NOTICE 'without pg_trgm, searches read every photo''s words';
        END $$"""
    )


_SOURCE_POSTGRESQL = f"""
CREATE FUNCTION search_lines(value jsonb) RETURNS SETOF text LANGUAGE sql IMMUTABLE AS $$
    SELECT e #>> '{{}}' FROM jsonb_array_elements(CASE jsonb_typeof(value) WHEN 'array' THEN value ELSE '[]' END) e
    WHERE jsonb_typeof(e) = 'string' $$;
CREATE VIEW search_source AS SELECT
    v.id AS version_id, v.media_asset_id, v.tier, coalesce(v.rating, 0) AS rating,
    coalesce(v.event_type, '') AS event_type, v.mime_type,
    coalesce(v.metadata #>> '{{exif,camera}}', '') AS camera, coalesce(v.metadata #>> '{{exif,lens}}', '') AS lens,
    {_IS_SHOWN} AS is_shown,
    (extract(epoch FROM v.created_at) * 1000000)::bigint AS created_at, v.file_size,
    coalesce((
        SELECT max((value #>> '{{}}')::real) FROM jsonb_each(
            CASE jsonb_typeof(v.metadata #> '{{ai,aiConfidenceScores}}') WHEN 'object'
            THEN v.metadata #> '{{ai,aiConfidenceScores}}' ELSE '{{}}' END)
        WHERE jsonb_typeof(value) = 'number'), 0) * 100 AS confidence,
    coalesce(v.is_reviewed, false) AS is_reviewed, v.is_favorite,
    v.gps_latitude IS NOT NULL OR coalesce(jsonb_typeof(v.metadata #> '{{ai,gpsCoordinates}}') = 'object', false)
        AS has_gps,
    coalesce(v.captured_at, to_char(v.created_at, 'YYYY-MM-DD"T"HH24:MI:SS')) AS captured_at,
    coalesce(v.event_name, '') AS event_name,
    coalesce(to_json(v.keywords)::text, '[]') AS keywords,
    a.original_filename || E'\\n' || regexp_replace(v.file_path, '^.*/', '') AS names,
    E'\\n' || concat_ws(E'\\n', nullif(array_to_string(v.keywords, E'\\n'), ''),
        (SELECT string_agg(word, E'\\n') FROM search_lines(v.metadata #> '{{ai,aiTags}}') word)) || E'\\n' AS tags,
    coalesce(v.location, '') || E'\\n' || coalesce(v.metadata #>> '{{ai,placeName}}', '') AS places,
    coalesce(v.event_name, '') AS events,
    coalesce({_PEOPLE.format(joined="string_agg(DISTINCT p.name, chr(10))", is_seen="NOT f.ignored")}, '') AS people,
    coalesce(v.metadata #>> '{{ai,shortDescription}}', '') || E'\\n'
        || coalesce(v.metadata #>> '{{ai,longDescription}}', '') AS description
FROM file_versions v JOIN media_assets a ON a.id = v.media_asset_id WHERE v.archived_at IS NULL;
"""


def downgrade() -> None:
    raise RuntimeError("A library is never taken back to an older schema; restore the backup that was made instead.")
