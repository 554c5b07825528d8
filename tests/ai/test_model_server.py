"""The server of models that the tests ask is asked itself: what it does well, and how it fails."""

from __future__ import annotations

import base64

import httpx
import pytest

from tests.ai.model_server import GPT, KEY, SAID, VISION, Fault, model_server

PICTURE = base64.b64encode(b"\xff\xd8").decode()


def generate(url: str) -> httpx.Response:
    body = {"model": VISION, "prompt": "Look.", "images": [PICTURE], "stream": False}
    return httpx.post(f"{url}/api/generate", json=body, timeout=0.5)


def test_it_answers_as_ollama_and_as_openai() -> None:
    with model_server() as server:
        assert httpx.Response.json(generate(server.url))["response"].startswith('{"aiTags"')
        message = {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look."},
                {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{PICTURE}"}},
            ],
        }
        answer = httpx.post(
            f"{server.openai_url}/chat/completions",
            json={"model": GPT, "messages": [message]},
            headers={"Authorization": f"Bearer {KEY}"},
        ).json()
        assert SAID["shortDescription"] in answer["choices"][0]["message"]["content"]
        assert [(each.pictures, each.text.strip()) for each in server.questions] == [([b"\xff\xd8"], "Look.")] * 2


@pytest.mark.parametrize("fault", [Fault.SLOW, Fault.HANG, Fault.DROPPED])
def test_it_fails_once_and_then_answers(fault: Fault) -> None:
    with model_server() as server:
        server.faults = [fault]
        with pytest.raises(httpx.TransportError):
            generate(server.url)
        assert generate(server.url).status_code == 200
