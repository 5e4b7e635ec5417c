"""The best sentence of a grammar for what was heard, however garbled.

The whole of what was heard is aligned, letter by letter, to every path of some graphs at once: an edit distance whose substitutions are
cheap between letters that sound alike. Everything on one anti-diagonal (level of the node + letters heard so far) is computed at once,
so the time grows with the length of the sentence, not with the number of sentences allowed.

Costs are counted from that of leaving out all letters heard so far, which makes leaving out one more cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voiceskill.core.understanding.grammar import LETTERS, PASS, Graph, Value

SOUNDS_ALIKE = ("bp", "dt", "ckqgx", "sz", "fv", "mn", "jg", "lr", "wu", "iy", "ei", "ao", "ou", "ae", "td", "sc", "sx")
"""Groups of letters that are confused by ear; a letter may be in several."""

_VOWELS = "aeiouy"

_ALIKE, _BOTH_VOWELS, _DIFFERENT = 8, 10, 20
"""For a letter instead of another; all costs are in twentieths of a letter."""

_EXTRA, _EXTRA_WEAK, _EXTRA_DOUBLED = 18, 12, 4
"""For a letter that stands on one side only. `h`, `w` and `r` are dropped as vowels are; the second `t` of "at ten" is hardly one."""

_NOT_YET = 10_000
"""Dearer than any path: _LONGEST letters at most, and the levels of the deepest graph, by the dearest cost."""

LONGEST = 120
"""Letters of an utterance that are aligned."""


def _substitution_costs() -> NDArray[np.int16]:
    costs = np.full((PASS + 1, PASS + 1), _DIFFERENT, np.int16)
    for a, first in enumerate(LETTERS):
        for b, second in enumerate(LETTERS):
            if first == second:
                costs[a, b] = 0
            elif any(first in group and second in group for group in SOUNDS_ALIKE):
                costs[a, b] = _ALIKE
            elif first in _VOWELS and second in _VOWELS:
                costs[a, b] = _BOTH_VOWELS
    return costs


_SUBSTITUTION = _substitution_costs()
_EXTRA_COST = np.array([*(_EXTRA_WEAK if letter in f"{_VOWELS}hwr" else _EXTRA for letter in LETTERS), _EXTRA, 0], np.int16)


def _extra_costs(letters: NDArray[np.integer], before: NDArray[np.integer]) -> NDArray[np.int16]:
    """What it costs to leave out each of `letters`; `before` are those in front of them."""
    return np.where((letters == before) & (letters < PASS), np.int16(_EXTRA_DOUBLED), _EXTRA_COST[letters])


@dataclass(frozen=True, slots=True)
class Path:
    """The best path through graph number `graph`. `likeness` is in [0, 1]; `slots` are the values passed through, in order."""

    graph: int
    likeness: float
    slots: tuple[tuple[str, Value], ...]


class Lattice:
    """Some graphs, side by side."""

    def __init__(self, graphs: Sequence[Graph]) -> None:
        counts = [len(graph.letter) for graph in graphs]
        ends = np.cumsum(counts)
        shift = np.repeat(ends - counts, counts)
        level = np.concatenate([graph.level for graph in graphs])
        order = np.argsort(level, kind="stable")
        number = np.empty(len(order), np.intp)
        number[order] = np.arange(len(order))
        self._slots = [graph.slots for graph in graphs]
        self._level = level[order].astype(np.intp)
        self._letter = np.concatenate([graph.letter for graph in graphs])[order].astype(np.intp)
        self._mark = np.concatenate([graph.mark for graph in graphs])[order]
        self._first = number[(np.concatenate([graph.first for graph in graphs]) + shift)[order]]
        self._second = number[(np.concatenate([graph.second for graph in graphs]) + shift)[order]]
        self._ends = number[ends - 1]
        self._first_of_level = np.searchsorted(self._level, np.arange(int(self._level[-1]) + 2)).tolist()
        self._missing = _extra_costs(self._letter, self._letter[self._first])
        # Seen from two diagonals back: where a letter that was heard comes from, or else the other way into a join.
        self._other_way = np.where(self._letter == PASS, self._second + len(order), self._first)

    def __len__(self) -> int:
        """How many nodes there are."""
        return len(self._level)

    def best(self, letters: NDArray[np.int8], owners: Sequence[str], count: int) -> list[Path]:
        """The paths most like `letters` (at least one), best first, of up to `count` owners. `owners` has one for each graph."""
        letters = letters[:LONGEST]
        heard = len(letters)
        extra = _extra_costs(letters, np.concatenate([letters[:1] * 0 + PASS, letters[:-1]]))
        costs = self._costs(letters, extra)
        leaving_out = int(extra.sum())
        final = costs[self._level[self._ends] + heard + 1, self._ends] + leaving_out
        found: dict[str, Path] = {}
        for graph in np.argsort(final, kind="stable").tolist():
            if owners[graph] not in found:
                nodes = self._path(costs, heard, int(self._ends[graph]))
                length = max(leaving_out, int(self._missing[nodes].sum()), 1)
                found[owners[graph]] = Path(graph, max(0.0, 1.0 - int(final[graph]) / length), self._values(graph, nodes))
                if len(found) == count:
                    break
        return sorted(found.values(), key=lambda path: -path.likeness)

    def _costs(self, letters: NDArray[np.int8], extra: NDArray[np.int16]) -> NDArray[np.int16]:
        """Costs, shape (diagonals + 1, nodes): of the best path to each node; row d + 1 for d = level + letters heard."""
        heard, top, nodes = len(letters), int(self._level[-1]), len(self._level)
        costs = np.full((top + heard + 2, nodes), _NOT_YET, np.int16)
        costs[1 : heard + 2, : self._first_of_level[1]] = 0
        flat = costs.reshape(-1)
        swap = np.zeros((PASS + 1, heard + 1), np.int16)
        swap[:PASS, 1:] = _SUBSTITUTION[:PASS, letters] - extra
        swap = np.concatenate([np.zeros(top, np.int16), swap.reshape(-1)])
        swap_at = self._letter * (heard + 1) - self._level + top
        first, other_way, missing = self._first, self._other_way, self._missing
        begins = self._first_of_level
        for diagonal in range(1, top + heard + 1):
            low, high = begins[max(1, diagonal - heard)], begins[min(top, diagonal) + 1]
            before = costs[diagonal]
            skipped = before.take(first[low:high])
            skipped += missing[low:high]
            swapped = flat[(diagonal - 1) * nodes :].take(other_way[low:high])
            swapped += swap[diagonal:].take(swap_at[low:high])
            np.minimum(skipped, swapped, out=skipped)
            np.minimum(skipped, before[low:high], out=costs[diagonal + 1, low:high])
        return costs

    def _path(self, costs: NDArray[np.int16], heard: int, end: int) -> list[int]:
        """The nodes of the best path, from the one behind the start to `end`."""
        path: list[int] = []
        node, at = end, heard
        cost, level, letter = costs.item, self._level.item, self._letter.item
        while (depth := level(node)) > 0:
            row = depth + at + 1
            here = cost(row, node)
            if at > 0 and here == cost(row - 1, node):
                at -= 1
                continue
            path.append(node)
            source = self._first.item(node)
            if here != cost(row - 1, source) + self._missing.item(node):
                if letter(node) == PASS:
                    source = self._second.item(node)
                else:
                    at -= 1
            node = source
        return path[::-1]

    def _values(self, graph: int, nodes: Iterable[int]) -> tuple[tuple[str, Value], ...]:
        found: list[tuple[str, Value]] = []
        spoken = ""
        for node in nodes:
            mark, letter = int(self._mark[node]), int(self._letter[node])
            if mark > 0:
                spoken = ""
            elif mark < 0:
                slot = self._slots[graph][-mark - 1]
                if (value := slot.values.get(spoken)) is not None:
                    found.append((slot.name, value))
            elif letter != PASS:
                spoken += LETTERS[letter] if letter < len(LETTERS) else "?"
        return tuple(found)
