"""Tells our own words, coming back through the microphone, from the user's.

The judgement is by text alone: an utterance is an echo when nearly all of it stands, in the same order, in what we are saying.
The caller must let escape words that we are not saying pass before it asks here.
"""

from __future__ import annotations

from rapidfuzz.distance import LCSseq

from voiceskill.core.understanding.normalise import words

ECHO_SHARE = 0.75
"""An utterance of which at least this share of words is ours is an echo; a recogniser garbles about a quarter of an echo."""


def is_echo(heard: str, saying: str) -> bool:
    """Whether `heard` is most likely our own speech `saying`."""
    heard_words = words(heard)
    if not heard_words:
        return False
    shared = LCSseq.similarity(heard_words, words(saying))
    return shared / len(heard_words) >= ECHO_SHARE


def says(saying: str, phrase: str) -> bool:
    """Whether our own speech contains `phrase` word for word."""
    spoken, sought = words(saying), words(phrase)
    return any(spoken[i : i + len(sought)] == sought for i in range(len(spoken) - len(sought) + 1))
