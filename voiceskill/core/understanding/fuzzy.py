"""Understanding by likeness: the whole sentence against every template and example."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz, process

from voiceskill.core.skill import Kind, Skill
from voiceskill.core.understanding.normalise import normalise
from voiceskill.core.understanding.outcome import Candidate, Match, NoMatch, Outcome
from voiceskill.core.understanding.templates import expansions

_ACCEPT_AT = 0.74
"""A likeness from which a sentence is taken to mean what the phrase means."""

_UNCLEAR_AT = 0.58
"""A likeness from which a sentence may have been for us."""

_FILLERS = frozenset({"um", "uh", "er", "erm", "hmm", "please", "well", "so", "oh", "okay", "hey"})

_CANDIDATES = 20
"""Phrases looked at closely; the best phrase of the best and second-best intents are among them."""


class FuzzyUnderstander:
    """Knows every phrase of a skill but those of its flags, which are triage's.

    RapidFuzz's `token_sort_ratio` does not reward a shared word or two, as `WRatio` does.
    """

    def __init__(self, skill: Skill) -> None:
        phrases: dict[str, str] = {}
        for intent in (one for one in skill.intents.values() if one.kind is not Kind.FLAG):
            for sentence in (*intent.examples, *intent.escape, *expansions(intent.templates, skill)):
                phrases.setdefault(_without_fillers(sentence), intent.id)
        self._phrases = list(phrases)
        self._intents = list(phrases.values())

    def understand(self, readings: Sequence[str]) -> Outcome:
        """The best meaning of any of the readings of one utterance."""
        candidates = self._candidates(readings)
        if not any(map(normalise, readings)):
            return NoMatch("empty")
        best = candidates[0] if candidates else None
        if best is None or best.score < _UNCLEAR_AT:
            return NoMatch("unrelated", best)
        if best.score < _ACCEPT_AT:
            return NoMatch("unclear", best)
        return Match(best.intent, best.score, runner_up=candidates[1] if len(candidates) > 1 else None)

    def _candidates(self, readings: Iterable[str]) -> list[Candidate]:
        scores: dict[str, float] = {}
        for reading in readings:
            text = _without_fillers(reading)
            for phrase, likeness, index in process.extract(text, self._phrases, scorer=fuzz.token_sort_ratio, limit=_CANDIDATES):
                score = (likeness + fuzz.ratio(text, phrase)) / 200
                intent = self._intents[index]
                scores[intent] = max(score, scores.get(intent, 0.0))
        return sorted((Candidate(intent, score) for intent, score in scores.items()), key=lambda c: -c.score)


def _without_fillers(text: str) -> str:
    heard = normalise(text).split()
    return " ".join(word for word in heard if word not in _FILLERS) or " ".join(heard)
