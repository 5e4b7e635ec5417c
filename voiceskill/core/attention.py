"""Attention: whether somebody calls us, by the phrase that the owner chose.

A recogniser knows no invented name: "hey bedside" comes as "he betsite" or "hey, bad sight". So the phrase is looked for by the sound of
its letters, where people put it: at the beginning of what they say, or at its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from voiceskill.core.skill import Skill
from voiceskill.core.understanding.moans import is_moan
from voiceskill.core.understanding.normalise import normalise, words
from voiceskill.core.understanding.sounding import Distance, Sounds

Attention = Literal["wake", "open"]
"""Who is listened to when nothing is going on: whoever says the wake phrase, or whoever says what is plainly for us."""

DEFAULT_PHRASE = "hey bedside"

_CALLED_AT = 0.54
"""Likeness from which the phrase was said. Chosen on tests/phrases/tuning.tsv, spoken and heard: see docs/benchmarks.md."""

_CALLED_LAST_AT = 0.6
"""The same at the end of other words, where people with bad backs often say "on my left side"."""

_GARBLED = 0.3
"""Likeness from which the first words are what dictation made of the phrase, where another ear heard it."""

_WORDS_BEFORE = 2
"""Words that may stand before the phrase at the beginning: "oh, please, hey bedside"."""

_FEWEST_WORDS, _MOST_WORDS, _FEWEST_LETTERS = 2, 4, 8

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def unfit(phrase: str) -> str | None:
    """What is wrong with a phrase that somebody wants to call us by, and what to choose instead; None when nothing is."""
    said = words(phrase)
    if _FEWEST_WORDS <= len(said) <= _MOST_WORDS and sum(letter in _LETTERS for letter in "".join(said)) >= _FEWEST_LETTERS:
        return None
    return (
        f'"{phrase}" is too short or too long to be told from other talk; choose two to four words with {_FEWEST_LETTERS} letters '
        f"or more, such as {DEFAULT_PHRASE}"
    )


def said_anyway(phrase: str, skill: Skill) -> bool:
    """Whether `phrase` stands, word for word, in what people say who don't want to call us: in talk, or in what they ask us."""
    sought = f" {normalise(phrase)} "
    heard = ((*intent.examples, *intent.collected) for intent in skill.intents.values())
    return any(sought in f" {line.casefold()} " for lines in (skill.unrelated, *heard) for line in lines)


@dataclass(frozen=True, slots=True)
class _Span:
    """A stretch of words, from `start` up to `end`, and how like the phrase it is: 1 when it is the phrase."""

    likeness: float
    start: int
    end: int


class WakePhrase:
    """A phrase that calls us. `spelling` maps letters to those that they sound like; `_` stands for either end of a word."""

    def __init__(self, phrase: str = DEFAULT_PHRASE, spelling: Mapping[str, str] | None = None) -> None:
        self._sounds = Sounds(spelling)
        self._phrase = self._sounds.of(phrase)

    def question(self, text: str) -> str | None:
        """What is asked in `text` besides the phrase, normalised: nothing when we are only called. None when nobody calls us."""
        heard = words(text)
        span = self._best(heard)
        if span is None or span.likeness < (_CALLED_LAST_AT if span.start and span.end == len(heard) else _CALLED_AT):
            return None
        return _without(heard, span)

    def besides(self, text: str) -> str:
        """The same where another ear heard us called at the beginning of `text`, however garbled the phrase is there, if it is at all."""
        heard = words(text)
        span = self._best(heard, first=True)
        return _without(heard, span if span and span.likeness >= _GARBLED else _Span(0.0, 0, 0))

    def _best(self, heard: Sequence[str], *, first: bool = False) -> _Span | None:
        """Where the phrase most likely is; `first` of all that is said, or at either end of it."""
        sounds = [self._sounds.of_word(word) for word in heard]
        spans = [
            _Span(likeness, start, start + length)
            for start in range(min(1 if first else _WORDS_BEFORE + 1, len(sounds)))
            for length, likeness in _prefixes(self._phrase, sounds[start:])
        ]
        if not first:
            from_end = [sound[::-1] for sound in reversed(sounds)]
            spans += [_Span(likeness, len(sounds) - length, len(sounds)) for length, likeness in _prefixes(self._phrase[::-1], from_end)]
        return max(spans, key=lambda span: span.likeness, default=None)


def _without(heard: Sequence[str], span: _Span) -> str:
    rest = " ".join([*heard[: span.start], *heard[span.end :]])
    return "" if is_moan(rest) else rest


def _prefixes(sought: str, heard: Sequence[str]) -> Iterator[tuple[int, float]]:
    """How like `sought` the first one, two and more words of `heard` are, up to twice as long as it."""
    distance = Distance(sought)
    for count, word in enumerate(heard, 1):
        distance.hear(word)
        yield count, distance.likeness
        if distance.overlong:
            break
