"""What is a file in the library called?

Names are made from a pattern (``{year}-{month}-{day}_{camera}``) or taken over from the original. Either way they
end up in URLs, on shares and on other people's disks, so one set of rules (contract, behaviour §4) makes them safe
everywhere.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime

import msgspec

MAX_NAME_BYTES = 180
"""UTF-8 bytes of stem and extension. File systems allow 255 bytes; a suffix ``_123``, ``.xmp`` behind the name and the
prefix of a temporary file have to fit beside it."""

MAX_EXTENSION_LENGTH = 10
"""Letters and digits behind the last dot that still count as an extension; more than that is a part of the name."""

DEFAULT_PATTERN = "datetime"
CUSTOM_PATTERN = "custom"
"""The setting value that stands for the owner's own pattern."""

UNNAMED = "unnamed"
"""Stem of an original whose name holds nothing that can be kept."""

UNKNOWN_CAMERA = "UnknownCamera"
UNKNOWN_LENS = "UnknownLens"
UNKNOWN_IMAGE = "UnknownImage"

RESERVED_ON_WINDOWS = re.compile(r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³]) *(?=\.|$)", re.IGNORECASE)
"""Device names, which stay devices with any extension (Microsoft, "Naming Files, Paths, and Namespaces")."""

UNSAFE = re.compile(r'[<>:"/\\|?*#%\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]')
"""What becomes ``_``: separators and wildcards of file systems, what means something in a URL, control characters, line
separators, marks that turn the direction of writing (they disguise an extension), and the surrogates that Python makes
of bytes that are not UTF-8."""

_TOKEN = re.compile(r"\{(\w+)\}")
_EXTENSION = re.compile(rf"\.(?=[0-9]*[A-Za-z])[A-Za-z0-9]{{1,{MAX_EXTENSION_LENGTH}}}$")


class NamingPattern(msgspec.Struct, frozen=True):
    """A built-in pattern as the settings page shows it."""

    id: str
    name: str
    description: str
    pattern: str
    example: str


BUILT_IN_PATTERNS = (
    NamingPattern(
        id="original",
        name="Keep Original",
        description="The name that the camera or phone gave the file",
        pattern="{originalFilename}",
        example="IMG_0042.jpg",
    ),
    NamingPattern(
        id="datetime",
        name="Date & Time",
        description="When the photo was taken, to the second",
        pattern="{year}-{month}-{day}_{hour}-{minute}-{second}",
        example="2023-05-06_07-08-09.jpg",
    ),
    NamingPattern(
        id="datetime_camera",
        name="Date & Time + Camera",
        description="When the photo was taken, and with which camera",
        pattern="{year}-{month}-{day}_{hour}-{minute}-{second}_{camera}",
        example="2023-05-06_07-08-09_NikonZ6.jpg",
    ),
    NamingPattern(
        id="ai_descriptive",
        name="AI Descriptive",
        description="The day, and what the photo shows",
        pattern="{year}-{month}-{day}_{aiDescription}",
        example="2023-05-06_GardenParty.jpg",
    ),
    NamingPattern(
        id="ai_detailed",
        name="AI Detailed",
        description="Day and minute, what the photo shows, and the camera",
        pattern="{year}-{month}-{day}_{hour}-{minute}_{aiDescription}_{camera}",
        example="2023-05-06_07-08_GardenParty_NikonZ6.jpg",
    ),
)


class NameFacts(msgspec.Struct, frozen=True):
    """What a name can be made of.

    ``captured`` is the wall clock at the place, ``description`` two or three words in PascalCase. ``extension`` (with
    its dot) is the usual one of the format, for an original that comes without any.
    """

    original_filename: str
    extension: str
    captured: datetime
    camera: str | None = None
    lens: str | None = None
    description: str | None = None


def render_name(pattern: str, custom_pattern: str, facts: NameFacts) -> str:
    """Return the file name, with its extension, that a naming setting gives to a photo.

    ``pattern`` is the id of a built-in pattern, ``custom`` for ``custom_pattern``, or itself a pattern. Tokens are
    replaced wherever they stand; what they are replaced with is not searched for tokens again. Runs of ``_`` become
    one, and none stays at either end. A name of which nothing remains is made from :data:`DEFAULT_PATTERN`.
    """
    stem, extension = _split(_safe(facts.original_filename), facts.extension)
    limit = MAX_NAME_BYTES - len(extension)
    chosen = _rendered(_pattern_text(pattern, custom_pattern), facts, stem, limit)
    return (chosen or _rendered(_pattern_text(DEFAULT_PATTERN, ""), facts, stem, limit)) + extension


def sanitise_filename(name: str, extension: str) -> str:
    """Return the name of an original, changed only where it would not be safe as a file name or in a URL.

    Unlike in :func:`render_name`, underscores stay: ``_DSC0042.NEF`` is how the camera tells a colour space.
    ``extension`` (with its dot) is appended to a name that has none.
    """
    stem, found = _split(_safe(name), extension)
    return (_fitted(stem, MAX_NAME_BYTES - len(found), strip=". ") or UNNAMED) + found


def numbered(name: str, number: int) -> str:
    """Return the ``number``-th alternative for a name that is taken: ``a.jpg`` → ``a_1.jpg``."""
    stem, extension = _split(name, "")
    return f"{stem}_{number}{extension}"


def _pattern_text(pattern: str, custom_pattern: str) -> str:
    if pattern == CUSTOM_PATTERN:
        return custom_pattern
    return next((known.pattern for known in BUILT_IN_PATTERNS if known.id == pattern), pattern)


def _rendered(pattern: str, facts: NameFacts, original_stem: str, limit: int) -> str:
    """Return the stem that a pattern yields, of at most ``limit`` UTF-8 bytes, or ``""`` when nothing of it remains."""
    moment = facts.captured
    values = {
        "year": f"{moment.year:04}",
        "month": f"{moment.month:02}",
        "day": f"{moment.day:02}",
        "hour": f"{moment.hour:02}",
        "minute": f"{moment.minute:02}",
        "second": f"{moment.second:02}",
        "camera": "".join((facts.camera or "").split()) or UNKNOWN_CAMERA,
        "lens": "".join((facts.lens or "").split()) or UNKNOWN_LENS,
        "aiDescription": facts.description or UNKNOWN_IMAGE,
        "originalFilename": original_stem,
    }
    substituted = _TOKEN.sub(lambda token: values.get(token[1], token[1]), pattern)
    return _fitted(re.sub("_+", "_", _safe(substituted)), limit, strip="_. ")


def _safe(text: str) -> str:
    # Composed twice: "<" with a stroke is one harmless character, and letters meet their accents where braces went.
    replaced = UNSAFE.sub("_", unicodedata.normalize("NFC", text))
    return unicodedata.normalize("NFC", re.sub(r"[{}]", "", replaced))


def _split(name: str, default_extension: str) -> tuple[str, str]:
    """Split a name into stem and extension; the extension has its dot."""
    name = name.rstrip(". ")
    found = _EXTENSION.search(name)
    if found is None or not name[: found.start()].strip(". "):
        return name, default_extension
    return name[: found.start()], found[0]


def _fitted(stem: str, limit: int, strip: str) -> str:
    """Return a stem without the characters ``strip`` at its ends, no device name, of at most ``limit`` UTF-8 bytes."""
    stem = stem.strip(strip)
    if reserved := RESERVED_ON_WINDOWS.match(stem):
        stem = f"{reserved[0].rstrip()}_{stem[reserved.end() :]}"
    if len(stem.encode()) <= limit:
        return stem
    kept = stem.encode()[:limit].decode(errors="ignore")
    while kept and unicodedata.combining(stem[len(kept)]):
        kept = kept[:-1]  # an accent stays with its letter
    return kept.rstrip(strip)
