"""What can be said aloud well: short sentences in plain words, with nothing that a voice would stumble over.

Limits are the ones at which a person in pain still follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

PLACEHOLDER = re.compile(r"\{([A-Z_]+)\}")

_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")
_INSIDE_WORD = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")
_WORD = re.compile(r"[^\W\d_]+")
_DOTTED = re.compile(r"\b[^\W\d_]\.[^\W\d_]\b")
_ABBREVIATIONS = frozenset(
    "approx cm dr eg etc hr hrs ie kg km lb lbs mcg mg min mins ml mm mph mr mrs ms prof sec secs tel temp vs".split()  # noqa: SIM905 - reads better
)
_IN_CAPITALS_ALLOWED = frozenset(("OK",))

# The first line that fits a character gives the advice.
_ADVICE = (
    (r"\d", "a digit", "write numbers as words"),
    (r"[()\[\]{}<>]", "a bracket", "say it in a sentence of its own"),
    (r"[-\u2010-\u2015\u2212]", "a dash", "use a comma or a full stop"),
    (r"[/\\]", "a slash", 'write "or" or "and"'),
    (r"[^\w\s.,;:?!'\"\u2018\u2019\u201c\u201d]|_", "a sign that cannot be spoken", "write it in words"),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """The most words allowed, in all and in the first sentence."""

    words: int
    first_sentence: int | None = None


ANSWER = Limits(words=60, first_sentence=15)
MORE = Limits(words=80)
QUESTION = Limits(words=15)
STEP = Limits(words=25)
TITLE = Limits(words=6)


FILLED_WHEN_SAID = frozenset(
    ("NAME", "SCORE", "TIME", "WHEN", "LOW", "HIGH", "REMEDY", "MINUTES", "SECONDS", "STEPS", "CONDITION", "COUNT", "CODE")
)
"""Names in curly brackets whose values are known only when the line is said."""


def fill(text: str, placeholders: Mapping[str, str]) -> str:
    """Put the values of `placeholders` in the place of their names. Unknown names stay."""
    return PLACEHOLDER.sub(lambda match: placeholders.get(match[1], match[0]), text)


def count_words(text: str) -> int:
    """How many words are spoken."""
    return len(text.split())


def unspeakable(text: str) -> Iterator[str]:
    """Say what in `text` could not be spoken as it is written. Placeholders are passed over."""
    plain = PLACEHOLDER.sub(" ", text)
    joined = _INSIDE_WORD.sub("", plain)
    for pattern, name, advice in _ADVICE:
        if found := re.search(pattern, joined):
            yield f'"{found[0]}" is {name}; {advice}'
            joined = re.sub(pattern, " ", joined)
    for word in dict.fromkeys([*_DOTTED.findall(plain), *filter(_is_abbreviation, _WORD.findall(plain))]):
        yield f'"{word}" is an abbreviation; write it in full, as it is spoken'


def _is_abbreviation(word: str) -> bool:
    in_capitals = len(word) > 1 and word.isupper() and word not in _IN_CAPITALS_ALLOWED
    return in_capitals or word.lower() in _ABBREVIATIONS


def too_long(text: str, limits: Limits) -> Iterator[str]:
    """Say where `text`, placeholders filled in, goes beyond `limits`."""
    if (words := count_words(text)) > limits.words:
        yield f"this is {words} words long; {limits.words} is the most that can be followed by ear"
    first = count_words(_SENTENCE_END.split(text, maxsplit=1)[0])
    if limits.first_sentence and first > limits.first_sentence:
        yield f"the first sentence is {first} words long; {limits.first_sentence} is the most, so say the main thing first"
