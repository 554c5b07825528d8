"""What must hold of a library whatever has happened to the daemon that keeps it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.daemon.conftest import Home

Query = Callable[[str], list[Any]]

#: Where a file that was seen may be in the end.
AT_REST = frozenset({"done", "duplicate", "ignored"})


@dataclass(frozen=True)
class Source:
    """A file that was brought into a root. ``is_media``: its content belongs into the library."""

    root: str
    path: str
    content: bytes
    mtime_ns: int
    is_media: bool = True

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def sha256_of(path: Path) -> str | None:
    """The hash of a file, ``None`` where there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def lost(home: Home, query: Query, sources: list[Source]) -> list[str]:
    """At any moment, also between a crash and the next start: every content is at its source or recorded and whole."""
    kept = {row["sha256"] for row in _versions(query) if sha256_of(home.data / row["file_path"]) == row["sha256"]}
    found = kept | {sha256_of(home.folder / source.root / source.path) for source in sources}
    return [f"lost: {s.root}/{s.path}" for s in sources if s.is_media and s.sha256 not in found]


def violations(home: Home, query: Query, sources: list[Source]) -> list[str]:
    """Everything that is not as it must be once the daemon has come to rest; one line each."""
    found = lost(home, query, sources)
    found += _of_the_ledger(query, sources)
    found += _of_the_assets(home, query, sources)
    found += _of_the_sources(home, sources)
    found += _of_the_files(home, query)
    found += _of_the_database(home, query)
    found += _of_the_audit(home)
    return found


def _versions(query: Query) -> list[Any]:
    return query("select media_asset_id, tier, file_path, sha256, undecodable from file_versions")


def _of_the_ledger(query: Query, sources: list[Source]) -> list[str]:
    rows = {(row["root"], row["path"]): row for row in query("select root, path, state, reason from ledger")}
    found = []
    for source in sources:
        row = rows.get((source.root, source.path))
        if row is None:
            found.append(f"not in the ledger: {source.root}/{source.path}")
        elif row["state"] not in AT_REST or (row["state"] == "ignored") == source.is_media:
            found.append(f"{source.root}/{source.path} is {row['state']}: {row['reason']}")
    return found


def _of_the_assets(home: Home, query: Query, sources: list[Source]) -> list[str]:
    found = []
    contents = {source.sha256: source.content for source in sources if source.is_media}
    times = {sha256: {s.mtime_ns for s in sources if s.sha256 == sha256} for sha256 in contents}
    assets = query("select id, sha256 from media_assets")
    for sha256, count in Counter(row["sha256"] for row in assets).items():
        if count > 1:
            found.append(f"{count} assets have the content {sha256[:12]}")
    stored = {asset["sha256"] for asset in assets}
    found += [f"no asset has the content {sha256[:12]}" for sha256 in contents.keys() - stored]
    found += [f"an asset has a content that nobody brought: {sha256[:12]}" for sha256 in stored - contents.keys()]
    tiers: dict[str, Counter[str]] = {asset["id"]: Counter() for asset in assets}
    for row in _versions(query):
        tiers[row["media_asset_id"]][row["tier"]] += 1
        path = home.data / row["file_path"]
        if row["tier"] == "bronze" and row["sha256"] in contents and path.is_file():
            if path.read_bytes() != contents[row["sha256"]]:
                found.append(f"{row['file_path']} differs from its source")
            if not _is_referenced(home, path) and path.stat().st_mode & 0o777 != 0o444:
                found.append(f"{row['file_path']} has the mode {path.stat().st_mode & 0o777:o}")
            if path.stat().st_mtime_ns not in times[row["sha256"]]:
                found.append(f"{row['file_path']} has another modification time than its source")
    for asset, of_asset in tiers.items():
        if of_asset != {"bronze": 1, "silver": 1}:
            found.append(f"asset {asset} has the versions {dict(of_asset)}")
    actions = query(
        "select media_asset_id, action, count(*) as times from asset_history group by media_asset_id, action"
    )
    found += [
        f"{row['action']} {row['times']} times of asset {row['media_asset_id']}"
        for row in actions
        if row["action"] in ("INGESTED", "PROMOTED") and row["times"] > 1
    ]
    return found


def _is_referenced(home: Home, path: Path) -> bool:
    return not path.resolve().is_relative_to(home.data.resolve())


def _of_the_sources(home: Home, sources: list[Source]) -> list[str]:
    found = []
    for source in sources:
        path = home.folder / source.root / source.path
        taken_away = home.roots[source.root] == "move" and source.is_media
        if taken_away and path.exists():
            found.append(f"still in the drop zone: {source.path}")
        elif not taken_away and sha256_of(path) != source.sha256:
            found.append(f"the source was changed: {source.path}")
        elif not taken_away and path.stat().st_mtime_ns != source.mtime_ns:
            found.append(f"the source's time was changed: {source.path}")
    return found


def _of_the_files(home: Home, query: Query) -> list[str]:
    expected, found = set(), []
    for row in _versions(query):
        path = home.data / row["file_path"]
        if sha256_of(path) != row["sha256"]:
            found.append(f"{row['file_path']} does not have its bytes, or is not there")
        if not _is_referenced(home, path):
            expected.add(path)
        if row["tier"] == "silver":
            name = row["file_path"] + ".xmp"
            # that of a file which stays where it is may have to lie in the library
            sidecars = {home.data / name, home.data / name.replace("media/silver/", "media/sidecars/", 1)}
            if not any(sidecar.is_file() for sidecar in sidecars):
                found.append(f"{row['file_path']} has no sidecar")
            expected |= sidecars
    found += [
        f"no version: {path}" for path in (home.data / "media").rglob("*") if path.is_file() and path not in expected
    ]
    strays = [path for path in home.folder.rglob("*.pictallion-tmp") if path.is_file()]
    strays += [path for path in (home.data / "temp").rglob("*") if path.is_file()]
    for root in home.roots:
        strays += [
            path for path in (home.folder / root / ".pictallion").glob("*") if path.name not in ("root", "canary")
        ]
    return found + [f"stray: {path}" for path in strays]


def _of_the_database(home: Home, query: Query) -> list[str]:
    found = [f"a placement is left: {row['target']}" for row in query("select target from placements")]
    if (home.data / "pictallion.db").exists():
        found += [f"integrity_check: {row[0]}" for row in query("pragma integrity_check") if row[0] != "ok"]
        found += [f"foreign_key_check: {tuple(row)}" for row in query("pragma foreign_key_check")]
    return found


def _of_the_audit(home: Home) -> list[str]:
    result = home.run("audit", "--json")
    if result.returncode == 0:
        return []
    return [f"audit ends with {result.returncode}: {result.stdout} {result.stderr}"]
