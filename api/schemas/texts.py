"""Which texts may a client send? None has a zero byte, which PostgreSQL does not store, and none is without end."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from msgspec import Meta

_NO_ZERO_BYTE: Final = r"^[^\0]*$"

Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"^[^\0]*[^\s\0][^\0]*$")]
"""What something is called; blanks alone are no name."""

Text: TypeAlias = Annotated[str, Meta(max_length=10_000, pattern=_NO_ZERO_BYTE)]
"""What a person writes about it."""

LongText: TypeAlias = Annotated[str, Meta(max_length=50_000, pattern=_NO_ZERO_BYTE)]
"""What a language model is told."""

Key: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200, pattern=_NO_ZERO_BYTE)]
"""Of a setting."""

Value: TypeAlias = Annotated[str, Meta(max_length=100_000, pattern=_NO_ZERO_BYTE)]
"""Of a setting, which may be JSON."""
