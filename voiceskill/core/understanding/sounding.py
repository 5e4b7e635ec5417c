"""How alike words sound that a recogniser wrote down, whatever they mean: "I worked myself" may have been "I wet myself".

An edit distance over letters, in which those that sound alike stand for each other at a small price.
"""

from __future__ import annotations

from collections.abc import Mapping

from rapidfuzz.distance import Postfix, Prefix

from voiceskill.core.understanding.align import SOUNDS_ALIKE
from voiceskill.core.understanding.normalise import words

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_VOWELS = "aeiouy"
_WEAK = f"{_VOWELS}hwr"
_LIPS_AND_THROAT = ("bmpvfw", "hk")
"""Letters that are confused from afar, beside those that sound alike."""

_ALIKE, _BOTH_VOWELS, _DIFFERENT = 8, 5, 20
"""For a letter instead of another; costs are in twentieths of a letter."""

_EXTRA, _EXTRA_WEAK = 18, 12
"""For a letter that stands on one side only."""


class Sounds:
    """Words as letters that sound. `spelling` maps letters to those that they sound like; `_` stands for either end of a word."""

    def __init__(self, spelling: Mapping[str, str] | None = None) -> None:
        self._spelling = spelling or {}

    def of_word(self, word: str) -> str:
        """The letters of a word as they sound: no doubled ones, and those that the spelling names replaced."""
        sound = f"_{word}_"
        for written, spoken in self._spelling.items():
            sound = sound.replace(written, spoken)
        letters = [letter for letter in sound if "a" <= letter <= "z"]
        return "".join(letter for place, letter in enumerate(letters) if letters[place - 1 : place] != [letter])

    def of(self, text: str) -> str:
        """The same of all words of a text, one after the other."""
        return "".join(map(self.of_word, words(text)))


class Distance:
    """How far what was heard is from the sound `sought`, letter by letter."""

    def __init__(self, sought: str) -> None:
        self._sought = sought
        self._weight = sum(map(_extra, sought))
        self._heard = 0
        self._costs = [0]
        for letter in sought:
            self._costs.append(self._costs[-1] + _extra(letter))

    def hear(self, sound: str) -> None:
        """Take in what was heard next."""
        costs = self._costs
        for letter in sound:
            extra = _extra(letter)
            self._heard += extra
            row = [costs[0] + extra]
            for place, wanted in enumerate(self._sought):
                row.append(min(costs[place] + _COSTS[wanted, letter], costs[place + 1] + extra, row[-1] + _extra(wanted)))
            costs = row
        self._costs = costs

    @property
    def likeness(self) -> float:
        """1 when what was heard so far is what was sought, 0 when nothing of it is."""
        return 1 - self._costs[-1] / max(self._weight, self._heard, 1)

    @property
    def overlong(self) -> bool:
        """Whether more than twice as much as was sought has been heard."""
        return self._heard > 2 * self._weight


def likeness(sought: str, heard: str) -> float:
    """How alike two sounds are, in [0, 1]."""
    distance = Distance(sought)
    distance.hear(heard)
    return distance.likeness


def differing(first: str, second: str) -> tuple[str, str]:
    """What is left of two sounds without the beginning and the end that they have in common."""
    begin = Prefix.similarity(first, second)
    first, second = first[begin:], second[begin:]
    end = Postfix.similarity(first, second)
    return first[: len(first) - end], second[: len(second) - end]


def _extra(letter: str) -> int:
    return _EXTRA_WEAK if letter in _WEAK else _EXTRA


def _cost(wanted: str, letter: str) -> int:
    if wanted == letter:
        return 0
    if wanted in _VOWELS and letter in _VOWELS:
        return _BOTH_VOWELS
    return _ALIKE if any(wanted in group and letter in group for group in (*SOUNDS_ALIKE, *_LIPS_AND_THROAT)) else _DIFFERENT


_COSTS = {(wanted, letter): _cost(wanted, letter) for wanted in _LETTERS for letter in _LETTERS}
