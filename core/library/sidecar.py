"""What stands in the sidecar beside a picture?

Each fact is written where the programs that people use look for it (Immich, digiKam, Lightroom, exiftool): keywords in
three places, because Immich reads only the first that it finds and would miss what the others hold; dates in three;
faces as the Metadata Working Group's regions and as the names of those in the picture. What only Pictallion knows has
a namespace of its own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone

import msgspec

from core.ai.provider import Confidences
from core.library.sidecar_facts import FaceRegion, Provenance, SidecarFacts
from core.media import xmp
from core.media.xmp import Node

MINUTE_DECIMALS = 6
"""Of the minutes of a coordinate: two millimetres, finer than the six decimals of a degree that we keep."""

_COORDINATE = re.compile(r"(\d{1,3}),(\d{1,2}(?:\.\d+)?)(?:,(\d{1,2}(?:\.\d+)?))?([NSEW])")


def build_sidecar(facts: SidecarFacts) -> bytes:
    """Return an XMP packet that says what is known; the same facts give the same bytes.

    Raises:
        ValueError: coordinates, rating or offset are outside what ``SidecarFacts`` allows.
    """
    root, node = xmp.new_packet()
    xmp.add_alternative(node, "dc:title", facts.title)
    xmp.add_alternative(node, "dc:description", facts.description)
    xmp.add_text(node, "xmp:Label", facts.label)
    _add_keywords(node, facts)
    if facts.rating:
        if not -1 <= facts.rating <= 5:
            raise ValueError(f"A rating is -1 to 5, not {facts.rating}.")
        xmp.add_text(node, "xmp:Rating", str(facts.rating))
    _add_capture_time(node, facts)
    _add_position(node, facts)
    xmp.add_alternative(node, "Iptc4xmpExt:Event", facts.event_name)
    _add_faces(node, facts)
    xmp.add_list(node, "Iptc4xmpExt:PersonInImage", [*facts.people, *(face.name or "" for face in facts.faces)])
    _add_provenance(node, facts)
    return xmp.packet_bytes(root)


def read_sidecar(data: bytes) -> SidecarFacts:
    """Return the facts of a sidecar that we or another program wrote; a value that makes no sense counts as absent.

    Raises:
        ValueError: the bytes are no XMP.
    """
    nodes = xmp.read_packet(data)
    captured, offset = _read_date(
        xmp.text_of(nodes, "exif:DateTimeOriginal") or xmp.text_of(nodes, "photoshop:DateCreated")
    )
    latitude = _read_coordinate(xmp.text_of(nodes, "exif:GPSLatitude"), "NS", 90)
    longitude = _read_coordinate(xmp.text_of(nodes, "exif:GPSLongitude"), "EW", 180)
    positioned = latitude is not None and longitude is not None
    regions = xmp.structure_of(nodes, "mwg-rs:Regions")
    size = xmp.structure_of(regions, "mwg-rs:AppliedToDimensions")
    rating = _read_number(xmp.text_of(nodes, "xmp:Rating"))
    paths = (tuple(path.split("|")) for path in xmp.texts_of(nodes, "lr:hierarchicalSubject"))
    return SidecarFacts(
        title=xmp.text_of(nodes, "dc:title"),
        description=xmp.text_of(nodes, "dc:description"),
        label=xmp.text_of(nodes, "xmp:Label"),
        keywords=xmp.texts_of(nodes, "dc:subject"),
        keyword_paths=tuple(path for path in paths if len(path) > 1),
        ai_tags=xmp.texts_of(nodes, "pictallion:AiTags"),
        tags_added=xmp.texts_of(nodes, "pictallion:TagsAddedByPerson"),
        tags_removed=xmp.texts_of(nodes, "pictallion:TagsRemovedByPerson"),
        rating=int(rating) if rating is not None and -1 <= rating <= 5 else 0,
        is_favorite=xmp.text_of(nodes, "pictallion:Favorite") == "True",
        is_reviewed=xmp.text_of(nodes, "pictallion:Reviewed") == "True",
        captured=captured,
        captured_offset_minutes=offset,
        latitude=latitude if positioned else None,
        longitude=longitude if positioned else None,
        location=xmp.text_of(nodes, "Iptc4xmpCore:Location"),
        city=xmp.text_of(nodes, "photoshop:City"),
        state=xmp.text_of(nodes, "photoshop:State"),
        country=xmp.text_of(nodes, "photoshop:Country"),
        country_code=xmp.text_of(nodes, "Iptc4xmpCore:CountryCode"),
        event_type=xmp.text_of(nodes, "pictallion:EventType"),
        event_name=xmp.text_of(nodes, "Iptc4xmpExt:Event"),
        people=xmp.texts_of(nodes, "Iptc4xmpExt:PersonInImage"),
        faces=_read_faces(regions),
        stored_width=_read_pixels(xmp.text_of(size, "stDim:w")),
        stored_height=_read_pixels(xmp.text_of(size, "stDim:h")),
        provider=xmp.text_of(nodes, "pictallion:Provider"),
        provider_version=xmp.text_of(nodes, "pictallion:ProviderVersion"),
        confidences=_read_confidences(xmp.structure_of(nodes, "pictallion:Confidences")),
        provenance=_read_provenance(nodes),
        tier=xmp.text_of(nodes, "pictallion:Tier"),
        perceptual_hash=xmp.text_of(nodes, "pictallion:PerceptualHash"),
        original_filename=xmp.text_of(nodes, "pictallion:OriginalFilename"),
        sha256=xmp.text_of(nodes, "pictallion:SHA256"),
        ingested_at=_read_moment(xmp.text_of(nodes, "pictallion:IngestedAt")),
    )


def _add_keywords(node: Node, facts: SidecarFacts) -> None:
    leaves = {path[-1] for path in facts.keyword_paths if path}
    paths = [(keyword,) for keyword in facts.keywords if keyword not in leaves] + list(facts.keyword_paths)
    levels = [[_level(level) for level in path] for path in paths]
    xmp.add_list(node, "dc:subject", facts.keywords)
    xmp.add_list(node, "lr:hierarchicalSubject", map("|".join, levels))
    xmp.add_list(node, "digiKam:TagsList", map("/".join, levels), shape="Seq")


def _level(keyword: str) -> str:
    # A keyword like AC/DC would otherwise read as two levels; dc:subject keeps it as it is.
    return re.sub(r"[|/]", "-", xmp.clean(keyword))


def _add_capture_time(node: Node, facts: SidecarFacts) -> None:
    if facts.captured is None:
        return
    moment = facts.captured
    if facts.captured_offset_minutes is not None:
        moment = moment.replace(tzinfo=timezone(timedelta(minutes=facts.captured_offset_minutes)))
    for name in ("exif:DateTimeOriginal", "photoshop:DateCreated", "xmp:CreateDate"):
        xmp.add_text(node, name, moment.isoformat())


def _add_position(node: Node, facts: SidecarFacts) -> None:
    if facts.latitude is not None and facts.longitude is not None:
        if not (abs(facts.latitude) <= 90 and abs(facts.longitude) <= 180):
            raise ValueError(f"{facts.latitude}, {facts.longitude} is no position in degrees.")
        xmp.add_text(node, "exif:GPSLatitude", _coordinate(facts.latitude, "NS"))
        xmp.add_text(node, "exif:GPSLongitude", _coordinate(facts.longitude, "EW"))
    xmp.add_text(node, "Iptc4xmpCore:Location", facts.location)
    xmp.add_text(node, "photoshop:City", facts.city)
    xmp.add_text(node, "photoshop:State", facts.state)
    xmp.add_text(node, "photoshop:Country", facts.country)
    xmp.add_text(node, "Iptc4xmpCore:CountryCode", facts.country_code)
    names = (
        ("Sublocation", facts.location),
        ("City", facts.city),
        ("ProvinceState", facts.state),
        ("CountryName", facts.country),
        ("CountryCode", facts.country_code),
    )
    if any(xmp.clean(name) for _, name in names):
        place = xmp.add_structure(xmp.add_structure_list(node, "Iptc4xmpExt:LocationCreated"), "rdf:li")
        for field, name in names:
            xmp.add_text(place, f"Iptc4xmpExt:{field}", name)


def _coordinate(degrees: float, hemispheres: str) -> str:
    """Return ``48,51.504000N``: degrees, minutes, hemisphere (XMP part 2, GPSCoordinate)."""
    # Counted in whole units, so that 59.9999999 minutes become the next degree and not 60 minutes.
    unit = 10**MINUTE_DECIMALS
    whole_degrees, rest = divmod(round(abs(degrees) * 60 * unit), 60 * unit)
    minutes, fraction = divmod(rest, unit)
    return f"{whole_degrees},{minutes}.{fraction:0{MINUTE_DECIMALS}}{hemispheres[degrees < 0]}"


def _add_faces(node: Node, facts: SidecarFacts) -> None:
    if not (facts.faces and facts.stored_width and facts.stored_height):
        return
    regions = xmp.add_structure(node, "mwg-rs:Regions")
    size = xmp.add_structure(regions, "mwg-rs:AppliedToDimensions")
    xmp.add_text(size, "stDim:w", str(facts.stored_width))
    xmp.add_text(size, "stDim:h", str(facts.stored_height))
    xmp.add_text(size, "stDim:unit", "pixel")
    faces = xmp.add_structure_list(regions, "mwg-rs:RegionList")
    for face in facts.faces:
        region = xmp.add_structure(faces, "rdf:li")
        xmp.add_text(region, "mwg-rs:Name", face.name)
        xmp.add_text(region, "mwg-rs:Type", "Face")
        area = xmp.add_structure(region, "mwg-rs:Area")
        for field, share in (("x", face.x), ("y", face.y), ("w", face.width), ("h", face.height)):
            xmp.add_text(area, f"stArea:{field}", f"{share:.6f}")
        xmp.add_text(area, "stArea:unit", "normalized")


def _add_provenance(node: Node, facts: SidecarFacts) -> None:
    xmp.add_text(node, "pictallion:Tier", facts.tier)
    xmp.add_text(node, "pictallion:EventType", facts.event_type)
    xmp.add_list(node, "pictallion:AiTags", facts.ai_tags)
    xmp.add_list(node, "pictallion:TagsAddedByPerson", facts.tags_added)
    xmp.add_list(node, "pictallion:TagsRemovedByPerson", facts.tags_removed)
    for name, is_so in (("pictallion:Favorite", facts.is_favorite), ("pictallion:Reviewed", facts.is_reviewed)):
        xmp.add_text(node, name, "True" if is_so else None)
    if facts.provenance:
        made = xmp.add_structure_list(node, "pictallion:Provenance")
        for each in facts.provenance:
            entry = xmp.add_structure(made, "rdf:li")
            xmp.add_text(entry, "pictallion:Value", each.value)
            xmp.add_text(entry, "pictallion:Provider", each.provider)
            xmp.add_text(entry, "pictallion:Version", each.version)
            xmp.add_text(entry, "pictallion:Model", each.model)
            xmp.add_text(entry, "pictallion:PromptVersion", each.prompt_version)
            xmp.add_text(entry, "pictallion:Digest", each.digest)
            xmp.add_text(entry, "pictallion:Confidence", None if each.confidence is None else f"{each.confidence:.4f}")
            xmp.add_text(entry, "pictallion:Date", None if each.made_at is None else each.made_at.isoformat())
    xmp.add_text(node, "pictallion:Provider", facts.provider)
    xmp.add_text(node, "pictallion:ProviderVersion", facts.provider_version)
    if facts.confidences is not None:
        confidences = xmp.add_structure(node, "pictallion:Confidences")
        for field, confidence in msgspec.structs.asdict(facts.confidences).items():
            xmp.add_text(confidences, f"pictallion:{field}", f"{confidence:.4f}")
    xmp.add_text(node, "pictallion:PerceptualHash", facts.perceptual_hash)
    xmp.add_text(node, "pictallion:OriginalFilename", facts.original_filename)
    xmp.add_text(node, "pictallion:SHA256", facts.sha256)
    if facts.ingested_at is not None:
        xmp.add_text(node, "pictallion:IngestedAt", facts.ingested_at.astimezone(UTC).isoformat())


def _read_provenance(nodes: list[Node]) -> tuple[Provenance, ...]:
    found = []
    for entry in xmp.structures_of(nodes, "pictallion:Provenance"):
        value, provider = xmp.text_of([entry], "pictallion:Value"), xmp.text_of([entry], "pictallion:Provider")
        if value is None or provider is None:
            continue
        made_at, offset = _read_date(xmp.text_of([entry], "pictallion:Date"))
        found.append(
            Provenance(
                value,
                provider,
                xmp.text_of([entry], "pictallion:Version"),
                _read_number(xmp.text_of([entry], "pictallion:Confidence")),
                made_at.replace(tzinfo=UTC) if made_at is not None and offset == 0 else None,
                xmp.text_of([entry], "pictallion:Model"),
                xmp.text_of([entry], "pictallion:PromptVersion"),
                xmp.text_of([entry], "pictallion:Digest"),
            )
        )
    return tuple(found)


def _read_date(text: str | None) -> tuple[datetime | None, int | None]:
    """Return wall clock and minutes east of UTC."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None, None
    offset = moment.utcoffset()
    return moment.replace(tzinfo=None), None if offset is None else round(offset.total_seconds() / 60)


def _read_moment(text: str | None) -> datetime | None:
    """A time that is one everywhere, in UTC."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.astimezone(UTC)


def _read_coordinate(text: str | None, hemispheres: str, limit: int) -> float | None:
    found = _COORDINATE.fullmatch(text or "")
    if found is None or found[4] not in hemispheres:
        return None
    degrees = int(found[1]) + float(found[2]) / 60 + float(found[3] or 0) / 3600
    return round(-degrees if found[4] in "SW" else degrees, 6) if degrees <= limit else None


def _read_faces(regions: Iterable[Node]) -> tuple[FaceRegion, ...]:
    faces = []
    for region in xmp.structures_of(regions, "mwg-rs:RegionList"):
        area = xmp.structure_of([region], "mwg-rs:Area")
        x, y, width, height = (_read_number(xmp.text_of(area, f"stArea:{field}")) for field in ("x", "y", "w", "h"))
        is_face = xmp.text_of([region], "mwg-rs:Type") == "Face"
        if is_face and x is not None and y is not None and width is not None and height is not None:
            faces.append(FaceRegion(x=x, y=y, width=width, height=height, name=xmp.text_of([region], "mwg-rs:Name")))
    return tuple(faces)


def _read_confidences(nodes: list[Node]) -> Confidences | None:
    if not nodes:
        return None
    read = {name: _read_number(xmp.text_of(nodes, f"pictallion:{name}")) for name in Confidences.__struct_fields__}
    return Confidences(**{name: number for name, number in read.items() if number is not None})


def _read_pixels(text: str | None) -> int | None:
    number = _read_number(text)
    return None if number is None else int(number)


def _read_number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
