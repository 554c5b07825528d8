"""Keeps files: where they lie, what they are called, how they get there without ever being lost."""
