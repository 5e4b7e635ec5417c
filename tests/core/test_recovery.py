"""When a device that failed is looked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voiceskill.core.recovery import Away, Works


def test_a_device_that_stays_away_is_looked_for_at_once_and_then_ever_more_seldom() -> None:
    away = Works(since=0.0).failed(100.0)
    waits = []
    for _ in range(8):
        waits.append(away.wait)
        away = away.missed(away.due)
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0]


def test_a_loose_plug_is_not_looked_for_more_often_each_time_it_slips() -> None:
    works, at, waits = Works(since=0.0), 100.0, []
    for _ in range(7):
        away = works.failed(at)
        waits.append(away.wait)
        works = away.found(away.due)
        at = away.due + 1.0
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_a_device_that_worked_for_a_while_is_trusted_again() -> None:
    works = Works(since=0.0).failed(100.0).missed(100.5).missed(101.5).found(103.5)
    assert works.failed(113.5) == Away(due=114.0, wait=0.5)


@given(st.lists(st.tuples(st.sampled_from(["missed", "found"]), st.floats(0.0, 60.0)), max_size=50))
def test_it_is_never_looked_for_in_a_rush_and_never_given_up(happenings: list[tuple[str, float]]) -> None:
    at = 50.0
    away = Works(since=0.0).failed(at)
    for what, later in happenings:
        assert 0.5 <= away.wait <= 10.0
        assert away.due == at + away.wait
        at = away.due
        if what == "found":
            works = away.found(at)
            at += later
            away = works.failed(at)
        else:
            away = away.missed(at)
