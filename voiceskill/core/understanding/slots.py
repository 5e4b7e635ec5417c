"""Values told in free speech, for the slots that an intent declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rapidfuzz import fuzz

from voiceskill.core.skill import ChoiceSlot, ClockSlot, DurationSlot, ScaleSlot, Skill, Slot
from voiceskill.core.understanding.numerals import spoken_words
from voiceskill.core.understanding.scale import read_beyond, read_scale
from voiceskill.core.understanding.times import Told, read_clock, read_duration

_ALMOST = 88
"""Percentage of likeness from which a word that was not heard exactly is one of the choices."""

_WORTH_GUESSING = 6
"""Letters of the longest word of a phrase below which it must be heard exactly: "they left" is not "the left"."""

_DENIALS = frozenset(("not", "isn't", "wasn't", "ain't", "never"))
_BETWEEN = frozenset(("the", "my", "a", "an", "in", "on", "that", "really", "just"))

_LONGEST = 120
"""Words of an utterance that are looked at."""


class SlotReader:
    """Reads the slots of the intents of `skill`."""

    def __init__(self, skill: Skill) -> None:
        self._skill = skill

    def value(self, slot: str, text: str) -> str | int | float | None:
        """What `text` tells for one slot of the skill, whatever it means; None when it is silent about it, or there is no such slot."""
        if slot not in self._skill.slots:
            return None
        value = _read(spoken_words(text)[:_LONGEST], self._skill.slots[slot])
        return value.value if isinstance(value, Told) else value

    def number(self, slot: str, text: str) -> float | None:
        """The same for a scale."""
        value = self.value(slot, text)
        return float(value) if isinstance(value, int | float) else None

    def beyond(self, slot: str, text: str) -> float | None:
        """The number that `text` tells for a slot that is a scale, where it lies beyond the scale; None if there is none, or one on it."""
        scale = self._skill.slots.get(slot)
        return read_beyond(spoken_words(text)[:_LONGEST], scale) if isinstance(scale, ScaleSlot) else None

    def read(self, intent_id: str, text: str) -> Mapping[str, str | int | float]:
        """What `text` tells for the slots of an intent, by name of the slot; nothing for those it is silent about.

        A scale gives a number, as "<slot>_beyond" one that lies beyond it; a choice the name of its value, a duration seconds, a clock
        "HH:MM". The last two also give the words in which it was told, as "<slot>_words".
        """
        intent = self._skill.intents.get(intent_id)
        if intent is None or not intent.slots:
            return {}
        words = spoken_words(text)[:_LONGEST]
        found: dict[str, str | int | float] = {}
        for name in intent.slots:
            value = _read(words, self._skill.slots[name])
            if isinstance(value, Told):
                found |= {name: value.value, f"{name}_words": value.words}
            elif value is not None:
                found[name] = value
            elif (beyond := self.beyond(name, text)) is not None:
                found[f"{name}_beyond"] = beyond
        return found


def _read(words: Sequence[str], slot: Slot) -> str | int | float | Told | None:
    match slot:
        case ScaleSlot():
            return read_scale(words, slot)
        case ChoiceSlot():
            return _choice(words, slot)
        case DurationSlot():
            return read_duration(words)
        case ClockSlot():
            return read_clock(words)


def _choice(words: Sequence[str], slot: ChoiceSlot) -> str | None:
    """The last of the values told, the longest phrase where several begin alike; one that is denied only where there is no other."""
    exact = list(_exactly(words, slot))
    told = [value for at, value in exact if not _denied(words, at)] or ([] if exact else list(_almost(words, slot)))
    return told[-1] if told else None


def _exactly(words: Sequence[str], slot: ChoiceSlot) -> Iterator[tuple[int, str]]:
    phrases = sorted(((phrase.split(), value) for value, some in slot.values.items() for phrase in some), key=lambda each: -len(each[0]))
    at = 0
    while at < len(words):
        for phrase, value in phrases:
            if list(words[at : at + len(phrase)]) == phrase:
                yield at, value
                at += len(phrase) - 1
                break
        at += 1


def _almost(words: Sequence[str], slot: ChoiceSlot) -> Iterator[str]:
    best = float(_ALMOST)
    for value, some in slot.values.items():
        for phrase in (phrase for phrase in some if max(map(len, phrase.split())) >= _WORTH_GUESSING):
            count = len(phrase.split())
            for length in (count, count + 1):
                for at in range(len(words) - length + 1):
                    likeness = fuzz.ratio(phrase, " ".join(words[at : at + length]))
                    if likeness > best and not _denied(words, at):
                        best = likeness
                        yield value


def _denied(words: Sequence[str], at: int) -> bool:
    at -= 1
    while at >= 0 and words[at] in _BETWEEN:
        at -= 1
    return at >= 0 and words[at] in _DENIALS
