"""What was heard, aligned to everything that the templates of a skill allow.

A skill has hundreds of templates, of which few have anything in common with a sentence. Those that share most of its letters in twos and
threes are aligned to it; the graph of a template is made when it is first looked at closely.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from hassil import ListReference

from voiceskill.core.skill import Intent, Skill
from voiceskill.core.understanding.align import LONGEST, Lattice, Path
from voiceskill.core.understanding.grammar import LETTERS, NO_GRAPH, Grammar, Graph, Value, codes

_NODES = 6_000
"""Nodes to which an utterance is aligned. Of garbled sentences of the shipped skill (one letter in five wrong), the best template of all
is among those chosen for 99 in 100."""

_LOOKED_AT = 3
"""Intents whose best sentences are compared by likeness, which counts the length of a sentence as the cost alone does not."""

_PARTS = re.compile(r"<([^<>]*)>|\{([^{}]*)\}|([^\[\]()<>{}|;]+)")


@dataclass(frozen=True, slots=True)
class Aligned:
    """The sentence of the templates that is most like what was heard.

    `likeness` is in [0, 1], 1 where it is the sentence itself; `slots` its values, as written in the lists. `runner_up` is the best of
    another intent, and has none itself.
    """

    intent: str
    template: str
    likeness: float
    slots: Mapping[str, Value]
    runner_up: Aligned | None = None


class TemplateJudge:
    """Knows the templates of `intents`, or else of all intents of `skill`. A template too large for a graph is as if it were not there."""

    def __init__(self, skill: Skill, intents: Iterable[Intent] | None = None) -> None:
        known = [(intent.id, template) for intent in intents or skill.intents.values() for template in intent.templates]
        self._intents = [intent for intent, _ in known]
        self._templates = [template for _, template in known]
        self._grammar = Grammar(skill.rules, skill.lists, skill.language)
        self._graphs: dict[int, Graph] = {}
        self._index = _Index(self._templates, skill, self._grammar)
        self._latest: tuple[list[int], Lattice] | None = None

    def judge(self, text: str) -> Aligned | None:
        """The sentence most like `text`; None when no template has anything in common with it."""
        letters = self._grammar.spelling.letters(text)[:LONGEST]
        chosen = self._chosen(letters)
        if not chosen:
            return None
        owners = [self._intents[number] for number in chosen]
        paths = self._lattice(chosen).best(np.array(letters, np.int8), owners, _LOOKED_AT)
        best, *others = (self._aligned(chosen[path.graph], path) for path in paths)
        return replace(best, runner_up=others[0] if others else None)

    def _aligned(self, number: int, path: Path) -> Aligned:
        return Aligned(self._intents[number], self._templates[number], path.likeness, dict(path.slots))

    def _chosen(self, letters: list[int]) -> list[int]:
        """The numbers of the most promising templates, in order, as many as may be looked at closely."""
        chosen: list[int] = []
        nodes = 0
        for number in self._index.promising(letters):
            graph = self._graph(number)
            nodes += len(graph.letter)
            if chosen and nodes > _NODES:
                break
            if len(graph.letter):
                chosen.append(number)
        return sorted(chosen)

    def _graph(self, number: int) -> Graph:
        if number not in self._graphs:
            try:
                self._graphs[number] = self._grammar.graph(self._templates[number])
            except ValueError:
                self._graphs[number] = NO_GRAPH
        return self._graphs[number]

    def _lattice(self, chosen: list[int]) -> Lattice:
        if self._latest is None or self._latest[0] != chosen:
            self._latest = (chosen, Lattice([self._graph(number) for number in chosen]))
        return self._latest[1]


class _Index:
    """Which templates hold which letters in twos and threes. Read from the text of the templates, so that none need be parsed for it."""

    def __init__(self, templates: list[str], skill: Skill, grammar: Grammar) -> None:
        self._rules = skill.rules
        self._grammar = grammar
        self._count = len(templates)
        self._known: dict[str, frozenset[int]] = {}
        self._texts: dict[str, frozenset[int]] = {}
        holders: defaultdict[int, list[int]] = defaultdict(list)
        for number, template in enumerate(templates):
            for gram in self._of_template(template):
                holders[gram].append(number)
        self._holders = {gram: np.array(numbers, np.int32) for gram, numbers in holders.items()}
        self._weights = {gram: float(np.log1p(self._count / len(numbers))) for gram, numbers in holders.items()}
        total = np.zeros(self._count)
        for gram, numbers in self._holders.items():
            total[numbers] += self._weights[gram]
        self._norm = np.sqrt(np.maximum(total, 1.0))

    def promising(self, letters: list[int]) -> list[int]:
        """Numbers of the templates that have anything in common with `letters`, those with most of it first."""
        grams = [gram for gram in _grams(letters) if gram in self._holders]
        if not grams:
            return []
        holders = [self._holders[gram] for gram in grams]
        weights = np.repeat([self._weights[gram] for gram in grams], [len(numbers) for numbers in holders])
        score = np.bincount(np.concatenate(holders), weights, self._count) / self._norm
        return [int(number) for number in np.argsort(-score, kind="stable")[: np.count_nonzero(score)]]

    def _of_template(self, template: str) -> frozenset[int]:
        if template not in self._known:
            self._known[template] = frozenset().union(*self._of_parts(template))
        return self._known[template]

    def _of_parts(self, template: str) -> Iterator[frozenset[int]]:
        for rule, reference, text in _PARTS.findall(template):
            if rule:
                yield self._of_template(self._rules[rule])
            elif reference:
                slot, _ = self._grammar.choices(ListReference(reference))
                yield frozenset().union(*(_grams(codes(value)) for value in slot.values))
            else:
                yield self._of_text(text.strip())

    def _of_text(self, text: str) -> frozenset[int]:
        if text not in self._texts:
            self._texts[text] = _grams(self._grammar.letters(text))
        return self._texts[text]


def _grams(letters: list[int]) -> frozenset[int]:
    base = len(LETTERS) + 2
    twos = [a * base + b for a, b in pairwise(letters)]
    return frozenset([*twos, *((two + base) * base + c for two, c in zip(twos, letters[2:], strict=False))])
