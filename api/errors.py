"""How does an error become an answer?

Every error that leaves a route comes through here, whoever raised it, and becomes ``{"message": …, "error": …}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, NotFoundException, ValidationException
from litestar.response import Redirect
from litestar.types import ExceptionHandler
from msgspec import UNSET, UnsetType

from api.access import LoginNeeded
from api.schemas.problem import Problem
from core.errors import IntakeError, NoSpace, RequestError

log = structlog.get_logger()

UNEXPECTED: Final = "Something unexpected went wrong with this request. The daemon's log says what; please report it."


def problem(status: int, message: str, errors: list[str] | UnsetType = UNSET) -> Response[Problem]:
    """The answer for something that is wrong."""
    return Response(Problem(message, message, errors), status_code=status)


def _for_request_error(_: Request[Any, Any, Any], error: RequestError) -> Response[Problem]:
    return problem(error.status, str(error))


def _for_intake_error(_: Request[Any, Any, Any], error: IntakeError) -> Response[Problem]:
    """A file could not be made; the sentence says why, and what can be done."""
    return problem(507 if isinstance(error, NoSpace) else 500, str(error))


def _for_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    if error.status_code >= 500:
        return _for_unexpected(request, error)
    answer = problem(error.status_code, _sentence(request, error), _faults(error))
    answer.headers.update(error.headers or {})
    return answer


def _sentence(request: Request[Any, Any, Any], error: HTTPException) -> str:
    # what the framework says of these is one word, or the phrase of the status
    if isinstance(error, NotFoundException):
        return f"There is nothing at {request.url.path}."
    if error.status_code == 405:
        return f"{request.method} is not possible at {request.url.path}."
    return error.detail


def _faults(error: HTTPException) -> list[str] | UnsetType:
    if not isinstance(error, ValidationException) or not isinstance(error.extra, list):
        return UNSET
    return [f"{fault.get('key', 'body')}: {fault.get('message')}" for fault in error.extra if isinstance(fault, dict)]


def _for_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    log.error("unexpected error in a request", method=request.method, path=request.url.path, exc_info=error)
    return problem(500, UNEXPECTED)


def _for_login_needed(_: Request[Any, Any, Any], error: LoginNeeded) -> Response[Any]:
    return Redirect(error.location, status_code=303)


EXCEPTION_HANDLERS: Final[Mapping[int | type[Exception], ExceptionHandler[Any]]] = {
    RequestError: _for_request_error,
    IntakeError: _for_intake_error,
    HTTPException: _for_http_error,
    LoginNeeded: _for_login_needed,
    Exception: _for_unexpected,
}
"""For :class:`litestar.Litestar`."""
