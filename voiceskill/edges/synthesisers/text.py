"""What an engine is given to say: plain words and punctuation, nothing that an engine could take for markup or a command."""

from __future__ import annotations

import re
import unicodedata

_TYPOGRAPHY = str.maketrans(
    {
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{EN DASH}": ", ",
        "\N{EM DASH}": ", ",
        "\N{MINUS SIGN}": "-",
        "\N{HORIZONTAL ELLIPSIS}": ".",
        "\N{DEGREE SIGN}": " degrees ",
        "\N{MULTIPLICATION SIGN}": " times ",
        "&": " and ",
    }
)
_TAG = re.compile(r"</?[A-Za-z!?][^<>]*>")
_KEPT = frozenset(".,;:?!'\"()-/%+$£€@")
_ENDLESS_WORD = re.compile(r"\w{40}(?=\w)")
"""Longer than any word; flite takes seconds over hundreds of letters in one."""
_PHONE_NUMBER = re.compile(r"(?<![\w.,])\+?\d[\d -]{5,}\d(?![\w]|[.,]\d)")
"""Seven or more digits, spaces and hyphens: engines would read the groups as quantities."""


def plain(text: str) -> str:
    """Put the words of `text` on one line. Tags, brackets, emoji and control characters are left out; "" when nothing can be spoken."""
    unmarked = _TAG.sub(" ", unicodedata.normalize("NFKC", text.translate(_TYPOGRAPHY)))
    kept = " ".join("".join(map(_speakable, unmarked)).split())
    if not any(character.isalnum() for character in kept):
        return ""
    return _ENDLESS_WORD.sub(r"\g<0> ", _PHONE_NUMBER.sub(lambda found: _digit_by_digit(found[0]), kept))


def _speakable(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] in "LMN" or character in _KEPT:
        # Variation selectors and the like are marks, but belong to emoji.
        return "" if "\ufe00" <= character <= "\ufe0f" or character == "\u20e3" else character
    return "" if category == "Cf" else " "


def _digit_by_digit(number: str) -> str:
    groups = re.split(r"[ -]+", number.lstrip("+"))
    return ", ".join(" ".join(group) for group in groups)
