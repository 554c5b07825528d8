"""Why can something not be written into a file without risk?"""

from __future__ import annotations


class NotEmbeddable(Exception):
    """This way of writing is not safe for this file.

    The message is one readable clause, like ``its maker note points outside the EXIF block``.
    """
