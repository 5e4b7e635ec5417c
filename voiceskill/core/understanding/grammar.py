"""Sentence templates as graphs of letters.

A template in hassil's syntax allows more sentences than can be written out. Its graph has one path a sentence: alternatives share what
stands before and after them, a permutation of n parts takes n * 2^(n-1) of them instead of n!, and the numbers from zero to a hundred
take some two hundred letters instead of a thousand.

Laws of a graph:
- Node 0 is the start; nodes come in the order in which they can be passed.
- Every arc leads from a level to the next, so that what is computed for a level needs only the levels just before. Where a shorter way
  joins a longer one, nodes without a letter make up the difference.
- Spaces and apostrophes have no nodes: a recogniser that hears "beds eye" for "bedside" gets the sounds right and the words wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from hassil import Alternative, Expression, ListReference, Permutation, RuleReference, Sequence, TextChunk, parse_sentence
from hassil.numbers import get_rbnf_engine
from numpy.typing import NDArray

from voiceskill.core.understanding.normalise import normalise

LETTERS = "abcdefghijklmnopqrstuvwxyz"
"""What nodes can stand for."""

OTHER = len(LETTERS)
"""Any other character, as far from each letter as they are from one another."""

PASS = OTHER + 1
"""A node without a letter."""

Value = str | int
"""A slot's: as written in a list, or a number of a range."""

_CODE = {letter: code for code, letter in enumerate(LETTERS)}

MOST_PARTS = 6
"""Parts of a permutation; each more doubles it."""

_MOST_NODES, _DEEPEST = 20_000, 500
"""Of one graph."""

_NUMBER = re.compile(r"(?<![0-9])[0-9]{1,6}(?![0-9])")
_SAME_SOUND = tuple(
    (re.compile(written), heard)
    for written, heard in (
        ("ph", "f"),
        ("ck", "k"),
        ("^wh", "w"),
        ("^kn", "n"),
        ("^wr", "r"),
        ("(?<=[aiou])gh", ""),
        ("ea", "e"),
        ("(?<=[aeiou][^aeiou])e$", ""),
        (r"([a-z])\1+", r"\1"),
    )
)
"""English spellings of the same sounds: "eighty" is heard as "ate tea"."""


class Spelling:
    """How words and numbers of a language are taken apart into letters."""

    def __init__(self, language: str) -> None:
        self._in_words = _number_words(language)

    def number(self, number: int) -> str:
        """`number` in words, normalised."""
        return normalise(self._in_words(number))

    def words(self, text: str) -> list[str]:
        """The words of `text`, numbers spelled out, each without apostrophes, doubled letters and letters that are not heard."""
        return [_folded(word) for word in _NUMBER.sub(lambda found: f" {self.number(int(found[0]))} ", normalise(text)).split()]

    def letters(self, text: str) -> list[int]:
        """The letters of `text`, without the spaces, as their numbers."""
        return codes("".join(self.words(text)))


def _number_words(language: str) -> Callable[[int], str]:
    try:
        engine = get_rbnf_engine(language)
    except ValueError:  # a language without number words keeps its digits
        return str
    return lambda number: engine.format_number(number).text


def codes(word: str) -> list[int]:
    """The numbers of the letters of a word."""
    return [_CODE.get(letter, OTHER) for letter in word]


@lru_cache(maxsize=4_096)
def _folded(word: str) -> str:
    word = word.replace("'", "")
    for written, heard in _SAME_SOUND:
        word = written.sub(heard, word)
    return word


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a value: its name, and the values by their letters."""

    name: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Graph:
    """One template. Arrays have one entry a node.

    `first` and `second` are the nodes that lead to it, the same unless two ways join; the start leads to itself. `mark` is k + 1 where a
    value of `slots[k]` begins behind the node, -(k + 1) where it is complete, 0 elsewhere. The last node is the end of every path.
    """

    letter: NDArray[np.int8]
    level: NDArray[np.int16]
    first: NDArray[np.int32]
    second: NDArray[np.int32]
    mark: NDArray[np.int16]
    slots: tuple[Slot, ...]


_NONE = np.zeros(0, np.int32)
NO_GRAPH = Graph(_NONE.astype(np.int8), _NONE.astype(np.int16), _NONE, _NONE, _NONE.astype(np.int16), ())
"""What stands for a template that allows nothing."""


class Grammar:
    """Turns templates into graphs. `rules` and `lists` are hassil's expansion rules and slot lists, by name."""

    def __init__(self, rules: Mapping[str, str], lists: Mapping[str, Iterable[str]], language: str) -> None:
        self._rules: dict[str, Expression] = {name: parse_sentence(body).expression for name, body in rules.items()}
        self._lists = {name: tuple(values) for name, values in lists.items()}
        self.spelling = Spelling(language)
        self._choices: dict[str, tuple[Slot, frozenset[tuple[str, ...]]]] = {}
        self._texts: dict[str, list[int]] = {}

    def graph(self, template: str) -> Graph:
        """The graph of one template. Raises ValueError where it is too large."""
        return _Builder(self).finish(parse_sentence(template).expression)

    def rule(self, name: str) -> Expression:
        """What a rule stands for."""
        return self._rules[name]

    def letters(self, text: str) -> list[int]:
        """The letters of a piece of template text."""
        if text not in self._texts:
            self._texts[text] = self.spelling.letters(text)
        return self._texts[text]

    def choices(self, reference: ListReference) -> tuple[Slot, frozenset[tuple[str, ...]]]:
        """The slot that a list or range fills, and its values in words."""
        name, span = reference.slot_name, reference.get_inline_range()
        key = f"{name}:{span or reference.list_name}"
        if key not in self._choices:
            said: list[tuple[Value, str]] = (
                [(value, value) for value in self._lists[reference.list_name]]
                if span is None
                else [(number, self.spelling.number(number)) for number in range(span[0], span[1] + 1, span[2])]
            )
            spoken = [(value, tuple(self.spelling.words(words))) for value, words in said]
            values: dict[str, Value] = {}
            for value, words in spoken:
                values.setdefault("".join(words), value)
            self._choices[key] = Slot(name, values), frozenset(words for _, words in spoken if words)
        return self._choices[key]


class _Builder:
    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._letter = [PASS]
        self._level = [0]
        self._first = [0]
        self._second = [0]
        self._marks: dict[int, int] = {}
        self._slots: list[Slot] = []

    def finish(self, expression: Expression) -> Graph:
        self._node(PASS, self._add(expression, 0))
        mark = np.zeros(len(self._letter), np.int16)
        mark[list(self._marks)] = list(self._marks.values())
        return Graph(
            letter=np.array(self._letter, np.int8),
            level=np.array(self._level, np.int16),
            first=np.array(self._first, np.int32),
            second=np.array(self._second, np.int32),
            mark=mark,
            slots=tuple(self._slots),
        )

    def _node(self, letter: int, before: int, or_before: int | None = None) -> int:
        self._letter.append(letter)
        self._level.append(self._level[before] + 1)
        self._first.append(before)
        self._second.append(before if or_before is None else or_before)
        return len(self._letter) - 1

    def _join(self, ends: Iterable[int]) -> int:
        """One node behind all of `ends`, at the lowest level there can be."""
        waiting = sorted(set(ends), key=lambda node: -self._level[node])
        level = self._level[waiting[-1]]
        here: list[int] = []
        while True:
            while waiting and self._level[waiting[-1]] == level:
                here.append(waiting.pop())
            if len(here) == 1 and not waiting:
                return here[0]
            here = [self._node(PASS, *here[index : index + 2]) for index in range(0, len(here), 2)]
            level += 1

    def _add(self, expression: Expression, before: int) -> int:
        """Put `expression` behind the node `before`. Returns the node in which it ends."""
        if len(self._letter) > _MOST_NODES or self._level[before] > _DEEPEST:
            raise ValueError("the template allows too many or too long sentences to follow")
        match expression:
            case TextChunk():
                return self._add_letters(self._grammar.letters(expression.original_text), before)
            case Alternative(items=items):
                return self._join([self._add(item, before) for item in items])
            case Permutation(items=items):
                return self._add_in_any_order(items, before)
            case Sequence(items=items):
                for item in items:
                    before = self._add(item, before)
                return before
            case RuleReference(rule_name=name):
                return self._add(self._grammar.rule(name), before)
            case ListReference():
                return self._add_list(expression, before)
            case _:
                raise TypeError(f"unknown part of a template: {expression!r}")

    def _add_letters(self, letters: list[int], before: int) -> int:
        if not letters:
            return before
        begin, level, count = len(self._letter), self._level[before], len(letters)
        self._letter += letters
        self._level += range(level + 1, level + count + 1)
        sources = [before, *range(begin, begin + count - 1)]
        self._first += sources
        self._second += sources
        return begin + count - 1

    def _add_in_any_order(self, items: list[Expression], before: int) -> int:
        if len(items) > MOST_PARTS:
            raise ValueError(f"a permutation of {len(items)} parts is too long: {MOST_PARTS} at most")
        ends: dict[int, list[int]] = {0: [before]}
        for done in range((1 << len(items)) - 1):
            at = self._join(ends.pop(done))
            for number, part in enumerate(items):
                if not done & 1 << number:
                    ends.setdefault(done | 1 << number, []).append(self._add(part, at))
        return self._join(ends[(1 << len(items)) - 1])

    def _add_list(self, reference: ListReference, before: int) -> int:
        slot, choices = self._grammar.choices(reference)
        if not choices:
            return before
        self._slots.append(slot)
        begin = self._node(PASS, before)
        self._marks[begin] = len(self._slots)
        end = self._node(PASS, self._add_choices(choices, begin))
        self._marks[end] = -len(self._slots)
        return end

    def _add_choices(self, choices: frozenset[tuple[str, ...]], before: int) -> int:
        """Words that can be followed by the same words share what follows, and those alike at the front share that."""
        followers: dict[str, set[tuple[str, ...]]] = {}
        for choice in choices:
            if choice:
                followers.setdefault(choice[0], set()).add(choice[1:])
        words: dict[frozenset[tuple[str, ...]], list[str]] = {}
        for word, rests in sorted(followers.items()):
            words.setdefault(frozenset(rests), []).append(word)
        ends = [self._add_choices(rests, self._add_words(some, before)) for rests, some in words.items()]
        return self._join(ends if () not in choices else [*ends, before])

    def _add_words(self, words: Iterable[str], before: int) -> int:
        known = {"": before}
        for word in words:
            for length in range(1, len(word) + 1):
                if word[:length] not in known:
                    known[word[:length]] = self._node(_CODE.get(word[length - 1], OTHER), known[word[: length - 1]])
        return self._join(known[word] for word in words)
