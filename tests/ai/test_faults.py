"""A server of models may do anything: it costs no photo its turn, and nobody more time than allowed.

The matrix: what goes wrong × whom it goes wrong with → what is raised, whose matter it is, and how often was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from core.ai.breaker import Breaker, State
from core.ai.budget import Budgeted
from core.ai.gate import LONGEST_ANSWER, NO_CREDIT_PAUSE
from core.ai.model_provider import ModelProvider
from core.errors import (
    AnswerUnusable,
    ProviderError,
    ProviderMisconfigured,
    ProviderUnavailable,
    RequestRefused,
)
from tests.ai.conftest import HURRIED, PATIENT, Album
from tests.ai.model_server import SAID, Fault, ModelServer, model_server

NAMES = ["ollama", "openai"]

NEVER = [Fault.SLOW, Fault.HANG, Fault.TRICKLE]
UNAVAILABLE = [
    *NEVER,
    Fault.ENDLESS,
    Fault.BOMB,
    Fault.DROPPED,
    Fault.BROKEN,
    Fault.OVERLOADED,
    Fault.TOO_MANY,
    Fault.NO_CREDIT,
    Fault.WEB_PAGE,
]
MISCONFIGURED = [Fault.WRONG_KEY, Fault.FORBIDDEN, Fault.LIES, Fault.NO_PICTURES, Fault.REDIRECT]
UNUSABLE = [Fault.GARBAGE, Fault.WRONG_TYPES, Fault.EMPTY]

MATRIX: dict[Fault, type[ProviderError]] = {
    **dict.fromkeys(UNAVAILABLE, ProviderUnavailable),
    **dict.fromkeys(MISCONFIGURED, ProviderMisconfigured),
    **dict.fromkeys(UNUSABLE, AnswerUnusable),
}


@pytest.fixture
def elsewhere(server: ModelServer) -> Iterator[ModelServer]:
    """Where a server that redirects sends to."""
    with model_server() as other:
        server.redirect_to = other.url
        yield other


async def failed(album: Album, name: str) -> tuple[ProviderError, ModelProvider]:
    limits = HURRIED if album.server.fault in NEVER else PATIENT
    (provider,) = await album.providers(name, limits=limits).chosen()
    async with asyncio.timeout(20):
        with pytest.raises(ProviderError) as caught:
            await provider.describe(album.question())
    asked = provider.provider if isinstance(provider, Budgeted) else provider
    assert isinstance(asked, ModelProvider)
    return caught.value, asked


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fault", MATRIX)
async def test_the_matrix(album: Album, elsewhere: ModelServer, fault: Fault, name: str) -> None:
    album.server.fault = fault
    error, provider = await failed(album, name)
    assert type(error) is MATRIX[fault]
    assert len(album.server.questions) == (2 if fault in UNUSABLE else 1)
    assert error.usage is not None
    assert error.usage.requests == len(album.server.questions)
    assert elsewhere.connections == 0
    is_misconfigured = provider.breaker.standing().state is State.MISCONFIGURED
    assert is_misconfigured == (fault in MISCONFIGURED)
    if isinstance(error, ProviderUnavailable):
        assert error.retry_after is not None
        assert error.retry_after > 0
    album.server.fault = None
    if is_misconfigured:
        with pytest.raises(ProviderMisconfigured):
            await provider.describe(album.question())
    if fault not in NEVER:
        provider.breaker.reset()
        assert (await provider.describe(album.question())).description.short_description == SAID["shortDescription"]


@pytest.mark.parametrize("fault", [Fault.TRICKLE, Fault.BROKEN, Fault.LIES, Fault.GARBAGE])
async def test_who_asks_directly_gets_an_answer_whatever_happens(album: Album, fault: Fault) -> None:
    album.server.fault = fault
    answered = await album.providers("both", limits=HURRIED).answer(album.question())
    assert answered.description.provider == "builtin"
    assert {each.path for each in album.server.questions} == {"/api/generate", "/v1/chat/completions"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fault", [Fault.TOO_MANY, Fault.OVERLOADED, Fault.NO_CREDIT])
async def test_who_asks_to_be_left_alone_is_left_alone(album: Album, fault: Fault, name: str) -> None:
    album.server.fault = fault
    error, provider = await failed(album, name)
    assert isinstance(error, ProviderUnavailable)
    wanted = NO_CREDIT_PAUSE if fault is Fault.NO_CREDIT else 30
    assert error.retry_after is not None
    assert wanted <= error.retry_after <= wanted * 1.3
    asked = len(album.server.questions)
    with pytest.raises(ProviderUnavailable) as caught:
        await provider.describe(album.question())
    assert 0 < (caught.value.retry_after or 0) <= error.retry_after
    assert len(album.server.questions) == asked


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fault", UNUSABLE)
async def test_a_bad_answer_is_asked_for_once_more_and_told_why(album: Album, fault: Fault, name: str) -> None:
    album.server.faults = [fault]
    (provider,) = await album.providers(name).chosen()
    answered = await provider.describe(album.question())
    assert answered.description.short_description == SAID["shortDescription"]
    first, second, _ = album.server.questions
    assert "could not be used" not in first.text
    assert "could not be used" in second.text
    assert second.pictures == first.pictures
    assert answered.usage.requests == 3


@pytest.mark.parametrize("name", NAMES)
async def test_half_an_answer_is_better_than_none(album: Album, name: str) -> None:
    album.server.fault = Fault.HALF
    (provider,) = await album.providers(name).chosen()
    answered = await provider.describe(album.question())
    assert answered.description.ai_tags == tuple(SAID["aiTags"])
    assert answered.description.short_description


async def test_a_photo_that_is_refused_is_its_own_matter(album: Album) -> None:
    album.server.fault = Fault.BAD_PICTURE
    error, provider = await failed(album, "openai")
    assert type(error) is RequestRefused
    assert len(album.server.questions) == 1
    assert provider.breaker.standing().state is State.CLOSED


@pytest.mark.parametrize("name", NAMES)
async def test_a_picture_that_cannot_be_read_is_its_own_matter(album: Album, name: str) -> None:
    album.preview = album.preview.with_name("gone.jpg")
    error, _ = await failed(album, name)
    assert type(error) is AnswerUnusable
    assert album.server.asked == []


@pytest.mark.parametrize("name", NAMES)
async def test_after_three_failures_nothing_is_asked(album: Album, name: str) -> None:
    album.server.fault = Fault.BROKEN
    (provider,) = await album.providers(name).chosen()
    for _ in range(5):
        with pytest.raises(ProviderUnavailable):
            await provider.describe(album.question())
    assert len(album.server.questions) == 3


async def test_a_closed_port_and_a_name_that_leads_nowhere(album: Album) -> None:
    for url in ("http://127.0.0.1:9", "http://nowhere.invalid:11434"):
        album.server.url = url
        for name in NAMES:
            error, _ = await failed(album, name)
            assert type(error) is ProviderUnavailable


async def test_an_address_that_machines_keep_secrets_at_is_not_asked(album: Album) -> None:
    album.server.url = "http://169.254.169.254"
    for name in NAMES:
        error, _ = await failed(album, name)
        assert type(error) is ProviderMisconfigured


async def test_no_more_of_an_endless_answer_is_read_than_an_answer_has(album: Album) -> None:
    album.server.fault = Fault.ENDLESS
    error, _ = await failed(album, "ollama")
    assert "does not stop answering" in str(error)
    received = int(str(error).rpartition("; ")[2].split()[0].replace(",", ""))
    assert received < 2 * LONGEST_ANSWER


async def test_who_gives_up_frees_the_try(album: Album) -> None:
    """A question that is cancelled while the provider is tried again leaves the next one its turn."""
    (provider,) = await album.providers("ollama").chosen()
    assert isinstance(provider, ModelProvider)
    now = [0.0]
    tried = ModelProvider(
        provider.asked, provider.database, provider.compute, {}, provider.limits, Breaker(lambda: now[0])
    )
    album.server.fault = Fault.TOO_MANY
    with pytest.raises(ProviderUnavailable):
        await tried.describe(album.question())
    now[0] = 1000.0
    album.server.fault = Fault.SLOW
    album.server.arrived.clear()
    task = asyncio.create_task(tried.describe(album.question()))
    assert await asyncio.to_thread(album.server.arrived.wait, 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    album.server.fault = None
    assert (await tried.describe(album.question())).description.provider == "ollama"
