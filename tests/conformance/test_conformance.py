"""Every route of the contract: success field by field, each error that the contract names, what must have changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.api.conftest import Library
from tests.conformance import (
    ai,
    collections,
    duplicates_bursts,
    events_settings,
    files_upload,
    locations,
    people_faces,
    photos,
    system,
)
from tests.conformance.asking import ROUTES, Asker, Asking

PAGES = (
    photos,
    files_upload,
    people_faces,
    ai,
    collections,
    events_settings,
    locations,
    system,
    duplicates_bursts,
)
ASKED: dict[str, Asking] = {name: asking for page in PAGES for name, asking in page.PAGE.asked.items()}


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("route", ROUTES)
async def test_a_route_answers_as_the_contract_says(
    library_with_models: Library, route: str, record_property: Callable[[str, object], None]
) -> None:
    asker = Asker(library_with_models, route)
    await ASKED[route](asker)
    assert asker.shapes, "it was never asked for success"
    counts = {name: getattr(asker, name) for name in ("shapes", "errors", "effects")}
    database = library_with_models.bench.database.dialect
    record_property("conformance", {"route": route, "database": database, **counts})
