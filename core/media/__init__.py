"""Looks at one file and changes nothing: pure functions, safe in another process."""
