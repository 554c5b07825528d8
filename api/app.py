"""The HTTP API as one ASGI application."""

from __future__ import annotations

from typing import Any

import structlog
from litestar import Litestar, Request, Response
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import Message, Scope
from sqlalchemy.exc import SQLAlchemyError

from api.access import Access, guard
from api.answer_headers import forbid_guessing
from api.context import ApiContext
from api.declared_problems import DeclaredProblems
from api.documentation import described
from api.errors import EXCEPTION_HANDLERS
from api.face_crops import FaceCrops
from api.known_answers import KnownAnswers
from api.known_files import KnownFiles
from api.preflight import RefusedPreflight
from api.routes import (
    ai,
    archive,
    backlog,
    batch,
    bursts,
    client,
    collections,
    daemon,
    damage,
    digest,
    duplicates,
    edits,
    events,
    faces,
    files,
    groups,
    live,
    locations,
    login,
    occasions,
    passes,
    people,
    photos,
    processing,
    promotion,
    prompts,
    proposed,
    relationships,
    roots,
    search,
    settings,
    system,
    tags,
    upload,
)
from api.schemas.raw_json import RawJsonSchema
from api.shared_lists import SharedLists
from api.strict_request import StrictRequest
from api.thumbnails import Thumbnails
from core.ai.prompts import seed_prompts
from core.db.engine import Database
from core.errors import BadRequest, NotFound
from core.people.embeddings import Embeddings
from core.search.loaded_index import LoadedIndex

log = structlog.get_logger()

MAX_BODY = 24 << 20
"""Bytes of a request body other than an upload: calls for whole libraries carry many ids, of 39 bytes each."""


def _refuse_zero_bytes(request: Request[Any, Any, Any]) -> None:
    """Nothing that is stored has one, and PostgreSQL would not take it as a parameter."""
    if "\0" in request.scope["path"]:
        raise NotFound("There is nothing by that name.")
    if b"%00" in request.scope["query_string"]:
        raise BadRequest("There is a zero byte in the query.")


def _cors(context: ApiContext) -> CORSConfig | None:
    """Pages of other origins that the owner has named may use the API, with their cookies."""
    origins = sorted(context.access.origins)
    return CORSConfig(allow_origins=origins, allow_credentials=True) if origins else None


async def _seed(app: Litestar) -> None:
    database: Database = app.state.context.bench.database
    try:
        async with database.write() as connection:
            await seed_prompts(connection)
    except (SQLAlchemyError, OSError):
        # health tells what is wrong with the database; until it answers nothing can be seeded
        log.exception("the prompts could not be stored; they are at the next start")


def _from_state(name: str) -> Provide:
    def give(state: State) -> Any:
        return state[name]

    return Provide(give, sync_to_thread=False)


async def _before_request(request: Request[Any, Any, Any]) -> Response[bytes | None] | None:
    _refuse_zero_bytes(request)
    known: KnownAnswers = request.app.state.known
    return await known.answer(request)


async def _remember(message: Message, scope: Scope) -> None:
    known: KnownAnswers = scope["litestar_app"].state.known
    await known.remember(message, scope)


def furnish(app: Litestar, context: ApiContext) -> None:
    """Lets the app work on what is in ``context`` from now on; who may come from where is settled when it is made."""
    bench = context.bench
    app.state.update(
        {
            "context": context,
            "access": Access(bench.database, context.access),
            "search_index": LoadedIndex(bench.database),
            "embeddings": Embeddings(bench.database),
            "lists": SharedLists(),
            "tools": files.FileTools(
                KnownFiles(bench), Thumbnails(bench), bench.compute, FaceCrops(bench), context.access
            ),
            "known": KnownAnswers(bench.database),
            "patience": context.patience,
        }
    )


def create_app(context: ApiContext) -> Litestar:
    """Everything below ``/api``, its description at ``/schema``, and the client for the rest."""
    app = Litestar(
        route_handlers=[
            *photos.ROUTES,
            *edits.ROUTES,
            *promotion.ROUTES,
            *search.ROUTES,
            *archive.ROUTES,
            *batch.ROUTES,
            *processing.ROUTES,
            *files.ROUTES,
            *upload.ROUTES,
            *bursts.ROUTES,
            *people.ROUTES,
            *relationships.ROUTES,
            *faces.ROUTES,
            *proposed.ROUTES,
            tags.get_tags,
            tags.add_tags,
            tags.remove_tag,
            *system.ROUTES,
            daemon.get_daemon_status,
            daemon.request_scan,
            *passes.ROUTES,
            *damage.ROUTES,
            digest.get_digest,
            live.follow_events,
            roots.list_roots,
            roots.accept_root,
            *duplicates.ROUTES,
            *groups.ROUTES,
            *occasions.ROUTES,
            login.show_login,
            login.log_in,
            login.log_out,
            *ai.ROUTES,
            *backlog.ROUTES,
            *collections.ROUTES,
            *locations.ROUTES,
            *prompts.ROUTES,
            *events.ROUTES,
            *settings.ROUTES,
            client.get_page,
        ],
        dependencies={
            name: _from_state(name) for name in ("context", "access", "search_index", "embeddings", "lists", "tools")
        },
        guards=[guard],
        on_startup=[_seed],
        before_request=_before_request,
        before_send=[forbid_guessing, _remember],
        cors_config=_cors(context),
        exception_handlers=dict(EXCEPTION_HANDLERS),
        openapi_config=described(),
        plugins=[RawJsonSchema(), DeclaredProblems()],
        request_max_body_size=MAX_BODY,
        request_class=StrictRequest,
        # structlog is set up by whoever starts the program; the framework's own configuration would replace it
        logging_config=None,
    )
    if app.cors_config is not None:
        app.asgi_handler = RefusedPreflight(app.asgi_handler, app.cors_config)
    furnish(app, context)
    return app
