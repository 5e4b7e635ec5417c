"""Clauses: the parts of a sentence that may each mean something."""

from __future__ import annotations

from collections.abc import Sequence

_JOINTS = frozenset({"and", "but", "also", "oh", "because", "plus", "then"})

LONG_ENOUGH = 3
"""Words of a clause that can stand by itself, whatever it is."""

_MOST = 12
"""Clauses that are looked at; nobody says more in one breath."""


def clauses(words: Sequence[str], shortest: int = LONG_ENOUGH) -> list[list[str]]:
    """The parts of a sentence between its joints that can stand by themselves, having `shortest` words; none when it has no joint."""
    parts: list[list[str]] = [[]]
    for word in words:
        if word in _JOINTS:
            parts.append([])
        else:
            parts[-1].append(word)
    return [part for part in parts if len(part) >= shortest][:_MOST] if len(parts) > 1 else []
