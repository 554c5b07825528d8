"""Who is in the pictures: people, what they are to each other, and their faces."""
