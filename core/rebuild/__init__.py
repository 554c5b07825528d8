"""A new database from the library's files and sidecars alone."""

from core.rebuild.report import Report
from core.rebuild.run import rebuild

__all__ = ["Report", "rebuild"]
