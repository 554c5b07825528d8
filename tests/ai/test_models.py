"""Ollama and OpenAI are asked as their protocols say, and what they answer becomes a description."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from core.ai.configured import Limits, Ollama, OpenAi
from core.ai.prompts import add_prompt, list_prompts, remove_prompt
from core.ai.provider import Answered, Coordinates, Provider, Usage
from core.errors import ProviderMisconfigured
from tests.ai.conftest import ANNA, BEN, Album
from tests.ai.model_server import GPT, SAID, TEXT, VISION, WRITTEN, Fault, say

NAMES = ["ollama", "openai"]


async def asked(album: Album, name: str, *people: Any, **changes: Any) -> Answered:
    (provider,) = await album.providers(name, **changes).chosen()
    return await provider.describe(album.question(*people))


@pytest.mark.parametrize("name", NAMES)
async def test_a_photo_is_described(album: Album, name: str) -> None:
    answered = await asked(album, name)
    description = answered.description
    assert description.ai_tags == tuple(SAID["aiTags"])
    assert description.short_description == SAID["shortDescription"]
    assert description.long_description == SAID["longDescription"]
    assert description.file_description == "SandCastle"
    assert description.detected_objects[0].bounding_box == (20, 40, 60, 80)  # the model saw half of each side
    assert (description.provider, answered.model) == (name, VISION if name == "ollama" else GPT)
    assert description.version == f"{answered.model} {answered.prompt_version}"
    assert answered.usage == Usage(2, 1400, 180)


async def test_ollama_is_asked_as_its_protocol_says(album: Album) -> None:
    await asked(album, "ollama")
    look, name = album.server.questions
    assert look.path == name.path == "/api/generate"
    assert (look.body["model"], name.body["model"]) == (VISION, TEXT)
    assert (look.body["stream"], look.body["format"]["type"]) == (False, "object")
    assert set(look.body["format"]["properties"]) >= {"aiTags", "shortDescription", "aiConfidenceScores"}
    assert look.body["options"]["num_predict"] == 1500
    assert (len(look.pictures), len(name.pictures)) == (1, 0)


async def test_openai_is_asked_as_its_protocol_says(album: Album) -> None:
    await asked(album, "openai")
    look, name = album.server.questions
    assert look.path == name.path == "/v1/chat/completions"
    assert (look.body["model"], look.body["max_tokens"], name.body["max_tokens"]) == (GPT, 1500, 50)
    assert look.body["response_format"]["json_schema"]["strict"] is True
    assert [message["role"] for message in look.body["messages"]] == ["system", "user"]
    assert look.body["messages"][1]["content"][1]["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert (len(look.pictures), len(name.pictures)) == (1, 0)


@pytest.mark.parametrize("name", NAMES)
async def test_people_are_told_and_the_lines_of_the_album_name_them(album: Album, name: str) -> None:
    description = (await asked(album, name, BEN, ANNA)).description
    assert (description.short_description, description.long_description) == tuple(WRITTEN.values())
    assert description.ai_tags == tuple(SAID["aiTags"])
    look, _, lines = album.server.questions
    assert "- Ben, a baby of less than a year, child of Anna, face at 5, 10, 15 wide and 20 high" in look.text
    assert "- Anna, 39 years old, parent of Ben, face at 150, 10" in look.text
    assert "- Ben, a baby of less than a year, child of Anna\n- Anna, 39 years old, parent of Ben\n" in lines.text
    assert "256 pixels wide and 256 high" in look.text
    assert SAID["longDescription"] in lines.text


@pytest.mark.parametrize("name", NAMES)
async def test_a_server_that_refuses_schemas_is_asked_without_and_stays_so(album: Album, name: str) -> None:
    album.server.fault = Fault.NO_JSON
    (provider,) = await album.providers(name).chosen()
    for _ in range(2):
        assert (await provider.describe(album.question())).description.short_description == SAID["shortDescription"]
    forms = [each.body.get("response_format", {}).get("type") for each in album.server.questions]
    if name == "openai":
        assert forms == ["json_schema", "json_object", None, None, None, None]


async def test_a_server_that_wants_the_longest_answer_under_another_name_gets_it(album: Album) -> None:
    (provider,) = await album.providers("openai").chosen()
    album.server.fault = Fault.OTHER_LIMIT
    await provider.describe(album.question())
    assert [each.body.get("max_completion_tokens") for each in album.server.questions] == [None, 1500, 50]


async def test_what_was_measured_outranks_a_guess(album: Album) -> None:
    album.server.answer = lambda asked: (
        SAID | {"gpsCoordinates": {"latitude": 1.0, "longitude": 2.0}} if asked.pictures else say(asked)
    )
    assert (await asked(album, "ollama")).description.gps_coordinates == Coordinates(1.0, 2.0)
    (provider,) = await album.providers("ollama").chosen()
    question = album.question()
    placed = msgspec.structs.replace(question.facts, latitude=43.7, longitude=7.2)
    answered = await provider.describe(msgspec.structs.replace(question, facts=placed))
    assert answered.description.gps_coordinates is None


async def test_texts_that_were_not_said_are_said_without_the_model(album: Album) -> None:
    album.server.answer = lambda asked: {"aiTags": ["sea"]} if asked.pictures else "no"
    description = (await asked(album, "ollama", ANNA)).description
    assert description.ai_tags == ("sea",)
    assert description.short_description
    assert description.file_description
    assert description.ai_confidence_scores.tags == 0.5


@pytest.mark.parametrize("name", NAMES)
async def test_prompts_are_read_when_they_are_used(album: Album, name: str) -> None:
    (provider,) = await album.providers(name).chosen()
    first = await provider.describe(album.question())
    texts = {"system_prompt": "Be terse.", "user_prompt": "What now?", "description": None, "is_default": False}
    added = {**texts, "name": "Mine", "category": "analysis", "is_active": True}
    async with album.database.write() as connection:
        await add_prompt(connection, {**added, "provider": "both"})
    second = await provider.describe(album.question())
    assert "Be terse." in album.server.questions[2].text
    assert "What now?" in album.server.questions[2].text
    assert first.prompt_version != second.prompt_version
    async with album.database.write() as connection:
        await add_prompt(connection, {**added, "provider": name, "system_prompt": f"For {name}."})
        await add_prompt(connection, {**added, "provider": name, "system_prompt": "Asleep.", "is_active": False})
        other = next(each for each in NAMES if each != name)
        await add_prompt(connection, {**added, "provider": other, "system_prompt": "For the other."})
    await provider.describe(album.question())
    assert f"For {name}." in album.server.questions[4].text
    async with album.database.write() as connection:
        for row in await list_prompts(connection):
            await remove_prompt(connection, row.id)
    await provider.describe(album.question(ANNA))
    assert len(album.server.questions) == 7  # with no prompt for names and lines only the picture is asked about
    assert "album of a family" in album.server.questions[6].text


async def test_the_picture_is_small_upright_and_nothing_but_pixels(album: Album, tmp_path: Path) -> None:
    source = Image.open(album.preview)
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = "SECRET description", 6
    exif.get_ifd(0x8825)[2] = (43.0, 42.0, 11.0)
    secret = io.BytesIO()
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>SECRET</x:xmpmeta>"
    source.resize((2000, 1000)).save(secret, "JPEG", exif=exif, xmp=xmp, comment=b"SECRET", icc_profile=b"SECRET" * 30)
    album.preview = tmp_path / "preview.jpg"
    album.preview.write_bytes(secret.getvalue())
    await asked(album, "openai", limits=Limits(5, 1024))
    (sent,) = album.server.questions[0].pictures
    assert b"SECRET" not in sent
    shown = Image.open(io.BytesIO(sent))
    assert shown.size == (512, 1024)
    assert set(shown.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert not shown.getexif()
    markers, place = set(), 2
    while sent[place + 1] != 0xDA:
        markers.add(sent[place + 1])
        place += 2 + int.from_bytes(sent[place + 2 : place + 4])
    assert not markers & {0xFE, *range(0xE1, 0xF0)}  # no comment, and no segment of an application but JFIF's


async def test_a_key_goes_to_nobody_who_was_not_given_it(album: Album) -> None:
    await asked(album, "ollama")
    assert all("sk-" not in json.dumps(each.headers) + json.dumps(each.body) for each in album.server.asked)
    with pytest.raises(ProviderMisconfigured, match="no key"):
        await asked(album, "openai", openai=OpenAi(), openai_key=None)


async def test_who_is_asked_follows_the_choice(album: Album) -> None:
    async def names(provider: str, **changes: Any) -> list[str]:
        chosen: list[Provider] = list(await album.providers(provider, **changes).chosen())
        return [each.name for each in chosen]

    assert await names("builtin") == ["builtin"]
    assert await names("both") == ["ollama", "openai"]
    assert await names("both", openai=OpenAi(), openai_key=None) == ["ollama"]
    closed = Ollama("http://127.0.0.1:9")
    answered = await album.providers("both", ollama=closed).answer(album.question())
    assert answered.description.provider == "openai"
    answered = await album.providers("both", ollama=closed, openai_key="sk-wrong").answer(album.question())
    assert answered.description.provider == "builtin"
