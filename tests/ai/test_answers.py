"""Whatever a model says, what is taken from it keeps the contract; what cannot be read is told to be so."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.ai.answers import (
    MAX_EVENTS,
    MAX_FILE_DESCRIPTION,
    MAX_LONG_DESCRIPTION,
    MAX_NAME,
    MAX_OBJECTS,
    Analysis,
    Frame,
    read_analysis,
    read_lines,
    read_name,
)
from core.ai.loose_json import read_object
from core.ai.provider import MAX_SHORT_DESCRIPTION, MAX_TAGS, Confidences, Coordinates, DetectedEvent, DetectedObject
from core.errors import AnswerUnusable
from tests.ai.model_server import SAID

FRAME = Frame(4000, 3000, 0.25)
USUAL = Confidences(0.5, 0.5, 0.5, 0.5, 0.5, 0.0)


def analysis(**said: Any) -> Analysis:
    return read_analysis(json.dumps(SAID | said), FRAME, USUAL)


def test_a_good_answer_is_taken_as_it_is() -> None:
    found = analysis()
    assert found.ai_tags == ("beach", "children", "summer", "joy", "sea")
    assert (found.short_description, found.long_description) == (SAID["shortDescription"], SAID["longDescription"])
    assert found.detected_objects == (DetectedObject("bucket", 0.9, (40, 80, 120, 160)),)
    assert found.detected_events == (DetectedEvent("holiday", "Beach holiday", 0.8),)
    assert found.scores == Confidences(0.9, 0.8, 0.9, 0.0, 0.8, 0.0)
    assert (found.place_name, found.gps_coordinates) == (None, None)


@pytest.mark.parametrize(
    "text",
    [
        '{"description": "SandCastle"}',
        'Sure! Here it is:\n```json\n{"description": "SandCastle"}\n```\nAnything else?',
        '<think>{"description": "Wrong"} maybe?</think>{"description": "SandCastle"}',
        'A {name} for it: {"description": "SandCastle"}',
        '{"description": "SandCastle",}',
        '{"description": "SandCastle", "why": [1, 2, ], }',
        '{"description": "SandCastle", "sure": True, "else": None}',
        '{"description": "SandCastle", "why": "it is a ca',
        '{"description": "SandCastle", "why": [{"a": 1}, {"b',
        '{"description": "SandCastle", "why":',
        '{"description": "SandCastle", "wh',
        '{"description": "SandCastle", "why": "a \\',
        '{"description": "Sand\nCastle"}',
        '{"description": "sand castle"}{"description": "Wrong"}',
        '{"description": "<b>Sand</b> castle!"}',
    ],
)
def test_what_models_do_to_json_is_mended(text: str) -> None:
    assert read_name(text) == "SandCastle"


@pytest.mark.parametrize(
    "text",
    ["", "I see a beach.", "[1, 2]", "{}", "{", '"text"', "null", "{" * 50, '{"a":' * 5000, '{"description": 3}'],
)
def test_what_says_nothing_is_unusable(text: str) -> None:
    for read in (read_name, read_lines, lambda said: read_analysis(said, FRAME, USUAL)):
        with pytest.raises(AnswerUnusable):
            read(text)


def test_wrong_types_are_left_out_and_the_rest_is_taken() -> None:
    found = analysis(
        aiTags=7,
        longDescription=["a"],
        detectedObjects={"name": "dog"},
        detectedEvents=["party"],
        aiConfidenceScores="high",
        placeName=3,
        gpsCoordinates=[1, 2],
    )
    assert found.short_description == SAID["shortDescription"]
    assert (found.ai_tags, found.long_description, found.detected_objects, found.detected_events) == ((), "", (), ())
    assert (found.scores, found.place_name, found.gps_coordinates) == (USUAL, None, None)


def test_tags_are_eight_at_most_and_each_once() -> None:
    assert analysis(aiTags=["#Sea", "sea", "SEA", "", 3, None]).ai_tags == ("#Sea".strip("#"),)
    assert analysis(aiTags=[f"tag {number}" for number in range(20)]).ai_tags == tuple(f"tag {n}" for n in range(8))
    assert analysis(aiTags="beach, sea").ai_tags == ("beach", "sea")


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ([10, 20, 30, 40], (40, 80, 120, 160)),
        ({"x": 10, "y": 20, "width": 30, "height": 40}, (40, 80, 120, 160)),
        ([-10, -10, 30, 30], (0, 0, 80, 80)),
        ([900, 700, 500, 500], (3600, 2800, 400, 200)),
        ([2000, 20, 30, 40], None),
        ([10, 20, -30, 40], None),
        ([10, 20, 0, 40], None),
        ([10, 20, 30], None),
        ([10, 20, 30, 40, None], None),
        ([10, 20, "30", 40], None),
        ([10, 20, math.inf, 40], None),
        ([1e308, 20, 1e308, 40], None),
        ("everywhere", None),
    ],
)
def test_boxes_lie_in_the_picture(box: Any, expected: tuple[int, ...] | None) -> None:
    (thing,) = analysis(detectedObjects=[{"name": "bucket", "confidence": 0.9, "boundingBox": box}]).detected_objects
    assert thing.bounding_box == expected


@pytest.mark.parametrize(("said", "taken"), [(0.8, 0.8), (80, 0.8), (-1, 0.5), (1000, 0.5), ("0.8", 0.5), (True, 0.5)])
def test_confidences_lie_between_0_and_1(said: Any, taken: float) -> None:
    assert analysis(aiConfidenceScores={"tags": said}).scores.tags == taken


def test_a_position_that_cannot_be_is_left_out() -> None:
    assert analysis(gpsCoordinates={"latitude": 43.7, "longitude": 0}).gps_coordinates == Coordinates(43.7, 0)
    for latitude, longitude in ((0, 0), (91, 0), (43.7, 181), ("43.7", 7.2), (math.nan, 7.2)):
        assert analysis(gpsCoordinates={"latitude": latitude, "longitude": longitude}).gps_coordinates is None


def test_texts_are_harmless_and_short() -> None:
    said = "A <script>alert(1)</script> day\u202e at\x00 the\n\nsea \ud800 <img src=x onerror=y" + " and on" * 500
    found = analysis(shortDescription=said, longDescription=said)
    assert found.short_description.startswith("A alert(1) day at the sea img src=x onerror=y and on")
    assert len(found.short_description) <= MAX_SHORT_DESCRIPTION
    assert len(found.long_description) <= MAX_LONG_DESCRIPTION
    found.long_description.encode()
    assert analysis(shortDescription="👩‍👧 at the sea").short_description == "👩‍👧 at the sea"


keys = st.sampled_from([*SAID, "name", "confidence", "boundingBox", "eventName", "eventType", "description", "tags"])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=50)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5), max_leaves=30
)
objects = st.dictionaries(keys, values, max_size=9).map(lambda said: json.dumps(SAID | said))
frames = st.builds(Frame, st.integers(1, 60_000), st.integers(1, 60_000), st.floats(0.01, 1))


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """An answer that was cut, and into which something was put."""
    text = draw(objects)
    start, end = draw(st.integers(0, 20)), draw(st.integers(0, len(text)))
    place, foreign = draw(st.integers(0, len(text))), draw(st.text('{}[]",:\\ntruefalse\x00<>', max_size=6))
    return (text[:place] + foreign + text[place:])[start if draw(st.booleans()) else 0 : end]


@given(st.text() | objects | damaged(), frames)
@example('{"shortDescription": "' + "\\u202e" * 10 + '"}', FRAME)
@example('{"shortDescription": "a", "aiConfidenceScores": {"tags": ' + "9" * 5000 + "}}", FRAME)
def test_nothing_but_an_unusable_answer_or_one_within_the_contract(text: str, frame: Frame) -> None:
    try:
        found = read_analysis(text, frame, USUAL)
    except AnswerUnusable:
        return
    msgspec.json.encode(found).decode()
    assert found.ai_tags or found.short_description or found.long_description
    assert len(found.ai_tags) <= MAX_TAGS
    assert len(found.detected_objects) <= MAX_OBJECTS
    assert len(found.detected_events) <= MAX_EVENTS
    texts = [*found.ai_tags, found.place_name or "", *(thing.name for thing in found.detected_objects)]
    assert all(len(each) <= MAX_NAME for each in texts)
    assert len(found.short_description) <= MAX_SHORT_DESCRIPTION
    assert len(found.long_description) <= MAX_LONG_DESCRIPTION
    for said in (*texts, found.short_description, found.long_description):
        assert not set(said) & set("<>\x00\n\u202e")
        assert said == said.strip()
    for thing in found.detected_objects:
        assert 0 <= thing.confidence <= 1
        if thing.bounding_box is not None:
            x, y, width, height = thing.bounding_box
            assert 0 <= x < x + width <= frame.width
            assert 0 <= y < y + height <= frame.height
    assert all(0 <= score <= 1 for score in msgspec.structs.astuple(found.scores))


@given(st.text() | objects | damaged())
def test_names_and_lines_never_fail_in_another_way(text: str) -> None:
    with suppress(AnswerUnusable):
        assert any(read_lines(text))
    with suppress(AnswerUnusable):
        name = read_name(text)
        assert 0 < len(name) <= MAX_FILE_DESCRIPTION
        assert name.isalnum()


@given(st.dictionaries(keys, values, min_size=1), st.text("ab \n", max_size=5))
def test_json_that_is_whole_is_read_as_it_is(said: dict[str, Any], around: str) -> None:
    text = json.dumps(said)
    if text.count("{") <= 8 and len(text) < 30_000:
        assert json.dumps(read_object(f"{around}{text}{around}")) == text
