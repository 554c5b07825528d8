"""Is what a client sent what the route describes, and does it come? JSON bodies are taken at their word.

The framework would read ``"3"`` as 3 and 1 as ``true`` in a body, as it must in a query; the contract wants 400 there.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from litestar import Request
from litestar.connection.base import empty_receive, empty_send
from litestar.enums import ScopeType
from litestar.exceptions import ClientException, ValidationException
from litestar.types import Receive, Scope, Send

from api.patience import PatientReceive

_WITHOUT_BODY: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class StrictRequest(Request[Any, Any, Any]):
    """Decodes a JSON body straight to the type of the route's ``data``; waits for no body for ever."""

    def __init__(self, scope: Scope, receive: Receive = empty_receive, send: Send = empty_send) -> None:
        if scope["type"] == ScopeType.HTTP and scope["method"] not in _WITHOUT_BODY:
            receive = PatientReceive(receive, scope["litestar_app"].state.patience)
        super().__init__(scope, receive, send)

    async def json(self) -> Any:
        """The body. Raises an exception of status 400 where it is no JSON, or not of that type."""
        field = self.route_handler.parsed_data_field
        wanted = Any if field is None else field.annotation
        try:
            return msgspec.json.decode(await self.body(), type=wanted)
        except msgspec.ValidationError as error:
            raise ValidationException("The body is not of the shape asked for.", extra=_faults(error)) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ClientException(f"The body is no JSON: {error}.") from error
        except RecursionError as error:
            raise ClientException("The body is nested too deeply.") from error


def _faults(error: msgspec.ValidationError) -> list[dict[str, str]]:
    message, _, place = str(error).partition(" - at `$")
    return [{"key": place.rstrip("`").lstrip(".") or "body", "message": message}]
