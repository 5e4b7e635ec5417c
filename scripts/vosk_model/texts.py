"""What is said: the words that the model knows, and the sentences from which it learns their sounds."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from hassil import Sentence, SlotList, TextSlotList, parse_sentence
from hassil.sample import sample_expression

from voiceskill.core.skill import ChoiceSlot, Kind, ScaleSlot, Skill
from voiceskill.core.understanding.normalise import normalise, words

NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_MORE_NUMBERS = (
    "eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty hundred half quarter"
)
_LONGEST_WORDS = 14
"""Longer sentences are not spoken: they take long to make, and nobody commands in them."""

_MOST_PER_TEMPLATE = 300
_NOT_SPOKEN = re.compile(r"\{[^}]*\}|<[^>]*>|[\[\]()|]")

# Shares of the corpus; collected sentences are the rest.
_COMMANDS = 0.16
_TEMPLATES = 0.18
_EXAMPLES = 0.12
_RANDOM = 0.18
_UNRELATED = 0.06


def template_words(skill: Skill) -> frozenset[str]:
    """Every word of the templates, their lists and rules, the examples and the escape words, and the numbers."""
    texts: list[str] = [*NUMBERS, _MORE_NUMBERS]
    for intent in skill.intents.values():
        texts += [*map(_spoken_part, intent.templates), *intent.examples, *intent.escape]
    texts += [_spoken_part(rule) for rule in skill.rules.values()]
    texts += [value for values in skill.lists.values() for value in values]
    return frozenset(word for text in texts for word in words(text))


def slot_words(skill: Skill) -> frozenset[str]:
    """Every word in which a value is told along with something else."""
    texts: list[str] = []
    for slot in skill.slots.values():
        match slot:
            case ScaleSlot():
                texts += slot.words
            case ChoiceSlot():
                texts += [phrase for phrases in slot.values.values() for phrase in phrases]
            case _:
                pass
    return frozenset(word for text in texts for word in words(text))


def vocabulary(skill: Skill) -> list[str]:
    """Every word that the skill's folder expects to hear, in order of the alphabet."""
    collected = (text for intent in skill.intents.values() for text in (*intent.collected, *intent.look_alikes))
    return sorted(template_words(skill) | slot_words(skill) | {word for text in collected for word in words(text)})


def expected_sentences(skill: Skill) -> list[str]:
    """Everything that people said who meant something here, normalised: what dictation learns its word order from."""
    found = []
    for intent in skill.intents.values():
        found += [*intent.examples, *intent.escape, *intent.collected, *intent.look_alikes]
    found += [text for each in expansions(skill) for text in each[:2]]
    return [text for text in map(normalise, found) if text]


def expansions(skill: Skill) -> Iterator[list[str]]:
    """For each template, sentences that it allows, some hundred at most."""
    rules: dict[str, Sentence] = {name: parse_sentence(body) for name, body in skill.rules.items()}
    lists: dict[str, SlotList] = {name: TextSlotList.from_strings(values, name=name) for name, values in skill.lists.items()}
    for intent in skill.intents.values():
        for template in intent.templates:
            yield list(islice(sample_expression(parse_sentence(template).expression, lists, rules), _MOST_PER_TEMPLATE))


def commands(skill: Skill, longest: int = 4) -> list[str]:
    """What is said in a few words while something else goes on: escape words, numbers, and controls of so many words at most."""
    found = [*NUMBERS]
    for intent in skill.intents.values():
        found += intent.escape
        if intent.kind is Kind.CONTROL:
            found += [text for text in intent.examples if len(text.split()) <= longest]
    return sorted({normalise(text) for text in found})


def sentences(skill: Skill, count: int, seed: int) -> list[str]:
    """So many sentences to speak, shuffled: commands alone and joined, templates, examples, what people wrote, words in any order.

    Only words inside the vocabulary occur. Not all of them need to: it is their sounds that are learnt.
    """
    chance = random.Random(seed)
    known = vocabulary(skill)
    found = list(_commands(commands(skill), round(count * _COMMANDS), chance))
    found += list(_of_templates(skill, round(count * _TEMPLATES), chance))
    examples = [normalise(text) for intent in skill.intents.values() for text in intent.examples]
    found += chance.sample(examples, min(len(examples), round(count * _EXAMPLES)))
    unrelated = [text for text in map(normalise, skill.unrelated) if set(text.split()) <= set(known)]
    found += chance.sample(unrelated, min(len(unrelated), round(count * _UNRELATED)))
    found += list(_any_words(known, sorted(template_words(skill) | slot_words(skill)), round(count * _RANDOM), chance))
    collected = [normalise(text) for intent in skill.intents.values() for text in (*intent.collected, *intent.look_alikes)]
    chance.shuffle(collected)
    found += _covering([text for text in collected if text], count - len(found), Counter(word for text in found for word in text.split()))
    found = [" ".join(text.split()[:_LONGEST_WORDS]) for text in found]
    chance.shuffle(found)
    return found


def _spoken_part(template: str) -> str:
    return _NOT_SPOKEN.sub(" ", template)


def _commands(listed: Sequence[str], count: int, chance: random.Random) -> Iterator[str]:
    for number in range(count):
        alone = listed[number % len(listed)]
        yield alone if chance.random() < 0.6 else f"{alone} {chance.choice(listed)}"


def _of_templates(skill: Skill, count: int, chance: random.Random) -> Iterator[str]:
    each = [[normalise(text) for text in texts] for texts in expansions(skill) if texts]
    for number in range(count):
        yield chance.choice(each[number % len(each)])


def _any_words(known: Sequence[str], often: Sequence[str], count: int, chance: random.Random) -> Iterator[str]:
    """Every word in turn, in no order that a language has."""
    waiting: list[str] = []
    for _ in range(count):
        length = chance.randint(3, 8)
        while len(waiting) < length:
            round_of_words = [*known, *often]
            chance.shuffle(round_of_words)
            waiting += round_of_words
        yield " ".join(waiting[:length])
        del waiting[:length]


def _covering(texts: Sequence[str], count: int, seen: Counter[str]) -> list[str]:
    """Of shuffled texts, first those that hold words not heard three times yet."""
    chosen, others = [], []
    for text in texts:
        said = text.split()[:_LONGEST_WORDS]
        if any(seen[word] < 3 for word in said):
            chosen.append(text)
            seen.update(said)
        else:
            others.append(text)
    return [*chosen, *others][:count]
