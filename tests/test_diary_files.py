"""The diary as people and other programs read it."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.diary_strategies import NOW, ONE_OF_EACH, PROGRESS, entries, moments, progresses
from voiceskill.core.diary import Ending, Fact, Helped, Memory, RoutineEnded, Screened, ScreenResult, TakenBack, TookMedicine
from voiceskill.core.diary_records import COLUMNS, entry_of, progress_of, progress_record, record_of
from voiceskill.diary_files import as_csv, as_json, as_table

ALL = Memory(ONE_OF_EACH, PROGRESS)


def from_json(text: str) -> Memory:
    told = json.loads(text)
    kept = [entry_of(record) for record in told["entries"]]
    facts = tuple(entry for entry in kept if entry is not None and not isinstance(entry, TakenBack))
    return Memory(facts, progress_of(told["progress"]) if told["progress"] else None)


def test_there_is_one_of_each_kind_to_try() -> None:
    assert {type(entry) for entry in ONE_OF_EACH} == set(get_args(Fact))


@given(memory=st.builds(Memory, st.lists(entries).map(tuple), st.none() | progresses))
def test_json_holds_all_there_is(memory: Memory) -> None:
    back = from_json(as_json(memory))
    assert back == memory
    assert [entry.at.isoformat() for entry in back.entries] == [entry.at.isoformat() for entry in memory.entries]


def test_json_has_the_names_that_other_programs_rely_on() -> None:
    told = json.loads(as_json(ALL))
    at = "2026-03-14T15:09:26+01:00"
    assert told["entries"] == [
        {"at": at, "kind": "pain_scored", "value": 6.5},
        {"at": at, "kind": "helped", "value": "heat", "better": True},
        {"at": at, "kind": "helped", "value": "sitting", "better": False},
        {"at": at, "kind": "took_medicine", "value": "ibuprofen", "taken": "2026-03-14T14:49:26+01:00", "drowsy": False},
        {"at": at, "kind": "took_medicine", "value": None, "taken": at, "drowsy": True},
        {"at": at, "kind": "routine_ended", "value": "routine_breathing", "how": "hurt"},
        {"at": at, "kind": "screened", "value": "danger", "about": "redflag_saddle_numbness", "questions": []},
        {"at": at, "kind": "screened", "value": "clear", "about": None, "questions": ["saddle", "legs"]},
        {"at": at, "kind": "condition_told", "value": "weak_bones"},
        {"at": at, "kind": "pace_set", "value": 1.3},
    ]
    assert told["progress"] == {"at": at, "routine": "routine_knee_rolls", "part": 1, "round": 2, "step": 3, "easier": True}


def test_csv_has_a_line_for_each_entry_under_names_that_stay() -> None:
    lines = as_csv(ALL).splitlines()
    at = "2026-03-14T15:09:26+01:00"
    assert lines == [
        "at,kind,value,better,taken,drowsy,how,about,questions,unsure",
        f"{at},pain_scored,6.5,,,,,,,",
        f"{at},helped,heat,yes,,,,,,",
        f"{at},helped,sitting,no,,,,,,",
        f"{at},took_medicine,ibuprofen,,2026-03-14T14:49:26+01:00,no,,,,",
        f"{at},took_medicine,,,{at},yes,,,,",
        f"{at},routine_ended,routine_breathing,,,,hurt,,,",
        f"{at},screened,danger,,,,,redflag_saddle_numbness,,",
        f"{at},screened,clear,,,,,,saddle; legs,",
        f"{at},condition_told,weak_bones,,,,,,,",
        f"{at},pace_set,1.3,,,,,,,",
    ]


@given(kept=st.lists(entries).map(tuple))
def test_a_spreadsheet_finds_every_entry_whatever_the_words(kept: tuple[Fact, ...]) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(Memory(kept)), newline="")))
    assert [(row["at"], row["kind"]) for row in rows] == [(entry.at.isoformat(), record_of(entry)["kind"]) for entry in kept]
    assert all(tuple(row) == COLUMNS for row in rows)


def test_the_table_says_it_in_words() -> None:
    assert as_table(ALL).splitlines() == [
        "When              What",
        "2026-03-14 15:09  Pain 6.5 out of 10",
        "2026-03-14 15:09  Helped: heat",
        "2026-03-14 15:09  Made it worse: sitting",
        "2026-03-14 15:09  Took ibuprofen at 14:49",
        "2026-03-14 15:09  Took a medicine (makes drowsy)",
        "2026-03-14 15:09  Routine breathing: stopped because it hurt",
        "2026-03-14 15:09  A sign of an emergency: saddle numbness",
        "2026-03-14 15:09  Safety questions answered with no: saddle, legs",
        "2026-03-14 15:09  Told of: weak bones",
        "2026-03-14 15:09  Pace: 1.3 times as long as usual",
        "2026-03-14 15:09  Under way: knee rolls",
    ]


def test_a_medicine_of_the_day_before_is_told_with_its_day() -> None:
    told = as_table(Memory((TookMedicine(NOW, NOW - timedelta(days=1), "paracetamol"),)))
    assert told.endswith("Took paracetamol on 2026-03-13 15:09\n")


@pytest.mark.parametrize("entry", [*(RoutineEnded(NOW, "pmr", how) for how in Ending), *(Screened(NOW, result) for result in ScreenResult)])
def test_every_ending_and_every_result_has_its_words(entry: Fact) -> None:
    assert as_table(Memory((entry,))).count("\n") == 2


def test_no_word_can_upset_a_terminal() -> None:
    assert as_table(Memory((Helped(NOW, "a\x1b[2Jb\nc", better=True),))).endswith("Helped: a [2Jb c\n")


# Records.


@given(entry=entries, extra=st.dictionaries(st.text(min_size=1).filter(lambda name: name not in COLUMNS), st.integers()))
def test_a_record_with_more_than_we_know_is_still_read(entry: Fact, extra: dict[str, int]) -> None:
    assert entry_of({**extra, **record_of(entry)}) == entry


@given(entry=entries, name=st.sampled_from(COLUMNS), value=st.sampled_from([..., [], {}, "", "x", "2026-03-14T15:09", 10**40]))
def test_a_record_of_another_shape_is_none_or_an_entry_and_never_an_error(entry: Fact, name: str, value: object) -> None:
    record = record_of(entry)
    if value is ...:
        record.pop(name, None)
    else:
        record[name] = value
    back = entry_of(record)
    assert back is None or (back.at.tzinfo is not None and as_table(Memory.of([back])))


@given(entry=st.builds(TakenBack, moments, moments))
def test_what_was_taken_back_is_read_as_it_was_written(entry: TakenBack) -> None:
    assert entry_of(record_of(entry)) == entry


@given(name=st.sampled_from(list(progress_record(PROGRESS))), value=st.sampled_from([..., [], "2026-03-14T15:09", None]))
def test_a_progress_of_another_shape_is_none_or_a_progress_and_never_an_error(name: str, value: object) -> None:
    record = progress_record(PROGRESS)
    if value is ...:
        del record[name]
    else:
        record[name] = value
    assert progress_of(record) is None or name == "routine"
