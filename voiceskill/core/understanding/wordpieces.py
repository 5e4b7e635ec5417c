"""Words as the pieces that a BERT-like encoder knows: greedy longest match first (Wu et al. 2016), on normalised text."""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST = 64
"""Pieces of an utterance that are looked at, the two that enclose it among them; the encoder was trained with as many."""

_TOKEN = re.compile(r"\w+|[^\w\s]")
_LONGEST_WORD = 100


class WordPieces:
    """Knows a vocabulary, in which a piece that goes on a word begins with ##."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._number = {piece: number for number, piece in enumerate(vocabulary)}
        self._begin, self._end, self._unknown = (self._number[piece] for piece in ("[CLS]", "[SEP]", "[UNK]"))

    def encode(self, text: str) -> list[int]:
        """The numbers of the pieces of normalised `text`, enclosed; at most LONGEST."""
        pieces = [piece for token in _TOKEN.findall(text) for piece in self._pieces(token)]
        return [self._begin, *pieces[: LONGEST - 2], self._end]

    def _pieces(self, word: str) -> list[int]:
        pieces: list[int] = []
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                number = self._number.get(("##" if start else "") + word[start:end])
                if number is not None:
                    pieces.append(number)
                    start = end
                    break
            else:
                return [self._unknown]
        return pieces if len(word) <= _LONGEST_WORD else [self._unknown]
