"""Ollama, through its own client (contract, behaviour §16).

Importing this costs the client's import; it is done when Ollama is first asked, in a thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import httpx
import ollama

from core.ai.configured import LONGEST_WAIT, Ollama
from core.ai.model import Prompt, Said
from core.ai.provider import Usage
from core.errors import PhotoProtected, ProviderMisconfigured, ProviderUnavailable

NAME: Final = "ollama"

TEMPERATURE: Final = 0.2
"""Low: what is asked for is a description and JSON."""

_CLOUD_TAG: Final = "cloud"
"""How the tags of models end that Ollama does not run itself but passes on."""


@dataclass(frozen=True, slots=True)
class OllamaModel:
    """Models behind one address."""

    chosen: Ollama
    name: str = NAME

    @property
    def vision(self) -> str:
        return self.chosen.vision_model

    async def say(self, prompt: Prompt, way: httpx.AsyncBaseTransport, *, stays_here: bool) -> Said:
        """See :class:`core.ai.model.Model`."""
        model = self.chosen.text_model if prompt.picture is None else self.chosen.vision_model
        client = ollama.AsyncClient(
            self.chosen.base_url, transport=way, follow_redirects=False, trust_env=False, timeout=LONGEST_WAIT
        )
        try:
            if stays_here:
                await self._refuse_models_elsewhere(model, way)
            answer = await client.generate(
                model=model,
                prompt=f"{prompt.system}\n\n{prompt.user}",
                images=None if prompt.picture is None else [ollama.Image(value=prompt.picture)],
                format=prompt.schema,
                stream=False,
                options={"temperature": TEMPERATURE, "num_predict": prompt.longest},
            )
        except (ConnectionError, httpx.TransportError) as error:
            raise ProviderUnavailable(f"Ollama at {self.chosen.base_url} does not answer: {_told(error)}.") from error
        except httpx.InvalidURL as error:
            raise ProviderMisconfigured(f"Ollama's address {self.chosen.base_url} cannot be read: {error}.") from error
        except ValueError as error:
            raise ProviderUnavailable(f"{self.chosen.base_url} does not answer as Ollama does.") from error
        finally:
            await client.close()  # type: ignore[no-untyped-call]
        usage = Usage(1, answer.prompt_eval_count or 0, answer.eval_count or 0)
        return Said(answer.response or "", usage)

    async def _refuse_models_elsewhere(self, model: str, way: httpx.AsyncBaseTransport) -> None:
        """Ollama on this machine passes some models' questions on to its makers; nothing is told to those."""
        is_named_so = model.rpartition(":")[2].endswith(_CLOUD_TAG)
        # asked by hand: the client leaves out the fields that tell it
        http = httpx.AsyncClient(transport=way, trust_env=False, timeout=LONGEST_WAIT)
        answer = await http.post(f"{self.chosen.base_url.rstrip('/')}/api/show", json={"model": model})
        shown = answer.json()
        if is_named_so or not isinstance(shown, dict) or shown.get("remote_host") or shown.get("remote_model"):
            raise PhotoProtected(f"Ollama's {model} does not run on this machine, which the photo must not leave.")


def _told(error: Exception) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__
