"""Every table. Ids are UUID text; timestamps are UTC."""

from __future__ import annotations

from core.db.tables.access import ApiSession, ApiToken
from core.db.tables.backlog import AiAnswer, AiBacklogEntry, AiRun, AiSpending
from core.db.tables.base import Base, new_id, utc_now
from core.db.tables.contract import (
    AiPrompt,
    AssetHistory,
    Collection,
    CollectionPhoto,
    Event,
    Face,
    FileVersion,
    LibraryTag,
    Location,
    MediaAsset,
    Person,
    Relationship,
    Setting,
    User,
)
from core.db.tables.intake import LedgerEntry, Placement, Sidecar, StageResult, UploadConflict, WatchRoot
from core.db.tables.proposed import RefusedName, SuggestedName, UnnamedGroup, UnnamedGroupFace
from core.db.tables.together import (
    AssetGroup,
    AssetGroupMember,
    DecidedBurst,
    DuplicateCheck,
    DuplicateGroup,
    DuplicateMember,
    DuplicatePair,
    GroupedAsset,
    GroupKey,
    Occasion,
    OccasionPhoto,
)
from core.db.tables.upkeep import DamagedFile, GeocodedPlace, PassRun

__all__ = [
    "AiAnswer",
    "AiBacklogEntry",
    "AiPrompt",
    "AiRun",
    "AiSpending",
    "ApiSession",
    "ApiToken",
    "AssetGroup",
    "AssetGroupMember",
    "AssetHistory",
    "Base",
    "Collection",
    "CollectionPhoto",
    "DamagedFile",
    "DecidedBurst",
    "DuplicateCheck",
    "DuplicateGroup",
    "DuplicateMember",
    "DuplicatePair",
    "Event",
    "Face",
    "FileVersion",
    "GeocodedPlace",
    "GroupKey",
    "GroupedAsset",
    "LedgerEntry",
    "LibraryTag",
    "Location",
    "MediaAsset",
    "Occasion",
    "OccasionPhoto",
    "PassRun",
    "Person",
    "Placement",
    "RefusedName",
    "Relationship",
    "Setting",
    "Sidecar",
    "StageResult",
    "SuggestedName",
    "UnnamedGroup",
    "UnnamedGroupFace",
    "UploadConflict",
    "User",
    "WatchRoot",
    "new_id",
    "utc_now",
]
