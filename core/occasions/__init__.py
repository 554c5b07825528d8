"""Trips, outings and parties: which photos belong to one occasion, and what a person has said of it."""
