"""Words that are listened for by themselves, beside free dictation: which ones as things stand, and whether one was said.

Dictation garbles a short word that is said over our own voice: "help" comes as "yeah" or "felt". An ear that knows only what may be said
hears it far better, but hears it in other words too. So it is believed only where it is sure itself, and where dictation makes no sense of
what was said and does not hear many more words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum

from voiceskill.core.events import Hypothesis
from voiceskill.core.skill import Skill
from voiceskill.core.understanding.normalise import words

_LIKELY = 0.5
"""The spotter's confidence from which a phrase was said, where dictation makes no sense of it."""

_SURE = 0.9
"""The same where dictation read a word or two that mean something else: "right" for "wait", "seven" for "help"."""

_A_WORD_OR_TWO = 2

_MORE_WORDS = 1
"""Words that dictation may hear more of: "at earth's" for "hurts"."""


class Expecting(IntEnum):
    """What a word or two may be as things stand; each includes the ones before it."""

    NOTHING = 0
    COMMAND = 1  # there is something to steer or to stop
    ANSWER = 2  # a question of ours is open


def expected_phrases(skill: Skill) -> Mapping[Expecting, tuple[str, ...]]:
    """What may be said, alone, as things stand: nothing where nothing is expected."""
    always = (*skill.spotted.commands, *skill.spotted.dangers)
    return {Expecting.NOTHING: (), Expecting.COMMAND: always, Expecting.ANSWER: tuple(dict.fromkeys((*always, *skill.spotted.answers)))}


def believed(spotted: Hypothesis | None, dictated: Sequence[str], *, understood: bool = False) -> bool:
    """Whether the phrase was said, given what dictation read, best first, and whether that was `understood`.

    A spotter without a confidence is not believed.
    """
    if spotted is None or spotted.confidence is None:
        return False
    heard = len(words(dictated[0])) if dictated else 0
    if understood:
        return spotted.confidence >= _SURE and heard <= _A_WORD_OR_TWO
    return spotted.confidence >= _LIKELY and heard <= len(words(spotted.text)) + _MORE_WORDS
