"""Photos that a language model is to describe: who waits, what was answered, and taking it back.

One row for each photo. A photo in the library never waits for it: it has what was measured until an answer comes.
"""
