"""Values told in free speech."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceskill.core.understanding.slots import SlotReader
from voiceskill.skill_files import load_skill

READER = SlotReader(load_skill(Path(__file__).parents[2] / "intents" / "en"))

SCORES = [
    ("about a seven", 7),
    ("seven and a half", 7.5),
    ("six or seven", 6.5),
    ("ten out of ten", 10),
    ("it's gone down to four", 4),
    ("from an eight to a five", 5),
    ("was a nine this morning, now it's a three", 3),
    ("off the scale", 10),
    ("zero", 0),
    ("nil", 0),
    ("not a ten more like a six", 6),
    ("7", 7),
    ("between five and six", 5.5),
    ("My pain is 7/10.", 7),
    ("it's a 6-7", 6.5),
    ("3.5 I suppose", 3.5),
    ("three point five", 3.5),
    ("out of ten, I'd say eight", 8),
    ("on a scale of one to ten it's a four", 4),
    ("on a scale from zero to ten nine", 9),
    ("if zero is nothing and ten is the worst then six", 6),
    ("it was ten in the morning and now it's like a four, gracias", 4),
    ("yesterday was an eight, today two", 2),
    ("it's a five, it was a nine yesterday", 5),
    ("down to a two from an eight", 2),
    ("dropped from nine to eight", 8),
    ("seven, no, eight", 8),
    ("a nine, I tell a lie, a nine and a half", 9.5),
    ("six, maybe seven", 6.5),
    ("six to seven", 6.5),
    ("no pain at all", 0),
    ("I've no pain", 0),
    ("eleven out of ten", 10),
    ("through the roof tonight", 10),
    ("put it at four today", 4),
    ("a four and I took two paracetamol", 4),
    ("a six since three o'clock", 6),
    ("five, that was ten minutes ago", 5),
    ("pain value at four o'clock, three point five", 3.5),
    ("eight at four am", 8),
    ("it's not a nine", 9),
    ("I think it's one", 1),
    ("it isn't a five, it's a seven", 7),
    ("five now, usually it's a two", 5),
    ("nought", 0),
    ("it's ten's worth of pain, ten", 10),
    ("seven please", 7),
    ("call it a nine love", 9),
    ("four or a five", 4.5),
]

MISHEARD_SCORES = [
    ("it's down to ate", 8),
    ("to ate", 8),
    ("it's a for out of tan", 4),
    ("about a too", 2),
    ("my pain is sex", 6),
    ("it's a nein", 9),
    ("pain's about a free now", 3),
    ("I'd say won", 1),
    ("put it down as ate", 8),
]

NO_SCORES = [
    "I took two paracetamol",
    "since three o'clock",
    "at four am",
    "ten minutes ago",
    "it started at four",
    "I've had three children",
    "two tablets at nine",
    "it has been like this for five days",
    "that was a bad one",
    "one of those days",
    "he was in bed 7 hours",
    "for my back",
    "I ate too late to sleep",
    "read my page ten",
    "half past six",
    "twenty five",
    "",
]


@pytest.mark.parametrize(("told", "score"), [*SCORES, *MISHEARD_SCORES])
def test_a_pain_score_is_heard_in_every_way_it_is_said(told: str, score: float) -> None:
    assert READER.read("log_pain_score", told).get("score") == score


@pytest.mark.parametrize("told", NO_SCORES)
def test_a_number_that_is_something_else_is_no_score(told: str) -> None:
    assert "score" not in READER.read("log_pain_score", told)


@pytest.mark.parametrize(
    ("told", "side"),
    [
        ("it's a seven on the left", "left"),
        ("the pain is six on my right side", "right"),
        ("both sides, about a five", "both"),
        ("eight down the left hand side", "left"),
        ("not the left, the right hand side", "right"),
        ("the right side not the left side", "right"),
        ("it's a four right now", None),
        ("all right, a seven", None),
        ("they left at seven", None),
    ],
)
def test_the_side_is_told_apart_from_right_now(told: str, side: str | None) -> None:
    assert READER.read("log_pain_score", told).get("side") == side


@pytest.mark.parametrize(
    ("told", "leg"),
    [
        ("my left leg is weak", "left"),
        ("my right foot just drops", "right"),
        ("both my legs", "both"),
        ("my leg gave way", None),
        ("the left one not my right leg", "left"),
    ],
)
def test_the_leg_is_named(told: str, leg: str | None) -> None:
    assert READER.read("redflag_leg_weakness_one", told).get("leg") == leg


@pytest.mark.parametrize(
    ("told", "seconds", "words"),
    [
        ("I've had a fever for two days", 172_800, "two days"),
        ("half an hour", 1_800, "half an hour"),
        ("an hour and a half", 5_400, "an hour and a half"),
        ("an hour and twenty minutes now", 4_800, "an hour and twenty minutes"),
        ("a couple of weeks", 1_209_600, "a couple of weeks"),
        ("started three days ago", 259_200, "three days"),
        ("for 45 minutes", 2_700, "45 minutes"),
        ("three quarters of an hour", 2_700, "three quarters of an hour"),
        ("one and a half hours", 5_400, "one and a half hours"),
        ("thirty seconds", 30, "thirty seconds"),
        ("all my life", None, None),
    ],
)
def test_how_long_is_told_in_seconds_and_in_words(told: str, seconds: int | None, words: str | None) -> None:
    found = READER.read("redflag_fever", told)
    assert (found.get("how_long"), found.get("how_long_words")) == (seconds, words)


@pytest.mark.parametrize(
    ("told", "remedy"),
    [
        ("the hot water bottle really helped", "hot water bottle"),
        ("note that breathing helped", "breathing"),
        ("it was not the heat, it was the bath", "bath"),
        ("the hot water bottel helped", "hot water bottle"),
        ("my stretchin made it worse", "stretching"),
        ("that did the trick", None),
    ],
)
def test_what_helped_comes_back_as_written_in_the_list(told: str, remedy: str | None) -> None:
    assert READER.read("log_what_helped", told).get("remedy") == remedy


@pytest.mark.parametrize(
    ("told", "time", "words"),
    [
        ("I had my tablets at nine", "09:00", "nine"),
        ("took two paracetamol at nine o'clock", "09:00", "nine o'clock"),
        ("at half past eight in the evening", "20:30", "half past eight in the evening"),
        ("at quarter to ten", "09:45", "quarter to ten"),
        ("ten past six tonight", "18:10", "ten past six tonight"),
        ("at four am", "04:00", "four am"),
        ("at 9:30 p.m.", "21:30", "9 30 pm"),
        ("ibuprofen at four thirty", "04:30", "four thirty"),
        ("at twelve at night I took one", "12:00", "twelve at night"),
        ("at midnight", "00:00", "midnight"),
        ("I just took two tablets", None, None),
        ("I took two of them with food", None, None),
    ],
)
def test_a_time_of_day_is_told_on_the_clock_and_in_words(told: str, time: str | None, words: str | None) -> None:
    found = READER.read("log_medicine_taken", told)
    assert (found.get("time"), found.get("time_words")) == (time, words)


def test_several_slots_are_told_at_once() -> None:
    found = READER.read("log_pain_score", "it was about a six on my left side at four am")
    assert found == {"score": 6, "side": "left", "time": "04:00", "time_words": "four am"}


def test_an_intent_without_slots_and_an_unknown_one_are_told_nothing() -> None:
    assert READER.read("relief_heat", "seven on the left") == {}
    assert READER.read("nobody", "seven") == {}


SAID = """\
seven six ten eight zero a an about and half or to too for ate from down was now not out of scale between at o'clock am pm two
past quarter minutes days left right both side leg if is point hundred 7 3.5 6-7 9:30 \u00bd twenty no off the heat bath
"""
SOUNDS = st.sampled_from(SAID.split())
NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


@given(st.lists(SOUNDS, max_size=14).map(" ".join) | st.text())
def test_whatever_is_said_a_score_stays_on_its_scale(told: str) -> None:
    for intent in ("log_pain_score", "log_what_helped", "log_medicine_taken", "redflag_fever", "redflag_calf_swelling"):
        found = READER.read(intent, told)
        assert 0 <= float(found.get("score", 0)) <= 10
        assert found.get("side") in {"left", "right", "both", None}
        assert float(found.get("how_long", 1)) >= 0
        hours, minutes = str(found.get("time", "00:00")).split(":")
        assert 0 <= int(hours) < 24
        assert 0 <= int(minutes) < 60


@given(
    st.integers(0, 10),
    st.integers(0, 10),
    st.sampled_from(["it was {} this morning and now it's {}", "it's gone from {} to {}", "not {}, more like {}"]),
)
def test_of_two_numbers_the_present_one_counts(before: int, now: int, sentence: str) -> None:
    told = sentence.format(NUMBERS[before], NUMBERS[now])
    assert READER.read("log_pain_score", told).get("score") == now


@given(st.integers(0, 9), st.sampled_from(["{} or {}", "between {} and {}", "maybe {}, maybe {}", "{} to {}, thereabouts", "a {} or a {}"]))
def test_two_neighbours_stand_for_what_lies_between(low: int, sentence: str) -> None:
    told = sentence.format(NUMBERS[low], NUMBERS[low + 1])
    assert READER.read("log_pain_score", told).get("score") == low + 0.5


@given(st.integers(1, 12), st.sampled_from(["tablets", "minutes ago", "days", "o'clock", "hours of sleep", "paracetamol"]))
def test_what_is_counted_is_never_a_score(count: int, what: str) -> None:
    assert "score" not in READER.read("log_pain_score", f"it was {count} {what}")


def test_ten_thousand_words_are_read() -> None:
    assert READER.read("log_pain_score", "seven " * 10_000)["score"] == 7
