"""Whole sentences found again in what a recogniser made of them, in a domain of lamps and blinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hassil import parse_sentence
from hassil.intents import RangeSlotList, SlotList, TextSlotList
from hassil.sample import sample_expression
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.small_skill import SKILL as SMALL
from voiceskill.core.skill import Intent, Kind, Skill
from voiceskill.core.understanding.grammar import MOST_PARTS, Grammar
from voiceskill.core.understanding.templated import TemplateJudge
from voiceskill.skill_files import load_skill

LAMPS_FOLDER = Path(__file__).parents[1] / "domains" / "lamps"
LAMPS = load_skill(LAMPS_FOLDER)
JUDGE = TemplateJudge(LAMPS)
SHIPPED = load_skill(Path(__file__).parents[2] / "intents" / "en")

LIKELY = 0.68
"""The likeness that parts garbled sentences of the domain from other talk."""


def garbled() -> list[tuple[str, str, dict[str, str]]]:
    lines = (LAMPS_FOLDER / "heard.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return [(heard, intent, dict(slot.split("=") for slot in slots.split("; "))) for heard, intent, slots in rows]


UNRELATED = [
    "what time is the football on tonight",
    "we need milk and bread from the shop",
    "my back has gone again and I can't get up",
    "she said she would be home by nine",
    "play some quiet music in the kitchen",
    "the doctor told me to keep moving",
    "is there any news about the election",
    "remind me to call my mother tomorrow",
    "how long does it take to boil an egg",
    "the weather will be cloudy with rain in the north",
    "I had a lovely time with the children today",
    "this is a long story about something else that nobody would say to a lamp",
    "could you pass me the salt please",
    "turn up the volume on the television",
    "set a timer for ten minutes",
    "close the front door behind you",
    "thank you very much indeed",
    "the bank is shut on Saturdays",
    "open your book at page forty",
    "hello there",
    "no",
]


@pytest.mark.parametrize(("heard", "intent", "slots"), garbled())
def test_a_garbled_sentence_is_aligned_to_the_whole_best_one(heard: str, intent: str, slots: Mapping[str, str]) -> None:
    found = JUDGE.judge(heard)
    assert found is not None
    assert (found.intent, {name: str(value) for name, value in found.slots.items()}) == (intent, slots)
    assert found.likeness > LIKELY
    assert found.runner_up is None or found.runner_up.likeness < found.likeness


@pytest.mark.parametrize("heard", UNRELATED)
def test_other_talk_is_like_nothing_in_the_domain(heard: str) -> None:
    found = JUDGE.judge(heard)
    assert found is None or found.likeness < LIKELY


def test_the_sentence_itself_is_wholly_alike_whatever_its_dress() -> None:
    found = JUDGE.judge("Please set the BED-SIDE lamp to blue, at 10 percent!")
    assert found is not None
    assert found.likeness == 1.0
    assert found.slots == {"lamp": "bedside lamp", "colour": "blue", "percent": 10}


def test_modifiers_may_come_in_any_order() -> None:
    for heard in ("dim the desk lamp slowly now to five percent", "dim the desk lamp to five percent now slowly"):
        found = JUDGE.judge(heard)
        assert found is not None
        assert (found.likeness, dict(found.slots)) == (1.0, {"lamp": "desk lamp", "percent": 5, "speed": "slowly", "moment": "now"})


def test_the_runner_up_is_another_intent() -> None:
    found = JUDGE.judge("open the curtains")
    assert found is not None
    assert found.runner_up is not None
    assert found.runner_up.intent != found.intent
    assert found.runner_up.runner_up is None


def test_thousands_of_sentences_are_a_few_hundred_nodes() -> None:
    grammar = Grammar(LAMPS.rules, LAMPS.lists, LAMPS.language)
    sizes = {template: len(grammar.graph(template).letter) for template in LAMPS.intents["lamp_set"].templates}
    largest = LAMPS.intents["lamp_set"].templates[0]
    assert sizes[largest] < 2_000  # for over 800 million sentences, 2 to 8 words of them in six orders
    assert len(grammar.graph("{0..100:percent}").letter) < 250
    assert sum(len(grammar.graph(one).letter) for intent in LAMPS.intents.values() for one in intent.templates) < 8_000


def test_the_shipped_skill_is_searched_within_a_budget_and_agrees_with_itself() -> None:
    judge = TemplateJudge(SHIPPED)
    lists: dict[str, SlotList] = {name: TextSlotList.from_strings(values, name=name) for name, values in SHIPPED.lists.items()}
    rules = {name: parse_sentence(body) for name, body in SHIPPED.rules.items()}
    for intent in list(SHIPPED.intents.values())[::6]:
        for template in intent.templates[:2]:
            sentence = next(iter(sample_expression(parse_sentence(template).expression, lists, rules)))
            found = judge.judge(sentence)
            assert found is not None
            assert (found.likeness, found.intent) == (1.0, intent.id), sentence


def skill_of(*templates: str) -> Skill:
    lists = {"signs": ("!", "..."), "thing": ("\u00dcnder", "don't")}
    return replace(SMALL, intents={"one": Intent("one", Kind.DIARY, templates=templates)}, lists=lists)


def test_values_come_back_as_they_are_written() -> None:
    found = TemplateJudge(skill_of("take {thing:what}")).judge("take dont")
    assert found is not None
    assert found.slots == {"what": "don't"}
    under = TemplateJudge(skill_of("take {thing:what}")).judge("take under")
    assert under is not None
    assert under.slots == {"what": "\u00dcnder"}


def test_a_template_without_words_or_too_large_is_as_if_it_were_not_there() -> None:
    parts = ";".join("abcdefgh"[: MOST_PARTS + 1])
    judge = TemplateJudge(skill_of(f"({parts}) again", "take {signs}", "long " * 200, "go on"))
    found = judge.judge("go on again")
    assert found is not None
    assert found.template == "go on"
    assert TemplateJudge(skill_of("take it")).judge("") is None
    assert TemplateJudge(skill_of()).judge("take it") is None


def test_only_some_intents_may_be_known() -> None:
    found = TemplateJudge(LAMPS, [LAMPS.intents["halt"]]).judge("open the curtains")
    assert found is not None
    assert (found.intent, found.runner_up) == ("halt", None)


@settings(deadline=None)
@given(st.text() | st.text(alphabet="abcdefghijklmnopqrstuvwxyz 0123456789'%", max_size=400))
def test_any_text_at_all_is_judged(heard: str) -> None:
    found = JUDGE.judge(heard)
    assert found is None or 0.0 <= found.likeness <= 1.0


def test_ten_thousand_words_are_judged() -> None:
    found = JUDGE.judge("set the bedside lamp to blue " * 2_000)
    assert found is not None


WORDS = st.sampled_from(["set", "the", "lamp", "blue", "on", "ten", "now"])
PARTS = st.recursive(
    WORDS | st.just("{thing}") | st.just("{0..30,5:n}"),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda some: "(" + "|".join(some) + ")")
        | st.lists(inner, min_size=1, max_size=3).map(lambda some: "[" + " ".join(some) + "]")
        | st.lists(inner, min_size=2, max_size=3).map(lambda some: "(" + ";".join(some) + ")")
        | st.lists(inner, min_size=1, max_size=3).map(" ".join)
    ),
    max_leaves=6,
)


@settings(deadline=None, max_examples=40)
@given(PARTS)
def test_each_sentence_that_a_template_allows_is_found_whole(template: str) -> None:
    skill = skill_of(f"begin {template}")
    lists: dict[str, SlotList] = {name: TextSlotList.from_strings(values, name=name) for name, values in skill.lists.items()}
    lists["0..30,5"] = RangeSlotList(name="n", start=0, stop=30, step=5)
    sentences = sample_expression(parse_sentence(f"begin {template}").expression, lists, {}, language="en")
    judge = TemplateJudge(skill)
    for _, sentence in zip(range(6), sentences, strict=False):
        found = judge.judge(sentence)
        assert found is not None
        assert found.likeness == 1.0
