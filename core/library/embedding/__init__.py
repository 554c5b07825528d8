"""Metadata inside Gold files, written so that nothing that was there is lost."""

from core.library.embedding.embed import Embedding, Way, can_embed, embed, reason_for_format
from core.library.embedding.wanted import Wanted

__all__ = ["Embedding", "Wanted", "Way", "can_embed", "embed", "reason_for_format"]
