"""Numbers as they are said: in words or digits, with halves and points."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from voiceskill.core.understanding.normalise import LONGEST, normalise

_UNITS = {
    **dict.fromkeys(("zero", "nought", "naught", "nil", "zilch", "0"), 0),
    **{word: number for number, word in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), 1)},  # noqa: SIM905 - reads better
    **{f"{word}teen": number for number, word in enumerate("thir four fif six seven eigh nine".split(), 13)},  # noqa: SIM905 - reads better
}
_TENS = {word: 10 * number for number, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}  # noqa: SIM905 - reads better

_SIGNS = (
    (re.compile(r"(?<=[0-9])[.,](?=[0-9](?![0-9]))"), " point "),
    (re.compile(r"(?<=[0-9])\s*/\s*(?=[0-9])"), " out of "),
    (re.compile(r"(?<=[0-9])\s*[-\u2013]\s*(?=[0-9])"), " or "),
    (re.compile(r"(?<=[0-9])\s*\u00bd|\u00bd"), " and a half "),
    (re.compile(r"\b([0-2]?[0-9])[:.]([0-5][0-9])\b"), r" \1 \2 "),
    (re.compile(r"\b([ap])\.\s?m\b\.?", re.IGNORECASE), r" \1m "),
    (re.compile(r"(?<=[0-9])(?=[ap]m\b)", re.IGNORECASE), " "),
)
_OWN = re.compile(r"(?<=[a-z])'(?:s|re|d|ll)$")


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number said in the words from `first` up to, but without, `end`."""

    value: float
    first: int
    end: int


def spoken_words(text: str) -> list[str]:
    """The words of `text`, signs between digits put in words, and "ten's" as "ten is"."""
    text = text[:LONGEST]
    for sign, words in _SIGNS:
        text = sign.sub(words, text)
    found: list[str] = []
    for word in normalise(text).split():
        bare = _OWN.sub("", word)
        found += [bare, "is"] if bare != word and bare in _UNITS else [word]
    return found


def whole(value: float) -> int | float:
    """`value`, without a point where there is nothing behind it."""
    return int(value) if value == int(value) else value


def numerals(words: Sequence[str]) -> list[Numeral]:
    """All numbers in `words`, from left to right, each as long as it can be."""
    found: list[Numeral] = []
    at = 0
    while at < len(words):
        one = _numeral(words, at)
        if one:
            found.append(one)
        at = one.end if one else at + 1
    return found


def _numeral(words: Sequence[str], at: int) -> Numeral | None:
    value, end = _whole(words, at)
    if value is None:
        return None
    rest = tuple(words[end : end + 3])
    if rest[:1] == ("point",) and len(rest) > 1 and (tenths := _digit(rest[1])) is not None:
        return Numeral(value + tenths / 10, at, end + 2)
    for half in (("and", "a", "half"), ("and", "half"), ("n", "a", "half"), ("a", "half"), ("half",)):
        if rest[: len(half)] == half:
            return Numeral(value + 0.5, at, end + len(half))
    return Numeral(value, at, end)


def _whole(words: Sequence[str], at: int) -> tuple[float | None, int]:
    word = words[at]
    following = words[at + 1] if at + 1 < len(words) else ""
    if word in _TENS:
        unit = _UNITS.get(following, 0)
        return (_TENS[word] + unit, at + 2) if 0 < unit < 10 else (_TENS[word], at + 1)
    if word == "a" and following == "hundred":
        return 100, at + 2
    value = _digits(word)
    if value is not None and following == "hundred":
        return 100 * value, at + 2
    return value, at + 1


def _digits(word: str) -> int | None:
    return int(word) if word.isascii() and word.isdigit() and len(word) <= 6 else _UNITS.get(word)


def _digit(word: str) -> int | None:
    value = _digits(word)
    return value if value is not None and value < 10 else None
