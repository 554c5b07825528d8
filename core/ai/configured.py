"""What can be chosen of language models, and what holds where nobody chooses?"""

from __future__ import annotations

from typing import Final

import msgspec

PROVIDERS: Final = ("builtin", "ollama", "openai", "both")

LONGEST_WAIT: Final = 3_600.0
"""Seconds: the longest time limit that can be configured, and so what the clients of the services are told."""

OLLAMA_URL: Final = "http://localhost:11434"
OPENAI_URL: Final = "https://api.openai.com/v1"


class Ollama(msgspec.Struct, frozen=True):
    """Where Ollama listens, and which of its models look at pictures and which write texts."""

    base_url: str = OLLAMA_URL
    vision_model: str = "llava:latest"
    text_model: str = "llama3.2:latest"


class OpenAi(msgspec.Struct, frozen=True):
    """Where OpenAI, or a server that speaks its protocol, listens, and which model is used."""

    base_url: str = OPENAI_URL
    model: str = "gpt-4o"


class Choices(msgspec.Struct, frozen=True):
    """What holds. ``provider`` is one of :data:`PROVIDERS`; ``openai_key`` is never told."""

    provider: str = "builtin"
    ollama: Ollama = Ollama()
    openai: OpenAi = OpenAi()
    openai_key: str | None = None

    @property
    def has_openai(self) -> bool:
        """Whether OpenAI is set up: with a key, or as a server that may need none."""
        return self.openai_key is not None or self.openai.base_url != OPENAI_URL


class Limits(msgspec.Struct, frozen=True):
    """``time_limit`` is seconds for one request with its answer, ``picture_side`` pixels of the longer side sent."""

    time_limit: float = 300.0
    picture_side: int = 1024
