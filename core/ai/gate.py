"""What leaves this machine for a language model, and what comes back? Every request of every client goes through here.

The gate connects to addresses that :mod:`core.outgoing` allows, to none but this machine's where the photo is to stay
on it, follows nobody elsewhere, and reads no more of an answer than an answer can have. What servers say when they
refuse is told in the errors that the pipeline knows, the same for every client.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from core.errors import (
    PhotoProtected,
    ProviderError,
    ProviderMisconfigured,
    ProviderUnavailable,
    RequestRefused,
)
from core.outgoing import addresses_to_ask

LONGEST_ANSWER: Final = 256 * 1024
"""Bytes of a body. Models are asked for some 1,500 tokens, 10 KB; servers add their counts."""

LONGEST_PAUSE: Final = 86_400.0
"""Seconds: longer nobody is left alone for, whatever they ask for."""

NO_CREDIT_PAUSE: Final = 3_600.0
"""Seconds until a service is asked again at which nothing is left to spend."""

_CONNECT_SECONDS: Final = 10.0
_COMPLAINT: Final = 4_096
"""Bytes of an error that are read."""


class Gate(httpx.AsyncHTTPTransport):
    """The way out for one request. ``kept_here`` says why the photo must stay on this machine, if so."""

    def __init__(self, kept_here: str | None) -> None:
        super().__init__(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
        self._kept_here = kept_here

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request; its answer has the status 200 and a body that is bounded.

        Raises the :class:`core.errors.ProviderError` that says what became of it, and of httpx what its transports
        raise.
        """
        response = await self._sent(request)
        try:
            await _refuse_other_than_answers(request, response)
        except BaseException:
            await response.aclose()
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Bounded(response.stream, _name(request))
        return response

    async def _sent(self, request: httpx.Request) -> httpx.Response:
        host, port = request.url.host, request.url.port or (443 if request.url.scheme == "https" else 80)
        request.headers["Accept-Encoding"] = "identity"
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.extensions["timeout"] = {**request.extensions.get("timeout", {}), "connect": _CONNECT_SECONDS}
        refused: httpx.TransportError | None = None
        for address in await self._addresses(host, port):
            # the address is what was looked at; the name may lead elsewhere a moment later
            request.url = request.url.copy_with(host=address)
            try:
                return await super().handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                refused = error
        assert refused is not None
        raise refused

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            addresses = await addresses_to_ask(host, port, only_this_machine=self._kept_here is not None)
            if addresses:
                return addresses
            elsewhere = await addresses_to_ask(host, port)
        except OSError as error:
            raise ProviderUnavailable(f"The name {host} leads nowhere: {error.strerror or error}.") from error
        if elsewhere:
            raise PhotoProtected(f"{self._kept_here} It is not sent to {host}, which is another machine.")
        raise ProviderMisconfigured(f"The address {host} is one that machines keep secrets at; it is not asked.")


class _Bounded(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream, name: str) -> None:
        self._stream, self._name = stream, name

    async def __aiter__(self) -> AsyncIterator[bytes]:
        received = 0
        async for piece in self._stream:
            received += len(piece)
            if received > LONGEST_ANSWER:
                raise ProviderUnavailable(f"{self._name} does not stop answering; {received:,} bytes came.")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _refuse_other_than_answers(request: httpx.Request, response: httpx.Response) -> None:
    if response.status_code != 200:
        raise _refusal(request, response, await _complaint(response))
    if response.headers.get("content-encoding", "identity") != "identity":
        raise ProviderUnavailable(f"{_name(request)} packs its answer, which was not asked for.")


async def _complaint(response: httpx.Response) -> str:
    """The beginning of what a server says of its refusal, in one line."""
    assert isinstance(response.stream, httpx.AsyncByteStream)
    said = b""
    async for piece in response.stream:
        said += piece
        if len(said) >= _COMPLAINT:
            break
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", said[:_COMPLAINT].decode("utf-8", "replace")).strip()


def _refusal(request: httpx.Request, response: httpx.Response, complaint: str) -> ProviderError:
    name, status = _name(request), response.status_code
    said = f"{name} answers {status}" + (f": {complaint[:300]}" if complaint else ".")
    if status in (401, 403):
        return ProviderMisconfigured(f"{said} It does not take the key.")
    if status in (404, 405):
        return ProviderMisconfigured(f"{said} There is no such model, or the address is not the right one.")
    if 300 <= status < 400:
        return ProviderMisconfigured(f"{said} It sends elsewhere, and nobody is followed; say the final address.")
    if status == 429 and "insufficient_quota" in complaint:
        return ProviderUnavailable(f"{said} Nothing is left to spend there.", NO_CREDIT_PAUSE)
    if status in (408, 409, 425, 429) or status >= 500:
        return ProviderUnavailable(said, retry_after(response.headers.get("retry-after"), datetime.now(UTC)))
    if "image" in complaint and "support" in complaint:
        return ProviderMisconfigured(f"{said} The model cannot look at pictures; choose one that can.")
    return RequestRefused(said)


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header (RFC 9110, 10.2.3), 0 to a day; ``None`` for none that can be read."""
    if value is None:
        return None
    text = value.strip()
    try:
        seconds = (
            float(text) if re.fullmatch(r"\d{1,12}", text) else (parsedate_to_datetime(text) - now).total_seconds()
        )
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_PAUSE)


def _name(request: httpx.Request) -> str:
    """Whom a message speaks of: the host that was asked for."""
    return str(request.headers.get("host", request.url.host))
