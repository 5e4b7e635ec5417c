"""A device without a battery clock or a network, after a power cut: it does not know the time, says so, and puts right what it noted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.diary_strategies import NOW, entries
from tests.rehearsing import Bedside, whole_interpreter
from voiceskill.core.diary import PainScored, RightTime, TakenBack, TookMedicine, Uptime, put_right
from voiceskill.core.diary_records import entry_of, record_of
from voiceskill.core.events import ClockSet, Started
from voiceskill.core.interpret import Interpreter

WRONG = datetime.fromisoformat("2026-01-02T01:10:00+00:00")
RIGHT = datetime.fromisoformat("2026-01-05T09:30:00+00:00")


def without_the_time(interpreter: Interpreter | None = None) -> Bedside:
    bed = Bedside(interpreter=interpreter)
    bed.take(Started(bed.now, WRONG, boot="this run", unset=True))
    return bed


def test_asked_for_the_time_it_says_that_it_does_not_know() -> None:
    bed = without_the_time()
    assert bed.hear("what time is it") == "I don't know the time. My clock hasn't been set since the power was off."
    bed.take(ClockSet(bed.now, RIGHT))
    assert "half past nine in the morning" in bed.hear("what time is it")


def test_what_is_told_meanwhile_is_marked_and_gets_its_right_time_when_the_clock_is_set() -> None:
    bed = without_the_time()
    assert bed.hear("my pain is seven").startswith("Saved, seven.")
    began = bed.now
    assert [entry.unsure is not None for entry in bed.memory.entries if isinstance(entry, PainScored)] == [True]
    bed.wait(600)
    passed = timedelta(seconds=bed.now - began)
    bed.take(ClockSet(bed.now, RIGHT))
    (score,) = (entry for entry in bed.memory.entries if isinstance(entry, PainScored))
    assert score.unsure is None
    assert abs(score.at - (RIGHT - passed)) < timedelta(seconds=15)
    assert "minutes ago" in bed.hear("how has my back been")


def test_of_a_time_that_nobody_knows_none_is_made_up() -> None:
    bed = without_the_time()
    bed.hear("my pain is seven")
    assert "Your last score was seven, at a time I don't know." in bed.hear("how has my back been")
    assert bed.hear("I took paracetamol").startswith("Noted, at a time I don't know.")
    assert bed.hear("when did I last take paracetamol") == "You told me at a time I don't know."


def test_an_hour_that_was_told_is_said_and_kept() -> None:
    bed = without_the_time(whole_interpreter())
    assert bed.hear("I took two ibuprofen at eight in the morning").startswith("Noted, at eight o'clock in the morning.")
    bed.take(ClockSet(bed.now, RIGHT))
    (taken,) = (entry.taken for entry in bed.memory.entries if isinstance(entry, TookMedicine))
    assert taken == RIGHT.replace(hour=8, minute=0)


def test_a_score_taken_back_meanwhile_stays_taken_back() -> None:
    bed = without_the_time()
    bed.hear("my pain is seven")
    bed.hear("no, I said four")
    bed.take(ClockSet(bed.now, RIGHT))
    assert [entry.score for entry in bed.memory.entries if isinstance(entry, PainScored)] == [4.0]


def test_danger_told_meanwhile_rules_movement_out_afterwards_too() -> None:
    bed = without_the_time()
    bed.hear("I can't feel my legs")
    bed.hear("stop")
    bed.take(ClockSet(bed.now, RIGHT))
    assert "No exercises until someone has checked you" in bed.hear("start the knee rolls")


def test_started_anew_in_the_same_run_of_the_computer_it_still_puts_right_what_it_noted() -> None:
    before = without_the_time()
    before.hear("my pain is seven")
    bed = Bedside(store=before.store)
    bed.take(Started(before.now + 60, RIGHT, boot="this run"))
    (score,) = bed.memory.scores()
    assert score.unsure is None
    assert abs(score.at - RIGHT) < timedelta(minutes=5)


def test_after_another_power_cut_what_was_noted_stays_marked() -> None:
    before = without_the_time()
    before.hear("my pain is seven")
    bed = Bedside(store=before.store)
    bed.take(Started(bed.now, RIGHT, boot="another run"))
    (score,) = bed.memory.scores()
    assert score.unsure is not None
    assert "at a time I don't know" in bed.hear("how has my back been")


@given(entries, st.floats(0, 1e7), st.floats(0, 1e7))
def test_any_entry_is_moved_as_far_as_the_clock_was_wrong_and_kept_whole_otherwise(entry: PainScored, told: float, now: float) -> None:
    marked = replace(entry, unsure=Uptime("b", told))
    assert entry_of(record_of(marked)) == marked
    right = put_right(marked, RightTime(Uptime("b", now), NOW))
    assert abs(right.at - (NOW - timedelta(seconds=now - told))) <= timedelta(seconds=0.5)
    assert right.unsure is None
    assert put_right(marked, RightTime(Uptime("c", now), NOW)) == marked
    assert put_right(entry, RightTime(Uptime("b", now), NOW)) == entry
    if isinstance(entry, PainScored):
        back = TakenBack(entry.at + timedelta(seconds=20), entry.at, unsure=Uptime("b", told + 20))
        assert put_right(back, RightTime(Uptime("b", now), NOW)).told == right.at  # type: ignore[union-attr]
