"""Phrases for a grammar, in words that a recogniser knows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Self

LONGEST_SECONDS = 3.0
"""Sound longer than this, with the silence around it, is no short phrase."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases by how they are spoken in known words, and the words of those that cannot be."""

    spoken: Mapping[str, str]
    unknown: frozenset[str] = frozenset()

    @classmethod
    def known(cls, phrases: Iterable[str], words: Container[str] | Callable[[str], bool], homophones: Mapping[str, str]) -> Self:
        """Put a homophone in the place of each word that is not known; leave out phrases for which there is none."""
        is_known = words if callable(words) else words.__contains__
        spoken: dict[str, str] = {}
        unknown: set[str] = set()
        for phrase in phrases:
            said = [word if is_known(word) else homophones.get(word, word) for word in phrase.split()]
            missing = {word for part in said for word in part.split() if not is_known(word)}
            unknown |= missing
            if not missing:
                spoken.setdefault(" ".join(said), phrase)
        return cls(spoken, frozenset(unknown))

    @staticmethod
    def report(found: Iterable[Phrases], name: str) -> None:
        """Say once which words are not listened for."""
        unknown = sorted(frozenset().union(*(phrases.unknown for phrases in found)))
        if unknown:
            _log.warning("%s does not know the words %s: they are heard by dictation alone", name, ", ".join(unknown))
