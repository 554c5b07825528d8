"""Accounts for every file: what was seen, what is kept, and what nobody can explain. Reads, never repairs."""

from core.audit.report import Report
from core.audit.run import audit
from core.audit.sources import Listed, Source

__all__ = ["Listed", "Report", "Source", "audit"]
