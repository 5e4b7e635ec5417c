"""Sentence templates as graphs of letters.

A template in hassil's syntax allows more sentences than can be written out. Its graph has one node a letter and one path a sentence;
alternatives share what stands before and after them, and a permutation of n parts takes n * 2^(n-1) of them instead of n!.
Node 0 of every graph is the start and has no letter; arcs lead from lower to higher levels only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from hassil import Alternative, Expression, ListReference, Permutation, RuleReference, Sentence, Sequence, TextChunk, parse_sentence
from hassil.numbers import get_rbnf_engine
from numpy.typing import NDArray

from voiceskill.core.understanding.normalise import normalise

LETTERS = " abcdefghijklmnopqrstuvwxyz'0123456789"
"""What nodes can stand for; any other character is as far from each as they are from one another."""

OTHER = len(LETTERS)

_MOST_PARTS = 6
"""Parts of a permutation; each more doubles it."""


def encode(text: str) -> NDArray[np.int8]:
    """The letters of normalised `text` as their numbers, shape (letters,)."""
    return np.array([LETTERS.find(letter) if letter in LETTERS else OTHER for letter in normalise(text)], np.int8)


@dataclass(frozen=True, slots=True)
class Graph:
    """One template. Arrays have one entry a node, but for the arcs, which are sorted by their target.

    `fills` is the number, in `values`, of the slot value that is complete at the node, or -1.
    """

    letter: NDArray[np.int8]
    level: NDArray[np.int32]
    arc_source: NDArray[np.int32]
    arc_target: NDArray[np.int32]
    final: NDArray[np.bool_]
    fills: NDArray[np.int32]
    values: tuple[tuple[str, str | int], ...]


class Grammar:
    """Turns templates into graphs. `rules` and `lists` are hassil's expansion rules and slot lists, by name."""

    def __init__(self, rules: Mapping[str, str], lists: Mapping[str, Iterable[str]], language: str) -> None:
        self._rules: dict[str, Sentence] = {name: parse_sentence(body) for name, body in rules.items()}
        self._lists = {name: tuple(values) for name, values in lists.items()}
        self._language = language

    def graph(self, template: str) -> Graph:
        """The graph of one template."""
        builder = _Builder(self._rules, self._lists, self._language)
        return builder.finish(builder.add(parse_sentence(template).expression, frozenset({0})))


class _Builder:
    def __init__(self, rules: Mapping[str, Sentence], lists: Mapping[str, tuple[str, ...]], language: str) -> None:
        self._rules = rules
        self._lists = lists
        self._language = language
        self._letters = [-1]
        self._sources: list[frozenset[int]] = [frozenset()]
        self._fills = [-1]
        self._values: list[tuple[str, str | int]] = []

    def add(self, expression: Expression, before: frozenset[int]) -> frozenset[int]:
        """Put `expression` behind the nodes `before`. Returns the nodes it can end in."""
        match expression:
            case TextChunk():
                return self._add_text(expression.original_text, before)
            case Alternative(items=items):
                return frozenset().union(*(self.add(item, before) for item in items))
            case Permutation(items=items):
                return self._add_in_any_order(items, before)
            case Sequence(items=items):
                for item in items:
                    before = self.add(item, before)
                return before
            case RuleReference(rule_name=name):
                return self.add(self._rules[name].expression, before)
            case ListReference():
                return self._add_list(expression, before)
            case _:
                raise TypeError(f"unknown part of a template: {expression!r}")

    def _add_text(self, text: str, before: frozenset[int]) -> frozenset[int]:
        plain = normalise(text)
        padded = f"{' ' if text[:1].isspace() else ''}{plain}{' ' if plain and text[-1:].isspace() else ''}"
        for letter in padded:
            before = self._add_letter(letter, before)
        return before

    def _add_letter(self, letter: str, before: frozenset[int]) -> frozenset[int]:
        self._letters.append(LETTERS.find(letter) if letter in LETTERS else OTHER)
        self._sources.append(before)
        self._fills.append(-1)
        return frozenset({len(self._letters) - 1})

    def _add_in_any_order(self, items: list[Expression], before: frozenset[int]) -> frozenset[int]:
        if len(items) > _MOST_PARTS:
            raise ValueError(f"a permutation of {len(items)} parts is too long: {_MOST_PARTS} at most")
        ends = {0: before}
        for done in range(1 << len(items)):
            for number, item in enumerate(items):
                if not done & 1 << number:
                    now_done = done | 1 << number
                    ends[now_done] = ends.get(now_done, frozenset()) | self.add(item, ends[done])
        return ends[(1 << len(items)) - 1]

    def _add_list(self, reference: ListReference, before: frozenset[int]) -> frozenset[int]:
        """Values with the same first letters share their nodes: a hundred numbers are a few hundred letters instead of a thousand."""
        ends: set[int] = set()
        known: dict[tuple[frozenset[int], str], frozenset[int]] = {}
        for value, spoken in self._choices(reference):
            at = before
            letters = normalise(spoken)
            for letter in letters[:-1]:
                if (at, letter) not in known:
                    known[at, letter] = self._add_letter(letter, at)
                at = known[at, letter]
            (end,) = self._add_text(letters[-1:] or " ", at)
            self._fills[end] = len(self._values)
            self._values.append((reference.slot_name, value))
            ends.add(end)
        return frozenset(ends)

    def _choices(self, reference: ListReference) -> Iterable[tuple[str | int, str]]:
        span = reference.get_inline_range()
        if span is None:
            return ((value, value) for value in self._lists[reference.list_name])
        engine = get_rbnf_engine(self._language)
        start, stop, step = span
        return ((number, engine.format_number(number).text) for number in range(start, stop + 1, step))

    def finish(self, ends: frozenset[int]) -> Graph:
        """The graph of all that was added, ending in `ends`. Nodes are renumbered by level."""
        level = np.zeros(len(self._letters), np.int32)
        for node, sources in enumerate(self._sources[1:], 1):
            level[node] = 1 + max(level[source] for source in sources)
        order = np.argsort(level, kind="stable")
        number = np.empty_like(order)
        number[order] = np.arange(len(order))
        arcs = sorted((int(number[node]), int(number[source])) for node, sources in enumerate(self._sources) for source in sources)
        final = np.zeros(len(order), np.bool_)
        final[[int(number[node]) for node in ends]] = True
        return Graph(
            letter=np.array(self._letters, np.int8)[order],
            level=level[order],
            arc_source=np.array([source for _, source in arcs], np.int32),
            arc_target=np.array([target for target, _ in arcs], np.int32),
            final=final,
            fills=np.array(self._fills, np.int32)[order],
            values=tuple(self._values),
        )
