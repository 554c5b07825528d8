"""Files as the rules see them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.groups.facts import GroupFacts, Place
from core.media.facts import Kind

NOON = datetime(2024, 7, 26, 12, 0, 0)

_KINDS = {
    **dict.fromkeys(("mov", "mp4"), Kind.VIDEO),
    **dict.fromkeys(("dng", "arw", "cr3", "nef"), Kind.RAW),
}

MakeFact = Callable[..., GroupFacts]


def make_fact(name: str, second: float | None = 0.0, folder: str = "phone/DCIM", **known: Any) -> GroupFacts:
    """A file called ``name``, taken so many seconds after noon (``None``: nobody knows), with an id like its name."""
    kind = _KINDS.get(name.rpartition(".")[2].lower(), Kind.PHOTO)
    taken = None if second is None else NOON + timedelta(seconds=second)
    return GroupFacts(
        asset_id=known.pop("asset_id", f"{folder}/{name}"),
        kind=kind,
        places=(Place(folder, name),),
        taken=taken,
        **known,
    )


@pytest.fixture
def fact() -> MakeFact:
    return make_fact
