"""One diary, several programs: devices in two rooms, and commands in a terminal."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.rehearsing import AFTERNOON, Bedside
from voiceskill.edges.store import SqliteStore


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bedside]:
    with closing(SqliteStore(tmp_path, now=lambda: AFTERNOON)) as store:
        yield Bedside(store=store)


@pytest.fixture
def sofa(tmp_path: Path) -> Iterator[Bedside]:
    with closing(SqliteStore(tmp_path, now=lambda: AFTERNOON)) as store:
        yield Bedside(store=store)


def test_what_the_device_at_the_sofa_was_told_is_known_at_the_bed(bed: Bedside, sofa: Bedside) -> None:
    bed.hear("my pain is six")
    sofa.wait(60)
    sofa.hear("my pain is four")
    told = bed.hear("how has my back been")
    assert "four" in told
    assert "six" in told


def test_danger_told_at_the_sofa_rules_movement_out_at_the_bed(bed: Bedside, sofa: Bedside) -> None:
    bed.start("routine_knee_rolls")
    sofa.wait(600)
    sofa.hear("I can't feel my legs")
    assert "No exercises until someone has checked you" in bed.hear("mmm")
    assert bed.under_way is None
    bed.hear("start knee rolls")
    assert bed.under_way is None


def test_danger_told_at_the_sofa_during_the_safety_questions_at_the_bed_rules_movement_out(bed: Bedside, sofa: Bedside) -> None:
    bed.hear("start knee rolls")
    sofa.wait(5)
    sofa.hear("I can't feel my legs")
    for _ in range(8):
        bed.hear("no")
    assert bed.under_way is None
    assert bed.memory.blocked(AFTERNOON)


def test_a_diary_deleted_in_a_terminal_is_forgotten_by_the_device_that_runs(bed: Bedside, tmp_path: Path) -> None:
    bed.hear("my pain is six")
    command = [sys.executable, "-m", "voiceskill", "diary", "forget", "--yes", "--data-dir", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    assert bed.hear("how has my back been") == "I have no notes yet."
    assert bed.hear("my pain is five") == "Saved, five."
    assert [entry.score for entry in bed.memory.scores()] == [5]


def test_deleting_the_diary_in_a_terminal_does_not_allow_the_movement_that_danger_ruled_out(bed: Bedside, tmp_path: Path) -> None:
    bed.hear("I can't feel my legs")
    bed.wait(200)
    with closing(SqliteStore(tmp_path)) as other:
        other.forget()
    bed.hear("start knee rolls")
    assert bed.under_way is None
    with closing(SqliteStore(tmp_path)) as other:
        other.forget()
    assert "No exercises until someone has checked you" in bed.hear("start knee rolls")
