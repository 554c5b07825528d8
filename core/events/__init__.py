"""Holidays, birthdays and stored events, and which of them a photo's day may be."""
