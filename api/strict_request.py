"""Is what a client sent what the route describes? JSON bodies are taken at their word.

The framework would read ``"3"`` as 3 and 1 as ``true`` in a body, as it must in a query; the contract wants 400 there.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import ClientException, ValidationException


class StrictRequest(Request[Any, Any, Any]):
    """Decodes a JSON body straight to the type of the route's ``data``."""

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
