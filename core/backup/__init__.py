"""The database in one file, made every night: people, names, ratings, settings, whatever no photo tells of itself.

A backup is a ``.tar.gz`` that every system can open: ``backup.json`` says what is in it, ``database`` is a SQLite file
or what ``pg_dump`` made, and ``config.toml`` the configuration of the time.
"""
