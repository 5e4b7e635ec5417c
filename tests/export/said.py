"""Sentences that a template stands for, and skills to export."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from pathlib import Path

from hassil.expression import Alternative, Expression, ListReference, Permutation, RuleReference, Sequence, TextChunk
from hassil.parse_expression import parse_sentence

from tests.rehearsing import skill
from voiceskill.core.skill import Skill
from voiceskill.skill_files import load_skill

LAMPS = Path(__file__).parents[1] / "domains" / "lamps"


@cache
def skills() -> dict[str, Skill]:
    """The shipped skill, and one of another subject."""
    return {"backs": skill(), "lamps": load_skill(LAMPS)}


def odd_skill() -> Skill:
    """A skill whose texts hold all that means something in YAML, in Jinja, in templates and in Python."""
    heat = replace(
        skill().intents["relief_heat"],
        examples=("what's this: heat", "(heat) [or] {cold} <or> a|b; c", "# heat", "- heat", "null", "heat's «wärme» ☀"),
        answers=('Use {{ heat }}: it\'s "warm" {% but %} {# not #} # hot \\ {so}.', "100 % - yes: 'no'"),
    )
    chest = replace(skill().intents["redflag_chest_pain"], answers=("Call {{ \"now\" }}: {% it %} is {# an #} 'emergency'.",))
    return replace(skill(), intents={**skill().intents, heat.id: heat, chest.id: chest})


class Speaker:
    """Says sentences that templates of a skill stand for, drawn by chance."""

    def __init__(self, skill: Skill, seed: int = 7) -> None:
        self._lists = skill.lists
        self._rules = {name: parse_sentence(body).expression for name, body in skill.rules.items()}
        self._random = random.Random(seed)

    def say(self, template: str) -> str:
        return " ".join(self._said(parse_sentence(template).expression).split())

    def _said(self, expression: Expression) -> str:
        match expression:
            case TextChunk(original_text=text):
                return str(text)
            case Alternative(items=items):
                return self._said(self._random.choice(items))
            case Sequence(items=items):
                return "".join(map(self._said, items))
            case Permutation(items=items):
                return " ".join(map(self._said, self._random.sample(items, len(items))))
            case RuleReference(rule_name=name):
                return self._said(self._rules[name])
            case ListReference(list_name=name):
                span = expression.get_inline_range()
                return str(self._random.randint(*span[:2])) if span else self._random.choice(self._lists[name])
            case _:
                raise TypeError(expression)
