"""What can be heard: sentence templates in hassil's syntax, and phrases that must belong to one intent only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from hassil.expression import Expression, Group, ListReference, Permutation, RuleReference
from hassil.parse_expression import parse_sentence
from hassil.parser import ParseError

from voiceskill.core.understanding.grammar import MOST_PARTS

_MOST_NUMBERS = 1_000


def normalised(phrase: str) -> str:
    """Give the phrase as the ear has it: no case, no punctuation, single spaces."""
    return " ".join(re.sub(r"[^\w\s]|_", "", phrase).casefold().split())


def faulty_template(template: str, lists: Mapping[str, object], rules: Mapping[str, str]) -> Iterator[str]:
    """Say what is wrong with a template, if anything."""
    references = _references(template)
    if references is None:
        yield f'"{template}" is not a sentence template; check that every ( [ < {{ is closed, and holds something'
        return
    for reference in references:
        if isinstance(reference, Permutation):
            if len(reference.items) > MOST_PARTS:
                yield f"{MOST_PARTS} parts in any order are the most that can be followed; split the template in two"
        elif isinstance(reference, RuleReference):
            if reference.rule_name not in rules:
                yield f'there is no rule <{reference.rule_name}>; add it under "rules" in skill.yaml, or take it out'
        elif span := reference.get_inline_range():
            start, stop, step = span
            if start > stop or step == 0 or (stop - start) // step > _MOST_NUMBERS:
                yield f"{{{reference.list_name}}} must go up, by {_MOST_NUMBERS} steps at most; correct the numbers"
        elif reference.list_name not in lists:
            yield f'there is no list {{{reference.list_name}}}; add it under "lists" in skill.yaml, or take it out'


def circular_rules(rules: Mapping[str, str]) -> Iterator[str]:
    """Name the rules that lead back to themselves, which could be followed for ever."""
    leads_to = {
        name: {each.rule_name for each in _references(body) or () if isinstance(each, RuleReference)} for name, body in rules.items()
    }
    for name in rules:
        reached: set[str] = set()
        ahead = list(leads_to[name])
        while ahead:
            rule = ahead.pop()
            if rule not in reached:
                reached.add(rule)
                ahead.extend(leads_to.get(rule, ()))
        if name in reached:
            yield name


def _references(template: str) -> list[RuleReference | ListReference | Permutation] | None:
    """Find the rules, lists and free orders in a template; None when hassil cannot parse it (it asserts that brackets are not empty)."""
    try:
        return list(_walk(parse_sentence(template).expression))
    except (ParseError, AssertionError, RecursionError):
        return None


def _walk(expression: Expression) -> Iterator[RuleReference | ListReference | Permutation]:
    if isinstance(expression, RuleReference | ListReference | Permutation):
        yield expression
    if isinstance(expression, Group):
        for item in expression.items:
            yield from _walk(item)
