"""Numbers, times and lengths of time as they are said in English."""

from __future__ import annotations

from datetime import datetime

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"),
    *("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

MOST = 99
"""The largest number that can be said."""

_HALF = 0.25
_DAYTIMES = ((5, "at night"), (12, "in the morning"), (18, "in the afternoon"), (22, "in the evening"), (24, "at night"))
_WEEK = 7


def number(value: float) -> str:
    """A number from 0 to MOST; a fraction is told as a half, nearest."""
    whole = int(value)
    fraction = value - whole
    if fraction >= 1 - _HALF:
        return _whole(whole + 1)
    if fraction < _HALF:
        return _whole(whole)
    return f"{_whole(whole)} and a half" if whole else "a half"


def _whole(value: int) -> str:
    if value < len(_ONES):
        return _ONES[value]
    tens, ones = divmod(value, 10)
    return _TENS[tens] + (f" {_ONES[ones]}" if ones else "")


def count(value: int, one: str, many: str) -> str:
    """A number of things."""
    return f"{_whole(value)} {one if value == 1 else many}"


def clock(moment: datetime) -> str:
    """A time of day, to five minutes where that is how people say it: "about" is not said."""
    hour, minute = moment.hour, moment.minute
    past = _hour(hour)
    daytime = next(name for until, name in _DAYTIMES if hour < until)
    match minute:
        case 0:
            told = f"{past} o'clock"
        case 15:
            told = f"a quarter past {past}"
        case 30:
            told = f"half past {past}"
        case 45:
            told = f"a quarter to {_hour(hour + 1)}"
        case _ if minute < 30:
            told = f"{count(minute, 'minute', 'minutes')} past {past}"
        case _:
            told = f"{count(60 - minute, 'minute', 'minutes')} to {_hour(hour + 1)}"
    return f"{told} {daytime}"


def _hour(hour: int) -> str:
    return _whole(hour % 12 or 12)


def when(moment: datetime, now: datetime) -> str:
    """When something was, seen from now."""
    minutes = int((now - moment).total_seconds() // 60)
    if minutes < 2:
        return "just now"
    if minutes < 60:
        return f"{count(minutes, 'minute', 'minutes')} ago"
    days = (now.date() - moment.date()).days
    if days <= 1:
        return f"{'yesterday' if days else 'today'} at {clock(moment)}"
    if days < _WEEK:
        return f"on {moment.strftime('%A')} at {clock(moment)}"
    return f"{count(days, 'day', 'days')} ago" if days < 60 else "some months ago"
