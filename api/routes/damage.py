"""Damaged files of the library: which there are, and taking up the offer of a good copy."""

from __future__ import annotations

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.access import SCOPE
from api.context import ApiContext
from api.schemas.damage import DamagedFile, RestoredFile
from core.access import Scope
from core.audit.damage import damages
from core.audit.restore import restore
from core.media.source_file import shown


@get("/api/daemon/damage", tags=["Daemon"])
async def list_damage(context: NamedDependency[ApiContext]) -> list[DamagedFile]:
    """Files whose bytes are not those that were stored, first found first; at most a thousand."""
    async with context.bench.database.read() as connection:
        found = await damages(connection)
    return [
        DamagedFile(
            id=damage.version_id,
            path=shown(damage.file_path),
            kind=damage.kind,
            good_copy=None if damage.good_copy is None else shown(damage.good_copy),
            found_at=damage.found_at,
        )
        for damage in found
    ]


@post("/api/daemon/damage/{version_id:str}/restore", tags=["Daemon"], status_code=200, opt={SCOPE: Scope.ADMIN})
async def restore_file(context: NamedDependency[ApiContext], version_id: FromPath[str]) -> RestoredFile:
    """Puts the good copy in the place of a damaged file, after its bytes were compared once more."""
    damage = await restore(context.bench.database, context.bench.layout, version_id)
    return RestoredFile(version_id, shown(damage.file_path), shown(damage.good_copy or ""))


ROUTES = (list_damage, restore_file)
