"""A provider that is down is left alone for longer and longer, and found again by one question."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ai.breaker import FAILURES, FIRST_PAUSE, JITTER, LONGEST_PAUSE, Breaker, State
from core.ai.gate import retry_after
from core.errors import AnswerUnusable, PhotoProtected, ProviderMisconfigured, ProviderUnavailable


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock, lambda: 0.5)


def ask(breaker: Breaker, error: Exception | None = None) -> None:
    with breaker.question():
        if error is not None:
            raise error


def fail(breaker: Breaker, seconds: float | None = None) -> float:
    with pytest.raises(ProviderUnavailable) as caught:
        ask(breaker, ProviderUnavailable("It is down.", seconds))
    assert caught.value.retry_after is not None
    return caught.value.retry_after


def test_it_opens_after_failures_in_a_row(breaker: Breaker, clock: Clock) -> None:
    for _ in range(FAILURES - 1):
        fail(breaker)
    ask(breaker)
    for _ in range(FAILURES - 1):
        fail(breaker)
    assert breaker.standing().state is State.CLOSED
    pause = fail(breaker)
    assert pause == FIRST_PAUSE * (1 + JITTER / 2)
    standing = breaker.standing()
    assert (standing.state, standing.reason, standing.seconds) == (State.OPEN, "It is down.", pause)
    clock.now += pause - 1
    with pytest.raises(ProviderUnavailable) as caught:
        ask(breaker)
    assert caught.value.retry_after == pytest.approx(1)


def test_one_question_finds_out_and_the_others_wait(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 7)
    clock.now += 60
    assert breaker.standing().state is State.HALF_OPEN
    with breaker.question(), pytest.raises(ProviderUnavailable):
        ask(breaker)
    assert breaker.standing().state is State.CLOSED
    ask(breaker)


def test_pauses_grow_to_a_limit(breaker: Breaker, clock: Clock) -> None:
    pauses = []
    for _ in range(FAILURES + 10):
        pauses.append(fail(breaker))
        clock.now += pauses[-1]
    grown = pauses[FAILURES - 1 :]
    assert grown[:3] == [grown[0], 2 * grown[0], 4 * grown[0]]
    assert max(grown) == grown[-1] == LONGEST_PAUSE * (1 + JITTER / 2)


def test_what_a_server_asks_for_is_honoured(breaker: Breaker) -> None:
    assert fail(breaker, 5000) == 5000
    assert breaker.standing().state is State.OPEN


def test_what_a_person_must_change_waits_for_them(breaker: Breaker, clock: Clock) -> None:
    for _ in range(2):
        with pytest.raises(ProviderMisconfigured, match="no key"):
            ask(breaker, ProviderMisconfigured("There is no key."))
    clock.now += 1e9
    assert breaker.standing().state is State.MISCONFIGURED
    breaker.reset()
    ask(breaker)


def test_an_answer_that_is_nonsense_is_an_answer(breaker: Breaker) -> None:
    for _ in range(FAILURES - 1):
        fail(breaker)
    with pytest.raises(AnswerUnusable):
        ask(breaker, AnswerUnusable("What?"))
    fail(breaker)
    assert breaker.standing().state is State.CLOSED


def test_a_photo_that_is_not_shown_says_nothing_of_the_provider(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 7)
    clock.now += 60
    with pytest.raises(PhotoProtected):
        ask(breaker, PhotoProtected("It stays here."))
    assert breaker.standing().state is State.HALF_OPEN
    ask(breaker)
    assert breaker.standing().state is State.CLOSED


NOW = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7),
        (" 120 ", 120),
        ("0", 0),
        ("Mon, 30 Nov 2026 12:00:30 GMT", 30),
        ("Mon, 30 Nov 2026 11:00:00 GMT", 0),
        ("Mon, 30 Nov 2099 11:00:00 GMT", 86400),
        ("99999999999", 86400),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
    ],
)
def test_retry_after_is_read(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@given(st.text())
def test_retry_after_is_none_or_seconds_up_to_a_day(value: str) -> None:
    seconds = retry_after(value, NOW)
    assert seconds is None or 0 <= seconds <= 86400
