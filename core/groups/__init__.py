"""Files that are one thing to a person: a Live Photo, RAW and JPEG, a picture and its edits, a bracket, a burst.

What belongs together is told by pure functions of small records (:mod:`core.groups.links`, :mod:`core.groups.forming`);
:mod:`core.groups.keeping` remembers the records, looks up whom a new file may belong to, and keeps the groups.
"""

from core.groups.members import members_of

__all__ = ["members_of"]
