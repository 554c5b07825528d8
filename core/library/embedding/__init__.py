"""Metadata inside Gold files, written so that nothing that was there is lost.

What is to be written is in ``wanted``, which anybody may import; ``embed`` decides, writes and checks, and with its
parsers belongs into worker processes.
"""
