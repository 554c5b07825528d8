"""Of which kinds are the values of settings, and what is said of one that is none?

What a validator raises continues a sentence that begins with the key and its value (:mod:`core.config.problems`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from difflib import get_close_matches
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, SecretStr

from core.config.database_url import with_async_driver
from core.config.quantities import format_duration, format_size, parse_duration, parse_size
from core.library.naming import BUILT_IN_PATTERNS
from core.window import Window

MOST_AUTOMATIC_WORKERS: Final = 8
"""Processes. Each one holds the face and tag networks in memory; whoever has room for more says so with a number."""

SMALLEST_MEMORY_LIMIT: Final = 512 * 2**20
"""Bytes. With its networks loaded, a worker takes some 350 MiB."""

NAMING_PATTERNS: Final = tuple(known.id for known in BUILT_IN_PATTERNS)

NAMING_TOKENS: Final = (
    *("year", "month", "day", "hour", "minute", "second"),
    *("camera", "lens", "aiDescription", "originalFilename"),
)
"""What may stand in braces in a pattern: the tokens that :func:`core.library.naming.render_name` replaces."""


def _no_boolean(value: object) -> object:
    # pydantic reads `true` as 1, which as a port or a count is never meant.
    if isinstance(value, bool):
        raise ValueError("must be a whole number")  # noqa: TRY004 - pydantic collects ValueError only
    return value


def within(shortest: float, longest: float) -> Callable[[float], float]:
    """A validator of a duration that lets those of ``shortest`` to ``longest`` seconds pass."""

    def check(seconds: float) -> float:
        if not shortest <= seconds <= longest:
            raise ValueError(f"must be between {format_duration(shortest)} and {format_duration(longest)}")
        return seconds

    return check


def _empty_is_unset(value: object) -> object:
    return None if value == "" else value


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("must be an absolute path")
    return path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        raise ValueError(f"cannot be looked at: {error.strerror}") from error


def _no_file(path: Path) -> Path:
    if _is_file(path):
        raise ValueError("is a file; it must be a folder, or not exist yet")
    return path


def _with_index_page(path: Path | None) -> Path | None:
    if path and not _is_file(path / "index.html"):
        raise ValueError("must be a folder with an index.html in it, the built web interface")
    return path


def _host_name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", name):
        raise ValueError('must be a plain name in small letters, such as "photos.example.org", without a port')
    return name


def is_loopback(host: str) -> bool:
    """Whether who listens at ``host`` is heard by this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _known_zone(name: str | None) -> str | None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

    if name:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            near = get_close_matches(name, available_timezones(), n=1)
            advice = f'did you mean "{near[0]}"?' if near else 'write an IANA name such as "Europe/Berlin"'
            raise ValueError(f"is no time zone that this system knows; {advice}") from None
    return name


def _usable_pattern(pattern: str) -> str:
    tokens = re.findall(r"{(.*?)}", pattern)
    if not tokens and pattern not in NAMING_PATTERNS:
        near = get_close_matches(pattern, NAMING_PATTERNS, n=1)
        choices = f"{', '.join(NAMING_PATTERNS)}, or a pattern such as {{year}}-{{month}}-{{day}}_{{camera}}"
        advice = f'did you mean "{near[0]}"?' if near else f"write one of {choices}"
        raise ValueError(f"would give every file the same name; {advice}")
    for token in tokens:
        if token not in NAMING_TOKENS:
            near = get_close_matches(token, NAMING_TOKENS, n=1)
            advice = f"did you mean {{{near[0]}}}?" if near else f"there are {', '.join(NAMING_TOKENS)}"
            raise ValueError(f"has {{{token}}}, which is not a known token; {advice}")
    return pattern


def _usable_glob(pattern: str) -> str:
    from pathspec import GitIgnoreSpec

    try:
        is_pattern = any(line.include is not None for line in GitIgnoreSpec.from_lines([pattern]).patterns)
    except ValueError:
        is_pattern = False
    if not is_pattern:
        raise ValueError('is no pattern; write one as in a .gitignore file, such as "*.png" or "/Screenshots/"')
    return pattern


def _origin(text: str) -> str:
    from urllib.parse import urlsplit

    parts = urlsplit(text)
    origin = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or text.rstrip("/") != origin:
        raise ValueError('must be an origin, such as "https://photos.example.org" or "http://localhost:5173"')
    return origin.lower()


def _address(url: SecretStr | None) -> SecretStr | None:
    # an address may hold its secret: no message repeats it
    from core.outgoing import problem_with

    if url is not None and (problem := problem_with(url.get_secret_value())) is not None:
        raise ValueError(f"is an address that {problem}")
    return url


def _host_to_ask(host: str) -> str:
    from core.outgoing import problem_with_host

    plain = host.removeprefix("[").removesuffix("]") if ":" in host else host
    if problem := problem_with_host(plain):
        raise ValueError(problem)
    return plain


def _mailbox(address: str | None) -> str | None:
    if address is not None and not re.fullmatch(r"[^@\s,<>]+@[^@\s,<>]+", address):
        raise ValueError('must be an e-mail address, such as "ada@example.org"')
    return address


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError as error:
        raise ValueError(f'must be an address or a network, such as "192.168.1.0/24": {error}') from None


def _async_url(url: SecretStr | None) -> SecretStr | None:
    return with_async_driver(url) if url else None


def _server_to_ask(text: str) -> str:
    from core.outgoing import problem_with

    if problem := problem_with(text):
        raise ValueError(problem)
    return text.rstrip("/")


def _shown_hours(hours: Window | None) -> str:
    return "" if hours is None else str(hours)


def automatic_workers() -> int:
    """As many worker processes as there are cores, :data:`MOST_AUTOMATIC_WORKERS` at most."""
    return min(os.cpu_count() or 1, MOST_AUTOMATIC_WORKERS)


def _worker_count(value: object) -> object:
    if value == "auto":
        return automatic_workers()
    if isinstance(value, bool) or (isinstance(value, str) and not value.strip().lstrip("+-").isdecimal()):
        raise ValueError('must be "auto" or a whole number')
    return value


def _no_less_than_a_worker(size: int) -> int:
    if size < SMALLEST_MEMORY_LIMIT:
        raise ValueError(f"is less than a worker needs to begin with ({format_size(SMALLEST_MEMORY_LIMIT)})")
    return size


Whole = Annotated[int, BeforeValidator(_no_boolean)]
Duration = Annotated[float, BeforeValidator(parse_duration), PlainSerializer(format_duration, when_used="json")]
Size = Annotated[int, BeforeValidator(parse_size), PlainSerializer(format_size, when_used="json")]


MinFree = Annotated[
    int | None,
    BeforeValidator(lambda value: None if value in ("auto", None) else parse_size(value)),
    PlainSerializer(lambda size: "auto" if size is None else format_size(size), when_used="json"),
]
"""Bytes; ``None`` is 1 % of the disk, or 2 GiB where that is more."""

Unset = BeforeValidator(_empty_is_unset)
"""An empty text, as environment variables have it, is no value."""

AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
Folder = Annotated[AbsolutePath, AfterValidator(_no_file)]
OptionalPath = Annotated[Path | None, Unset]
WebInterface = Annotated[Path | None, Unset, AfterValidator(_with_index_page)]
HostName = Annotated[str, AfterValidator(_host_name)]
Origin = Annotated[str, AfterValidator(_origin)]
Network = Annotated[str, AfterValidator(_network)]
ServerUrl = Annotated[str, AfterValidator(_server_to_ask)]
SecretUrl = Annotated[SecretStr | None, Unset, AfterValidator(_address)]
DatabaseUrl = Annotated[SecretStr | None, Unset, AfterValidator(_async_url)]
Secret = Annotated[SecretStr | None, Unset]
HostToAsk = Annotated[str, AfterValidator(_host_to_ask)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]
OptionalMailbox = Annotated[str | None, Unset, AfterValidator(_mailbox)]
TimeZone = Annotated[str | None, Unset, AfterValidator(_known_zone)]
NamingPattern = Annotated[str, AfterValidator(_usable_pattern)]
Glob = Annotated[str, AfterValidator(_usable_glob)]
Workers = Annotated[int, BeforeValidator(_worker_count)]
WorkerMemory = Annotated[Size, AfterValidator(_no_less_than_a_worker)]
ShownHours = PlainSerializer(_shown_hours, when_used="json")
