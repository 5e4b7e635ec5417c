"""The computer's clock: whether it is set, and whether anything keeps it."""

from __future__ import annotations

import time
from pathlib import Path

from tests.fakes import FakeClock
from voiceskill.edges import machine
from voiceskill.edges.clock import MonotonicClock, TimeOfDay


def test_a_clock_that_nothing_has_set_is_known_as_such_until_something_has() -> None:
    kept = [False]
    time_of_day = TimeOfDay(MonotonicClock(), lambda: kept[0])
    assert time_of_day.unset
    assert not time_of_day.was_set()
    kept[0] = True  # the network told it, and it was right by chance
    assert time_of_day.was_set()
    assert not time_of_day.unset
    assert not time_of_day.was_set()


def test_a_clock_that_was_set_by_hand_is_believed() -> None:
    even = FakeClock()
    time_of_day = TimeOfDay(even, lambda: False)
    even.time -= 3_600  # so much later does the time of day seem to the even clock
    assert time_of_day.was_set()
    assert not time_of_day.unset


def a_battery_clock_telling(folder: Path, seconds: float) -> Path:
    (folder / "rtc0").mkdir()
    (folder / "rtc0" / "since_epoch").write_text(f"{round(seconds)}\n")
    return folder


def test_a_battery_clock_is_believed_if_it_goes_as_ours_does(tmp_path: Path) -> None:
    assert machine._battery_clock_is_right(a_battery_clock_telling(tmp_path, time.time()))


def test_a_battery_clock_without_its_battery_is_not_believed(tmp_path: Path) -> None:
    assert not machine._battery_clock_is_right(a_battery_clock_telling(tmp_path, 42))
    assert not machine._battery_clock_is_right(tmp_path / "nothing")


def test_this_run_of_the_computer_has_a_name() -> None:
    assert machine.boot_id() == machine.boot_id() != ""
