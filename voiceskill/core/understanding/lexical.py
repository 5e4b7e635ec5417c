"""Likeness to phrases that people said: strong evidence when it is near-perfect, weak otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rapidfuzz import fuzz, process

from voiceskill.core.skill import Intent
from voiceskill.core.understanding.normalise import normalise

_FILLERS = frozenset({"um", "uh", "er", "erm", "hmm", "please", "well", "so", "oh", "okay", "hey"})

_CANDIDATES = 12
"""Phrases looked at closely."""


def without_fillers(text: str) -> str:
    """Normalised `text` without the words that carry no meaning; unchanged where it has no others."""
    heard = normalise(text).split()
    return " ".join(word for word in heard if word not in _FILLERS) or " ".join(heard)


class LexicalJudge:
    """Knows the phrases of some intents. RapidFuzz's `ratio` does not reward a shared word or two, as `WRatio` does."""

    def __init__(self, intents: Iterable[Intent]) -> None:
        owner: dict[str, str] = {}
        for intent in intents:
            for phrase in (*intent.examples, *intent.escape, *intent.collected):
                owner.setdefault(without_fillers(phrase), intent.id)
        self._owner = owner
        self._phrases = list(owner)

    def likenesses(self, text: str, *, at_least: float) -> Mapping[str, float]:
        """For each intent with a phrase as like `text` as `at_least`, the likeness, in [0, 1], of its best one."""
        sought = without_fillers(text)
        if not sought:
            return {}
        if sought in self._owner:
            return {self._owner[sought]: 1.0}
        near = process.extract(sought, self._phrases, scorer=fuzz.ratio, score_cutoff=100 * at_least, limit=_CANDIDATES)
        best: dict[str, float] = {}
        for phrase, likeness, _ in near:
            intent = self._owner[phrase]
            best[intent] = max(best.get(intent, 0.0), likeness / 100)
        return best
