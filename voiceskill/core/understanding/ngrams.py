"""Letters and words in a row: a linear judge of what a sentence means, good where an encoder is weak: single words, spelling, set phrases.

Features are the n-grams of letters inside words (2 to 4, with the words' ends) and of words (1 and 2), hashed into a table of fixed size.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

ROWS = 1 << 16
"""Rows of the table that n-grams are hashed into."""

_LETTERS = (2, 3, 4)

_NEVER = 1e-6
"""No probability is taken to be lower."""


def ngrams(text: str) -> Counter[int]:
    """The hashed n-grams of normalised `text`, and how often each occurs."""
    words = text.split()
    found = [f"w {word}" for word in words] + [f"w {first} {second}" for first, second in pairwise(words)]
    for word in words:
        framed = f"<{word}>"
        found += [framed[i : i + n] for n in _LETTERS for i in range(len(framed) - n + 1)]
    return Counter(zlib.crc32(gram.encode()) % ROWS for gram in found)


def weights(grams: Mapping[int, int]) -> NDArray[np.float32]:
    """How much each n-gram counts, in the order of `grams`: the more often the more, but not in proportion, and all together one."""
    raw = np.array([1 + math.log(count) for count in grams.values()], np.float32)
    return raw / max(1e-6, float(np.linalg.norm(raw)))


class NgramJudge:
    """Knows how much each n-gram speaks for each class. `table` has shape (ROWS, classes), 8 bits times `scale` of shape (classes,)."""

    def __init__(self, table: NDArray[np.int8], scale: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
        if table.shape != (ROWS, len(scale)) or scale.shape != bias.shape:
            raise ValueError(f"a table of shape {table.shape} does not go with {len(scale)} scales and {len(bias)} biases")
        self._table = table
        self._scale = scale
        self._bias = bias

    def chances(self, text: str) -> NDArray[np.float32]:
        """The probability of each class, shape (classes,), for normalised `text`."""
        grams = ngrams(text)
        logits = self._bias
        if grams:
            logits = logits + (weights(grams) @ self._table[list(grams)].astype(np.float32)) * self._scale
        raised: NDArray[np.float32] = np.exp(logits - logits.max())
        chances: NDArray[np.float32] = raised / raised.sum()
        return chances


def together(first: NDArray[np.float32], second: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """Two judges' probabilities as one: their geometric mean, in which the second has a `share`."""
    mean: NDArray[np.float32] = np.exp((1 - share) * np.log(first + _NEVER) + share * np.log(second + _NEVER))
    chances: NDArray[np.float32] = mean / mean.sum()
    return chances
