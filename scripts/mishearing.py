"""What a recogniser does to words: how much of a meaning is left, and sentences garbled as it has garbled others."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

_LITTLE_WORDS = frozenset(
    """
    a an the i you he she it we they me my your his her its our their this that these those is are was were be been am do does did
    have has had i'm i've it's that's there's to of in on at for with from by as and or but so if then than up out off about just like
    um er oh well right okay ok please hey uh ah listen sorry god can could will would shall should may might what which who how when
    where why here there too very all some any
    """.split()  # noqa: SIM905 - prose is easier to read
)
_DENIALS = frozenset({"no", "not", "never", "without", "cannot", "nor", "nothing", "none"})

_SAME_WORD = 80.0
"""Likeness, of 100, from which a word was heard, if not quite."""

KEPT_SHARE = 0.75
"""Share of its weighty words from which a sentence that was garbled means what it meant."""

_LONGEST_SAID, _LONGEST_HEARD = 4, 5
"""Words of a stretch that was taken for another; longer ones say nothing of other sentences."""

_MOST_STRETCHES = 3


def weighty(text: str) -> list[str]:
    """The words of normalised `text` that carry its meaning."""
    return [word for word in text.split() if word not in _LITTLE_WORDS]


def denials(text: str) -> int:
    """How often normalised `text` denies something."""
    return sum(word in _DENIALS or word.endswith("n't") for word in text.split())


def kept_share(said: str, heard: str) -> float:
    """Share of the weighty words that were said which were heard, if not quite. Both normalised."""
    wanted, found = weighty(said), heard.split()
    if not wanted:
        return float(said == heard)
    return sum(any(fuzz.ratio(word, other) >= _SAME_WORD for other in found) for word in wanted) / len(wanted)


class Mishearings:
    """Stretches of words that were taken for others, learnt from pairs of what was said and what was heard, normalised."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._taken_for: dict[tuple[str, ...], list[tuple[str, ...]]] = defaultdict(list)
        for said, heard in pairs:
            before, after = said.split(), heard.split()
            for step in Levenshtein.opcodes(before, after):
                if step.tag != "equal":
                    self._learn(tuple(before[step.src_start : step.src_end]), tuple(after[step.dest_start : step.dest_end]))

    def _learn(self, said: tuple[str, ...], heard: tuple[str, ...]) -> None:
        if 0 < len(said) <= _LONGEST_SAID and len(heard) <= _LONGEST_HEARD:
            self._taken_for[said].append(heard)

    def __len__(self) -> int:
        """How many stretches are known."""
        return len(self._taken_for)

    def misheard(self, text: str, chance: random.Random) -> str:
        """Normalised `text` with a stretch or some taken for others; as it was where nothing is known, or its meaning would be lost."""
        words = text.split()
        places = [
            (start, end)
            for start in range(len(words))
            for end in range(start + 1, min(len(words), start + _LONGEST_SAID) + 1)
            if tuple(words[start:end]) in self._taken_for
        ]
        chosen = chance.sample(places, min(len(places), chance.randint(1, _MOST_STRETCHES)))
        beyond = len(words)
        for start, end in sorted(chosen, reverse=True):
            if end <= beyond:
                words[start:end] = chance.choice(self._taken_for[tuple(words[start:end])])
                beyond = start
        garbled = " ".join(words)
        lost = denials(text) != denials(garbled) or kept_share(text, garbled) < KEPT_SHARE
        return text if lost or not garbled else garbled
