"""What do the sidecars of a photo say? It outranks what was measured and described anew: a person may have said it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from core.library import described
from core.library.face_regions import upright_box
from core.library.photo_facts import facts_of
from core.library.sidecar_edits import changed_columns
from core.library.sidecar_facts import Provenance, SidecarFacts, digest_of
from core.library.sidecar_look import Resolution
from core.media.face_boxes import SAME_FACE, shared_area
from core.media.facts import Box, Look
from core.pipeline.carry_over import SAID

_FIELDS = (
    *("title", "description", "label", "rating", "location", "event_type", "event_name"),
    *("city", "state", "country", "country_code", "keywords", "keyword_paths", "people"),
)


class Said(msgspec.Struct, frozen=True):
    """A version's columns with what its sidecar says in place of what was found anew.

    ``is_described``: the description is neither the one that a machine has found now, nor one that a model had given.
    """

    columns: dict[str, Any]
    is_described: bool


def said_columns(columns: Mapping[str, Any], facts: SidecarFacts) -> Said:
    """Puts what a sidecar says over the columns of a version that were made of its bytes."""
    row = {**dict.fromkeys(SAID), **columns, "combined_metadata": columns["metadata"]}
    ours = facts_of(row, [], "", None)
    changed = [field for field in _FIELDS if getattr(facts, field) != getattr(ours, field)]
    when, mine = ((each.captured, each.captured_offset_minutes) for each in (facts, ours))
    if facts.captured is not None and when != mine:
        changed.append("captured")
    if (facts.latitude, facts.longitude) != (ours.latitude, ours.longitude):
        changed.append("latitude")
    values = changed_columns(row, Resolution(facts, {}, (), (), tuple(changed), ()))
    metadata: dict[str, Any] = dict(values.pop("combined_metadata", columns["metadata"]) or {})
    ai: dict[str, Any] = dict(metadata.get("ai") or {})
    if facts.tier is not None:
        # a sidecar of ours tells a machine's tags from a person's words
        given, tags = columns.get("keywords") or (), (*facts.ai_tags, *facts.tags_added)
        values["keywords"] = [word for word in facts.keywords if word not in tags or word in given]
        ai[described.TAGS] = [word for word in facts.keywords if word in tags]
        values["is_favorite"] = facts.is_favorite
        values["is_reviewed"] = facts.is_reviewed or bool(columns.get("is_reviewed"))
    if facts.provider is not None:
        ai |= {"provider": facts.provider, "version": facts.provider_version}
    if facts.confidences is not None:
        ai["aiConfidenceScores"] = msgspec.to_builtins(facts.confidences)
    made = {each.value: each for each in facts.provenance}
    is_made = "description" in made and made["description"].digest == digest_of(facts.description)
    is_described = "description" in changed and not is_made
    # what differs from what was found anew is not what a person has changed: the sidecar tells what that was
    for mark in (described.BY_PERSON, described.TAGS_ADDED, described.TAGS_REMOVED):
        ai.pop(mark, None)
    if is_described:
        ai[described.BY_PERSON] = ["longDescription"]
    removed = [*facts.tags_removed, *(tag for tag in facts.ai_tags if tag not in facts.keywords)]
    for mark, marked in ((described.TAGS_ADDED, facts.tags_added), (described.TAGS_REMOVED, removed)):
        if marked:
            ai[mark] = list(dict.fromkeys(marked))
    if (source := made.get("description") or made.get("tags")) is not None:
        ai |= _source(source)
    if ai:
        metadata["ai"] = ai
    return Said({**columns, **values, "metadata": metadata or None}, is_described)


def _source(made: Provenance) -> dict[str, str]:
    """Who had described the photo, with what and when."""
    at = made.made_at.isoformat().replace("+00:00", "Z") if made.made_at is not None else None
    said = {described.MODEL: made.model, described.PROMPT_VERSION: made.prompt_version, described.DESCRIBED_AT: at}
    return {key: value for key, value in said.items() if value is not None}


class Region(msgspec.Struct, frozen=True):
    """A face that a sidecar tells of, in pixels of the upright picture, and whose it is, if anybody's."""

    box: Box
    name: str | None


class Faces(msgspec.Struct, frozen=True):
    """What the sidecars of a photo say of its faces, those of Gold before those of Silver.

    ``is_complete``: the first was written with the same detector, so that what it leaves out was ignored by a person.
    """

    regions: tuple[Region, ...]
    is_complete: bool


def said_faces(look: Look, orientation: int, sidecars: Sequence[SidecarFacts]) -> Faces:
    """The faces of the sidecars; of two on one place the first sidecar's, unless only another one names it."""
    found: list[Region] = []
    for facts in sidecars:
        for face in facts.faces:
            region = Region(upright_box(face, look.width, look.height, orientation), face.name)
            same = next((index for index, other in enumerate(found) if is_same_face(region.box, other.box)), None)
            if same is None:
                found.append(region)
            elif found[same].name is None:
                found[same] = msgspec.structs.replace(found[same], name=region.name)
    made = sidecars[0].provenance if sidecars else ()
    is_complete = any(each.value == "faces" and each.provider == look.faces.detector for each in made)
    return Faces(tuple(found), is_complete)


def is_same_face(one: Box, other: Box) -> bool:
    """Whether two boxes are of one face."""
    return shared_area(_list(one), _list(other)) >= SAME_FACE


def _list(box: Box) -> list[int]:
    return [box.x, box.y, box.width, box.height]
