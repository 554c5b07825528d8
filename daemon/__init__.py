"""Makes it live: watching, settling, scheduling, the command line."""
