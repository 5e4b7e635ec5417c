"""A reply, sentence by sentence: the unit in which it is rendered, cut and resumed."""

from __future__ import annotations

import re

_END = re.compile(r"(?<=[.?!])\s+")


def sentences(text: str) -> list[str]:
    """The sentences of `text`, each with its closing mark. Our replies are plain prose without abbreviations."""
    return [sentence for sentence in _END.split(text.strip()) if sentence]
