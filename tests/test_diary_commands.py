"""What `voiceskill diary` shows, writes and deletes."""

from __future__ import annotations

import json
import os
import pty
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.diary_strategies import ONE_OF_EACH, PROGRESS
from voiceskill.cli import main
from voiceskill.core.diary import Memory
from voiceskill.diary_files import as_csv, as_json, as_table
from voiceskill.edges.store import FILE_NAME, SqliteStore

ALL = Memory(ONE_OF_EACH, PROGRESS)
NOTHING = "There is nothing in the diary yet.\n"


@dataclass
class Done:
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def diary(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: Path) -> Run:
    """Run a command about the diary in this process."""

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["voiceskill", "diary", *map(str, arguments), "--data-dir", str(data)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(bool(end.code))
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture
def kept(data: Path) -> Memory:
    """A diary with one of each kind in it."""
    with closing(SqliteStore(data)) as store:
        for entry in ALL.entries:
            store.save(entry)
        store.save_progress(ALL.progress)
    return ALL


def test_show_shows_all_that_is_kept(diary: Run, kept: Memory) -> None:
    assert diary("show") == Done(0, as_table(kept), "")


def test_export_writes_csv_or_json_to_standard_output(diary: Run, kept: Memory) -> None:
    assert diary("export") == Done(0, as_csv(kept), "")
    assert diary("export", "--format", "csv") == Done(0, as_csv(kept), "")
    assert diary("export", "--format", "json") == Done(0, as_json(kept), "")


def test_export_writes_a_file_that_only_its_owner_may_read(diary: Run, kept: Memory, tmp_path: Path) -> None:
    out = tmp_path / "diary.json"
    for _ in range(2):
        assert diary("export", "--format", "json", "--out", out) == Done(0, "", "")
        assert out.read_text(encoding="utf-8") == as_json(kept)
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["diary.json"]


@pytest.mark.parametrize("place", ["no/such/folder/diary.csv", "."])
def test_a_place_that_cannot_be_written_is_named_in_one_line(diary: Run, kept: Memory, tmp_path: Path, place: str) -> None:
    done = diary("export", "--out", tmp_path / place)
    assert done.code == 1
    (line,) = done.err.splitlines()
    assert line.startswith(f"voiceskill: {(tmp_path / place)}")
    assert "choose another place" in line


def test_forget_deletes_everything(diary: Run, kept: Memory, data: Path) -> None:
    assert diary("forget", "--yes") == Done(0, "Everything in the diary was deleted.\n", "")
    assert b"ibuprofen" not in b"".join(path.read_bytes() for path in data.iterdir())
    assert diary("show").out == NOTHING


def test_forget_deletes_nothing_where_there_is_nobody_to_ask(diary: Run, kept: Memory) -> None:
    done = diary("forget")
    assert done.code == 2
    assert "--yes" in done.err
    assert diary("show").out == as_table(kept)


@pytest.mark.parametrize(
    ("typed", "said"), [("y\n", "Everything in the diary was deleted."), ("n\n", "Nothing was deleted."), ("\n", "Nothing")]
)
def test_forget_asks_on_a_terminal(diary: Run, kept: Memory, data: Path, typed: str, said: str) -> None:
    ours, theirs = pty.openpty()
    try:
        os.write(ours, typed.encode())
        command = [sys.executable, "-m", "voiceskill", "diary", "forget", "--data-dir", str(data)]
        done = subprocess.run(command, stdin=theirs, capture_output=True, text=True, check=True)
    finally:
        os.close(ours)
        os.close(theirs)
    assert "Delete everything in the diary for good?" in done.stdout
    assert said in done.stdout
    assert diary("show").out == (NOTHING if typed == "y\n" else as_table(kept))


def test_without_a_diary_every_command_says_so_and_makes_none(diary: Run, data: Path, tmp_path: Path) -> None:
    assert diary("show") == diary("forget") == diary("forget", "--yes") == Done(0, NOTHING, "")
    for format_ in ("csv", "json"):
        assert diary("export", "--format", format_, "--out", tmp_path / "out") == Done(0, "", NOTHING)
    assert not list(tmp_path.iterdir())


def test_a_damaged_diary_is_told_of_beside_what_is_shown(diary: Run, data: Path) -> None:
    data.mkdir()
    (data / FILE_NAME).write_text("damage")
    done = diary("show")
    assert (done.code, done.out) == (0, NOTHING)
    assert done.err.startswith("voiceskill: The diary was damaged")
    assert str(data / "diary.damaged-1.sqlite3") in done.err
    assert diary("forget", "--yes").code == 0
    assert not list(data.glob("diary.damaged*"))


def test_a_diary_of_a_newer_version_is_refused_in_one_line(diary: Run, kept: Memory, data: Path) -> None:
    with closing(sqlite3.connect(data / FILE_NAME)) as connection:
        connection.execute("PRAGMA user_version = 99")
    for arguments in (["show"], ["export"], ["forget", "--yes"]):
        done = diary(*arguments)
        assert (done.code, done.out) == (1, "")
        (line,) = done.err.splitlines()
        assert "upgrade voiceskill" in line


def test_what_is_written_as_json_is_json(diary: Run, kept: Memory) -> None:
    assert len(json.loads(diary("export", "--format", "json").out)["entries"]) == len(ONE_OF_EACH)


@pytest.mark.parametrize("arguments", [["fly"], ["export", "--format", "pdf"], ["show", "--bogus"]], ids=" ".join)
def test_wrong_usage_exits_2(diary: Run, arguments: list[str]) -> None:
    done = diary(*arguments)
    assert done.code == 2
    assert "Traceback" not in done.err


@pytest.mark.parametrize("command", [[], ["show"], ["export"], ["forget"]], ids=" ".join)
def test_every_command_explains_itself_with_an_example(command: list[str]) -> None:
    arguments = [sys.executable, "-m", "voiceskill", "diary", *command, "--help"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert "Example" in done.stdout
    for option in ("--config", "--data-dir", "--intents") if command else ():
        assert option in done.stdout
