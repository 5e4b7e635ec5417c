"""A recogniser on another machine, over real sockets: used where it answers in time, and missed by nobody where it does not."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from tests.edges.test_wyoming_server import offering, serving
from tests.edges.wyoming_servers import BROKEN_AT_ONCE, SILENT, Kind, somebodys_server
from tests.fakes import FakeClock, FakeRecogniser
from voiceskill.edges.recognisers.with_server import WithServer
from voiceskill.edges.wyoming.remote import RemoteServer
from voiceskill.ports import Clock

SECOND = np.zeros(16_000, np.int16)
PATIENCE = 1.5
OURS = "we heard"


class PassingClock(FakeClock):
    """Goes on by a twentieth of a second whenever it is looked at."""

    def now(self) -> float:
        self.time += 0.05
        return self.time


class Device:
    """A device with a recogniser of its own, which hears OURS, and a server at this port."""

    def __init__(self, port: int, clock: Clock | None = None, own: str = OURS) -> None:
        self.clock = clock or FakeClock()
        self.speaks = False
        self.server = RemoteServer("127.0.0.1", port, "en")
        self.recogniser = WithServer(
            FakeRecogniser(own, partials=False),
            self.server,
            clock=self.clock,
            patience=PATIENCE,
            speaking=lambda: self.speaks,
            decisive=lambda text: "legs" in text,
        )

    def hear(self) -> list[str]:
        self.recogniser.start()
        self.recogniser.accept(SECOND)
        return self.read()

    def read(self) -> list[str]:
        return [reading.text for reading in self.recogniser.hypotheses()]


@contextmanager
def device(port: int, clock: Clock | None = None, own: str = OURS) -> Iterator[Device]:
    made = Device(port, clock, own)
    try:
        yield made
    finally:
        made.recogniser.close()


def test_the_servers_reading_comes_first_and_ours_behind_it() -> None:
    with somebodys_server("works") as server, device(server.port) as bed:
        assert bed.hear() == bed.hear() == ["the server heard", OURS]
        assert bed.read() == ["the server heard", OURS]
        assert server.visits == 2


def test_whoever_speaks_on_after_a_pause_is_heard_whole() -> None:
    theirs = FakeRecogniser("my back has gone", partials=False)
    with serving(offering(recogniser=theirs)) as port, device(port) as bed:
        assert bed.hear() == ["my back has gone", OURS]
        bed.recogniser.accept(SECOND)
        bed.recogniser.accept(SECOND)
        assert bed.read() == ["my back has gone", OURS]
        assert theirs.accepted == 3 * 16_000


def test_where_the_server_hears_nothing_ours_counts() -> None:
    with serving(offering(recogniser=FakeRecogniser(partials=False))) as port, device(port) as bed:
        assert bed.hear() == [OURS]


def test_while_we_speak_nobody_else_is_asked() -> None:
    with somebodys_server("works") as server, device(server.port) as bed:
        bed.speaks = True
        assert bed.hear() == [OURS]
        bed.speaks = False
        bed.recogniser.start()
        bed.recogniser.accept(SECOND)
        bed.speaks = True
        assert bed.read() == [OURS]
        assert server.visits <= 1


@pytest.mark.parametrize("kind", [*SILENT, *BROKEN_AT_ONCE])
def test_danger_waits_for_no_server(kind: Kind) -> None:
    with somebodys_server(kind) as server, device(server.port, own="I can't feel my legs") as bed:
        assert bed.hear() == ["I can't feel my legs"]
        assert bed.clock.now() == 100.0


@pytest.mark.parametrize("kind", SILENT)
def test_a_server_that_says_nothing_is_waited_for_once_and_not_for_long(kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    clock = PassingClock()
    with somebodys_server(kind) as server, device(server.port, clock) as bed:
        before = clock.time
        assert bed.hear() == [OURS]
        assert PATIENCE <= clock.time - before <= PATIENCE + 0.5
        for _ in range(5):
            before = clock.time
            assert bed.hear() == [OURS]
            assert clock.time - before <= 0.5
    assert len(caplog.records) == 1
    assert f"the server at 127.0.0.1:{server.port} does not answer within 1.5 seconds: until it does" in caplog.text


@pytest.mark.parametrize("kind", BROKEN_AT_ONCE)
def test_a_server_that_breaks_costs_no_time_at_all(kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    with somebodys_server(kind) as server, device(server.port) as bed:
        assert bed.hear() == [OURS]
        assert bed.hear() == [OURS]
        assert bed.clock.now() == 100.0
    assert len(caplog.records) == 1


def test_a_machine_that_is_not_there_costs_no_time_at_all_and_is_asked_ever_more_seldom(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    with somebodys_server("works") as server:
        port = server.port
    with device(port, clock) as bed:
        assert bed.hear() == [OURS]
    assert clock.time == 100.0
    assert "cannot be reached" in caplog.text


def test_a_server_that_failed_is_tried_on_what_is_said_and_used_again_when_it_answers(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = FakeClock()
    with somebodys_server("hangs up") as server, device(server.port, clock) as bed:
        assert bed.hear() == [OURS]
        clock.time += 0.4
        bed.hear()
        assert server.visits == 1  # it is not tried before half a second has passed
        server.kind = "works"
        clock.time += 1.0
        while bed.hear() == [OURS]:
            assert server.visits <= 2  # it is asked, and nobody waits
        assert bed.hear() == ["the server heard", OURS]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "answers again" in caplog.text


def test_a_server_that_stays_away_is_tried_every_ten_seconds_at_most() -> None:
    clock = FakeClock()
    with somebodys_server("hangs up") as server, device(server.port, clock) as bed:
        bed.hear()
        for _ in range(600):
            clock.time += 1.0
            bed.hear()
        assert server.visits <= 70
