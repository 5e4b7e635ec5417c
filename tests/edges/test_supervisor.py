"""What whoever started us is told, over a real notify socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from voiceskill.edges.supervisor import NotifySocket, supervisor


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.settimeout(30)
        yield channel


def started(channel: socket.socket, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": channel.getsockname(), **more}


def test_it_is_told_that_we_are_up_how_we_are_that_we_live_and_that_we_end(systemd: socket.socket) -> None:
    watcher = supervisor(started(systemd, WATCHDOG_USEC="30000000", WATCHDOG_PID=str(os.getpid())))
    assert watcher.patience == 30
    watcher.ready()
    watcher.status("Listening\nMAINPID=1")
    watcher.alive()
    watcher.alive(300)
    watcher.stopping()
    told = [systemd.recv(4096).decode() for _ in range(5)]
    assert told == ["READY=1", "STATUS=Listening MAINPID=1", "WATCHDOG=1", "WATCHDOG=1\nWATCHDOG_USEC=300000000", "STOPPING=1"]


@pytest.mark.parametrize(
    "more", [{}, {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "0"}]
)
def test_whoever_does_not_wait_for_a_sign_of_life_gets_none(systemd: socket.socket, more: dict[str, str]) -> None:
    watcher = supervisor(started(systemd, **more))
    assert watcher.patience is None
    watcher.alive()
    watcher.stopping()
    assert systemd.recv(4096) == b"STOPPING=1"


def test_a_name_that_is_no_path_is_reached() -> None:
    name = f"voiceskill-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(f"\0{name}")
        channel.settimeout(30)
        supervisor({"NOTIFY_SOCKET": f"@{name}"}).ready()
        assert channel.recv(4096) == b"READY=1"


def test_programs_that_we_start_do_not_learn_of_it(systemd: socket.socket) -> None:
    environment = started(systemd, WATCHDOG_USEC="1000000", PATH="/bin")
    supervisor(environment)
    assert environment == {"PATH": "/bin"}


def test_without_anybody_who_watches_over_us_nothing_happens() -> None:
    watcher = supervisor({})
    watcher.ready()
    watcher.status("Listening")
    watcher.alive()
    watcher.stopping()
    assert watcher.patience is None


def test_one_that_has_gone_is_no_trouble(tmp_path: Path) -> None:
    NotifySocket(str(tmp_path / "gone"), 30).alive()
