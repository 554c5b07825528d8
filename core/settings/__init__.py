"""Settings that the web client changes, kept in the database. Those of the configuration file are in core.config."""
