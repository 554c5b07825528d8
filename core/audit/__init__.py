"""Accounts for every file: what was seen, what is kept, and what nobody can explain. Reads, never repairs."""

from core.audit.report import Report
from core.audit.run import audit
from core.audit.sources import Source

__all__ = ["Report", "Source", "audit"]
