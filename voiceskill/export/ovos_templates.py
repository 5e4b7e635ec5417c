"""Sentence templates of hassil as lines of an intent file for Open Voice OS.

Such a line knows `(a|b)`, `(a|)` for what may be left out, and `{name}`. Its readers put together the pieces as they are written, spaces
included, and some of them know no `[a]` inside of another: so every space stands where the word behind it is, and `[a]` is not used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import permutations

from hassil.expression import Alternative, Expression, ListReference, Permutation, RuleReference, Sequence, TextChunk
from hassil.parse_expression import parse_sentence


class OvosTemplates:
    """Turns templates into lines. `rules` and `lists` are hassil's expansion rules and slot lists, by name.

    `entities` are the values by the name of their slot, of all templates that were turned.
    """

    def __init__(self, rules: Mapping[str, str], lists: Mapping[str, Iterable[str]]) -> None:
        self._rules: dict[str, Expression] = {name: parse_sentence(body).expression for name, body in rules.items()}
        self._lists = {name: tuple(values) for name, values in lists.items()}
        self.entities: dict[str, tuple[str, ...]] = {}

    def line(self, template: str) -> str:
        """The line that stands for the same sentences, in small letters."""
        return self._text([parse_sentence(template).expression], spaced=False, glued=False).strip().lower()

    def _text(self, items: Iterable[Expression], *, spaced: bool, glued: bool) -> str:
        """`spaced` is whether a space comes before the first word, `glued` whether something follows the last without one."""
        parts = list(self._flat(items))
        text = ""
        for number, part in enumerate(parts):
            following = parts[number + 1] if number + 1 < len(parts) else None
            glued_here = glued if following is None else not (isinstance(following, TextChunk) and following.original_text[:1].isspace())
            match part:
                case TextChunk(original_text=chunk):
                    words = " ".join(chunk.split())
                    spaced = spaced or chunk[:1].isspace()
                    if words:
                        text += " " * spaced + words
                        spaced = chunk[-1:].isspace()
                case ListReference():
                    text += " " * spaced + self._reference(part)
                    spaced = False
                case Alternative(items=options):
                    text += self._either(options, spaced=spaced, glued=glued_here)
                    spaced = False
                case Permutation(items=some):
                    orders = [Sequence(items=list(_apart(order))) for order in permutations(some)]
                    text += self._either(orders, spaced=spaced, glued=glued_here)
                    spaced = False
        return text

    def _flat(self, items: Iterable[Expression]) -> Iterable[Expression]:
        for item in items:
            match item:
                case RuleReference(rule_name=name):
                    yield from self._flat([self._rules[name]])
                case Sequence(items=inner):
                    yield from self._flat(inner)
                case _:
                    yield item

    def _either(self, options: Iterable[Expression], *, spaced: bool, glued: bool) -> str:
        inside = list(dict.fromkeys(self._text([option], spaced=spaced and not glued, glued=glued) for option in options))
        outside = " " * (spaced and (glued or all(option.startswith(" ") for option in inside)))
        if outside and not glued:
            inside = [option[1:] for option in inside]
        return outside + (f"({'|'.join(inside)})" if len(inside) > 1 else inside[0])

    def _reference(self, reference: ListReference) -> str:
        if span := reference.get_inline_range():
            start, stop, step = span
            values = tuple(map(str, range(start, stop + 1, step)))
        else:
            values = tuple(value.lower() for value in self._lists[reference.list_name])
        known = self.entities.get(reference.slot_name, ())
        self.entities[reference.slot_name] = tuple(dict.fromkeys((*known, *values)))
        return f"{{{reference.slot_name}}}"


def _apart(items: Iterable[Expression]) -> Iterable[Expression]:
    for item in items:
        yield TextChunk(text=" ", original_text=" ")
        yield item
    yield TextChunk(text=" ", original_text=" ")
