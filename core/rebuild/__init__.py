"""A new database from the library's files and sidecars alone, or rows for the files that a database does not know."""

from core.rebuild.report import Report
from core.rebuild.run import rebuild, take_back

__all__ = ["Report", "rebuild", "take_back"]
