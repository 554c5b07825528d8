"""Is what a client sent what the route describes, and does it come? JSON bodies are taken at their word.

The framework would read ``"3"`` as 3 and 1 as ``true`` in a body, as it must in a query; the contract wants 400 there.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from litestar import Request
from litestar.connection.base import empty_receive, empty_send
from litestar.enums import ScopeType
from litestar.exceptions import ClientException, HTTPException, ValidationException
from litestar.types import Receive, Scope, Send

from api.patience import PatientReceive

_WITHOUT_BODY: Final = frozenset({"GET", "HEAD", "OPTIONS"})

MAX_VALUES: Final = 500_000
"""Values of a JSON body. ``[],`` are three bytes on the wire and seventy in memory, and so many of them take a second
in which nobody else is answered; as many ids of photos are more than most libraries have."""

_BEFORE_VALUES: Final = (b",", b"[", b"{")
_SMALL: Final = 1 << 20
"""Bytes of a body of which the values need not be counted."""


class StrictRequest(Request[Any, Any, Any]):
    """Decodes a JSON body straight to the type of the route's ``data``; waits for no body for ever."""

    def __init__(self, scope: Scope, receive: Receive = empty_receive, send: Send = empty_send) -> None:
        if scope["type"] == ScopeType.HTTP and scope["method"] not in _WITHOUT_BODY:
            receive = PatientReceive(receive, scope["litestar_app"].state.patience)
        super().__init__(scope, receive, send)

    async def json(self) -> Any:
        """The body.

        Raises an exception of status 400 where it is no JSON, or not of that type, and of 413 where it has too many
        values.
        """
        field = self.route_handler.parsed_data_field
        wanted = Any if field is None else field.annotation
        try:
            return msgspec.json.decode(_of_bearable_size(await self.body()), type=wanted)
        except msgspec.ValidationError as error:
            raise ValidationException("The body is not of the shape asked for.", extra=_faults(error)) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ClientException(f"The body is no JSON: {error}.") from error
        except RecursionError as error:
            raise ClientException("The body is nested too deeply.") from error


def _of_bearable_size(body: bytes) -> bytes:
    if len(body) > _SMALL and sum(map(body.count, _BEFORE_VALUES)) > MAX_VALUES:
        raise HTTPException(f"The body has more than {MAX_VALUES:,} values; send it in parts.", status_code=413)
    return body


def _faults(error: msgspec.ValidationError) -> list[dict[str, str]]:
    message, _, place = str(error).partition(" - at `$")
    return [{"key": place.rstrip("`").lstrip(".") or "body", "message": message}]
