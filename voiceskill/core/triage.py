"""Triage: danger and escape words, looked for in every utterance before anything else.

Laws of this module:
- It is its own judge with its own evidence; the ordinary matcher has no say in it. `interpret` alone may pass over a mere suspicion
  of the least urgent kind, for a sentence that someone listed as meaning something else.
- All readings of the recogniser are looked at, whole and clause by clause: a flag in any of them is a flag.
- Recall first: what is missed here is missed for good.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz, process

from voiceskill.core.skill import Control, Intent, Kind, Skill, Tier
from voiceskill.core.understanding.clauses import clauses
from voiceskill.core.understanding.hedges import hedged
from voiceskill.core.understanding.judgement import Encoder
from voiceskill.core.understanding.normalise import words

_URGENCY = (Tier.EMERGENCY, Tier.MATERNITY, Tier.TODAY)

_CUE_AT = 88.0
"""Likeness, of 100, of a cue to the best stretch of the sentence as long as the cue, from which the cue was said."""

_CUE_SHARE = 0.75
"""Share of the words of a sentence from which a cue is the whole of it."""

_CUE_BACKED_AT = 0.05
"""The trained judge's probability from which a cue amid other words is believed."""

_SURE_AT = 0.4
"""The trained judge's probability from which a flag is raised. Chosen on tests/phrases/tuning.tsv, as are the others."""

_DOUBTFUL_AT = 0.15
"""The same from which the person is asked."""

_SHORT = 2
_SHORT_SURE_AT = 0.85
"""The same for a sentence of so few words, which may be about anybody."""

_OUTWEIGHS_LISTED_AT = 0.9
"""The same from which another flag is raised beside the one that exactly this sentence is listed for."""

_UNASKED_AT = 0.35
"""The same from which a flag is raised that nobody is to be asked about."""

_CLAUSE_SURE_AT = 0.9
"""The same for a clause taken by itself, which says less."""

_LIKELY_SHARE = 0.4
"""Share of the likeliest flag's evidence from which another is likely too."""

_NEVER = 1e-4
"""No probability is taken to be nearer to 0 or 1 than this."""

_NEGATIONS = frozenset({"no", "not", "never", "without", "cannot", "nor"})


@dataclass(frozen=True, slots=True)
class Flag:
    """A sign of danger that was heard, and how surely: `score` in [0, 1]; one that is not `sure` is to be asked about."""

    intent: Intent
    score: float
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Escape:
    """An escape word that was heard."""

    control: Control
    phrase: str


class Triage:
    """Knows the flags and escape words of a skill. Without an `encoder`, only what is listed is found."""

    def __init__(self, skill: Skill, encoder: Encoder | None = None) -> None:
        self._flags = {intent.id: intent for intent in skill.intents.values() if intent.kind is Kind.FLAG}
        self._cues = {" ".join(words(cue)): intent for intent in self._flags.values() for cue in intent.examples}
        self._encoder = encoder
        self._escapes = sorted(
            ((words(phrase), intent.control) for intent in skill.intents.values() if intent.control for phrase in intent.escape),
            key=lambda escape: -len(escape[0]),
        )

    def flags(self, readings: Iterable[str]) -> tuple[Flag, ...]:
        """The flags in any of the readings: the sure ones first, of these the most urgent."""
        found: dict[str, Flag] = {}
        for reading in readings:
            heard = words(reading)
            unsure = hedged(" ".join(heard))
            chances = self._chances(heard)
            listed = self._cues.get(" ".join(heard))
            in_clauses = () if listed else self._judged_in_clauses(heard)
            for heard_flag in (*self._cued(heard, chances), *self._judged(heard, chances), *in_clauses):
                if listed and heard_flag.intent is not listed and heard_flag.score < _OUTWEIGHS_LISTED_AT:
                    continue
                flag = replace(heard_flag, sure=heard_flag.sure and not unsure)
                known = found.setdefault(flag.intent.id, flag)
                found[flag.intent.id] = max(flag, known, key=lambda one: (one.sure, one.score))
        order = sorted(found.values(), key=lambda flag: (not flag.sure, _URGENCY.index(flag.intent.tier or Tier.TODAY), -flag.score))
        return tuple(order)

    def escape(self, readings: Iterable[str]) -> Escape | None:
        """The first escape word in any of the readings; longer phrases count before shorter ones."""
        for reading in readings:
            heard = words(reading)
            for phrase, control in self._escapes:
                if _find(heard, phrase) is not None:
                    return Escape(control, " ".join(phrase))
        return None

    def _cued(self, heard: Sequence[str], chances: Mapping[str, float]) -> Iterator[Flag]:
        """Flags whose listed cue is said. Amid other words, a cue that the trained judge sees nothing in is only a reason to ask."""
        near = process.extract(" ".join(heard), self._cues.keys(), scorer=fuzz.partial_ratio, score_cutoff=_CUE_AT, limit=10)
        for cue, _, _ in near:
            likeness = _contains(heard, cue.split())
            if likeness >= _CUE_AT:
                intent, alone = self._cues[cue], len(cue.split()) >= _CUE_SHARE * len(heard)
                backed = self._encoder is None or chances.get(intent.id, 0.0) >= _CUE_BACKED_AT
                yield Flag(intent, likeness / 100, sure=alone or backed)

    def _judged(self, heard: Sequence[str], chances: Mapping[str, float]) -> Iterator[Flag]:
        """Flags that the trained judge finds in the whole."""
        for flag, chance in chances.items():
            intent = self._flags[flag]
            if chance >= (_DOUBTFUL_AT if intent.confirm else _UNASKED_AT):
                sure_at = _SURE_AT if len(heard) > _SHORT else _SHORT_SURE_AT
                yield Flag(intent, chance, sure=chance >= sure_at or not intent.confirm)

    def _judged_in_clauses(self, heard: Sequence[str]) -> Iterator[Flag]:
        """Flags that the trained judge finds in a clause taken by itself."""
        for clause in clauses(heard):
            for flag, chance in self._chances(clause).items():
                if chance >= _CLAUSE_SURE_AT:
                    yield Flag(self._flags[flag], chance)

    def _chances(self, heard: Sequence[str]) -> dict[str, float]:
        """How likely each flag is.

        The two heads see different things: one each flag by itself, the other what it could be instead. What the other gives to flags
        in all supports those that are likely, and lifts no others.
        """
        if self._encoder is None or not heard:
            return {}
        judgement = self._encoder.judge(" ".join(heard))
        meant = {flag: judgement.intents.get(flag, 0.0) for flag in self._flags}
        any_flag = sum(meant.values())
        likely = max((chance + meant.get(flag, 0.0) for flag, chance in judgement.flags.items()), default=0.0) * _LIKELY_SHARE
        return {
            flag: _between(chance, any_flag) if chance + meant.get(flag, 0.0) >= likely else min(chance, any_flag)
            for flag, chance in judgement.flags.items()
        }


def _between(first: float, second: float) -> float:
    """The probability halfway between two, in log odds."""
    return 1 / (1 + math.exp(-(_log_odds(first) + _log_odds(second)) / 2))


def _log_odds(chance: float) -> float:
    bounded = min(max(chance, _NEVER), 1 - _NEVER)
    return math.log(bounded / (1 - bounded))


def _find(heard: Sequence[str], phrase: Sequence[str]) -> int | None:
    return next((i for i in range(len(heard) - len(phrase) + 1) if list(heard[i : i + len(phrase)]) == list(phrase)), None)


def _contains(heard: Sequence[str], cue: Sequence[str]) -> float:
    """How well the best stretch of `heard` matches `cue`, of 100; zero when that stretch is denied."""
    best = 0.0
    for length in {len(cue) - 1, len(cue), len(cue) + 1}:
        for i in range(max(1, len(heard) - length + 1)):
            stretch = heard[i : i + length]
            score = fuzz.ratio(" ".join(stretch), " ".join(cue))
            if score > best and negated(stretch) == negated(cue) and not negated(heard[max(0, i - 3) : i]):
                best = score
    return best


def negated(stretch: Sequence[str]) -> bool:
    """Whether these words deny something."""
    return any(word in _NEGATIONS or word.endswith("n't") for word in stretch)
