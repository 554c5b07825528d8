"""OpenAI, and every server that speaks its protocol, through its own client (contract, behaviour §16).

Importing this costs the client's import; it is done when the service is first asked, in a thread.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any, Final, cast

import httpx
import openai

from core.ai.configured import LONGEST_WAIT, OPENAI_URL, OpenAi
from core.ai.model import Prompt, Said
from core.ai.provider import Usage
from core.errors import ProviderMisconfigured, ProviderUnavailable, RequestRefused

NAME: Final = "openai"

_NO_KEY: Final = "none"
"""What is sent where there is no key: servers of one's own take anything."""


@dataclass
class _Dialect:
    """What a server was found to understand: forms of answers, best first, and what it calls the longest answer."""

    forms: list[str] = field(default_factory=lambda: ["json_schema", "json_object", "text"])
    limit: str = "max_tokens"


@dataclass(frozen=True, slots=True)
class OpenAiModel:
    """A model behind one address."""

    chosen: OpenAi
    key: str | None
    name: str = NAME
    _dialect: _Dialect = field(default_factory=_Dialect)

    @property
    def vision(self) -> str:
        return self.chosen.model

    async def say(self, prompt: Prompt, way: httpx.AsyncBaseTransport, *, stays_here: bool) -> Said:
        """See :class:`core.ai.model.Model`. Whether a server passes things on, its protocol does not tell."""
        if self.key is None and self.chosen.base_url == OPENAI_URL:
            raise ProviderMisconfigured("There is no key for OpenAI. Set one, or choose another provider.")
        http = httpx.AsyncClient(transport=way, follow_redirects=False, trust_env=False, timeout=LONGEST_WAIT)
        # the client takes either generation of httpx, and its annotations name the newer alone
        client = openai.AsyncOpenAI(
            api_key=self.key or _NO_KEY, base_url=self.chosen.base_url, max_retries=0, http_client=cast(Any, http)
        )
        async with client:
            return await self._said(client, prompt)

    async def _said(self, client: openai.AsyncOpenAI, prompt: Prompt) -> Said:
        requests = 0
        while True:
            requests += 1
            try:
                answer = await client.chat.completions.create(**self._request(prompt))
            except RequestRefused as refusal:
                if not self._learns(str(refusal)):
                    raise
                continue
            except openai.APIConnectionError as error:
                reason = str(error.__cause__ or error).strip().rstrip(".") or type(error.__cause__).__name__
                raise ProviderUnavailable(f"{self.chosen.base_url} does not answer: {reason}.") from error
            except (openai.OpenAIError, ValueError) as error:
                raise ProviderUnavailable(f"{self.chosen.base_url} does not answer as OpenAI does.") from error
            return _read(answer, requests, self.chosen.base_url)

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        user: str | list[dict[str, Any]] = prompt.user
        if prompt.picture is not None:
            url = f"data:image/jpeg;base64,{base64.b64encode(prompt.picture).decode()}"
            user = [{"type": "text", "text": prompt.user}, {"type": "image_url", "image_url": {"url": url}}]
        request: dict[str, Any] = {
            "model": self.chosen.model,
            "messages": [{"role": "system", "content": prompt.system}, {"role": "user", "content": user}],
            self._dialect.limit: prompt.longest,
        }
        form = self._dialect.forms[0]
        if form == "json_schema":
            schema = {"name": "answer", "schema": prompt.schema, "strict": True}
            request["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif form == "json_object":
            request["response_format"] = {"type": "json_object"}
        return request

    def _learns(self, refusal: str) -> bool:
        """Whether the refusal is of something that can be said in another way; it is from now on."""
        if "max_completion_tokens" in refusal and self._dialect.limit == "max_tokens":
            self._dialect.limit = "max_completion_tokens"
            return True
        if any(word in refusal for word in ("response_format", "json_schema", "json_object", "schema", "grammar")):
            del self._dialect.forms[0]
            return bool(self._dialect.forms)
        return False


def _read(answer: Any, requests: int, url: str) -> Said:
    """The client validates nothing: what a server leaves out or makes up is met here."""
    try:
        text, usage = answer.choices[0].message.content, answer.usage
        counted = Usage(requests, int(usage.prompt_tokens or 0), int(usage.completion_tokens or 0)) if usage else None
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise ProviderUnavailable(f"{url} does not answer as OpenAI does.", usage=Usage(requests)) from error
    return Said(text if isinstance(text, str) else "", counted or Usage(requests))
