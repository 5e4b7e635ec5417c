"""Programs of the owner's that are told of alerts: real ones."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from voiceskill.edges.alerting.command import Command
from voiceskill.ports import Fault, Notice

NOTICE = Notice("one", "help", "emergency", "asked for help", "Mum's bed", datetime(2026, 1, 5, 3, 0, tzinfo=UTC))


def python(code: str, limit: float = 60.0) -> Command:
    return Command("siren", [sys.executable, "-c", code], limit)


def test_the_program_gets_the_alert_on_its_standard_input(tmp_path: Path) -> None:
    out = tmp_path / "told.json"
    assert python(f"import sys; open({str(out)!r}, 'wb').write(sys.stdin.buffer.read())").send(NOTICE) is None
    told = json.loads(out.read_bytes())
    assert told["id"] == "one"
    assert told["message"] == "Mum's bed: asked for help"


def test_the_first_line_it_says_is_who_has_seen_it() -> None:
    assert python("print('Anna'); print('and more')").send(NOTICE) == "Anna"


def test_nothing_goes_through_a_shell(tmp_path: Path) -> None:
    assert Command("echo", ["/bin/echo", "$HOME; touch", str(tmp_path / "x")]).send(NOTICE) == f"$HOME; touch {tmp_path / 'x'}"
    assert not (tmp_path / "x").exists()


def test_an_exit_code_says_that_it_failed() -> None:
    with pytest.raises(Fault, match='"siren" failed with exit code 3'):
        python("print('Anna'); raise SystemExit(3)").send(NOTICE)


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(Fault, match='"siren" cannot be run'):
        Command("siren", ["/nowhere/siren"]).send(NOTICE)


def test_one_that_never_ends_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    beat = tmp_path / "beat"
    child = f"import time\nwhile True:\n    open({str(beat)!r}, 'a').write('.')\n    time.sleep(0.01)"
    code = f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {child!r}])\ntime.sleep(600)"
    with pytest.raises(Fault, match="took longer than"):
        python(code, limit=1.5).send(NOTICE)
    size = beat.stat().st_size if beat.exists() else 0
    with pytest.raises(Fault, match="took longer than"):  # the time of another one, in which nothing is written any more
        python("import time; time.sleep(600)", limit=0.3).send(NOTICE)
    assert (beat.stat().st_size if beat.exists() else 0) == size


def test_one_that_closes_its_output_and_goes_on_is_ended_too() -> None:
    with pytest.raises(Fault, match="took longer than"):
        python("import os, time; os.close(1); time.sleep(600)", limit=1.0).send(NOTICE)


def test_one_that_talks_without_end_fills_no_memory() -> None:
    with pytest.raises(Fault, match="took longer than"):
        python("while True: print('x' * 1000)", limit=1.0).send(NOTICE)


def test_one_that_does_not_listen_is_no_trouble() -> None:
    assert python("import os; os.close(0)").send(NOTICE) is None


def test_what_it_leaves_running_is_not_waited_for_and_goes_on(tmp_path: Path) -> None:
    siren = tmp_path / "siren"
    os.mkfifo(siren)
    child = f"open({str(siren)!r}, 'w').write('wail')"
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}]); print('Anna')"
    assert python(code).send(NOTICE) == "Anna"
    assert siren.read_text() == "wail"


def test_bytes_that_are_no_text_are_no_trouble() -> None:
    assert python(r"import sys; sys.stdout.buffer.write(b'\xff\xfe\n')").send(NOTICE)
