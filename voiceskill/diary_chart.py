"""The diary as a chart: where the scores, routines and what helped stand on a page, in its own units. Drawing it is the page's business."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal

from voiceskill.core.diary import Fact, Helped, Memory, PainScored, RoutineEnded
from voiceskill.diary_files import told

Span = Literal["day", "week", "month"]

DAYS: dict[Span, int] = {"day": 1, "week": 7, "month": 31}

_MOST_SCORE = 10
_JOINED = timedelta(hours=36)
"""Scores further apart than this are not joined by a line: nobody knows what was between."""

_NUMBERS_APART = 30
"""Scores nearer than this, from left to right, don't both have their number: one would cover the other."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the grid, where it is and what it is called."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something noted: where, what it is, and in words."""

    kind: Literal["score", "routine", "better", "worse"]
    x: float
    y: float
    label: str
    short: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of `width` and `height`, whose plot lies between the other four; times are `step` apart. `path` joins the scores (SVG)."""

    levels: tuple[Line, ...]
    times: tuple[Line, ...]
    marks: tuple[Mark, ...]
    path: str
    words: str
    step: float
    width: int = 1_000
    height: int = 440
    left: int = 60
    right: int = 985
    top: int = 40
    bottom: int = 340


def first_day(span: Span, last: date) -> date:
    """The first day of a span that ends with `last`."""
    return last - timedelta(days=DAYS[span] - 1)


def entries_between(memory: Memory, first: date, last: date) -> tuple[Fact, ...]:
    """What was told from one day to the other, both included, by the clock on the wall at the time."""
    return tuple(entry for entry in memory.entries if first <= entry.at.date() <= last)


def draw(memory: Memory, span: Span, last: date) -> Chart:
    """The chart of a span that ends with the day `last`."""
    first = first_day(span, last)
    entries = entries_between(memory, first, last)
    frame = Chart((), (), (), "", "", 0.0)
    width, height = frame.right - frame.left, frame.bottom - frame.top
    days = DAYS[span]

    def x(moment: datetime) -> float:
        since = moment.replace(tzinfo=None) - datetime.combine(first, time())
        return round(frame.left + width * since / timedelta(days=days), 1)

    def y(score: float) -> float:
        return round(frame.bottom - height * score / _MOST_SCORE, 1)

    scores = [entry for entry in entries if isinstance(entry, PainScored)]
    points = [(entry.at, x(entry.at), y(entry.score)) for entry in scores]
    step = width / (8 if span == "day" else days)
    return Chart(
        levels=tuple(Line(y(score), str(score)) for score in range(0, _MOST_SCORE + 1, 2)),
        times=tuple(_times(span, first, frame.left, step)),
        marks=tuple(_marks(entries, x, y, frame.bottom, _numbered([place for _, place, _ in points]))),
        path=_path(points),
        words=_words(scores),
        step=round(step, 1),
    )


def _times(span: Span, first: date, left: float, step: float) -> Iterator[Line]:
    if span == "day":
        yield from (Line(round(left + step * index, 1), f"{index * 3:02}:00") for index in range(8))
        return
    for index in range(DAYS[span]):
        day = first + timedelta(days=index)
        shown = f"{day:%a} {day.day}" if span == "week" else str(day.day) if index % 2 == 0 else ""
        yield Line(round(left + step * index, 1), shown)


def _marks(
    entries: tuple[Fact, ...], x: Callable[[datetime], float], y: Callable[[float], float], bottom: float, numbered: frozenset[float]
) -> Iterator[Mark]:
    for entry in entries:
        label = f"{entry.at:%H:%M} {told(entry)}"
        match entry:
            case PainScored(at=at, score=score):
                yield Mark("score", x(at), y(score), label, f"{score:g}" if x(at) in numbered else "")
            case RoutineEnded(at=at):
                yield Mark("routine", x(at), bottom + 54, label)
            case Helped(at=at, better=better):
                yield Mark("better" if better else "worse", x(at), bottom + 82, label)
            case _:
                pass


def _numbered(places: list[float]) -> frozenset[float]:
    """Which scores have their number: the latest, and those before it that leave room."""
    chosen: list[float] = []
    for place in reversed(places):
        if not chosen or chosen[-1] - place >= _NUMBERS_APART:
            chosen.append(place)
    return frozenset(chosen)


def _path(points: list[tuple[datetime, float, float]]) -> str:
    if len(points) < 2:
        return ""
    drawn = f"M{points[0][1]} {points[0][2]}"
    for (before, _, _), (at, x, y) in pairwise(points):
        drawn += f"{'L' if at - before <= _JOINED else 'M'}{x} {y}"
    return drawn


def _words(scores: list[PainScored]) -> str:
    if not scores:
        return "No pain score was told."
    low, high = min(entry.score for entry in scores), max(entry.score for entry in scores)
    if len(scores) == 1:
        return f"One score: {low:g}."
    return f"{len(scores)} scores, from {low:g} to {high:g}; the first {scores[0].score:g}, the last {scores[-1].score:g}."
