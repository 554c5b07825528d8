"""Moves one file through the stages: the ledger, the queue, the stages in order, and what happens on failure."""
