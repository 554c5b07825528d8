"""JSON that passes from the database to the client without being parsed on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from litestar.openapi.spec import Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

NULL = msgspec.Raw(b"null")


@dataclass(frozen=True)
class JsonOf:
    """Marks a ``msgspec.Raw`` field with the type of what is in it: ``Annotated[msgspec.Raw, JsonOf(list[str])]``."""

    type: Any


def raw_json(text: str | None) -> msgspec.Raw:
    """JSON text of the database as a value; NULL becomes ``null``."""
    return NULL if text is None else msgspec.Raw(text.encode())


class RawJsonSchema(OpenAPISchemaPlugin):
    """Describes fields that are marked with :class:`JsonOf` in the OpenAPI document."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        return field_definition.annotation is msgspec.Raw

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        marker = next(part for part in field_definition.metadata if isinstance(part, JsonOf))
        schema: Schema = schema_creator.for_field_definition(FieldDefinition.from_annotation(marker.type))
        return schema
