"""Sounds that are no words: groans, hums and sighs as a recogniser writes them."""

from __future__ import annotations

import re

_MOAN = re.compile(r"h*m+h*|a+h*|h+a+h*|o+h*|u+h*|e+r*h*|h*n+g*h*|u+g+h*|a+r+g+h*|g+r+h*|p+h+e*w*|s+h+")

_MEANT = frozenset({"mm hm", "mm hmm", "mhm", "uh huh", "uh uh", "mm mm"})


def is_moan(text: str) -> bool:
    """Whether normalised `text` has sounds only: nothing that anybody could mean by it. "Mm hm" and "uh huh" are words."""
    words = text.split()
    return bool(words) and text not in _MEANT and all(_MOAN.fullmatch(word) for word in words)
