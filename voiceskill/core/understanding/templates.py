"""Sentence templates in hassil's syntax, written out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from hassil import Sentence, SlotList, TextSlotList, parse_sentence
from hassil.sample import sample_expression

from voiceskill.core.skill import Skill

_MOST_PER_TEMPLATE = 500
"""A template that allows more sentences than this is represented by its first ones."""


def expansions(templates: Iterable[str], skill: Skill) -> Iterator[str]:
    """Sentences that the templates allow."""
    rules: dict[str, Sentence] = {name: parse_sentence(body) for name, body in skill.rules.items()}
    lists: dict[str, SlotList] = {name: TextSlotList.from_strings(values, name=name) for name, values in skill.lists.items()}
    for template in templates:
        expression = parse_sentence(template).expression
        yield from islice(sample_expression(expression, lists, rules), _MOST_PER_TEMPLATE)
