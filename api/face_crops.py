"""Pictures of faces, made when the first client asks for one, and kept."""

from __future__ import annotations

import asyncio

from core.errors import NotFound, PlacementFailed, Undecodable, WorkerLost
from core.library.placing import replace_bytes
from core.media.face_crop import render_face_crop
from core.media.formats import FORMATS
from core.people.crops import face_of_crop, face_source
from core.pipeline.workbench import Workbench


class FaceCrops:
    """Makes each crop once, however many ask for it at the same time."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._making: dict[str, asyncio.Task[None]] = {}

    async def ensure(self, file_path: str) -> None:
        """Returns when the crop that a path below the data directory names is on disk; at once for other paths.

        Raises :class:`NotFound` where there is no such face, or nothing can be cut out of its picture.
        """
        if face_of_crop(file_path) is None or await asyncio.to_thread(self._bench.layout.absolute(file_path).is_file):
            return
        task = self._making.get(file_path)
        if task is None:
            task = self._making[file_path] = asyncio.create_task(self._make(file_path))
            task.add_done_callback(lambda _: self._making.pop(file_path))
        await asyncio.shield(task)

    async def _make(self, file_path: str) -> None:
        bench = self._bench
        async with bench.database.read() as connection:
            source = await face_source(connection, file_path)
        media_format = next((known for known in FORMATS if known.mime_type == source.mime_type), None)
        if media_format is None:
            raise NotFound(f"{source.file_path} is no picture.")
        try:
            path = bench.layout.absolute(source.file_path)
            picture = await bench.compute.run(render_face_crop, path, media_format, source.box)
            await asyncio.to_thread(replace_bytes, picture, bench.layout.absolute(file_path))
        except (Undecodable, WorkerLost, PlacementFailed, OSError) as error:
            raise NotFound(f"{source.file_path} has no face to show: {error}") from error
