"""AI configuration, prompts, analysis on demand."""

from __future__ import annotations

from typing import Any

from tests.conformance.asking import NOWHERE, Asker, Page
from tests.conformance.pictures import noise, upload
from tests.conformance.shape import OneOf, Value
from tests.conformance.shapes import AI_CONFIG, PROMPT, SUCCESS

PAGE = Page()
route = PAGE.route
_ERROR = {"error": "string", "message?": "string", "errors?": ["string"]}

#: Nothing listens there, and that is known at once.
_CLOSED = "http://127.0.0.1:9"


@route("GET /api/ai/config")
async def config(ask: Asker) -> None:
    body = await ask.success(shape=AI_CONFIG)
    ask.effect(body["availableProviders"] == {"ollama": False, "openai": False}, "no provider is there by itself")
    ask.effect(body["config"]["openai"]["hasApiKey"] is False, "there is no key")


@route("POST /api/ai/config")
async def configure(ask: Asker) -> None:
    told = {**SUCCESS, "message": "string"}
    ollama = {"baseUrl": _CLOSED, "visionModel": "llava:13b", "textModel": "mistral"}
    await ask.success(json={"provider": "ollama", "ollama": ollama}, shape=told)
    await ask.success(json={"openai": {"apiKey": "sk-secret-1234", "model": "gpt-4o-mini"}}, shape=told)
    await ask.success(json={"ollama": {"textModel": "llama3.2"}}, shape=told)
    answer = await ask.library.http.get("/api/ai/config")
    body = answer.json()
    ask.effect(body["currentProvider"] == "ollama", "the provider is stored")
    ask.effect(body["config"]["ollama"] == ollama | {"textModel": "llama3.2"}, "fields are merged one by one")
    ask.effect(
        body["config"]["openai"] | {"baseUrl": ""} == {"model": "gpt-4o-mini", "baseUrl": "", "hasApiKey": True},
        "there is a key and a model",
    )
    settings = await ask.library.http.get("/api/settings")
    ask.effect("sk-secret" not in answer.text + settings.text, "the key is never told")
    await ask.error(400, json={"provider": "oracle"}, shape=_ERROR)
    await ask.error(400, json={"ollama": "there"}, shape=_ERROR)


@route("POST /api/ai/test")
async def test(ask: Asker) -> None:
    await ask.library.http.post("/api/ai/config", json={"ollama": {"baseUrl": _CLOSED}})
    body = await ask.success(shape={"ollama": "bool", "openai": "bool"})
    ask.effect(body == {"ollama": False, "openai": False}, "nothing answers")


@route("GET /api/ai/prompts")
async def prompts(ask: Asker) -> None:
    rows = await ask.success(shape=[PROMPT])
    expected = [
        ("analysis", "Image Analysis"),
        ("description", "Family Description Generator"),
        ("naming", "File Naming"),
    ]
    ask.effect([(row["category"], row["name"]) for row in rows] == expected, "three are there from the start")
    ask.effect(
        {(row["provider"], row["isDefault"], row["isActive"]) for row in rows} == {("both", True, True)}, "for all"
    )


@route("GET /api/ai/prompts/category/{category}")
async def of_category(ask: Asker) -> None:
    (row,) = await ask.success("naming", shape=[PROMPT])
    ask.effect(row["category"] == "naming", "only those")
    ask.effect(await ask.success("painting", shape=[PROMPT]) == [], "an unknown one is empty")


@route("GET /api/ai/prompts/provider/{provider}")
async def of_provider(ask: Asker) -> None:
    await ask.library.http.post("/api/ai/prompts", json=_PROMPT)
    ask.effect(len(await ask.success("ollama", shape=[PROMPT])) == 4, "its own and those for both")
    ask.effect(len(await ask.success("openai", shape=[PROMPT])) == 3, "those for both")


_PROMPT: dict[str, Any] = {
    "name": "Short",
    "category": "analysis",
    "provider": "ollama",
    "systemPrompt": "Be short.",
    "userPrompt": "What is this?",
}


@route("GET /api/ai/prompts/{id}")
async def prompt(ask: Asker) -> None:
    first = (await ask.get("/api/ai/prompts"))[0]
    ask.effect(await ask.success(first["id"], shape=PROMPT) == first, "it is that one")
    await ask.error(404, NOWHERE)


@route("POST /api/ai/prompts")
async def create(ask: Asker) -> None:
    body = await ask.success(json=_PROMPT, shape=PROMPT)
    ask.effect((body["isDefault"], body["isActive"]) == (False, True), "the defaults hold")
    ask.effect(body["id"] in {row["id"] for row in await ask.get("/api/ai/prompts")}, "it is in the list")
    for wrong in ({}, _PROMPT | {"category": "painting"}, _PROMPT | {"userPrompt": None}):
        await ask.error(400, json=wrong)


@route("PUT /api/ai/prompts/{id}")
async def update(ask: Asker) -> None:
    first = (await ask.get("/api/ai/prompts"))[0]
    body = await ask.success(first["id"], json={"userPrompt": "Look.", "isActive": False}, shape=PROMPT)
    ask.effect((body["userPrompt"], body["isActive"], body["name"]) == ("Look.", False, first["name"]), "it is changed")
    await ask.error(404, NOWHERE, json={"userPrompt": "x"})
    await ask.error(400, first["id"], json={"provider": "oracle"})


@route("DELETE /api/ai/prompts/{id}")
async def delete(ask: Asker) -> None:
    first = (await ask.get("/api/ai/prompts"))[0]
    answer = await ask.success(first["id"], status=204)
    ask.effect(answer.content == b"" and len(await ask.get("/api/ai/prompts")) == 2, "it is gone")
    await ask.success(NOWHERE, status=204)


@route("POST /api/ai/prompts/reset-to-defaults")
async def reset(ask: Asker) -> None:
    first = (await ask.get("/api/ai/prompts"))[0]
    await ask.library.http.put(f"/api/ai/prompts/{first['id']}", json={"userPrompt": "x"})
    await ask.library.http.post("/api/ai/prompts", json=_PROMPT)
    await ask.success(shape={"message": "string"})
    rows = await ask.get("/api/ai/prompts")
    ask.effect(len(rows) == 3 and "x" not in {row["userPrompt"] for row in rows}, "it is as at the start")


@route("GET /api/ai/prompts/defaults/available")
async def defaults(ask: Asker) -> None:
    seeded = {key: shape for key, shape in PROMPT.items() if key not in ("isActive", "createdAt", "updatedAt")}
    shape = {
        "prompts": [seeded | {"createdAt?": "any", "updatedAt?": "any"}],
        "categories": {"analysis": "string", "naming": "string", "description": "string"},
    }
    body = await ask.success(shape=shape)
    expected = {"universal-image-analysis", "universal-short-description", "universal-family-description"}
    ask.effect({row["id"] for row in body["prompts"]} == expected, "their ids are fixed")


@route("POST /api/ai/analyze")
async def analyze(ask: Asker) -> None:
    photo = await upload(ask, "a.jpg", noise(1))
    before = await ask.get(f"/api/photos/{photo}")
    shape = {**SUCCESS, "analysis": {"*": "any"}, "confidenceScores": {"*": "number"}, "processingTime": "number"}
    body = await ask.success(json={"photoId": photo}, shape=shape)
    ask.effect(bool(body["analysis"]["shortDescription"]), "it is described")
    ask.effect(await ask.get(f"/api/photos/{photo}") == before, "nothing is stored")
    await ask.error(404, json={"photoId": NOWHERE}, shape=OneOf((_ERROR, {"message": "string", "error?": "string"})))
    film = (await ask.library.add_photo("silver", mime_type="video/mp4"))["silver"]
    await ask.error(400, json={"photoId": film}, shape=OneOf((_ERROR, {"message": "string", "error?": "string"})))


@route("POST /api/ai/analyze-batch")
async def analyze_batch(ask: Asker) -> None:
    photo = await upload(ask, "a.jpg", noise(1))
    shape = {
        "processed": "int",
        "errors": "int",
        "results": [{"photoId": "string", "status": "string", "analysis": "any"}],
        "errorDetails": [{"photoId": "string", "error": "string"}],
    }
    body = await ask.success(json={"photoIds": [photo, NOWHERE]}, shape=shape)
    ask.effect((body["processed"], body["errors"]) == (1, 1), "one is unknown")
    await ask.error(400, json={"photoIds": "all"})


@route("POST /api/ai/generate-filename")
async def generate_filename(ask: Asker) -> None:
    photo = await upload(ask, "a.jpg", noise(1, DateTimeOriginal="2024:07:26 14:30:25"))
    query = {"photo_id": photo, "pattern": "{year}_{originalFilename}", "tier": "gold"}
    body = await ask.success(params=query, shape={"filename": "string", "pattern": "string"})
    ask.effect(body["filename"] == "2024_a.jpg", "the rules of naming hold")
    await ask.error(404, params=query | {"photo_id": NOWHERE})


@route("POST /api/ai/enhance-description")
async def enhance(ask: Asker) -> None:
    photo = await upload(ask, "a.jpg", noise(1))
    query = {"photo_id": photo, "base_description": "A day out."}
    shape = {"original": Value("A day out."), "enhanced": "string", "photoId": Value(photo)}
    body = await ask.success(params=query, shape=shape)
    ask.effect(bool(body["enhanced"]), "there is a text")
    await ask.error(404, params=query | {"photo_id": NOWHERE})
