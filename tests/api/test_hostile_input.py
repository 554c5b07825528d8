"""Bodies and queries that nobody sends by accident, for every route in turn."""

from __future__ import annotations

import functools
import json
from typing import Any, Final

from tests.api.conftest import Library
from tests.api.test_hostile import raw

HOSTILE: Final = (
    "a\0b",
    "\ud800",
    "x" * 10_000,
    "';DROP TABLE media_assets;--",
    "\u202e\r\n",
    10**400,
    2**63,
    -(2**63) - 1,
    1e308,
    None,
    [],
    {},
    {"$ne": None, "\0": "\0"},
    functools.reduce(lambda inner, _: [inner], range(500), []),
    {"rules": [{"field": "rating", "operator": "is", "value": "\0"}], "operator": "AND"},
)


def _plain(schema: dict[str, Any], document: dict[str, Any]) -> Any:
    """The plainest value that a schema allows."""
    if "$ref" in schema:
        return _plain(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    for choice in ("oneOf", "anyOf", "allOf"):
        if choice in schema:
            return _plain(schema[choice][0], document)
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    match schema.get("type"):
        case "object":
            needed = schema.get("required", [])
            return {
                name: _plain(each, document) for name, each in schema.get("properties", {}).items() if name in needed
            }
        case "array":
            return [_plain(schema.get("items", {}), document)]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
    return "x"


def _properties(schema: dict[str, Any], document: dict[str, Any]) -> list[str]:
    if "$ref" in schema:
        return _properties(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    return list(schema.get("properties", {}))


def _bodies(plain: Any, names: list[str]) -> list[bytes]:
    deep = b"[" * 50_000 + b"]" * 50_000
    found = [deep, b'{"a":' * 50_000, b"\xff\xfe", b"", b"NaN", b"null", b"\xef\xbb\xbf{}", b'{"a":1,"a":2}']
    if isinstance(plain, dict):
        for name in names:
            found += [json.dumps(plain | {name: value}).encode() for value in HOSTILE]
            found.append(json.dumps(plain | {name: "deep"}).encode().replace(b'"deep"', deep))
    return found


async def test_no_body_makes_the_server_stumble(library: Library) -> None:
    """Each field of each body in turn, on each kind of database."""
    document = (await library.http.get("/schema/openapi.json")).json()
    photo = (await library.add_photo("silver"))["silver"]
    wrong, asked = [], 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is None:
                continue
            plain = _plain(content["schema"], document)
            target = "/".join(photo if part.startswith("{") else part for part in path.split("/"))
            for body in _bodies(plain, _properties(content["schema"], document)):
                answer = await library.http.request(
                    method, target, content=body, headers={"content-type": "application/json"}
                )
                asked += 1
                if answer.status_code >= 500:
                    wrong.append(f"{method} {path} {body[:100]!r}: {answer.text[:200]}")
    assert asked > 1_000
    assert not wrong, "\n".join(wrong)


async def test_no_query_makes_the_server_stumble(library: Library) -> None:
    """Each parameter of each query in turn, on each kind of database."""
    document = (await library.http.get("/schema/openapi.json")).json()
    photo = (await library.add_photo("silver"))["silver"]
    wrong, asked = [], 0
    values = (
        "a%00b",
        "%ff%fe",
        "%ed%a0%80",
        "1e999",
        "9" * 400,
        "-1",
        "NaN",
        "[" * 5_000,
        "{}",
        "'",
        '"',
        "*",
        "%25",
        "",
    )
    for path, operations in document["paths"].items():
        if "get" not in operations:
            continue
        target = "/".join(photo if part.startswith("{") else part for part in path.split("/"))
        for parameter in operations["get"].get("parameters", []):
            for value in values if parameter["in"] == "query" else ():
                status, _, body = await raw(library, f"GET {target}?{parameter['name']}={value} HTTP/1.1")
                asked += 1
                if status >= 500:
                    wrong.append(f"{target}?{parameter['name']}={value[:50]}: {body[:200]!r}")
    assert asked > 300
    assert not wrong, "\n".join(wrong)
