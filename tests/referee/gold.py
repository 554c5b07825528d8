"""Is anything lost when a photo becomes Gold?

Every file of a folder that can be written into is, and exiftool, exiv2 and Pillow compare it with what it was: every
tag of every group, maker notes as they are decoded, previews and thumbnails by their bytes, pixels as they are decoded.

    python -m tests.referee.gold FOLDER [--verbose]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from PIL import Image, ImageSequence

from core.library.embedding.embed import Way, can_embed, embed
from core.library.embedding.exif_values import BOILERPLATE
from core.library.embedding.wanted import Wanted
from core.library.placing import place_pieces
from core.library.sidecar import build_sidecar
from core.library.sidecar_facts import SidecarFacts
from core.media.formats import HEAD_SIZE, sniff
from tests.referee.exiftool import ExifTool, multiset

_KEYWORDS = ("Strand", "Ærø – 東京", "family")
_FACTS = SidecarFacts(
    description="Zwei Kinder am Strand – ☀",
    keywords=_KEYWORDS,
    keyword_paths=(("Places", "Danmark", "Ærø"),),
    rating=4,
    people=("Ada Lovelace",),
    provider="builtin",
    provider_version="1",
)
_WANTED = Wanted(
    description=_FACTS.description,
    short_description="Kinder",
    keywords=_KEYWORDS,
    rating=4,
    people=_FACTS.people,
    comment='{"eventType":"holiday"}',
    xmp=build_sidecar(_FACTS),
)

_NOT_OF_THE_PICTURE = ("File:", "System:", "ExifTool:", "SourceFile")
_OFFSETS = ("Offset", "Start", "Offsets", "Pointer", "ImageDataOffset", "PreviewImageStart", "OtherImageStart")
_OWN = {"Rating", "RatingPercent", "XPKeywords", "SharedRating"}
_GROWS = {"MPImageLength", "WebP_Flags"}
"""The primary picture's own length in MPF is larger afterwards, and the flags of a WebP tell of EXIF and XMP."""
_EXPECTED = ("0x4746 Rating", "0x4749 RatingPercent")
"""Windows' own tags, which exiftool calls non-standard and writes itself."""


def lost_to_exiftool(before: Counter[tuple[str, str]], after: Counter[tuple[str, str]]) -> list[str]:
    """The tags that exiftool had read and does not read any more, or reads differently."""
    lists: dict[str, list[list[object]]] = {}
    for name, text in after:
        value = json.loads(text)
        lists.setdefault(name, []).append(value if isinstance(value, list) else [value])
    lost = []
    for (name, text), number in before.items():
        tag = name.rpartition(":")[2]
        if name.startswith(_NOT_OF_THE_PICTURE) or tag.endswith(_OFFSETS) or tag in _OWN or after[name, text] >= number:
            continue
        if name.startswith("Composite:") and not tag.endswith("Image"):
            continue
        value = json.loads(text)
        if not str(value).strip(" \0") or str(value).strip() in BOILERPLATE or tag in _GROWS:
            continue
        wanted = value if isinstance(value, list) else [value]
        if name.startswith("XMP:") and any(all(each in there for each in wanted) for there in lists.get(name, [])):
            continue  # a list that others were added to
        lost.append(f"{name} = {text[:60]}")
    return lost


def new_warnings(before: Counter[tuple[str, str]], after: Counter[tuple[str, str]]) -> list[str]:
    """What exiftool complains about in the new file only."""
    return [
        text
        for (name, text), number in after.items()
        if name.rpartition(":")[2] in ("Warning", "Error")
        and before[name, text] < number
        and not text.strip('"').endswith(_EXPECTED)
    ]


def exiv2_values(path: Path) -> Counter[tuple[str, str]]:
    """Keys and values as exiv2 reads them."""
    answer = subprocess.run(
        ["exiv2", "-q", "-u", "-b", "-PEIXkv", str(path)], capture_output=True, check=False, timeout=60
    ).stdout.decode("utf-8", "replace")
    found: Counter[tuple[str, str]] = Counter()
    for line in answer.splitlines():
        key, _, value = line.partition(" ")
        if key.startswith(("Exif.", "Iptc.", "Xmp.")):
            found[key, value.strip()] += 1
    return found


def lost_to_exiv2(before: Counter[tuple[str, str]], after: Counter[tuple[str, str]]) -> list[str]:
    """The values that exiv2 had read and does not read any more."""
    pointers = ("ExifTag", "GPSTag", "InteroperabilityTag", "JPEGInterchangeFormat", "Offset", "StripOffsets")
    there = Counter(key for key, _ in after.elements())
    lost = []
    for (key, value), number in before.items():
        tag = key.rpartition(".")[2]
        if tag.endswith((*pointers, "Start", "XMLPacket")) or tag in _OWN or after[key, value] >= number or not value:
            continue
        if value in (*BOILERPLATE, "charset=Ascii", "charset=Unicode") and there[key]:
            continue
        if key.startswith("Xmp.") and any(other == key and value in text for other, text in after):
            continue  # a list that others were added to
        lost.append(f"{key} = {value[:60]}")
    return lost


def pixels(path: Path) -> list[bytes] | None:
    """Every frame, decoded; ``None`` for what Pillow cannot read."""
    try:
        with Image.open(path) as picture:
            return [frame.tobytes() for frame in ImageSequence.Iterator(picture)]
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def main() -> int:
    """Prints the table; the exit code is 1 when anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.referee.gold", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--verbose", action="store_true", help="name every file that is not written into in full")
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        parser.error(f"{arguments.folder} is no folder; say one with: make referee MEDIA=folder")
    ways: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    compared = 0
    with ExifTool() as exiftool, tempfile.TemporaryDirectory(prefix="pictallion-referee-") as folder:
        for path in sorted(path for path in arguments.folder.rglob("*") if path.is_file()):
            data = path.read_bytes()
            known = sniff(data[:HEAD_SIZE], path.name)
            if known is None:
                continue
            made = embed(data, known, _WANTED)
            ways[f"{known.name}: {made.way}"] += 1
            if can_embed(known, len(data)):
                reasons.update(f"{made.way}: {reason}" for reason in made.reasons)
                if made.reasons and arguments.verbose:
                    print(f"{path}: {made.way}: {'; '.join(made.reasons)}")
            if made.way is Way.SIDECAR_ONLY:
                continue
            compared += 1
            target = Path(folder) / f"{compared}{path.suffix}"
            place_pieces(str(path), made.pieces, target, made.sha256, path.stat().st_mtime_ns)
            before, after = (multiset(exiftool.read(each)) for each in (path, target))
            found = {
                "tags lost (exiftool)": lost_to_exiftool(before, after),
                "maker note values lost (exiftool)": [
                    lost for lost in lost_to_exiftool(before, after) if lost.startswith("MakerNotes:")
                ],
                "new warnings (exiftool -validate)": new_warnings(before, after),
                "values lost (exiv2)": lost_to_exiv2(exiv2_values(path), exiv2_values(target)),
                "pictures with changed pixels": [] if pixels(path) == pixels(target) else [path.name],
            }
            for what, cases in found.items():
                faults[what] += len(cases)
                if cases:
                    print(f"{path}: {what}: {'; '.join(cases)}")
            target.unlink()
    print(f"\n{sum(ways.values())} files, {compared} written into and compared")
    for name, number in sorted(ways.items()):
        print(f"  {number:5}  {name}")
    print("reasons among the formats that can be written into")
    for name, number in reasons.most_common():
        print(f"  {number:5}  {name}")
    print("lost")
    for name, number in faults.items():
        print(f"  {number:5}  {name}")
    return int(any(faults[what] for what in faults if "warnings" not in what))


if __name__ == "__main__":
    sys.exit(main())
