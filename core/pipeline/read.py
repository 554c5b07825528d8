"""The first stage: one sequential read for both hashes, the format and the camera's metadata."""

from __future__ import annotations

from core.compute.tasks import Reading, read_file
from core.errors import SourceVanished
from core.pipeline.in_worker import in_worker
from core.pipeline.keep_original import Begun
from core.pipeline.workbench import Item, Workbench


async def read(bench: Workbench, item: Item, begun: Begun | None) -> Reading:
    """Reads the source, or, where it is gone, the original that an earlier attempt kept."""
    cache = str(bench.layout.cache)
    with item.stages.measure("read"):
        try:
            return await in_worker(bench, item, read_file, item.source, item.original_filename, cache)
        except SourceVanished:
            if begun is None:
                raise
            kept = str(bench.layout.absolute(begun.file_path))
            return await in_worker(bench, item, read_file, kept, item.original_filename, cache)
