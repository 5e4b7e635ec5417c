"""Whether somebody has finished: a quick judgement of the words so far, at a pause.

It goes by what is written down: phrases that are listed need no more words, and nobody ends on "because". A recogniser puts a full stop
after anything, so punctuation proves nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from voiceskill.core.conversation.state import CountingDown, Listening, State
from voiceskill.core.segmenter import Patience
from voiceskill.core.skill import Control, Intent, Kind, Skill
from voiceskill.core.spotting import Expecting
from voiceskill.core.understanding.lexical import without_fillers
from voiceskill.core.understanding.normalise import normalise
from voiceskill.core.understanding.numerals import numerals, spoken_words

_ANSWERS = frozenset({Control.YES, Control.NO, Control.NOT_SURE})

_NUMBER_WORDS = 4
"""Words of which a number may be the last without more to come: "about a seven"."""


def expecting(state: State) -> Expecting:
    """What may be said to a conversation that stands so."""
    if state.asked or isinstance(state.help, CountingDown) or (state.guided and isinstance(state.guided.moment, Listening)):
        return Expecting.ANSWER
    return Expecting.COMMAND if state.busy else Expecting.NOTHING


class PatienceJudge:
    """Judges by the phrases and words of one skill."""

    def __init__(self, skill: Skill) -> None:
        self._unfinished = tuple(f" {phrase}" for phrase in skill.unfinished)
        intents = skill.intents.values()
        self._answers = _phrases(intent for intent in intents if intent.control in _ANSWERS)
        self._commands = _phrases(intent for intent in intents if intent.kind is Kind.CONTROL and intent.control not in _ANSWERS)
        whole = _phrases(intent for intent in intents if intent.kind is not Kind.CONTROL)
        self._whole = whole - _begun(whole, whole | {line.casefold() for intent in intents for line in intent.collected})

    def judge(self, text: str, expected: Expecting) -> Patience:
        """What `text`, said so far, asks for, when that is `expected`. Takes about a tenth of a millisecond."""
        said = normalise(text)
        if self._listed(said, expected):
            return Patience.COMPLETE
        if f" {said}".endswith(self._unfinished):
            return Patience.UNFINISHED
        return Patience.COMPLETE if self._listed(without_fillers(said), expected) else Patience.USUAL

    def _listed(self, said: str, expected: Expecting) -> bool:
        return (
            said in self._whole
            or (expected >= Expecting.COMMAND and said in self._commands)
            or (expected >= Expecting.ANSWER and (said in self._answers or _is_number(said)))
        )


def _phrases(intents: Iterable[Intent]) -> frozenset[str]:
    """The listed phrases, also without their fillers."""
    listed = [normalise(phrase) for intent in intents for phrase in (*intent.examples, *intent.escape)]
    return frozenset((*listed, *map(without_fillers, listed)))


def _begun(phrases: Iterable[str], lines: Iterable[str]) -> frozenset[str]:
    """Those of `phrases` with which a longer one of `lines` begins: somebody who pauses after them may go on."""
    known = sorted(lines)

    def goes_on(phrase: str) -> bool:
        at = bisect_left(known, f"{phrase} ")
        return at < len(known) and known[at].startswith(f"{phrase} ")

    return frozenset(filter(goes_on, phrases))


def _is_number(said: str) -> bool:
    words = spoken_words(said) if len(said.split()) <= _NUMBER_WORDS else []
    return any(numeral.end == len(words) for numeral in numerals(words))
