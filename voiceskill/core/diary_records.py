"""Diary entries as plain values, and back: what stands in files, whatever the file.

A record always has `at` (ISO 8601 with the offset), `kind` and `value`; some kinds have more. `unsure` stands where `at` is wrong, for the
clock was not set. What a kind is called and means never
changes. A newer program may write kinds and fields that are unknown here: the fields are passed over, and the entry is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from voiceskill.core.diary import (
    ConditionTold,
    Ending,
    Entry,
    Helped,
    PaceSet,
    PainScored,
    Progress,
    RoutineEnded,
    Screened,
    ScreenResult,
    TakenBack,
    TookMedicine,
    Uptime,
)
from voiceskill.core.routines import Cursor

Record = dict[str, Any]
"""What JSON can hold."""

COLUMNS = ("at", "kind", "value", "better", "taken", "drowsy", "how", "about", "questions", "unsure")
"""All that a record may hold, in the order of people's interest."""


def record_of(entry: Entry) -> Record:
    """An entry as plain values. Raises ValueError for a time without its zone."""
    match entry:
        case PainScored(score=score):
            told: Record = {"kind": "pain_scored", "value": score}
        case TakenBack(told=when):
            told = {"kind": "score_taken_back", "value": _iso(when)}
        case Helped(what=what, better=better):
            told = {"kind": "helped", "value": what, "better": better}
        case TookMedicine(taken=taken, name=name, drowsy=drowsy):
            told = {"kind": "took_medicine", "value": name, "taken": _iso(taken), "drowsy": drowsy}
        case RoutineEnded(routine=routine, how=how):
            told = {"kind": "routine_ended", "value": routine, "how": how.value}
        case Screened(result=result, about=about, questions=questions):
            told = {"kind": "screened", "value": result.value, "about": about, "questions": list(questions)}
        case ConditionTold(condition=condition):
            told = {"kind": "condition_told", "value": condition}
        case PaceSet(pace=pace):
            told = {"kind": "pace_set", "value": pace}
    known = entry.unsure
    return {"at": _iso(entry.at), **told, **({"unsure": {"boot": known.boot, "seconds": known.seconds}} if known else {})}


def entry_of(record: Mapping[str, object]) -> Entry | None:
    """The entry that a record tells of, or None where it is of a kind or shape unknown here."""
    try:
        entry = _entry_of(record)
    except ValueError:
        return None
    match record.get("unsure"):
        case {"boot": str(boot), "seconds": int() | float() as seconds} if entry is not None:
            return replace(entry, unsure=Uptime(boot, float(seconds)))
        case _:
            return entry


def _entry_of(record: Mapping[str, object]) -> Entry | None:
    at = _moment(record.get("at"))
    match record:
        case {"kind": "pain_scored", "value": int() | float() as score}:
            return PainScored(at, float(score))
        case {"kind": "score_taken_back", "value": str(when)}:
            return TakenBack(at, _moment(when))
        case {"kind": "helped", "value": str(what), "better": bool(better)}:
            return Helped(at, what, better)
        case {"kind": "took_medicine", "value": None | str() as name, "taken": taken, "drowsy": bool(drowsy)}:
            return TookMedicine(at, _moment(taken), name, drowsy)
        case {"kind": "routine_ended", "value": str(routine), "how": str(how)}:
            return RoutineEnded(at, routine, Ending(how))
        case {"kind": "screened", "value": str(result), "about": None | str() as about, "questions": [*questions]}:
            return Screened(at, ScreenResult(result), about, tuple(map(str, questions)))
        case {"kind": "condition_told", "value": str(condition)}:
            return ConditionTold(at, condition)
        case {"kind": "pace_set", "value": int() | float() as pace}:
            return PaceSet(at, float(pace))
        case _:
            return None


def progress_record(progress: Progress) -> Record:
    """Where somebody is in a routine, as plain values; places count from 0. Raises ValueError for a time without its zone."""
    place = progress.cursor
    return {
        "at": _iso(progress.at),
        "routine": progress.routine,
        "part": place.part,
        "round": place.round,
        "step": place.step,
        "easier": progress.easier,
    }


def progress_of(record: Mapping[str, object]) -> Progress | None:
    """The progress that a record tells of, or None where it has a shape unknown here."""
    match record:
        case {"at": at, "routine": str(routine), "part": int(part), "round": int(lap), "step": int(step), "easier": bool(easier)}:
            try:
                return Progress(_moment(at), routine, Cursor(part, lap, step), easier)
            except ValueError:
                return None
        case _:
            return None


def _iso(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("a time in the diary has its zone")
    return moment.isoformat()


def _moment(told: object) -> datetime:
    moment = datetime.fromisoformat(str(told))
    if moment.tzinfo is None:
        raise ValueError("a time in the diary has its zone")
    return moment
