"""Drop zones (mode ``move``): when and how a source is removed. It is the only thing that ever removes one."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os

from core.errors import SourceStays, VerificationFailed
from core.library.placing import hash_file
from core.media.source_file import is_open_for_writing
from core.pipeline.keep_original import Original
from core.pipeline.ledger import Signature
from core.pipeline.roots import Mode
from core.pipeline.workbench import Item, Workbench


async def release_source(bench: Workbench, item: Item, original: Original) -> None:
    """In a drop zone, removes the source now that its bytes are recorded.

    What an earlier attempt stored is read back first: a person may have brought the file again because the library's
    copy was lost.
    """
    if item.root.mode is not Mode.MOVE:
        return
    if not original.is_fresh:
        await prove_stored(bench, item, original.file_path, original.sha256)
    await remove_source(item)


async def prove_stored(bench: Workbench, item: Item, file_path: str, sha256: str) -> None:
    """Raises :class:`VerificationFailed` unless the library's file is there with its bytes."""
    try:
        found = await asyncio.to_thread(hash_file, bench.layout.absolute(file_path))
    except OSError as error:
        raise VerificationFailed(
            f"{item.label} is in the library as {file_path}, but that cannot be read ({error.strerror}); the file was "
            "left where it is. Put it back under that name, or restore it from a backup."
        ) from error
    if found != sha256:
        raise VerificationFailed(
            f"{item.label} is in the library as {file_path}, but that file is damaged; the file was left where it is. "
            "Replace the damaged one with it, or restore it from a backup."
        )


async def remove_source(item: Item) -> None:
    """Removes the source of an entry unless it was written to since it was taken; an absent one is fine.

    Raises :class:`SourceStays` where the system refuses, or a program still has it open for writing.
    """
    try:
        await asyncio.to_thread(_remove_unchanged, item)
    except OSError as error:
        raise SourceStays(
            f"{item.label} is safe in the library, but could not be removed from {item.root.name}: "
            f"{error.strerror or error}. That is tried again; give the daemon's user the right to remove files there, "
            'or use mode "copy".'
        ) from error


def _remove_unchanged(item: Item) -> None:
    with contextlib.suppress(FileNotFoundError):
        if Signature.of(os.lstat(item.source)) == item.entry.signature:
            if is_open_for_writing(item.source):
                # what is still to be written would go into a file without a name
                raise OSError(errno.EBUSY, "it is still open for writing")
            os.unlink(item.source)  # noqa: PTH108 - the name may hold bytes that are not UTF-8
