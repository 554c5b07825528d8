"""A new database from the library's files and sidecars alone, or rows for the files that a database does not know."""

from core.rebuild.later import finish_restore
from core.rebuild.report import Report
from core.rebuild.run import rebuild

__all__ = ["Report", "finish_restore", "rebuild"]
