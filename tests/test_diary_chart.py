"""The diary as a chart."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceskill.core.diary import Ending, Helped, Memory, PainScored, RoutineEnded
from voiceskill.diary_chart import DAYS, Span, draw

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
TODAY = NOON.date()


def scored(hours: float, score: float) -> PainScored:
    return PainScored(NOON + timedelta(hours=hours), score)


def test_more_pain_stands_higher_and_later_stands_further_right() -> None:
    chart = draw(Memory((scored(0, 3), scored(1, 7))), "day", TODAY)
    first, second = chart.marks
    assert first.x < second.x
    assert first.y > second.y
    assert (first.short, second.short) == ("3", "7")


def test_noon_is_in_the_middle_of_a_day_and_ten_at_its_top() -> None:
    chart = draw(Memory((scored(0, 10),)), "day", TODAY)
    assert chart.marks[0].x == pytest.approx((chart.left + chart.right) / 2)
    assert chart.marks[0].y == chart.top


def test_scores_far_apart_are_not_joined() -> None:
    near = draw(Memory((scored(-30, 3), scored(0, 7))), "week", TODAY)
    far = draw(Memory((scored(-80, 3), scored(0, 7))), "week", TODAY)
    assert "L" in near.path
    assert "L" not in far.path


def test_routines_and_what_helped_are_marked_below() -> None:
    memory = Memory(
        (RoutineEnded(NOON, "routine_breathing", Ending.DONE), Helped(NOON, "heat", better=True), Helped(NOON, "walk", better=False))
    )
    chart = draw(memory, "week", TODAY)
    assert [mark.kind for mark in chart.marks] == ["routine", "better", "worse"]
    assert all(chart.bottom < mark.y < chart.height for mark in chart.marks)
    assert chart.marks[0].label == "12:00 Routine breathing: done to the end"
    assert chart.words == "No pain score was told."


def test_numbers_do_not_cover_each_other_and_the_latest_has_one() -> None:
    marks = draw(Memory(tuple(scored(hours, 5 + hours % 2) for hours in range(0, 24 * 7, 9))), "month", TODAY + timedelta(days=7)).marks
    numbered = [mark.x for mark in marks if mark.short]
    assert marks[-1].short
    assert 1 < len(numbered) < len(marks)
    assert all(second - first >= 28 for first, second in pairwise(numbered))


def test_what_is_older_than_the_span_is_left_out() -> None:
    memory = Memory((scored(-24 * 7, 3), scored(-24 * 6, 4), scored(24, 5)))
    assert [mark.short for mark in draw(memory, "week", TODAY).marks] == ["4"]


@given(
    st.lists(st.tuples(st.integers(0, 80 * 24 * 60), st.integers(0, 10)), max_size=60),
    st.sampled_from(sorted(DAYS)),
    st.integers(0, 80),
)
def test_nothing_is_drawn_outside_of_the_page(scores: list[tuple[int, int]], span: Span, back: int) -> None:
    entries = tuple(PainScored(NOON - timedelta(minutes=minutes), float(score)) for minutes, score in sorted(scores, reverse=True))
    chart = draw(Memory(entries), span, date(2026, 1, 5) - timedelta(days=back))
    for mark in chart.marks:
        assert chart.left <= mark.x <= chart.right
        assert chart.top <= mark.y <= chart.bottom
    assert len(chart.times) == (8 if span == "day" else DAYS[span])
