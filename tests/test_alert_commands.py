"""What `voiceskill alert` sends, prints and keeps; and what becomes of an alert when the power goes."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.fakes import FakeClock, at_once
from voiceskill.alerting import Alerter
from voiceskill.cli import main
from voiceskill.core.events import AlertLeft, Event
from voiceskill.edges.alerting.outbox import FolderOutbox
from voiceskill.ports import Notice, Unfinished

NOW = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
WAITING = Unfinished(Notice("20260105-030000-000001", "help", "emergency", "asked for help", "Mum's bed", NOW, 3))


@dataclass
class Done:
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


@pytest.fixture
def alert(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, settings_file: Path) -> Run:
    """Run a command about alerts in this process."""
    settings_file.touch()

    def run(*arguments: object) -> Done:
        common = ["--data-dir", str(tmp_path / "data"), "--config", str(settings_file)]
        monkeypatch.setattr(sys, "argv", ["voiceskill", "alert", *map(str, arguments), *common])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(bool(end.code))
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return run


def test_a_test_is_sent_to_all_and_marked_as_one(alert: Run, settings_file: Path, tmp_path: Path) -> None:
    code = f"import sys; open({str(tmp_path / 'told')!r}, 'wb').write(sys.stdin.buffer.read()); print('Anna')"
    settings_file.write_text(
        '[alerts]\ndevice = "Mum\'s bed"\n'
        f'[[alerts.command]]\nname = "lamp"\nrun = [{json.dumps(sys.executable)}, "-c", {json.dumps(code)}]\n'
        '[[alerts.command]]\nname = "siren"\nrun = ["/nowhere/siren"]\n'
    )
    done = alert("test")
    assert done.code == 1
    lamp, siren = done.out.splitlines()
    assert lamp == "lamp: took it, and says that Anna has seen it"
    assert siren.startswith("siren: not reached. ")
    told = json.loads((tmp_path / "told").read_bytes())
    assert (told["status"], told["kind"]) == ("test", "test")
    assert told["message"] == "Mum's bed: this is only a test, nobody needs help"


def test_with_nobody_to_test_it_says_where_to_name_somebody(alert: Run) -> None:
    done = alert("test")
    assert done.code == 1
    assert "nobody is told of alerts" in done.err


def test_what_waits_to_be_seen_is_listed_and_can_be_acknowledged(alert: Run, tmp_path: Path) -> None:
    assert alert("list").out == "No alert waits to be seen.\n"
    assert alert("acknowledge").out == "No alert waits to be seen.\n"
    outbox = FolderOutbox(tmp_path / "data")
    outbox.keep(WAITING)
    assert "Mum's bed: asked for help (emergency; sent 3 times, has reached nobody)" in alert("list").out
    assert alert("acknowledge", WAITING.notice.id, "--by", "Anna").out == f"{WAITING.notice.id}: seen\n"
    assert outbox.unfinished()[0].seen_by == "Anna"


def test_an_id_that_there_is_not_is_one_line(alert: Run) -> None:
    done = alert("acknowledge", "nonsense")
    assert done.code == 1
    assert done.err == 'voiceskill: there is no alert "nonsense" that waits to be seen; see: voiceskill alert list\n'


@pytest.mark.parametrize("command", [["ask", "call for help"], ["ask", "I can't feel my legs"], ["rehearse"]])
def test_nobody_is_told_by_what_is_only_tried_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, settings_file: Path, command: list[str]
) -> None:
    code = f"open({str(tmp_path / 'told')!r}, 'w')"
    run = f'run = [{json.dumps(sys.executable)}, "-c", {json.dumps(code)}]'
    settings_file.write_text(f'[[alerts.command]]\nname = "siren"\n{run}\n')
    lines = [{"hear": "I can't feel my legs"}, {"hear": "call for help"}, {"wait": 60}]
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(map(json.dumps, lines))))
    monkeypatch.setattr(sys, "argv", ["voiceskill", *command, "--config", str(settings_file), "--data-dir", str(tmp_path / "data")])
    with pytest.raises(SystemExit):
        main()
    said = capsys.readouterr().out
    assert ("alerting" in said) == (command == ["rehearse"])
    assert not (tmp_path / "told").exists()
    assert not (tmp_path / "data" / "alerts").exists()


_DEVICE = """
import sys, time
from datetime import datetime, UTC
from pathlib import Path
from voiceskill.alerting import Alerter
from voiceskill.core.actions import Alert
from voiceskill.edges.alerting.outbox import FolderOutbox
from voiceskill.edges.alerting.webhook import Webhook
from voiceskill.edges.clock import MonotonicClock
now = lambda: datetime.now(UTC)
sink = Webhook("Anna", sys.argv[2], "", now)
alerter = Alerter(
    [(sink, lambda job: job())], FolderOutbox(Path(sys.argv[1])), device="bed", clock=MonotonicClock(),
    now=now, submit=lambda job: job(), pause=time.sleep,
)
alerter.send(Alert("help", "emergency", "one", "asked for help"))
"""


def test_an_alert_that_was_being_sent_when_the_power_went_is_told_of_at_the_next_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        with subprocess.Popen([sys.executable, "-c", _DEVICE, str(tmp_path), address], stdout=subprocess.PIPE) as device:
            connection, _ = listening.accept()
            with connection:
                assert connection.recv(10)  # it is being sent, and gets no answer
                os.kill(device.pid, signal.SIGKILL)
    posted: list[Event] = []
    alerter = Alerter(
        [],
        FolderOutbox(tmp_path),
        device="bed",
        clock=FakeClock(),
        now=lambda: NOW,
        submit=at_once,
        pause=lambda _: None,
    )
    alerter.report(posted.append)
    alerter.recall()
    (left,) = posted
    assert isinstance(left, AlertLeft)
    assert (left.alert.id, left.alert.title, left.reached) == ("one", "asked for help", False)
