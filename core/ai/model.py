"""What is a language model asked, and what does it say? One question, whoever runs the model."""

from __future__ import annotations

from typing import Any, Protocol

import httpx
import msgspec

from core.ai.provider import Usage


class Prompt(msgspec.Struct, frozen=True):
    """What a model is told. ``schema`` is a JSON schema of the answer, ``longest`` its length in tokens.

    ``picture`` is a JPEG to look at.
    """

    system: str
    user: str
    schema: dict[str, Any]
    longest: int
    picture: bytes | None = None


class Said(msgspec.Struct, frozen=True):
    """The text of an answer, and what it has cost."""

    text: str
    usage: Usage


class Model(Protocol):
    """Someone who runs models. ``name`` is the provider's; ``vision`` is the model that looks at pictures."""

    @property
    def name(self) -> str: ...

    @property
    def vision(self) -> str: ...

    async def say(self, prompt: Prompt, way: httpx.AsyncBaseTransport, *, stays_here: bool) -> Said:
        """Asks once, through ``way`` and no other. ``stays_here``: what is told must not go on from there either.

        Raises the :class:`core.errors.ProviderError` that says what became of it.
        """
        ...
