"""Uploads that look like a photo in the library, and wait for a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from core.db.json_sql import json_text
from core.db.tables import FileVersion, MediaAsset, UploadConflict
from core.library.layout import Tier

PENDING = "pending"
"""The ``processing_state`` of the upload's original until a person decides. It is hidden like what is archived."""


async def conflicts_of(connection: AsyncConnection, asset_id: str) -> Sequence[Row[*tuple[Any, ...]]]:
    """The conflicts of an uploaded asset, most alike first: their own columns, ``new_…`` and ``existing_…``."""
    existing, existing_asset = aliased(FileVersion), aliased(MediaAsset)
    statement = (
        select(
            UploadConflict.id,
            UploadConflict.conflict_type,
            UploadConflict.similarity,
            UploadConflict.suggested_action,
            UploadConflict.reasoning,
            UploadConflict.perceptual_hash,
            FileVersion.file_path.label("new_file_path"),
            FileVersion.file_hash.label("new_file_hash"),
            FileVersion.file_size.label("new_file_size"),
            json_text(FileVersion.combined_metadata).label("new_metadata_json"),
            MediaAsset.original_filename.label("new_original_filename"),
            existing.id.label("existing_id"),
            existing.file_path.label("existing_file_path"),
            existing.tier.label("existing_tier"),
            existing.file_hash.label("existing_file_hash"),
            existing.file_size.label("existing_file_size"),
            existing.perceptual_hash.label("existing_perceptual_hash"),
            json_text(existing.combined_metadata).label("existing_metadata_json"),
            existing.captured_at.label("existing_captured_at"),
            existing.created_at.label("existing_created_at"),
            existing_asset.original_filename.label("existing_original_filename"),
        )
        .join(MediaAsset, MediaAsset.id == UploadConflict.media_asset_id)
        .join(FileVersion, FileVersion.media_asset_id == MediaAsset.id)
        .join(existing, existing.id == UploadConflict.existing_photo_id)
        .join(existing_asset, existing_asset.id == existing.media_asset_id)
        .where(UploadConflict.media_asset_id == asset_id, FileVersion.tier == Tier.BRONZE)
        .order_by(UploadConflict.similarity.desc(), UploadConflict.id)
    )
    return (await connection.execute(statement)).all()
