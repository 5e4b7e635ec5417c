"""Slots: what intents may be told in free speech."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf

from voiceskill.core.skill import ChoiceSlot, ClockSlot, DurationSlot, ScaleSlot, Slot
from voiceskill.core.understanding.normalise import normalise
from voiceskill.skill_files.document import Document, Problem
from voiceskill.skill_files.schema import SkillFile, SlotEntry

_KINDS = ("scale", "values", "list", "duration", "clock")


def build_slots(skill: SkillFile) -> Mapping[str, Slot]:
    """The slots of a skill without problems."""
    return {name: _build(entry, skill.lists) for name, entry in skill.slots.items()}


def check_slots(document: Document, skill: SkillFile) -> Iterator[Problem]:
    """Problems of the slots in skill.yaml."""
    for name, entry in skill.slots.items():
        for place, message in _faults(entry, skill.lists):
            yield document.problem(("slots", name, *place), message)


def _build(entry: SlotEntry, lists: Mapping[str, tuple[str, ...]]) -> Slot:
    if entry.scale:
        words = {normalise(phrase): value for phrase, value in entry.words.items()}
        return ScaleSlot(*entry.scale, words=words, not_before=tuple(map(normalise, entry.not_before)))
    if entry.values or entry.of_list:
        values = entry.values or {value: (value,) for value in lists[entry.of_list or ""]}
        return ChoiceSlot({value: tuple(map(normalise, phrases)) for value, phrases in values.items()})
    return DurationSlot() if entry.duration else ClockSlot()


def _faults(entry: SlotEntry, lists: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[tuple[str, ...], str]]:
    given = (entry.scale, entry.values, entry.of_list, entry.duration, entry.clock)
    kinds = [kind for kind, content in zip(_KINDS, given, strict=True) if content]
    if len(kinds) != 1:
        yield (), f"a slot is of one kind: give it one of {', '.join(_KINDS)}" + (f', not "{kinds[0]}" and "{kinds[1]}"' if kinds else "")
    if entry.of_list and entry.of_list not in lists:
        yield ("list",), f'there is no list "{entry.of_list}"; add it under "lists", or correct the name'
    yield from _scale_faults(entry)
    yield from _choice_faults(entry)


def _scale_faults(entry: SlotEntry) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, given in (("words", entry.words), ("not_before", entry.not_before)):
        if given and not entry.scale:
            yield (key,), f'"{key}" belongs to a slot with a "scale" only; take it out'
    if entry.scale:
        low, high = entry.scale
        if not -inf < low < high < inf:
            yield ("scale",), "a scale goes up: write the lowest number, then the highest"
            return
        for phrase, value in entry.words.items():
            if not low <= value <= high:
                yield ("words", phrase), f'"{phrase}" stands for {value:g}, which is not on the scale; correct one of the two'
    for phrase in (*entry.words, *entry.not_before):
        if not normalise(phrase):
            yield ("words", phrase), f'"{phrase}" has no word in it; take it out'


def _choice_faults(entry: SlotEntry) -> Iterator[tuple[tuple[str, ...], str]]:
    owner: dict[str, str] = {}
    for value, phrases in entry.values.items():
        for phrase in phrases:
            heard = normalise(phrase)
            if not heard:
                yield ("values", value), f'"{phrase}" has no word in it; take it out'
            elif owner.setdefault(heard, value) != value:
                yield ("values", value), f'"{phrase}" means "{owner[heard]}" already; keep it in one'
