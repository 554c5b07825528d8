"""The jobs that run in worker processes, by name.

The main process imports this module to name them; what they need is imported when they run, so that it never pays for
pixel libraries. What a worker has loaded (networks, the gazetteer) it keeps until it ends.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from core.errors import SourceChanged
from core.media.facts import Format, Identity, Look
from core.media.metadata import Metadata
from core.media.source_file import is_open_for_writing, shown
from core.places.clusters import Point
from core.places.place import Place

if TYPE_CHECKING:
    from core.duplicates.pictures import Confirmed, Pair, Picture
    from core.duplicates.suspect import Suspect
    from core.library.gold_facts import GoldFacts
    from core.library.gold_plan import GoldPlan
    from core.library.sidecar_facts import SidecarFacts
    from core.library.sidecar_look import Look as SidecarLook
    from core.library.sidecar_look import Reconciled
    from core.media.look import Models
    from core.media.tagger import Tagger
    from core.people.comparing import Group, Names
    from core.people.face_file import FaceFile
    from core.places.geonames import Gazetteer


class Reading(msgspec.Struct, frozen=True):
    """A file's identity, and what its coordinates mean: the nearest place and the IANA time zone.

    The identity's metadata are those of the file and of a sidecar that another program put beside it; ``own`` are the
    file's alone, which its bytes decide.
    """

    identity: Identity
    place: Place | None
    zone: str | None
    own: Metadata = Metadata()


def read_file(path: str, original_filename: str, cache_dir: str) -> Reading:
    """Reads the file once.

    Raises the errors of :func:`core.media.identify.identify`, and :class:`core.errors.SourceChanged` for a file that a
    program of this machine still has open for writing: it may pause for longer than anybody waits.
    """
    from core.media.identify import identify, identify_with_sidecar
    from core.places.geonames import place_at
    from core.places.time_zone import zone_at

    if is_on_this_machine(path) and is_open_for_writing(path):
        raise SourceChanged(f"{shown(path)} is still open for writing. It is taken in once it is closed.")
    own = identify(path, original_filename)
    identity = identify_with_sidecar(own, path)
    latitude, longitude = identity.exif.gps_latitude, identity.exif.gps_longitude
    if latitude is None or longitude is None:
        return Reading(identity, None, None, own.metadata)
    place, zone = place_at(_gazetteer(cache_dir), latitude, longitude), zone_at(latitude, longitude)
    return Reading(identity, place, zone, own.metadata)


def find_place(latitude: float, longitude: float, cache_dir: str) -> Place | None:
    """The populated place that a position in decimal degrees belongs to."""
    from core.places.geonames import place_at

    return place_at(_gazetteer(cache_dir), latitude, longitude)


def find_places(points: Sequence[Sequence[Point]], cache_dir: str) -> list[list[Place]]:
    """The populated places of several lists of positions; where there is none, it is left out."""
    from core.places.geonames import place_at

    gazetteer = _gazetteer(cache_dir)
    return [[place for point in some if (place := place_at(gazetteer, *point)) is not None] for some in points]


def is_on_this_machine(path: str) -> bool:
    """Whether a file lies on a file system of this machine, not on a share."""
    try:
        device = os.lstat(path).st_dev
    except OSError:
        return False
    return _is_local(device, os.path.dirname(path))  # noqa: PTH120 - text with surrogates


@cache
def _file_systems() -> dict[int, bool]:
    return {}


def _is_local(device: int, folder: str) -> bool:
    """Asks the mount table once per file system."""
    known = _file_systems()
    if device not in known:
        from core.library.filesystems import filesystem_of, mounted

        known[device] = not filesystem_of(folder, mounted()).is_network
    return known[device]


def look_at_file(path: str, media_format: Format, cache_dir: str) -> Look:
    """Decodes the file once and measures everything. Raises :class:`core.errors.Undecodable`."""
    from core.media.look import look

    return look(path, media_format, _models(cache_dir))


def read_sidecars(paths: Sequence[str]) -> list[SidecarFacts | str]:
    """What each of these sidecars says; where one cannot be read, the reason."""
    from core.library.sidecar import read_sidecar

    found: list[SidecarFacts | str] = []
    for path in paths:
        try:
            found.append(read_sidecar(Path(path).read_bytes()))
        except (OSError, ValueError) as error:
            found.append(str(error))
    return found


def reconcile_sidecar(look: SidecarLook) -> Reconciled:
    """Merges what others wrote into a photo's sidecars with what we want to say. Raises :class:`OSError`."""
    from core.library.sidecar_reconcile import reconcile

    return reconcile(look)


def render_thumbnail(preview: str, edge: int, quality: int) -> bytes:
    """A square JPEG of ``edge`` pixels from a stored preview."""
    from core.media.thumbnails import render_thumbnail as render

    return render(preview, edge, quality)


def plan_gold(path: str, media_format: Format, facts: GoldFacts, sha256: str, present_sidecar: str | None) -> GoldPlan:
    """The Gold file of a photo to the byte, checked; see :func:`core.library.gold_plan.plan_gold`."""
    from core.library.gold_plan import plan_gold as plan

    return plan(path, media_format, facts, sha256, present_sidecar)


def plan_copy(path: str, facts: GoldFacts, sha256: str, reason: str) -> GoldPlan:
    """The same with the bytes of the source, where writing into it has cost a worker."""
    from core.library.gold_plan import plan_copy as plan

    return plan(path, facts, sha256, reason)


def render_reduced(preview: str, longest: int, quality: int) -> bytes:
    """A JPEG of a whole stored preview, its longest side at most ``longest`` pixels."""
    from core.media.thumbnails import render_reduced as render

    return render(preview, longest, quality)


def fingerprint_pictures(pictures: Sequence[Picture], cache_dir: str) -> list[bytes]:
    """By what copies of these pictures are found; see :func:`core.duplicates.pictures.fingerprints`."""
    from core.duplicates.pictures import fingerprints

    return fingerprints(pictures, _tagger(cache_dir))


def suspect_copies(records: str, first: int, end: int) -> list[Suspect]:
    """What rows of a file of fingerprints may be copies of; see :func:`core.duplicates.suspects.find_suspects`."""
    from core.duplicates.suspects import find_suspects, read_records

    return find_suspects(read_records(records), first, end)


def confirm_copies(pairs: Sequence[Pair]) -> list[Confirmed | None]:
    """Whether one picture of each pair is a copy of the other; see :func:`core.duplicates.pictures.confirm`."""
    from core.duplicates.pictures import confirm

    return confirm(pairs)


def suggest_names(file: FaceFile, start: int, end: int) -> list[Names]:
    """Whose faces without a name may be; see :func:`core.people.comparing.suggest_names`."""
    from core.people.comparing import suggest_names as suggest

    return suggest(file, start, end)


def group_unnamed(file: FaceFile, start: int, seconds: float) -> int:
    """Puts faces without a name together; see :func:`core.people.comparing.group_some`."""
    from core.people.comparing import group_some

    return group_some(file, start, seconds)


def found_unnamed(file: FaceFile) -> list[Group]:
    """What :func:`group_unnamed` has found; see :func:`core.people.comparing.found_groups`."""
    from core.people.comparing import found_groups

    return found_groups(file)


def prepare_cache(cache_dir: str) -> None:
    """Prepares the networks and the gazetteer, where that was not done yet, and loads them into this worker."""
    _gazetteer(cache_dir)
    _models(cache_dir)


@cache
def _models(cache_dir: str) -> Models:
    from core.media.look import load_models

    return load_models(Path(cache_dir))


@cache
def _tagger(cache_dir: str) -> Tagger | None:
    """The classifier alone; ``None`` where it cannot be used."""
    from core.media.models.shipped import ModelUnusable
    from core.media.tagger import load_tagger

    try:
        return load_tagger(Path(cache_dir))
    except ModelUnusable:
        return None


@cache
def _gazetteer(cache_dir: str) -> Gazetteer:
    from core.media.models.prepared import prepared
    from core.places.geonames import GAZETTEER_NAME, build_gazetteer, load_gazetteer

    return load_gazetteer(prepared(Path(cache_dir), GAZETTEER_NAME, build_gazetteer))
