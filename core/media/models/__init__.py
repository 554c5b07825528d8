"""The networks and how they are prepared from the files their packages ship."""
