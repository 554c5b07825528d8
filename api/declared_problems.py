"""Which errors does the API's description tell of? The same for every route, as every error takes the same way out."""

from __future__ import annotations

from typing import Final

from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute

from api.schemas.problem import Problem

#: HTTP status → when it comes
_WHEN: Final = {
    400: "What was sent makes no sense, or is not of the shape asked for",
    401: "A token is needed",
    403: "The token may not do this, or what is asked for may not be served",
    404: "There is no such thing",
    408: "The body came too slowly",
    413: "The body is too large",
    429: "Too many requests, or wrong tokens, came from this address",
    500: "What was asked for makes sense and did not work out",
    507: "The disk of the library is almost full",
}
_PROBLEMS: Final = {
    status: ResponseSpec(Problem, generate_examples=False, description=when) for status, when in _WHEN.items()
}


class DeclaredProblems(ReceiveRoutePlugin):
    """Adds the errors to every route's description; what a route says of a status itself goes before."""

    def receive_route(self, route: BaseRoute) -> None:
        if not isinstance(route, HTTPRoute):
            return
        for handler in route.route_handlers:
            if isinstance(handler, HTTPRouteHandler):
                handler.responses = _PROBLEMS | dict(handler.responses or {})
