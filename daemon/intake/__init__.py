"""Finds files: hints from the operating system, the truth from scans, patience until a file stands still."""
