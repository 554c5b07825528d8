"""Which files are of one photo, on a disk with hard links and on one without."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.library.layout import Layout, Tier
from core.library.sidecar import build_sidecar
from core.library.sidecar_facts import SidecarFacts
from core.pipeline.roots import Mode, Root
from core.rebuild.inventory import Unit, adopt, pair, take_inventory


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "data")
    made.create()
    return made


def put(layout: Layout, name: str, content: str = "x", *, sidecar: bool = False) -> Path:
    path = layout.data_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    if sidecar:
        path.with_name(f"{path.name}.xmp").write_bytes(build_sidecar(SidecarFacts(sha256=content)))
    return path


def units(layout: Layout, claims: dict[str, str], roots: list[Root] | None = None) -> list[Unit]:
    """The photos, as a disk tells them whose Bronze files hash to their own content."""
    files = take_inventory(layout, roots or []).files
    found, alone = pair(layout, files, dict(claims))
    return adopt(found, {layout.absolute(file.file_path).read_text(): file for file in alone})


def names(unit: Unit) -> list[str]:
    return [file.file_path.removeprefix("media/") for file in unit.files]


@pytest.mark.parametrize("has_links", [True, False])
def test_original_silver_and_gold_are_one_photo(layout: Layout, has_links: bool) -> None:
    bronze = put(layout, "media/bronze/2024/07/a.jpg", "a")
    silver = layout.data_dir / "media/silver/2024/07/b.jpg"
    silver.parent.mkdir(parents=True)
    if has_links:
        os.link(bronze, silver)
    put(layout, "media/gold/2024/07/c.jpg", "gold", sidecar=True)
    put(layout, "media/bronze/2024/07/other.jpg", "other")
    claims = {"media/silver/2024/07/b.jpg": "a", "media/gold/2024/07/c.jpg": "a"}
    if not has_links:
        silver.write_text("a")
    found = sorted(map(names, units(layout, claims)))
    assert found == [
        ["bronze/2024/07/a.jpg", "silver/2024/07/b.jpg", "gold/2024/07/c.jpg"],
        ["bronze/2024/07/other.jpg"],
    ]


def test_a_gold_file_that_is_left_alone_is_a_photo(layout: Layout) -> None:
    put(layout, "media/gold/2024/07/c.jpg")
    put(layout, "media/gold/2024/07/d.jpg")
    assert sorted(map(names, units(layout, {"media/gold/2024/07/c.jpg": "a"}))) == [
        ["gold/2024/07/c.jpg"],
        ["gold/2024/07/d.jpg"],
    ]


def test_what_is_archived_is_told_apart(layout: Layout) -> None:
    put(layout, "media/archive/2024/07/a.jpg", sidecar=True)
    (file,) = take_inventory(layout, []).files
    assert (file.tier, file.is_archived, file.sidecar) == (Tier.SILVER, True, "media/archive/2024/07/a.jpg.xmp")


def test_what_is_no_file_of_a_photo_is_told(layout: Layout) -> None:
    put(layout, "media/silver/2024/07/gone.jpg.xmp")
    put(layout, "media/notes.txt")
    put(layout, "media/silver/2024/07/.a.jpg.pictallion-tmp")
    inventory = take_inventory(layout, [])
    assert inventory.files == []
    assert inventory.unexplained == [
        "media/notes.txt lies in none of the library's folders of photos.",
        "media/silver/2024/07/gone.jpg.xmp is the sidecar of a file that is not there.",
    ]


def test_of_a_folder_that_is_not_copied_only_our_photos_come_back(layout: Layout, tmp_path: Path) -> None:
    album = tmp_path / "album"
    (album / "trip").mkdir(parents=True)
    for name in ("trip/ours.jpg", "trip/new.jpg", "trip/theirs.jpg", "read-only.jpg"):
        (album / name).write_text(name)
    (album / "trip/ours.jpg.xmp").write_bytes(build_sidecar(SidecarFacts(sha256="x")))
    (album / "trip/theirs.jpg.xmp").write_text("<x:xmpmeta/>")
    layout.link_references({"album": str(album)})
    put(layout, "media/sidecars/reference/album/read-only.jpg.xmp").write_bytes(build_sidecar(SidecarFacts(sha256="y")))
    found = units(layout, {}, [Root("album", str(album), Mode.REFERENCE)])
    assert sorted(map(names, found)) == [
        ["bronze/reference/album/read-only.jpg", "silver/reference/album/read-only.jpg"],
        ["bronze/reference/album/trip/ours.jpg", "silver/reference/album/trip/ours.jpg"],
    ]
