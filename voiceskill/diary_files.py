"""The diary as text: a table for people, CSV for a spreadsheet, JSON for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from voiceskill.core.diary import (
    ConditionTold,
    Ending,
    Fact,
    Helped,
    Memory,
    PaceSet,
    PainScored,
    RoutineEnded,
    Screened,
    ScreenResult,
    TookMedicine,
)
from voiceskill.core.diary_records import COLUMNS, progress_record, record_of

_ENDED = {
    Ending.DONE: "done to the end",
    Ending.STOPPED: "stopped",
    Ending.HURT: "stopped because it hurt",
    Ending.WORSE: "stopped because it got worse",
    Ending.DANGER: "stopped at a sign of danger",
}

_SCREENED = {
    ScreenResult.CLEAR: "Safety questions answered with no",
    ScreenResult.UNSURE: "Safety questions answered, with doubt",
    ScreenResult.TODAY: "A sign to be seen to the same day",
    ScreenResult.DANGER: "A sign of an emergency",
    ScreenResult.CHECKED: "Looked at by a doctor or nurse",
}


def as_table(memory: Memory) -> str:
    """A line an entry, with the time of day where it was told; last, the routine under way."""
    rows = [(_minute(entry.at), told(entry)) for entry in memory.entries]
    if memory.progress is not None:
        rows.append((_minute(memory.progress.at), f"Under way: {_words(memory.progress.routine)}"))
    return "".join(f"{when:16}  {what}\n" for when, what in [("When", "What"), *rows])


def as_csv(memory: Memory) -> str:
    """A line an entry, under the names of COLUMNS; what a kind does not have is empty. The routine under way is left out."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows({column: _cell(value) for column, value in record_of(entry).items()} for entry in memory.entries)
    return text.getvalue()


def as_json(memory: Memory) -> str:
    """An object of the `entries`, each with the names of COLUMNS that its kind has, and the `progress` in a routine, or null."""
    progress = progress_record(memory.progress) if memory.progress else None
    return (
        json.dumps({"entries": [record_of(entry) for entry in memory.entries], "progress": progress}, ensure_ascii=False, indent=2) + "\n"
    )


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case dict():  # an uptime: no more than that there is one
            return "yes"
        case list():
            return "; ".join(value)
        case _:
            return str(value)


def told(entry: Fact) -> str:
    """An entry in words."""
    return f"{_told(entry)} (time unsure: the clock was not set)" if entry.unsure else _told(entry)


def _told(entry: Fact) -> str:
    match entry:
        case PainScored(score=score):
            return f"Pain {score:g} out of 10"
        case Helped(what=what, better=better):
            return f"{'Helped' if better else 'Made it worse'}: {_words(what)}"
        case TookMedicine():
            return " ".join(_took(entry))
        case RoutineEnded(routine=routine, how=how):
            return f"Routine {_words(routine)}: {_ENDED[how]}"
        case Screened(result=result, about=about, questions=questions):
            details = ", ".join(map(_words, [about] if about else questions))
            return f"{_SCREENED[result]}: {details}" if details else _SCREENED[result]
        case ConditionTold(condition=condition):
            return f"Told of: {_words(condition)}"
        case PaceSet(pace=pace):
            return f"Pace: {pace:g} times as long as usual"


def _took(entry: TookMedicine) -> Iterator[str]:
    yield f"Took {_words(entry.name) if entry.name else 'a medicine'}"
    if _minute(entry.taken) != _minute(entry.at):
        same_day = entry.taken.date() == entry.at.date()
        yield f"at {entry.taken:%H:%M}" if same_day else f"on {_minute(entry.taken)}"
    if entry.drowsy:
        yield "(makes drowsy)"


def _minute(moment: datetime) -> str:
    return f"{moment.date()} {moment:%H:%M}"


def _words(name: str) -> str:
    """A name from the intents as people would write it, fit for a terminal."""
    for prefix in ("routine_", "redflag_", "safety_"):
        name = name.removeprefix(prefix)
    return "".join(letter if letter.isprintable() else " " for letter in name.replace("_", " "))
