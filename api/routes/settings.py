"""Settings and naming patterns."""

from __future__ import annotations

from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody

from api.access import SCOPE
from api.context import ApiContext
from api.schemas.setting import NewSetting, NewValue, Pattern, Removed, Setting, setting_of
from core.access import Scope
from core.library.naming import BUILT_IN_PATTERNS
from core.settings.store import all_settings, find_setting, put_setting, remove_setting

_ADMIN = {SCOPE: Scope.ADMIN}


@get("/api/settings", tags=["Settings"])
async def list_settings(context: NamedDependency[ApiContext]) -> list[Setting]:
    """Every setting, by category, then key."""
    async with context.bench.database.read() as connection:
        return [setting_of(row) for row in await all_settings(connection)]


@get("/api/settings/naming/patterns", tags=["Settings"])
async def list_patterns() -> list[Pattern]:
    """The built-in naming patterns."""
    return [Pattern(each.id, each.name, each.description, each.pattern, each.example) for each in BUILT_IN_PATTERNS]


@get("/api/settings/{key:str}", tags=["Settings"])
async def get_setting(context: NamedDependency[ApiContext], key: FromPath[str]) -> Setting:
    """One setting."""
    async with context.bench.database.read() as connection:
        return setting_of(await find_setting(connection, key))


@post(
    "/api/settings",
    tags=["Settings"],
    opt=_ADMIN,
    responses={200: ResponseSpec(Setting, generate_examples=False, description="It was there, and is changed")},
)
async def make_setting(context: NamedDependency[ApiContext], data: JSONBody[NewSetting]) -> Response[Setting]:
    """Makes a setting (201), or changes the one that is there (200)."""
    async with context.bench.database.write() as connection:
        row, is_new = await put_setting(connection, data.key, data.value, data.category, data.description)
    return Response(setting_of(row), status_code=201 if is_new else 200)


@put("/api/settings/{key:str}", tags=["Settings"], opt=_ADMIN)
async def set_value(context: NamedDependency[ApiContext], key: FromPath[str], data: JSONBody[NewValue]) -> Setting:
    """Sets a value, whether or not there was one."""
    async with context.bench.database.write() as connection:
        row, _ = await put_setting(connection, key, data.value)
    return setting_of(row)


@delete("/api/settings/{key:str}", tags=["Settings"], status_code=200, opt=_ADMIN)
async def delete_setting(context: NamedDependency[ApiContext], key: FromPath[str]) -> Removed:
    """Removes a setting; its default holds again."""
    async with context.bench.database.write() as connection:
        await remove_setting(connection, key)
    return Removed(f"The setting {key} was removed.")


ROUTES = [list_settings, list_patterns, get_setting, make_setting, set_value, delete_setting]
