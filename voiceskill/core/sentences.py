"""A reply, sentence by sentence: the unit in which it is rendered, cut and resumed."""

from __future__ import annotations

import re

_END = re.compile(r"(?<=[.?!])\s+")


def sentences(text: str) -> list[str]:
    """The sentences of `text`, each with its closing mark. Our replies are plain prose without abbreviations."""
    return [sentence for sentence in _END.split(text.strip()) if sentence]


def begun(text: str) -> tuple[list[str], str]:
    """The sentences of `text` that are whole, and what may go on."""
    *whole, rest = _END.split(text.lstrip())
    return [sentence for sentence in whole if sentence], rest
