"""What does it mean when a file of the library is not there, or cannot be read, while a person waits for an answer?

The words of the intake, that a file is tried again, are true of sources only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import FileGone, NotMedia, RequestFailed, SourceChanged, SourceUnreadable, SourceVanished
from core.media.source_file import shown


@contextmanager
def kept_file(name: str, file_path: str) -> Iterator[None]:
    """Around the use of the file at ``file_path``, relative to the data directory, of a photo called ``name``.

    Raises :class:`FileGone` where it is not there, and :class:`RequestFailed` where the system refuses it; what else
    may happen to a file (it is no picture, it cost a worker) stays as it is.
    """
    end = "Nothing was changed; `pictallion audit` says which files are missing or not as they were."
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, SourceVanished) as error:
        raise FileGone(f"{_begin(name, file_path, error)} is not there any more. {end}") from error
    except OSError as error:
        raise RequestFailed(
            f"{_begin(name, file_path, error)} cannot be read: {error.strerror or error}. {end}"
        ) from error
    except (SourceUnreadable, SourceChanged, NotMedia) as error:
        # the rest of its words is of what the intake does next
        reason = str(error).partition(". ")[0]
        raise RequestFailed(f"{_begin(name, file_path, error)} cannot be read: {reason}. {end}") from error


def _begin(name: str, file_path: str, error: Exception | None) -> str:
    """Which file it is: the system may have meant one beside it."""
    meant = str(getattr(error, "filename", None) or file_path)
    return f"The file of {shown(name)}, {shown(file_path if meant.endswith(file_path) else meant)},"
