"""Understanding by several judges: a trained one for what nobody listed, likeness to known phrases for what is short or garbled.

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

_ACCEPT_AT = 0.5
"""A score from which a meaning is believed. Chosen on tests/phrases/tuning.tsv, as are the others."""

_UNCLEAR_AT = 0.25
"""A score from which a sentence may have been for us."""

_LIKENESS_COUNTS_AT = 0.8
"""A likeness to a known phrase from which it is evidence."""


class Matcher:
    """Weighs the judges' evidence for the meaning of an utterance."""

    def __init__(self, skill: Skill, encoder: Encoder) -> None:
        ours = [intent for intent in skill.intents.values() if intent.kind is not Kind.FLAG]
        self._ids = frozenset(intent.id for intent in ours)
        self._lexical = LexicalJudge(ours)
        self._encoder = encoder

    def understand(self, readings: Sequence[str]) -> Outcome:
        """The meaning of an utterance, given the recogniser's readings of it, best first."""
        texts = [text for reading in readings if (text := normalise(reading))]
        if not texts:
            return NoMatch("empty")
        verdicts = [self._weigh(text) for text in texts]
        return max(verdicts, key=lambda verdict: verdict.best.score).outcome

    def _weigh(self, text: str) -> _Verdict:
        judgement = self._encoder.judge(text)
        scores = {intent: chance for intent, chance in judgement.intents.items() if intent in self._ids}
        for intent, likeness in self._lexical.likenesses(text, at_least=_LIKENESS_COUNTS_AT).items():
            scores[intent] = max(scores[intent], _belief(likeness))
        return _Verdict.of(scores)


def _belief(likeness: float) -> float:
    """What likeness to a known phrase is worth as a probability: all at 1, nothing at the point where it begins to count."""
    return (likeness - _LIKENESS_COUNTS_AT) / (1 - _LIKENESS_COUNTS_AT)


@dataclass(frozen=True, slots=True)
class _Verdict:
    best: Candidate
    second: Candidate

    @classmethod
    def of(cls, scores: Mapping[str, float]) -> _Verdict:
        first, second = sorted(scores, key=scores.__getitem__, reverse=True)[:2]
        return cls(Candidate(first, scores[first]), Candidate(second, scores[second]))

    @property
    def outcome(self) -> Outcome:
        if self.best.score >= _ACCEPT_AT:
            return Match(self.best.intent, self.best.score, runner_up=self.second)
        return NoMatch("unclear" if self.best.score >= _UNCLEAR_AT else "unrelated", self.best, self.second)
