"""Copies that sync programs make after a conflict are recognised by the names that their documentation gives."""

from __future__ import annotations

import pytest

from core.pipeline.conflict_copies import ConflictCopy, conflict_copy


@pytest.mark.parametrize(
    "filename, of, program",
    [
        ("IMG_1.sync-conflict-20240726-143025-ABC7DEF.jpg", "IMG_1.jpg", "Syncthing"),
        ("IMG_1.sync-conflict-20160726-143025.jpg", "IMG_1.jpg", "Syncthing"),
        ("a.b.sync-conflict-20240726-143025-ABC7DEF.tar.jpg", None, None),
        ("IMG_1 (conflicted copy 2024-07-26 143025).jpg", "IMG_1.jpg", "Nextcloud"),
        ("IMG_1 (conflicted copy Anna 2024-07-26 143025).jpg", "IMG_1.jpg", "Nextcloud"),
        ("IMG_1_conflict-20160726-143025.jpg", "IMG_1.jpg", "ownCloud"),
        ("IMG_1 (Anna's conflicted copy 2024-07-26).jpg", "IMG_1.jpg", "Dropbox"),
        ("IMG_1 (Anna's conflicted copy 2024-07-26 1).jpg", "IMG_1.jpg", "Dropbox"),
        ("IMG_1 (SFConflict anna@example.org 2024-07-26-14-30-25).jpg", "IMG_1.jpg", "Seafile"),
        ("IMG_1.jpg", None, None),
        ("IMG_1 (copy).jpg", None, None),
        ("conflict.jpg", None, None),
        (".sync-conflict-20240726-143025-ABC7DEF.jpg", None, None),
    ],
)
def test_names_of_copies_are_told_from_others(filename: str, of: str | None, program: str | None) -> None:
    expected = None if of is None or program is None else ConflictCopy(of, program)
    assert conflict_copy(filename) == expected
