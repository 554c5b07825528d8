"""Finding photos: by words, by what is known of them, and what to look for in the first place."""
