"""Pictures taken in quick succession: which they are, which is the best, and what a person decides."""
