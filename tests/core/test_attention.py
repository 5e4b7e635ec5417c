from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rehearsing import skill
from voiceskill.core.attention import DEFAULT_PHRASE, WakePhrase, said_anyway, unfit
from voiceskill.core.understanding.normalise import normalise

PHRASE = WakePhrase(DEFAULT_PHRASE, skill().spelling)

QUESTION = "why did my back go"


@pytest.mark.parametrize(
    "heard",
    [
        *("hey bedside", "Hey, bedside!", "bedside", "hey, bed side", "they beside", "Hey, bad side.", "He betsite."),
        *("he made sight", "Hey, mad sight.", "Hey, bear, side.", "Kaybear sighed."),
    ],
)
def test_the_phrase_is_known_however_a_recogniser_spells_it(heard: str) -> None:
    assert PHRASE.question(heard) == ""


@pytest.mark.parametrize(
    "heard",
    [
        *("hey", "side", "hey google", "hey siri what's the weather", "hey man, you still got my chainsaw", "good night"),
        *("he decided to stay", "it's on the left side", "let's start the pillow one, on my left side", "help me", "stop", "tea's ready"),
    ],
)
def test_other_talk_calls_nobody(heard: str) -> None:
    assert PHRASE.question(heard) is None


def test_nothing_calls_nobody() -> None:
    assert PHRASE.question("") is None
    assert PHRASE.question("...") is None


def test_what_follows_the_phrase_is_the_question() -> None:
    assert PHRASE.question("Hey bedside, why did my back go?") == QUESTION


def test_the_phrase_may_come_after_a_moan_or_a_word_or_two() -> None:
    assert PHRASE.question("Ohh, hey bedside.") == ""
    assert PHRASE.question("Oh, hey bedside, why did my back go?") == f"oh {QUESTION}"
    assert PHRASE.question("please stop, hey bedside") == "please stop"


@pytest.mark.parametrize(
    ("heard", "question"),
    [
        ("He, they sight, how long is this going to last?", "how long is this going to last"),
        ("Play that side, is it better to put ice on it?", "is it better to put ice on it"),
        ("how long is this going to last", "how long is this going to last"),
        ("Take that side.", ""),
        ("", ""),
    ],
)
def test_where_another_ear_heard_the_call_its_garbled_words_are_left_out_and_no_others(heard: str, question: str) -> None:
    assert PHRASE.question(heard) is None
    assert PHRASE.besides(heard) == question


def test_the_phrase_may_come_at_the_end() -> None:
    assert PHRASE.question("It's gone again, the left side this time, hey bedside.") == "it's gone again the left side this time"


def test_the_phrase_in_the_middle_of_a_sentence_is_talk_about_us() -> None:
    assert PHRASE.question("and then you have to say hey bedside to that thing before it does anything") is None


def test_talk_that_is_not_for_us_hardly_ever_calls_us() -> None:
    talk = skill().unrelated[::10]
    called = [line for line in talk if PHRASE.question(line) is not None]
    assert len(called) <= 0.01 * len(talk), called


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_at_all_calls_us_or_not_and_leaves_only_words_that_were_said(text: str) -> None:
    question = PHRASE.question(text)
    assert question is None or set(question.split()) <= set(normalise(text).split())
    assert set(PHRASE.besides(text).split()) <= set(normalise(text).split())


@settings(deadline=None)
@given(st.lists(st.sampled_from([*QUESTION.split(), "stop", "my", "leg", "hurts"]), min_size=1, max_size=12))
def test_a_phrase_said_clearly_is_always_heard_and_the_question_left_whole(words: list[str]) -> None:
    assert PHRASE.question(" ".join([DEFAULT_PHRASE, *words])) == " ".join(words)


@settings(deadline=None)
@given(st.lists(st.text("abcdefghijklmnopqrstuvwxyz", min_size=4, max_size=9), min_size=2, max_size=4).map(" ".join))
def test_any_phrase_that_the_settings_take_is_known_when_said_clearly(phrase: str) -> None:
    assert unfit(phrase) is None
    assert WakePhrase(phrase, skill().spelling).question(phrase) == ""


@pytest.mark.parametrize("phrase", ["", "bedside", "hey you", "so", "please will you listen to me", "…", "привет медведь", "hey 1234567"])
def test_a_phrase_too_short_or_too_long_is_refused_with_what_to_choose(phrase: str) -> None:
    fault = unfit(phrase)
    assert fault is not None
    assert "two to four words" in fault
    assert "\n" not in fault


def test_the_usual_phrase_is_fit_and_nobody_says_it_anyway() -> None:
    assert unfit(DEFAULT_PHRASE) is None
    assert not said_anyway(DEFAULT_PHRASE, skill())


@pytest.mark.parametrize("phrase", ["good morning", "Thank you!", "excuse me", "hello there"])
def test_what_everybody_says_is_no_wake_phrase(phrase: str) -> None:
    assert said_anyway(phrase, skill())
