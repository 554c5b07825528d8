"""A provider that asks a server over HTTP, as Ollama is asked, and a daemon that does nothing but describe.

Run as ``python -m tests.backlog.http_model DATA_DIR URL HANDS`` it works a library's backlog off until it is ended.
"""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.ai.provider import Answered, Question, Usage
from core.db.engine import open_database
from core.errors import AnswerUnusable, ProviderUnavailable
from daemon.describing import describing
from tests.ai.model_server import VISION
from tests.backlog.conftest import open_shelf, said_of


@dataclass
class HttpModel:
    """A model at ``url``."""

    url: str
    name: str = "ollama"
    model: str = VISION

    async def describe(self, question: Question) -> Answered:
        said = await asyncio.to_thread(self._ask, question)
        try:
            text = json.loads(json.loads(said)["response"])["shortDescription"]
        except (ValueError, KeyError, TypeError) as error:
            raise AnswerUnusable("The model answered with nothing that can be understood.") from error
        assert isinstance(text, str)
        return Answered(said_of(question.facts.original_filename), self.model, "p1", Usage(1, 700, 90))

    def _ask(self, question: Question) -> bytes:
        picture = base64.b64encode(question.preview.read_bytes()).decode()
        body: dict[str, Any] = {"model": self.model, "prompt": question.facts.original_filename, "images": [picture]}
        try:
            with closing(http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=20)) as connection:
                connection.request("POST", "/api/generate", json.dumps(body))
                with closing(connection.getresponse()) as response:
                    said, status = response.read(), response.status
        except (OSError, http.client.HTTPException) as error:
            raise ProviderUnavailable(f"The model does not answer: {error}") from error
        if status >= 500:
            raise ProviderUnavailable(f"The model's server says {status}.")
        return said


async def work(data_dir: Path, url: str, hands: int) -> None:
    """Works the backlog off until the process is ended."""
    shelf = open_shelf(open_database(f"sqlite+aiosqlite:///{data_dir}/pictallion.db"), data_dir)
    shelf.chosen.append(HttpModel(url))
    async with describing(shelf.describer(hands)):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
