"""What happened in the night, on one page, and telling it to whoever the owner named."""
