"""A new photo waits for the model that is chosen, from the transaction on that makes it Silver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import pytest

from core.ai.provider import Provider
from core.ai.providers import Providers
from core.ai.vocabulary import vocabulary
from core.pipeline.attempt import attempt
from core.pipeline.states import State
from tests.backlog.conftest import Model
from tests.pipeline.conftest import picture

if TYPE_CHECKING:
    from tests.pipeline.conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Asked(Providers):
    """A model that nobody may ask while a photo is taken in."""

    async def chosen(self, provider: str | None = None) -> Sequence[Provider]:
        return (Model(),)


async def take(house: House, name: str, seed: int) -> State:
    house.write(name, picture(seed))
    await house.see(name)
    (entry,) = await house.claim()
    return (await attempt(house.bench, entry, house.root())).state


async def test_a_photo_waits_for_a_model_where_one_is_chosen(house: House) -> None:
    assert await take(house, "a.jpg", 1) is State.DONE
    assert await house.query("select version_id from ai_backlog") == []
    of_bench = house.bench.providers
    asked = Asked(**{field.name: getattr(of_bench, field.name) for field in fields(of_bench) if field.init})
    words = vocabulary(["Bild: photo"], only=True)
    house.bench = replace(house.bench, providers=asked, vocabulary=words)
    assert await take(house, "b.jpg", 2) is State.DONE
    (waiting,) = await house.query("select * from ai_backlog")
    (silver,) = await house.query(
        "select v.id, v.captured_at from file_versions v join media_assets a on a.id = v.media_asset_id "
        "where v.tier = 'silver' and a.original_filename = 'b.jpg'"
    )
    assert (waiting.version_id, waiting.state, waiting.attempts) == (silver.id, "waiting", 0)
    assert waiting.captured_at == (silver.captured_at or "")
    # what was measured stands there until the model has answered, in the owner's words too
    (tags,) = await house.query("select cast(metadata as text) as text from file_versions where id = :id", id=silver.id)
    assert '"builtin"' in tags.text
    assert '"describedAt"' in tags.text
    assert '"photo"' not in tags.text
