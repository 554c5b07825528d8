"""What is a browser told not to do with an answer?"""

from __future__ import annotations

from typing import Final

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

PAGE_POLICY: Final = "frame-ancestors 'self'; base-uri 'self'; object-src 'none'"
"""For pages that bring none of their own. It holds nothing back that a built client, which is not ours, may need."""


async def forbid_guessing(message: Message, _: Scope) -> None:
    """Adds to every answer that its type is what it says, and to pages that no stranger may frame them.

    For ``before_send`` of the application.
    """
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders(message)
    headers["x-content-type-options"] = "nosniff"
    headers.setdefault("referrer-policy", "same-origin")
    if headers.get("content-type", "").startswith("text/html"):
        headers.setdefault("content-security-policy", PAGE_POLICY)
