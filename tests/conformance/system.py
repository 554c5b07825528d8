"""Statistics, health, the client's files."""

from __future__ import annotations

from core.db.tables import utc_now
from tests.conformance.asking import Asker, Page
from tests.conformance.shape import Value
from tests.conformance.shapes import HISTORY, STATS

PAGE = Page()
route = PAGE.route


@route("GET /api/stats")
async def stats(ask: Asker) -> None:
    await ask.library.add_photo("silver", "gold")
    body = await ask.success(shape=STATS)
    ask.effect((body["totalPhotos"], body["silverCount"], body["goldCount"]) == (1, 1, 1), "they are counted")


@route("GET /api/activity")
async def activity(ask: Asker) -> None:
    asset = await ask.library.add_asset()
    for minute in range(12):
        await ask.library.add_history(asset, "INGESTED", minute=minute)
    rows = await ask.success(shape=[HISTORY])
    ask.effect(len(rows) == 10 and rows[0]["timestamp"] > rows[1]["timestamp"], "the ten newest")
    ask.effect(len(await ask.success(params={"limit": "3"}, shape=[HISTORY])) == 3, "as many as are asked for")


@route("GET /api/analytics")
async def analytics(ask: Asker) -> None:
    tags = {"ai": {"aiTags": ["dog"]}}
    await ask.library.add_photo("silver", combined_metadata=tags, created_at=utc_now())
    await ask.library.add_photo("silver", "gold", keywords=["dog"], created_at=utc_now())
    shape = {
        "uploadTrends": [{"date": "day", "count": "int"}],
        "tierDistribution": [{"tier": "string", "count": "int", "percentage": "int"}],
        "topTags": [{"tag": "string", "count": "int"}],
    }
    body = await ask.success(shape=shape)
    ask.effect(bool(body["topTags"]) and body["topTags"][0]["tag"] == "dog", "the tags are real")
    ask.effect({row["tier"] for row in body["tierDistribution"]} >= {"Silver", "Gold"}, "both tiers are there")


@route("GET /api/health")
async def health(ask: Asker) -> None:
    shape = {
        "status": Value("healthy"),
        "timestamp": "timestamp",
        "version?": "string",
        "database": Value("connected"),
        "ai": {"ollama": "bool", "openai": "bool"},
    }
    await ask.success(shape=shape)


@route("GET /api/system/status")
async def status(ask: Asker) -> None:
    shape = {
        "stats": STATS,
        "diskUsage": {"total": "int", "used": "int", "free": "int", "media": {"*": "int"}},
        "uptime": "number",
        "nodeVersion": "string",
        "memoryUsage": {"rss": "int", "*": "int"},
    }
    body = await ask.success(shape=shape)
    ask.effect(body["memoryUsage"]["rss"] > 0 and body["diskUsage"]["total"] > 0, "it is measured")


@route("GET /api/system/info")
async def info(ask: Asker) -> None:
    shape = {
        "application": {"name": "string", "version": "string", "environment": "string", "debug": "bool"},
        "database": "any",
        "configuration": {
            "aiProvider": "string",
            "maxFileSize": "any",
            "allowedFileTypes": ["string"],
            "features": {"*": "bool"},
        },
    }
    await ask.success(shape=shape)


@route("GET /health")
async def plain_health(ask: Asker) -> None:
    shape = {
        "status": "string",
        "version": "string",
        "environment": "string",
        "timestamp": "timestamp",
        "checks": {"database": "any", "aiServices": {"*": "any"}},
    }
    await ask.success(shape=shape)


@route("GET /")
async def page(ask: Asker) -> None:
    answer = await ask.success()
    ask.effect(answer.headers["content-type"].startswith("text/html"), "it is a page")
    icon = await ask.library.http.get("/placeholder-image.svg")
    ask.effect(icon.headers["content-type"].startswith("image/svg"), "the client's placeholder is a picture")
    unknown = await ask.library.http.get("/api/nothing")
    ask.effect(unknown.status_code == 404 and "message" in unknown.json(), "an unknown path of the API is a JSON 404")
