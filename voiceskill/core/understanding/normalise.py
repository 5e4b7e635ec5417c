"""One spelling for what can be said in several: the first thing that happens to any text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_APOSTROPHES = str.maketrans(
    {
        "\u2019": "'",
        "\u2018": "'",
        "\u02bc": "'",
    }
)
_NOT_WORD = re.compile(r"[^\w']+|_")
_LONE_APOSTROPHES = re.compile(r"(?<!\w)'|'(?!\w)")

LONGEST = 2_000
"""Characters of an utterance that are looked at; nobody says more in one breath."""


def normalise(text: str) -> str:
    """Lower case, plain letters, single spaces, no punctuation but the apostrophe inside a word."""
    text = text[:LONGEST]
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES))
        text = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    text = text.casefold()
    return " ".join(_LONE_APOSTROPHES.sub(" ", _NOT_WORD.sub(" ", text)).split())


def says_any(text: str, phrases: Iterable[str]) -> bool:
    """Whether normalised `text` has one of some normalised phrases in it, word for word."""
    return any(f" {phrase} " in f" {text} " for phrase in phrases)


def words(text: str) -> list[str]:
    """The normalised words of `text`."""
    return normalise(text).split()
