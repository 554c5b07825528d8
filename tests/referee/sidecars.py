"""Do other programs read in our sidecars what we wrote, ours and those that are merged with somebody else's?

exiftool validates and reads, exiv2 reads, and a table of the types of XMP's properties is held against every packet.

    python -m tests.referee.sidecars [COUNT]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from core.library.sidecar import build_sidecar, read_sidecar
from core.library.sidecar_facts import SidecarFacts
from core.media.xmp_merge import Side, merge_packets
from tests.referee.exiftool import ExifTool
from tests.sidecar.facts import facts_of_a_photo
from tests.sidecar.foreign import ALL
from tests.sidecar.schema import violations

_GUESSED = "[minor] Undefined value for :"
"""In a namespace that it does not know, exiftool takes the text 0/0 for a fraction; nothing is wrong with it."""


def warnings_of(tags: dict[str, Any]) -> set[str]:
    """What exiftool says against a file."""
    said = {str(value) for name, value in tags.items() if name.endswith((":Error", ":Warning"))}
    return {each for each in said if not each.startswith(_GUESSED)}


def complaints(
    exiftool: ExifTool, path: Path, facts: SidecarFacts, packet: bytes, *, before: bytes | None = None
) -> list[str]:
    """What one of the referees has to say against a packet of these facts, and not against the one ``before``."""
    known: set[str] = set()
    if before is not None:
        path.write_bytes(before)
        known = warnings_of(exiftool.read(path))
    path.write_bytes(packet)
    found = [f"schema: {each}" for each in violations(packet)]
    tags = exiftool.read(path)
    values = {name.rpartition(":")[2]: value for name, value in tags.items() if "XMP" in name}
    found += [f"exiftool: {value}" for value in sorted(warnings_of(tags) - known)]
    if facts.rating and values.get("Rating") != facts.rating:
        found.append(f"exiftool reads the rating {values.get('Rating')}")
    subjects = values.get("Subject", [])
    there = {str(each) for each in (subjects if isinstance(subjects, list) else [subjects])}
    if not set(facts.keywords) <= there:
        found.append(f"exiftool reads the keywords {there}")
    exiv2 = subprocess.run(["exiv2", "-q", "-PXkt", str(path)], capture_output=True, check=False)
    if exiv2.returncode not in (0, 1) or exiv2.stderr.strip():
        found.append(f"exiv2: {exiv2.stderr.decode(errors='replace').strip() or exiv2.returncode}")
    if facts.captured and b"Xmp.exif.DateTimeOriginal" not in exiv2.stdout:
        found.append("exiv2 reads no date")
    return found


def main(count: int) -> int:
    """Judges ``count`` packets of our own and as many merged ones; returns how many were not found good."""
    bad, tried = 0, 0
    with tempfile.TemporaryDirectory() as folder, ExifTool() as exiftool:
        path = Path(folder) / "a.jpg.xmp"

        @settings(
            max_examples=count, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(facts_of_a_photo())
        def judge(facts: SidecarFacts) -> None:
            nonlocal bad, tried
            own = build_sidecar(facts)
            theirs = list(ALL.values())[tried // 2 % len(ALL)].encode()
            merged = merge_packets(theirs, None, own, Side.OURS).packet or theirs
            for name, packet in (("own", own), ("merged", merged)):
                tried += 1
                before = theirs if name == "merged" else None
                said = complaints(exiftool, path, facts, packet, before=before)
                if name == "own" and read_sidecar(packet) != facts:
                    said.append("we read it differently")
                if said:
                    bad += 1
                    sys.stdout.write(f"{name}: {'; '.join(said)}\n")

        judge()
    sys.stdout.write(f"{tried} sidecars judged by exiftool, exiv2 and the schema: {tried - bad} good, {bad} not\n")
    return bad


if __name__ == "__main__":
    sys.exit(1 if main(int(sys.argv[1]) if len(sys.argv) > 1 else 300) else 0)
