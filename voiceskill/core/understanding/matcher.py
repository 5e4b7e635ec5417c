"""Understanding by several judges: a trained one for what nobody listed, likeness to phrases and templates for what is short or garbled.

Flags are not its business: triage has its own judge. A sentence whose best meaning is a flag that triage did not raise means nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voiceskill.core.skill import Kind, Skill
from voiceskill.core.understanding.judgement import Encoder
from voiceskill.core.understanding.lexical import LexicalJudge
from voiceskill.core.understanding.normalise import normalise
from voiceskill.core.understanding.outcome import Candidate, Match, NoMatch, Outcome
from voiceskill.core.understanding.slots import SlotReader
from voiceskill.core.understanding.templated import TemplateJudge

_ACCEPT_AT = 0.6
"""A score from which a meaning is believed. Chosen on tests/phrases/tuning.tsv, as are the others."""

_ACCEPT_ALONE_AT = 0.5
"""The same where there is no trained judge."""

_UNCLEAR_AT = 0.25
"""A probability of the best meaning from which a sentence may have been for us."""

_SHORT = 2
"""Words of a sentence so short that it is for us only if it means something."""

_TIED_SHARE = 0.95
"""Share of the best meaning's probability from which the second-best is as good, and we ask instead of guessing."""

_NOT_OURS_AT = 0.4
"""The trained judge's probability of "none" from which a sentence that means nothing is taken as not for us. Silence to someone in
danger is worse than a word to someone on the phone."""

_RIVAL_SHARE = 0.5
"""Share of the best score from which the second-best is worth asking about."""

_COUNTS_AT = 0.8
"""A likeness to a known phrase or template from which it is evidence beside the trained judge's."""

_COUNTS_ALONE_AT = 0.4
"""The same where there is no trained judge."""


class Matcher:
    """Weighs the judges' evidence. Without an `encoder`, only what is like something listed is understood."""

    def __init__(self, skill: Skill, encoder: Encoder | None) -> None:
        ours = [intent for intent in skill.intents.values() if intent.kind is not Kind.FLAG]
        self._ids = frozenset(intent.id for intent in ours)
        self._lexical = LexicalJudge(ours)
        self._templates = TemplateJudge(skill, ours)
        self._slots = SlotReader(skill)
        self._encoder = encoder
        self._counts_at = _COUNTS_ALONE_AT if encoder is None else _COUNTS_AT
        self._accept_at = _ACCEPT_ALONE_AT if encoder is None else _ACCEPT_AT

    def understand(self, readings: Sequence[str]) -> Outcome:
        """The meaning of an utterance, given the recogniser's readings of it, best first."""
        texts = [text for reading in readings if (text := normalise(reading))]
        if not texts:
            return NoMatch("empty")
        return max((self._weigh(text) for text in texts), key=lambda verdict: verdict.score).outcome()

    def _weigh(self, text: str) -> _Verdict:
        scores = dict.fromkeys(self._ids, 0.0)
        for_us = 0.0
        if self._encoder:
            judgement = self._encoder.judge(text)
            scores |= {intent: chance for intent, chance in judgement.intents.items() if intent in self._ids}
            for_us = 1 - judgement.none if len(text.split()) > _SHORT else 0.0
        for intent, likeness in self._lexical.likenesses(text, at_least=self._counts_at).items():
            scores[intent] = max(scores[intent], self._belief(likeness))
        aligned = self._templates.judge(text)
        if aligned:
            scores[aligned.intent] = max(scores[aligned.intent], self._belief(aligned.likeness))
        first, *others = (Candidate(intent, scores[intent]) for intent in sorted(scores, key=lambda one: (-scores[one], one))[:2])
        said = dict(aligned.slots) if aligned and aligned.intent == first.intent else {}
        slots = {**said, **self._slots.read(first.intent, text)}
        return _Verdict(first, others[0] if others else None, slots, for_us, self._accept_at)

    def _belief(self, likeness: float) -> float:
        """What likeness is worth as a probability: all at 1, nothing where it begins to count."""
        return max(0.0, (likeness - self._counts_at) / (1 - self._counts_at))


@dataclass(frozen=True, slots=True)
class _Verdict:
    """The two best meanings by probability, and the probability that the sentence is `for_us` at all, whatever it means."""

    best: Candidate
    second: Candidate | None
    slots: Mapping[str, str | int | float]
    for_us: float
    accept_at: float

    @property
    def score(self) -> float:
        """How good the best meaning is: that a sentence is for us is half of the proof that it means something."""
        return max(self.best.score, (self.best.score + self.for_us) / 2) if self.for_us else self.best.score

    def outcome(self) -> Outcome:
        """The meaning, if the best is good enough, and better than the second."""
        tied = self.second is not None and self.second.score >= _TIED_SHARE * self.best.score
        if self.score >= self.accept_at and not tied:
            return Match(self.best.intent, self.score, self.second, self.slots)
        likely = self.best.score >= _UNCLEAR_AT
        rival = self.second if likely and self.second and self.second.score >= _RIVAL_SHARE * self.best.score else None
        return NoMatch("unclear" if likely or self.for_us > 1 - _NOT_OURS_AT else "unrelated", self.best, rival)
