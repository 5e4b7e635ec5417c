"""The best sentence of a grammar for what was heard, however garbled.

The whole of what was heard is aligned, letter by letter, to every path of the templates' graphs at once: an edit distance whose
substitutions are cheap between letters that sound alike, and in which spaces cost next to nothing, because a recogniser that hears
"beds eye" for "bedside" gets the sounds right and the words wrong. Everything on one anti-diagonal (level of the node + letters heard so
far) is computed at once, so the time grows with the length of the sentence, not with the number of sentences allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voiceskill.core.understanding.grammar import LETTERS, Graph, encode

_SOUNDS_ALIKE = ("bp", "dt", "ckqgx", "sz", "fv", "mn", "jg", "lr", "wu", "iy", "ei", "ao", "ou", "ae", "td", "th", "sc", "sx")
"""Groups of letters that are confused by ear; a letter may be in several."""

_VOWELS = "aeiouy"

_ALIKE, _BOTH_VOWELS, _DIFFERENT, _SPACE = 0.4, 0.5, 1.0, 0.1
_EXTRA, _EXTRA_VOWEL, _EXTRA_SPACE = 0.9, 0.6, 0.1

_LONGEST = 160
"""Letters of an utterance that are aligned."""


def _substitution_costs() -> NDArray[np.float32]:
    costs = np.full((len(LETTERS) + 1, len(LETTERS) + 1), _DIFFERENT, np.float32)
    for a, first in enumerate(LETTERS):
        for b, second in enumerate(LETTERS):
            if first == second:
                costs[a, b] = 0.0
            elif " " in (first, second):
                costs[a, b] = _DIFFERENT
            elif any(first in group and second in group for group in _SOUNDS_ALIKE):
                costs[a, b] = _ALIKE
            elif first in _VOWELS and second in _VOWELS:
                costs[a, b] = _BOTH_VOWELS
    return costs


def _extra_costs() -> NDArray[np.float32]:
    """What it costs that a letter stands on one side only."""
    of = {" ": _EXTRA_SPACE, "'": _EXTRA_SPACE, **dict.fromkeys(_VOWELS, _EXTRA_VOWEL), "h": _EXTRA_VOWEL, "w": _EXTRA_VOWEL}
    return np.array([*(of.get(letter, _EXTRA) for letter in LETTERS), _EXTRA], np.float32)


_SUBSTITUTION = _substitution_costs()
_EXTRA_COST = _extra_costs()


@dataclass(frozen=True, slots=True)
class Alignment:
    """The best path. `template` is the number of its template, `likeness` in [0, 1], `slots` the values passed through, in order."""

    template: int
    likeness: float
    slots: tuple[tuple[str, str | int], ...]


class Aligner:
    """Aligns to any of a sequence of templates at once."""

    def __init__(self, graphs: Sequence[Graph]) -> None:
        counts = [len(graph.letter) for graph in graphs]
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        level = np.concatenate([graph.level for graph in graphs])
        order = np.argsort(level, kind="stable")
        number = np.empty_like(order)
        number[order] = np.arange(len(order))
        self._level = level[order]
        self._letter = np.concatenate([graph.letter for graph in graphs])[order]
        self._final = np.concatenate([graph.final for graph in graphs])[order]
        self._template = np.repeat(np.arange(len(graphs)), counts)[order]
        offsets = np.cumsum([0, *(len(graph.values) for graph in graphs)])
        self._values = [value for graph in graphs for value in graph.values]
        fills = [np.where(graph.fills >= 0, graph.fills + offset, -1) for graph, offset in zip(graphs, offsets, strict=False)]
        self._fills = np.concatenate(fills)[order]
        source = number[np.concatenate([graph.arc_source + start for graph, start in zip(graphs, starts, strict=False)])]
        target = number[np.concatenate([graph.arc_target + start for graph, start in zip(graphs, starts, strict=False)])]
        by_target = np.lexsort((source, target))
        self._source = source[by_target]
        self._first_arc = np.searchsorted(target[by_target], np.arange(len(order) + 1))
        self._node_of_arc = target[by_target]
        self._first_of_level = np.searchsorted(self._level, np.arange(int(self._level.max()) + 2))

    def align(self, heard: str) -> Alignment | None:
        """The path most like `heard`; None when nothing was heard."""
        letters = encode(heard)[:_LONGEST]
        if len(letters) == 0:
            return None
        costs = self._costs(letters)
        ends = np.flatnonzero(self._final)
        end = int(ends[np.argmin(costs[ends, -1])])
        path = self._path(costs, letters, end)
        weight = float(_EXTRA_COST[letters].sum())
        length = max(weight, float(_EXTRA_COST[self._letter[path]].sum()))
        return Alignment(int(self._template[end]), max(0.0, 1.0 - float(costs[end, -1]) / length), self._slots(path))

    def _costs(self, letters: NDArray[np.int8]) -> NDArray[np.float32]:
        """Costs, shape (nodes, letters + 1): of the best path to each node for each number of letters heard."""
        heard = len(letters)
        costs = np.full((len(self._level), heard + 1), np.inf, np.float32)
        roots = self._first_of_level[1]
        costs[:roots] = np.concatenate([[0.0], np.cumsum(_EXTRA_COST[letters])])
        top = int(self._level[-1])
        missing = _EXTRA_COST[self._letter]
        extra = _EXTRA_COST[letters]
        swap = _SUBSTITUTION[:, letters]
        for diagonal in range(1, top + heard + 1):
            low, high = self._first_of_level[max(1, diagonal - heard)], self._first_of_level[min(top, diagonal) + 1]
            if low >= high:
                continue
            nodes = np.arange(low, high)
            at = diagonal - self._level[low:high]
            arcs = slice(self._first_arc[low], self._first_arc[high])
            source, target = self._source[arcs], self._node_of_arc[arcs]
            arc_at = at[target - low]
            skipped = costs[source, arc_at] + missing[target]
            swapped = costs[source, arc_at - 1] + swap[self._letter[target], arc_at - 1]
            swapped[arc_at == 0] = np.inf
            best = np.minimum.reduceat(np.minimum(skipped, swapped), self._first_arc[low:high] - self._first_arc[low])
            inserted = costs[nodes, at - 1] + extra[at - 1]
            inserted[at == 0] = np.inf
            costs[nodes, at] = np.minimum(best, inserted)
        return costs

    def _path(self, costs: NDArray[np.float32], letters: NDArray[np.int8], end: int) -> list[int]:
        """The nodes of the best path, from its first letter to `end`."""
        path: list[int] = []
        node, at = end, len(letters)
        while self._level[node] > 0:
            path.append(node)
            sources = self._source[self._first_arc[node] : self._first_arc[node + 1]]
            letter = self._letter[node]
            if at > 0 and np.isclose(costs[node, at], costs[node, at - 1] + _EXTRA_COST[letters[at - 1]]):
                path.pop()
                at -= 1
                continue
            skipped = costs[sources, at] + _EXTRA_COST[letter]
            swapped = costs[sources, at - 1] + _SUBSTITUTION[letter, letters[at - 1]] if at > 0 else np.full(len(sources), np.inf)
            if swapped.min() <= skipped.min():
                node, at = int(sources[np.argmin(swapped)]), at - 1
            else:
                node = int(sources[np.argmin(skipped)])
        return path[::-1]

    def _slots(self, path: Iterable[int]) -> tuple[tuple[str, str | int], ...]:
        found = dict.fromkeys(int(fill) for node in path if (fill := self._fills[node]) >= 0)
        return tuple(self._values[number] for number in found)
