from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.small_skill import SKILL
from voiceskill.core.understanding.matcher import Matcher
from voiceskill.core.understanding.normalise import normalise
from voiceskill.core.understanding.outcome import Match, NoMatch

UNDERSTANDER = Matcher(SKILL, None)


@pytest.mark.parametrize(
    ("heard", "intent"),
    [
        ("does heat help", "relief_heat"),
        ("um does heat help please", "relief_heat"),
        ("Can I use a hot-water bottle?", "relief_heat"),
        ("why does lifting set off my back", "cause_lifting"),
        ("why does lifting hurt my bag", "cause_lifting"),
    ],
)
def test_a_phrase_is_understood_with_fillers_punctuation_and_a_garbled_word(heard: str, intent: str) -> None:
    outcome = UNDERSTANDER.understand([heard])
    assert isinstance(outcome, Match)
    assert outcome.intent == intent


def test_the_second_reading_counts_when_the_first_makes_no_sense() -> None:
    outcome = UNDERSTANDER.understand(["dozy tell", "does heat help"])
    assert isinstance(outcome, Match)


@pytest.mark.parametrize("heard", ["", "   ", "...", "\u0000\u0007", "🙂🙂"])
def test_no_words_are_no_meaning(heard: str) -> None:
    assert UNDERSTANDER.understand([heard]) == NoMatch("empty")


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_any_text_at_all_gets_an_outcome(readings: list[str]) -> None:
    assert isinstance(UNDERSTANDER.understand(readings), Match | NoMatch)


def test_ten_thousand_words_get_an_outcome() -> None:
    assert isinstance(UNDERSTANDER.understand(["the heat " * 10_000]), Match | NoMatch)


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("I CAN\u2019T Move!", "i can't move"),
        ("  café -- crème  ", "cafe creme"),
        ("x_ray", "x ray"),
        ("'stop'", "stop"),
        ("two\u00a0words", "two words"),
    ],
)
def test_one_spelling_for_several(text: str, plain: str) -> None:
    assert normalise(text) == plain
