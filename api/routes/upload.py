"""Uploads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from litestar import Request, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import JSONBody
from msgspec import UNSET
from sqlalchemy import Row

from api.context import ApiContext
from api.received_files import ReceivedFile, received_files
from api.schemas.raw_json import raw_json
from api.schemas.timestamp import timestamp
from api.schemas.upload import (
    Conflict,
    ExistingPhoto,
    NamedAsset,
    NewFile,
    Resolution,
    ResolutionAnswer,
    Resolutions,
    Resolved,
    UploadAnswer,
    UploadResult,
)
from core.errors import BadRequest, IntakeError, NotFound, RequestError
from core.library.photos import version_to_show
from core.library.upload_conflicts import conflicts_of
from core.pipeline.receive import receive
from core.pipeline.resolve import Decision, resolve
from core.pipeline.states import State as LedgerState

_THROUGH: Final = (LedgerState.DONE, LedgerState.DUPLICATE, LedgerState.CONFLICT, LedgerState.IGNORED)
"""The library has the bytes, or does not want them."""

_BODY: Final = RequestBody(
    required=True,
    content={
        "multipart/form-data": OpenAPIMediaType(
            Schema(
                type=OpenAPIType.OBJECT,
                required=["files"],
                properties={
                    "files": Schema(
                        type=OpenAPIType.ARRAY,
                        items=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY),
                    )
                },
            )
        )
    },
)


@dataclass
class UploadOperation(Operation):
    """Describes the body, which the framework does not see as it is read while it comes."""

    def __post_init__(self) -> None:
        self.request_body = _BODY


@post(
    ["/api/upload", "/api/photos/upload"],
    tags=["Upload"],
    status_code=200,
    request_max_body_size=None,
    operation_class=UploadOperation,
)
async def upload(request: Request[None, None, State], context: NamedDependency[ApiContext]) -> UploadAnswer:
    """Takes photos and videos in; when they are in the library, answers with one result for each, in their order.

    One after the other, as the contract has it: what a file duplicates or looks like may have come just before it.
    """
    bench = context.bench
    results = [
        await _take_in(context, file) async for file in received_files(request, bench.layout.temp, context.min_free)
    ]
    if not results:
        raise BadRequest("The upload has no files; they are expected in the field files.")
    total = sum(len(result.conflicts) for result in results if isinstance(result.conflicts, list))
    return UploadAnswer(results, total > 0, total)


async def _take_in(context: ApiContext, file: ReceivedFile) -> UploadResult:
    bench = context.bench
    if file.problem is not None:
        return UploadResult(file.filename, "error", message=file.problem)
    fate = await receive(bench, file.path)
    # the ledger knows the file by its place below temp, its sender by its name
    reason = (fate.reason or f"The file is {fate.state.value}.").replace(f"{file.path.parent.name}/", "")
    if fate.state in _THROUGH:
        await asyncio.to_thread(file.remove)
    else:  # it is tried again, or a person should look: either needs the bytes
        context.wake()
    match fate.state:
        case LedgerState.DONE if fate.media_asset_id is not None:
            async with bench.database.read() as connection:
                version_id = await version_to_show(connection, fate.media_asset_id)
            told = UNSET if fate.reason is None else reason
            return UploadResult(
                file.filename, "success", message=told, asset_id=fate.media_asset_id, version_id=version_id
            )
        case LedgerState.DUPLICATE:
            return UploadResult(file.filename, "skipped", message=reason)
        case LedgerState.CONFLICT if fate.media_asset_id is not None:
            async with bench.database.read() as connection:
                conflicts = [_conflict_of(row) for row in await conflicts_of(connection, fate.media_asset_id)]
            return UploadResult(file.filename, "conflict", message=_looks_like(conflicts), conflicts=conflicts)
    return UploadResult(file.filename, "error", message=reason)


def _looks_like(conflicts: Sequence[Conflict]) -> str:
    if len(conflicts) == 1:
        return f"It looks like {conflicts[0].existing_photo.media_asset.original_filename}; please decide."
    return f"It looks like {len(conflicts)} photos in the library; please decide."


def _conflict_of(row: Row[*tuple[Any, ...]]) -> Conflict:
    return Conflict(
        id=row.id,
        existing_photo=ExistingPhoto(
            id=row.existing_id,
            file_path=row.existing_file_path,
            tier=row.existing_tier,
            file_hash=row.existing_file_hash,
            file_size=row.existing_file_size,
            perceptual_hash=row.existing_perceptual_hash,
            metadata=_with_date_taken(row.existing_metadata_json, row.existing_captured_at),
            media_asset=NamedAsset(row.existing_original_filename),
            created_at=timestamp(row.existing_created_at),
        ),
        new_file=NewFile(
            temp_path=row.new_file_path,
            original_filename=row.new_original_filename,
            file_hash=row.new_file_hash,
            perceptual_hash=row.perceptual_hash,
            file_size=row.new_file_size,
            metadata=raw_json(row.new_metadata_json),
        ),
        conflict_type=row.conflict_type,
        similarity=row.similarity,
        suggested_action=row.suggested_action,
        reasoning=row.reasoning,
    )


def _with_date_taken(metadata_json: str | None, captured_at: str | None) -> msgspec.Raw:
    """The metadata with ``exif.dateTaken``, which only conflicts have: what the file says, else what is known of it."""
    metadata = msgspec.json.decode(metadata_json) if metadata_json else {}
    exif = metadata.get("exif") if isinstance(metadata, dict) else None
    taken = (exif.get("dateTimeOriginal") if isinstance(exif, dict) else None) or captured_at
    if taken is None or not isinstance(metadata, dict) or not isinstance(exif, dict | None):
        return raw_json(metadata_json)
    return msgspec.Raw(msgspec.json.encode(metadata | {"exif": (exif or {}) | {"dateTaken": taken}}))


@post("/api/upload/resolve-conflicts", tags=["Upload"], status_code=200)
async def resolve_conflicts(context: NamedDependency[ApiContext], data: JSONBody[Resolutions]) -> ResolutionAnswer:
    """Carries decisions out, one after the other; what fails tells why and waits on.

    An upload that nobody decides on within a day is kept beside the photo it looks like.
    """
    results = [await _resolved(context, each) for each in data.resolutions]
    done = sum(result.success for result in results)
    return ResolutionAnswer(done == len(results), f"{done} of {len(results)} conflicts were resolved.", results)


async def _resolved(context: ApiContext, wanted: Resolution) -> Resolved:
    if wanted.action not in set(Decision):
        message = f"{wanted.action} is no decision; there are {', '.join(Decision)}."
        return Resolved(wanted.conflict_id, success=False, message=message)
    try:
        if "\0" in wanted.conflict_id:
            raise NotFound("There is no such conflict.")
        asset_id = await resolve(context.bench, wanted.conflict_id, Decision(wanted.action))
    except (RequestError, IntakeError) as error:
        return Resolved(wanted.conflict_id, success=False, message=str(error))
    return Resolved(wanted.conflict_id, success=True, message=_DONE[Decision(wanted.action)], asset_id=asset_id)


_DONE: Final = {
    Decision.KEEP_EXISTING: "The photo in the library stays; the new file is not shown.",
    Decision.REPLACE: "The new file is the photo now; the old one is in the archive.",
    Decision.KEEP_BOTH: "Both photos are in the library.",
}

ROUTES = [upload, resolve_conflicts]
