"""What goes on while a page is open, over a real connection."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from starlette.types import Message

from tests.bedside.sound_server import wait_until
from tests.screen.fake_device import FakeScreen
from voiceskill.edges.clock import MonotonicClock
from voiceskill.edges.web.live import AGAIN_SECONDS, Board, LiveResponse, Places
from voiceskill.edges.web.pairing import Pairing
from voiceskill.edges.web.server import ScreenServer
from voiceskill.ports import Fault

HOST = "127.0.0.1"


@contextmanager
def served(folder: Path, device: FakeScreen | None = None, port: int = 0) -> Iterator[ScreenServer]:
    with ScreenServer(device or FakeScreen(), Pairing(folder), MonotonicClock(), HOST, port, shared=False) as server:
        yield server


@contextmanager
def looking(server: ScreenServer, path: str = "/live") -> Iterator[Iterator[dict[str, Any]]]:
    """The scenes as a page gets them; what is only repeated from time to time comes too late."""
    with httpx.stream("GET", f"http://{HOST}:{server.port}{path}", timeout=AGAIN_SECONDS * 0.8) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield (json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line)


def show(server: ScreenServer, device: FakeScreen, words: str) -> None:
    device.words = words
    server.board.show()


def until(scenes: Iterator[dict[str, Any]], words: str) -> None:
    while next(scenes)["words"] != words:
        pass


def test_two_screens_see_the_same_at_once(tmp_path: Path) -> None:
    device = FakeScreen()
    with served(tmp_path, device) as server, looking(server) as one, looking(server) as other:
        assert next(one)["words"] == next(other)["words"] == "Ready"
        show(server, device, "Speaking")
        until(one, "Speaking")
        until(other, "Speaking")


def test_a_screen_that_comes_back_sees_how_things_stand(tmp_path: Path) -> None:
    device = FakeScreen()
    with served(tmp_path, device) as server:
        with looking(server) as scenes:
            next(scenes)
        show(server, device, "Thinking")
        with looking(server) as scenes:
            assert next(scenes)["words"] == "Thinking"


def test_a_screen_that_reads_nothing_holds_up_nobody(tmp_path: Path) -> None:
    device = FakeScreen()
    with served(tmp_path, device) as server, closing(socket.create_connection((HOST, server.port))) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        slow.sendall(f"GET /live HTTP/1.1\r\nHost: {HOST}:{server.port}\r\n\r\n".encode())
        slow.recv(1_000)
        with looking(server) as scenes:
            next(scenes)
            for number in range(300):
                show(server, device, f"{number} {'x' * 20_000}")
            show(server, device, "Ready for you")
            until(scenes, "Ready for you")


def test_a_thousand_changes_at_once_are_few_messages(tmp_path: Path) -> None:
    device = FakeScreen()
    with served(tmp_path, device) as server, looking(server) as scenes:
        next(scenes)
        for number in range(1_000):
            show(server, device, str(number))
        seen = 0
        while next(scenes)["words"] != "999":
            seen += 1
        assert seen < 1_000


def test_the_level_of_the_microphone_comes_by_itself(tmp_path: Path) -> None:
    with served(tmp_path) as server, looking(server, "/live/gauges") as scenes:
        assert [next(scenes)["level"] for _ in range(3)] == [-32.0] * 3


def test_a_page_notices_that_the_program_was_started_anew(tmp_path: Path) -> None:
    runs = []
    for _ in range(2):
        with served(tmp_path) as server, looking(server) as scenes:
            runs.append(next(scenes)["run"])
    assert runs[0] != runs[1]


def test_it_ends_though_somebody_looks(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        port = server.port
        connection = socket.create_connection((HOST, port))
        connection.sendall(f"GET /live HTTP/1.1\r\nHost: {HOST}:{port}\r\n\r\n".encode())
        connection.recv(1_000)
    with closing(connection), pytest.raises(httpx.TransportError):
        httpx.get(f"http://{HOST}:{port}/")


def test_a_port_that_is_taken_is_told_of(tmp_path: Path) -> None:
    with served(tmp_path) as server, pytest.raises(Fault, match="end what else uses it"), served(tmp_path, port=server.port):
        pass


@pytest.mark.parametrize("path", ["/live", "/live/gauges"])
def test_a_place_is_given_back_when_a_screen_goes(tmp_path: Path, path: str) -> None:
    with served(tmp_path) as server:
        for _ in range(20):
            wait_until(_can_look(server, path), "a place to look from")


@pytest.mark.parametrize("steps", range(-6, 7))
@pytest.mark.parametrize("seconds", [None, 0.0], ids=["what is new", "what moves"])
def test_a_screen_is_let_go_though_something_is_shown_just_then(steps: int, seconds: float | None) -> None:
    async def leave() -> None:
        board, going, looked = Board(), asyncio.Event(), asyncio.Event()
        board.open()

        async def receive() -> Message:
            await going.wait()
            return {"type": "http.disconnect"}

        async def send(_message: Message) -> None:
            await asyncio.sleep(0)

        def look() -> dict[str, str]:
            looked.set()
            return {}

        response = LiveResponse(board, look, lambda: False, seconds)
        showing = asyncio.create_task(response({"type": "http"}, receive, send))
        await looked.wait()
        moments = [going.set, board.show] if steps > 0 else [board.show, going.set]
        for _ in range(20):
            await asyncio.sleep(0)
        moments[0]()
        for _ in range(abs(steps)):
            await asyncio.sleep(0)
        moments[1]()
        async with asyncio.timeout(20):
            await showing

    asyncio.run(leave())


def _can_look(server: ScreenServer, path: str) -> Callable[[], bool]:
    def look() -> bool:
        with httpx.stream("GET", f"http://{HOST}:{server.port}{path}") as answer:
            server.board.show()
            return answer.status_code == 200

    return look


def test_one_address_cannot_take_all_places() -> None:
    places = Places(in_all=5, from_one=3)
    assert [places.take("a") for _ in range(4)] == [True, True, True, False]
    assert [places.take("b") for _ in range(3)] == [True, True, False]
    places.leave("a")
    assert places.take("c")
