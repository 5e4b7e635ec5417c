"""Alerts that wait to be seen, on the disk: over power cuts, and beside another program."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from voiceskill.edges.alerting.outbox import FolderOutbox
from voiceskill.ports import Fault, Notice, Unfinished

NOW = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
ONE = Unfinished(Notice("20260105-030000-000001", "help", "emergency", "asked for help", "Mum's bed", NOW, 3))


def test_what_is_kept_is_there_after_a_restart_and_what_is_over_is_not(tmp_path: Path) -> None:
    FolderOutbox(tmp_path).keep(ONE)
    FolderOutbox(tmp_path).keep(replace(ONE, reached=True))
    assert FolderOutbox(tmp_path).unfinished() == (replace(ONE, reached=True),)
    FolderOutbox(tmp_path).drop(ONE.notice.id)
    assert FolderOutbox(tmp_path).unfinished() == ()
    assert list((tmp_path / "alerts").iterdir()) == []
    FolderOutbox(tmp_path).drop(ONE.notice.id)


def test_the_oldest_comes_first(tmp_path: Path) -> None:
    outbox = FolderOutbox(tmp_path)
    later = replace(ONE, notice=replace(ONE.notice, id="aaa", raised=NOW + timedelta(minutes=5)))
    outbox.keep(later)
    outbox.keep(ONE)
    assert outbox.unfinished() == (ONE, later)


def test_only_the_user_of_the_device_may_read_it(tmp_path: Path) -> None:
    FolderOutbox(tmp_path).keep(ONE)
    (file,) = (tmp_path / "alerts").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_another_program_can_say_who_has_seen_it(tmp_path: Path) -> None:
    outbox = FolderOutbox(tmp_path)
    outbox.keep(ONE)
    FolderOutbox(tmp_path).mark_seen(ONE.notice.id, "Anna")
    assert outbox.unfinished() == (replace(ONE, seen_by="Anna"),)
    outbox.drop(ONE.notice.id)
    assert list((tmp_path / "alerts").iterdir()) == []


@pytest.mark.parametrize("alert", ["another", "../../etc/passwd", "", "x" * 300])
def test_an_alert_that_is_not_there_is_named(tmp_path: Path, alert: str) -> None:
    with pytest.raises(Fault, match="there is no alert"):
        FolderOutbox(tmp_path).mark_seen(alert, "Anna")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        '{"id": "x"}',
        '{"id": "x", "kind": "k", "level": "dire", "title": "t", "device": "d", "raised": "now", "attempt": 1}',
    ],
)
def test_a_file_that_is_damaged_is_moved_aside_and_hides_no_other(tmp_path: Path, content: str) -> None:
    outbox = FolderOutbox(tmp_path)
    outbox.keep(ONE)
    (tmp_path / "alerts" / "x.json").write_text(content)
    assert outbox.unfinished() == (ONE,)
    assert (tmp_path / "alerts" / "x.damaged").read_text() == content


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "alerts").write_text("a file in its place")
    with pytest.raises(Fault, match="Alerts cannot be kept in"):
        FolderOutbox(tmp_path).keep(ONE)


_WRITER = """
import sys
from dataclasses import replace
from datetime import datetime, UTC
from pathlib import Path
from voiceskill.edges.alerting.outbox import FolderOutbox
from voiceskill.ports import Notice, Unfinished
outbox = FolderOutbox(Path(sys.argv[1]))
attempt = 0
while True:
    attempt += 1
    notice = Notice("one", "help", "emergency", "asked " * 400, "bed", datetime(2026, 1, 5, tzinfo=UTC), attempt)
    outbox.keep(Unfinished(notice))
    print(attempt, flush=True)
"""


@pytest.mark.parametrize("after", [1, 7, 30])
def test_killed_in_the_middle_of_writing_it_has_the_alert_whole(tmp_path: Path, after: int) -> None:
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        confirmed = 0
        while confirmed < after:
            confirmed = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        confirmed = max(confirmed, *(int(line) for line in process.stdout.read().splitlines()), 0)
    (kept,) = FolderOutbox(tmp_path).unfinished()
    assert kept.notice.attempt >= confirmed
