"""Posts a digest to the address that the owner named, signed.

The signature is over the time and the body, so that who receives it can tell that it is ours, and new::

    X-Pictallion-Timestamp: 1767225600
    X-Pictallion-Signature: sha256=<HMAC-SHA256 of "1767225600." and the body, in hex>
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac

from core.digest.refusals import words_of
from core.errors import DigestNotSent
from core.outgoing import post, problem_with

#: How long the other side may take. [s]
PATIENCE_SECONDS = 15.0


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """What is sent as ``X-Pictallion-Signature``."""
    return "sha256=" + hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()


async def send_webhook(url: str, secret: str | None, body: bytes, timestamp: int) -> None:
    """Posts the JSON ``body``; raises :class:`DigestNotSent`. Nobody is followed to another address."""
    if (problem := problem_with(url)) is not None:
        raise DigestNotSent(f"The address of [digest] webhook {problem}.")
    headers = {"Content-Type": "application/json", "X-Pictallion-Timestamp": str(timestamp)}
    if secret:
        headers["X-Pictallion-Signature"] = signature(secret, timestamp, body)
    try:
        status = await asyncio.to_thread(post, url, body, headers, PATIENCE_SECONDS)
    except OSError as error:
        raise DigestNotSent(
            f"The webhook of [digest] does not answer: {words_of(error)}. It is tried again next night."
        ) from error
    if not 200 <= status < 300:
        raise DigestNotSent(f"The webhook of [digest] answers with status {status}. It is tried again next night.")
