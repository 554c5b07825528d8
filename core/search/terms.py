"""What did a person mean by these words?

Words stand for themselves wherever they occur, also within other words; what is in quotes stands together. A photo has
to have all of them, each wherever it likes. So whatever contains the query as it stands is found, as the contract asks,
and beside it what has its words elsewhere.
"""

from __future__ import annotations

import re
import unicodedata

MOST_TERMS = 32
"""What comes after that many words is passed over; no photo is looked for with more."""

_PHRASE_OR_WORD = re.compile(r'"([^"]*)"|([^\s"]+)|"')


def terms_of(query: str) -> list[str]:
    """The words and phrases of a query, in Unicode's composed form, each once; a quote without its pair is no part.

    ``beach "ice cream"`` → ``["beach", "ice cream"]``.
    """
    composed = unicodedata.normalize("NFC", query)
    found = (match[1] if match[1] is not None else match[2] or "" for match in _PHRASE_OR_WORD.finditer(composed))
    terms = (" ".join(part.split()) for part in found)
    return list(dict.fromkeys(term for term in terms if term))[:MOST_TERMS]
