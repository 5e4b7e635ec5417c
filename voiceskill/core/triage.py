"""Triage: danger and escape words, looked for in every utterance before anything else.

Laws of this module:
- It is its own judge with its own evidence; the score of the ordinary matcher neither opens nor shuts it.
- All readings of the recogniser are looked at: a flag in any of them is a flag.
- Recall first: what is missed here is missed for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from voiceskill.core.skill import Control, Intent, Kind, Skill, Tier
from voiceskill.core.understanding.normalise import words

_URGENCY = (Tier.EMERGENCY, Tier.MATERNITY, Tier.TODAY)

_FLAG_AT = 88.0
"""Similarity, of 100, of a cue to the best stretch of the sentence as long as the cue."""

_NEGATIONS = frozenset({"no", "not", "never", "without", "cannot", "nor"})


@dataclass(frozen=True, slots=True)
class Flag:
    """A sign of danger that was heard, and how surely (in [0, 1])."""

    intent: Intent
    score: float


@dataclass(frozen=True, slots=True)
class Escape:
    """An escape word that was heard."""

    control: Control
    phrase: str


class Triage:
    """Knows the flags and escape words of a skill."""

    def __init__(self, skill: Skill) -> None:
        self._cues = [(intent, words(cue)) for intent in skill.intents.values() if intent.kind is Kind.FLAG for cue in intent.examples]
        self._escapes = sorted(
            ((words(phrase), intent.control) for intent in skill.intents.values() if intent.control for phrase in intent.escape),
            key=lambda escape: -len(escape[0]),
        )

    def flags(self, readings: Iterable[str]) -> tuple[Flag, ...]:
        """The flags in any of the readings, the most urgent and surest first."""
        best: dict[str, Flag] = {}
        for reading in readings:
            heard = words(reading)
            for intent, cue in self._cues:
                score = _contains(heard, cue)
                if score >= _FLAG_AT and score / 100 > (best[intent.id].score if intent.id in best else 0.0):
                    best[intent.id] = Flag(intent, score / 100)
        return tuple(sorted(best.values(), key=lambda flag: (_URGENCY.index(flag.intent.tier or Tier.TODAY), -flag.score)))

    def escape(self, readings: Iterable[str]) -> Escape | None:
        """The first escape word in any of the readings; longer phrases count before shorter ones."""
        for reading in readings:
            heard = words(reading)
            for phrase, control in self._escapes:
                if _find(heard, phrase) is not None:
                    return Escape(control, " ".join(phrase))
        return None


def _find(heard: Sequence[str], phrase: Sequence[str]) -> int | None:
    return next((i for i in range(len(heard) - len(phrase) + 1) if list(heard[i : i + len(phrase)]) == list(phrase)), None)


def _contains(heard: Sequence[str], cue: Sequence[str]) -> float:
    """How well the best stretch of `heard` matches `cue`, of 100; zero when that stretch is denied."""
    best = 0.0
    for length in {len(cue) - 1, len(cue), len(cue) + 1}:
        for i in range(max(1, len(heard) - length + 1)):
            stretch = heard[i : i + length]
            score = fuzz.ratio(" ".join(stretch), " ".join(cue))
            if score > best and _negated(stretch) == _negated(cue) and not _negated(heard[max(0, i - 3) : i]):
                best = score
    return best


def _negated(stretch: Sequence[str]) -> bool:
    return any(word in _NEGATIONS or word.endswith("n't") for word in stretch)
