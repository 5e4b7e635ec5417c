"""What an utterance means, by order of rank: danger, then escape words, then its meaning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from voiceskill.core.echo_guard import is_echo, says
from voiceskill.core.events import Hypothesis
from voiceskill.core.skill import Control, Kind, Skill, Tier
from voiceskill.core.sounds_like_danger import SoundsLikeDanger
from voiceskill.core.spotting import believed
from voiceskill.core.triage import Flag, Triage
from voiceskill.core.understanding.clauses import LONG_ENOUGH, clauses
from voiceskill.core.understanding.judgement import Encoder
from voiceskill.core.understanding.normalise import words
from voiceskill.core.understanding.outcome import Match, NoMatch, Outcome

_LONG_SENTENCE = 5
"""Words from which an escape word inside a sentence that means something else is part of that meaning, when we are silent."""

_SEVERAL = 2

_STOPPING = frozenset({Control.STOP, Control.PAUSE})
"""What needs something to be stopped."""

_SURE = 0.9
"""A score from which that other meaning is believed."""

_LISTED = 0.99
"""A score that only a listed phrase has."""


_SO_ALIKE = 0.85
"""How much something must sound like danger to be asked about in spite of a meaning that is sure, and not listed."""


class Understander(Protocol):
    """Finds the meaning of an utterance."""

    def understand(self, readings: Sequence[str]) -> Outcome:
        """The meaning of an utterance, given the recogniser's readings of it, best first."""
        ...


@dataclass(frozen=True, slots=True)
class Interpretation:
    """Flags, sure and urgent ones first; an escape word's control; and the outcome that sums it up.

    With a sure flag there is nothing else; a doubtful one is to be asked about, unless an escape word was heard. `also` are the
    meanings besides the first, where one breath tells of several: onlookers are told of all, but in danger nothing else is done. It may
    be of what was `spotted`, not of the readings.
    """

    flags: tuple[Flag, ...]
    escape: Control | None
    outcome: Outcome
    also: tuple[Match, ...] = ()
    spotted: bool = False


def _is_sure(outcome: Outcome) -> bool:
    return isinstance(outcome, Match) and outcome.score >= _SURE


def _listed(outcome: Outcome, flag: Flag) -> bool:
    """Whether someone wrote down that this sentence means something else, and the flag, not of the most urgent kind, is only suspected.

    However sure the flag, a number that was told as a value beyond its scale is no age.
    """
    if not isinstance(outcome, Match) or outcome.score < _LISTED or flag.intent.tier is not Tier.TODAY:
        return False
    return flag.score < _SURE or any(name.endswith("_beyond") for name in outcome.slots)


class Interpreter:
    """Lets danger outrank escape words, and these the meaning."""

    def __init__(self, skill: Skill, understander: Understander, encoder: Encoder | None = None) -> None:
        self._skill = skill
        self._triage = Triage(skill, encoder)
        self._sounds_like_danger = SoundsLikeDanger(skill)
        self._understander = understander

    def interpret(
        self, readings: Sequence[str], *, spotted: Hypothesis | None = None, saying: str = "", busy: bool = False
    ) -> Interpretation:
        """What an utterance with these readings means, while we are `saying` something ourselves.

        Where they only sound like danger, that is a doubtful flag; where they mean nothing sure, it may be the phrase that was `spotted`.
        We are `busy` when there is anything to stop: speech, a routine, a question of ours.
        """
        dictated = self._interpret(readings, saying, busy=busy)
        if dictated.flags or dictated.escape:
            return dictated
        suspected = self._suspected(dictated.outcome, readings, spotted, saying)
        if suspected:
            return Interpretation((suspected,), None, NoMatch("unclear"))
        if spotted is None or spotted.text in self._skill.spotted.dangers:
            return dictated
        if not believed(spotted, readings, understood=_is_sure(dictated.outcome)):
            return dictated
        return replace(self._interpret([spotted.text], saying, busy=busy), spotted=True)

    def _suspected(self, outcome: Outcome, readings: Sequence[str], spotted: Hypothesis | None, saying: str) -> Flag | None:
        """What only sounds like danger, where nothing else that was understood sounds more like what was heard."""
        if isinstance(outcome, Match) and outcome.score >= _LISTED:
            return None
        if saying and all(is_echo(reading, saying) for reading in readings):
            return None
        suspected = self._sounds_like_danger.suspect(readings, spotted, meant=isinstance(outcome, Match))
        if suspected and _is_sure(outcome) and suspected.score < _SO_ALIKE:
            return None
        return suspected

    def _interpret(self, readings: Sequence[str], saying: str, *, busy: bool) -> Interpretation:
        outcome = self._understander.understand(readings)
        flags = tuple(flag for flag in self._triage.flags(readings) if not _listed(outcome, flag))
        if flags and flags[0].sure:
            first, *others = (Match(flag.intent.id, flag.score) for flag in flags if flag.sure)
            besides = (part for part in self._several(readings[0]) if self._skill.intents[part.intent].kind is not Kind.FLAG)
            return Interpretation(flags, None, first, (*others, *besides))
        escape = self._escape(readings, saying, outcome, busy=busy or bool(saying))
        if escape is Control.STOP and self._is_pause(outcome):
            escape = Control.PAUSE
        intent = self._skill.control(escape) if escape else None
        if intent:
            return Interpretation(flags, escape, Match(intent.id, 1.0))
        several = self._several(readings[0])
        if len(several) < _SEVERAL:
            return Interpretation(flags, None, outcome)
        return Interpretation(flags, None, several[0], tuple(several[1:]))

    def _is_pause(self, outcome: Outcome) -> bool:
        """Whether the sentence is listed as a pause: "stop for a moment" is one."""
        if not isinstance(outcome, Match) or outcome.score < _LISTED:
            return False
        return self._skill.intents[outcome.intent].control is Control.PAUSE

    def _several(self, reading: str) -> list[Match]:
        """The different meanings of the clauses of which each is sure, in order.

        Beside a longer one, a clause of a word or two counts where it is listed and means a routine or something for the diary; as a
        control, only after something for the diary: "lift it and hold" is no wish to pause.
        """
        parts = clauses(words(reading), shortest=1)
        found: dict[str, Match] = {}
        if all(len(part) < LONG_ENOUGH for part in parts):
            return []
        for number, clause in enumerate(parts):
            if len(found) + len(parts) - number < _SEVERAL:
                break  # there cannot be several any more
            part = self._understander.understand([" ".join(clause)])
            if isinstance(part, Match) and (part.score >= _SURE if len(clause) >= LONG_ENOUGH else self._counts_when_short(part, found)):
                found.setdefault(part.intent, part)
        return list(found.values())

    def _counts_when_short(self, part: Match, before: Iterable[str]) -> bool:
        kind = self._skill.intents[part.intent].kind
        if part.score < _LISTED or kind not in {Kind.ROUTINE, Kind.DIARY, Kind.CONTROL}:
            return False
        return kind is not Kind.CONTROL or any(self._skill.intents[intent].kind is Kind.DIARY for intent in before)

    def _escape(self, readings: Sequence[str], saying: str, outcome: Outcome, *, busy: bool) -> Control | None:
        """The escape word's control.

        With nothing to stop, "stop the washing machine" stops nothing. Calls for help are always heard, but "help me turn over" asks for
        just that.
        """
        escape = self._triage.escape(readings)
        if escape is None or (says(saying, escape.phrase) and any(is_echo(reading, saying) for reading in readings)):
            return None
        meant = self._skill.intents[outcome.intent] if isinstance(outcome, Match) and outcome.score >= _SURE else None
        if escape.control is Control.HELP and meant and meant.control is None:
            return None
        if busy or escape.control not in _STOPPING or len(words(readings[0])) < _LONG_SENTENCE - 1:
            return escape.control
        not_for_us = isinstance(outcome, NoMatch) and outcome.reason == "unrelated"
        return None if meant or not_for_us else escape.control
