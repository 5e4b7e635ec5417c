"""A text cut into pieces that an engine renders in bounded time."""

from __future__ import annotations

from collections.abc import Iterator

from voiceskill.core.sentences import sentences

PIECE_CHARACTERS = 250
"""The most that an engine is given at once, 15 seconds or so: it bounds how long a render takes, not what can be said."""


def pieces(text: str, limit: int = PIECE_CHARACTERS) -> Iterator[str]:
    """Cut `text` into sentences and those longer than `limit` characters further: at a comma where there is one, else between words."""
    for sentence in sentences(text):
        rest = sentence
        while len(rest) > limit:
            cut = max(rest.rfind(mark, limit // 2, limit) for mark in ",;:")
            cut = cut + 1 if cut >= 0 else rest.rfind(" ", 1, limit)
            cut = cut if cut > 0 else limit
            yield rest[:cut].rstrip()
            rest = rest[cut:].lstrip()
        if rest:
            yield rest
