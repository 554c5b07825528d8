"""What became of the files of an upload?"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from api.schemas.metadata import CombinedMetadata
from api.schemas.raw_json import JsonOf
from api.schemas.timestamp import Timestamp


class NamedAsset(Struct, rename="camel"):
    """An asset by the name its sender gave."""

    original_filename: str


class ExistingPhoto(Struct, rename="camel"):
    """The photo in the library that an upload looks like."""

    id: str
    file_path: str
    tier: str
    file_hash: str
    file_size: int
    perceptual_hash: str | None
    metadata: Annotated[msgspec.Raw, JsonOf(CombinedMetadata | None)]
    media_asset: NamedAsset
    created_at: Timestamp


class NewFile(Struct, rename="camel"):
    """The upload itself, kept as Bronze while a person decides; ``temp_path`` is below the data directory."""

    temp_path: str
    original_filename: str
    file_hash: str
    perceptual_hash: str
    file_size: int
    metadata: Annotated[msgspec.Raw, JsonOf(CombinedMetadata | None)]


class Conflict(Struct, rename="camel"):
    """An upload and a photo that look alike. ``similarity`` is in percent."""

    id: str
    existing_photo: ExistingPhoto
    new_file: NewFile
    conflict_type: str
    similarity: int
    suggested_action: str
    reasoning: str


class UploadResult(Struct, rename="camel"):
    """What became of one file. ``filename`` is what the sender called it."""

    filename: str
    status: Literal["success", "skipped", "conflict", "error"]
    message: str | UnsetType = UNSET
    asset_id: str | UnsetType = UNSET
    version_id: str | UnsetType = UNSET
    conflicts: list[Conflict] | UnsetType = UNSET


class UploadAnswer(Struct, rename="camel"):
    """One result for each file, in the order they came. ``total_conflicts`` counts conflicts, not files."""

    results: list[UploadResult]
    has_conflicts: bool
    total_conflicts: int


class Resolution(Struct, rename="camel"):
    """What becomes of an upload: ``keep_existing``, ``replace_with_new`` or ``keep_both``.

    Clients may send the conflict itself along; it is not looked at.
    """

    conflict_id: str
    action: str


class Resolutions(Struct):
    """Decisions, in the order in which they are carried out."""

    resolutions: list[Resolution]


class Resolved(Struct, rename="camel"):
    """What became of one conflict; ``assetId`` is the photo that is in the library now."""

    conflict_id: str
    success: bool
    message: str
    asset_id: str | UnsetType = UNSET


class ResolutionAnswer(Struct):
    """``success`` when every decision was carried out."""

    success: bool
    message: str
    results: list[Resolved]
