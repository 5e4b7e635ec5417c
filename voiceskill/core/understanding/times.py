"""Lengths of time and times of day, as they are said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voiceskill.core.understanding.numerals import Numeral, numerals, whole

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_SECONDS = {
    **dict.fromkeys(("second", "seconds", "sec", "secs"), 1), **dict.fromkeys(("minute", "minutes", "min", "mins"), _MINUTE),
    **dict.fromkeys(("hour", "hours", "hr", "hrs"), _HOUR), **dict.fromkeys(("day", "days", "night", "nights"), _DAY),
    **dict.fromkeys(("week", "weeks"), 7 * _DAY), **dict.fromkeys(("fortnight", "fortnights"), 14 * _DAY),
    **dict.fromkeys(("month", "months"), 30 * _DAY), **dict.fromkeys(("year", "years"), 365 * _DAY),
}  # fmt: skip
_SOME: tuple[tuple[tuple[str, ...], float], ...] = (
    (("three", "quarters", "of", "an"), 0.75), (("half", "an"), 0.5), (("half", "a"), 0.5), (("quarter", "of", "an"), 0.25),
    (("a", "couple", "of"), 2), (("couple", "of"), 2), (("a", "couple"), 2), (("a", "few"), 3), (("few",), 3), (("an",), 1), (("a",), 1),
)  # fmt: skip
_HALVES = (("and", "a", "half"), ("and", "half"))
_CLOCK_WORDS = frozenset(("o'clock", "oclock", "clock"))
_BEFORE_CLOCK = frozenset(("at", "since", "till", "until"))
_NAMED = {"midnight": 0, "noon": 12, "midday": 12}


@dataclass(frozen=True, slots=True)
class Told:
    """What was told: the value, and the words it was told in."""

    value: int | float | str
    words: str


def read_duration(words: Sequence[str]) -> Told | None:
    """The first length of time in `words`, in seconds; parts joined by "and" are added up."""
    found: list[tuple[float, int, int]] = []
    at = 0
    while at < len(words):
        one = _length(words, at)
        if not one:
            at += 1
            continue
        if found and tuple(words[found[-1][2] : at]) not in {(), ("and",)}:
            break
        found.append((one[0], at, one[1]))
        at = one[1]
    if not found:
        return None
    return Told(whole(sum(seconds for seconds, _, _ in found)), " ".join(words[found[0][1] : found[-1][2]]))


def _length(words: Sequence[str], at: int) -> tuple[float, int] | None:
    counts: list[tuple[float, int]] = [(count, at + len(some)) for some, count in _SOME if tuple(words[at : at + len(some)]) == some]
    said = numerals(words[at : at + 6])
    if said and said[0].first == 0:
        counts.insert(0, (said[0].value, at + said[0].end))
    for count, end in counts:
        unit = words[end] if end < len(words) else ""
        if unit in _SECONDS:
            half = next((len(half) for half in _HALVES if tuple(words[end + 1 : end + 1 + len(half)]) == half), 0)
            return (count + (0.5 if half else 0)) * _SECONDS[unit], end + 1 + half
    return None


def read_clock(words: Sequence[str]) -> Told | None:
    """The first time of day in `words`, as "HH:MM". Where nobody said which half of the day it is, the hour is as it was said."""
    for at, word in enumerate(words):
        if word in _NAMED and not (word == "noon" and words[at - 1 : at] == ["after"]):
            return Told(f"{_NAMED[word]:02d}:00", word)
    for one in numerals(words):
        if told := _clock(words, one):
            return told
    return None


def _clock(words: Sequence[str], one: Numeral) -> Told | None:
    hour, minute, first, end, sure = one.value, 0, one.first, one.end, False
    before = words[first - 1] if first else ""
    relation = words[first - 1] if first and words[first - 1] in {"past", "to"} else ""
    if relation and (part := _minutes_before(words, first - 1)):
        minutes, first = part
        hour, minute, sure = (hour, minutes, True) if relation == "past" else ((hour - 1) % 24 or 12, 60 - minutes, True)
        before = words[first - 1] if first else ""
    elif following := [other for other in numerals(words[end : end + 2]) if other.first == 0 and 10 <= other.value < 60]:
        minute, end, sure = int(following[0].value), end + following[0].end, True
    if list(words[end : end + 2]) == ["o", "clock"]:
        end, sure = end + 2, True
    elif end < len(words) and words[end] in _CLOCK_WORDS:
        end, sure = end + 1, True
    half, end = _half_of_day(words, end)
    if not (sure or half or before in _BEFORE_CLOCK) or hour != int(hour) or not 0 <= hour < 24:
        return None
    if not sure and not half and end < len(words) and (words[end] in _SECONDS or words[end] in {"out", "percent", "of"}):
        return None
    hour = int(hour)
    if half == "pm" and hour < 12:
        hour += 12
    elif half == "am" and hour == 12:
        hour = 0
    return Told(f"{hour:02d}:{minute:02d}", " ".join(words[first:end]))


def _minutes_before(words: Sequence[str], relation: int) -> tuple[int, int] | None:
    """The minutes said just before the word "past" or "to" at `relation`, and where they begin."""
    at = relation - 1
    if at >= 0 and words[at] == "minutes":
        at -= 1
    if at < 0:
        return None
    if words[at] == "half":
        return 30, at
    if words[at] == "quarter":
        return 15, at - 1 if at and words[at - 1] == "a" else at
    for one in numerals(words[max(0, at - 1) : at + 1]):
        if one.end + max(0, at - 1) == at + 1 and one.value in (5, 10, 20, 25):
            return int(one.value), one.first + max(0, at - 1)
    return None


def _half_of_day(words: Sequence[str], end: int) -> tuple[str, int]:
    after = tuple(words[end : end + 3])
    for said, half in (
        (("in", "the", "morning"), "am"), (("this", "morning"), "am"), (("am",), "am"), (("a", "m"), "am"),
        (("in", "the", "afternoon"), "pm"), (("in", "the", "evening"), "pm"), (("this", "afternoon"), "pm"), (("this", "evening"), "pm"),
        (("at", "night"), "pm"), (("tonight",), "pm"), (("last", "night"), "pm"), (("pm",), "pm"), (("p", "m"), "pm"),
    ):  # fmt: skip
        if after[: len(said)] == said:
            return half, end + len(said)
    return "", end
