"""A synthesiser on another machine, over real sockets: its voice where it comes in time, ours where it does not."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.edges.test_recognisers_with_server import PATIENCE, PassingClock
from tests.edges.test_wyoming_server import offering, serving
from tests.edges.wyoming_servers import BROKEN_AT_ONCE, SILENT, Kind, somebodys_server
from tests.fakes import FakeClock, FakeSynthesiser
from voiceskill.edges.synthesisers.cache import Cached
from voiceskill.edges.synthesisers.sound import stretched
from voiceskill.edges.synthesisers.with_server import ServerVoice, WithServer
from voiceskill.edges.wyoming.remote import RemoteServer
from voiceskill.ports import Clip, Clock

OURS, THEIRS = 1_000, 8_000
"""Samples a second of our voice and of the server's: by these they are told apart."""


@contextmanager
def voice(port: int, folder: Path, clock: Clock | None = None) -> Iterator[WithServer]:
    server = ServerVoice(RemoteServer("127.0.0.1", port, "en"), clock=clock or FakeClock(), patience=PATIENCE)
    made = WithServer(Cached(FakeSynthesiser(), folder / "ours"), server, Cached(server, folder / "theirs"))
    try:
        yield made
    finally:
        made.close()


def test_the_server_speaks(tmp_path: Path) -> None:
    with somebodys_server("works") as server, voice(server.port, tmp_path) as speaker:
        clip = speaker.render("Breathe out.")
        assert (clip.rate, len(clip.pcm)) == (THEIRS, 800)
        slower = speaker.render("Breathe out.", 2.0)
        assert len(slower.pcm) == pytest.approx(1_600, abs=300)


def test_our_own_server_speaks_too(tmp_path: Path) -> None:
    theirs = FakeSynthesiser(level=500)
    with serving(offering(synthesiser=theirs)) as port, voice(port, tmp_path) as speaker:
        assert speaker.render("Breathe out.").rate == OURS  # a thousand samples a second are no sound to be sent; ours is heard
    assert theirs.rendered == ["Breathe out."]


@pytest.mark.parametrize("kind", SILENT)
def test_a_server_that_says_nothing_is_waited_for_once_and_not_for_long(
    kind: Kind, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = PassingClock()
    with somebodys_server(kind) as server, voice(server.port, tmp_path, clock) as speaker:
        before = clock.time
        assert speaker.render("Breathe out.").rate == OURS
        assert PATIENCE <= clock.time - before <= PATIENCE + 0.5
        for _ in range(5):
            before = clock.time
            assert speaker.render("And rest.").rate == OURS
            assert clock.time - before <= 0.5
    assert len(caplog.records) == 1
    assert "does not answer within 1.5 seconds: until it does, this device speaks with a voice of its own" in caplog.text


@pytest.mark.parametrize("kind", BROKEN_AT_ONCE)
def test_a_server_that_breaks_costs_no_time_at_all(kind: Kind, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    with somebodys_server(kind) as server, voice(server.port, tmp_path, clock) as speaker:
        assert speaker.render("Breathe out.").rate == OURS
        assert speaker.render("And rest.").rate == OURS
    assert clock.time == 100.0
    assert len(caplog.records) == 1


def test_what_is_held_for_danger_is_spoken_at_once_by_our_own_voice_where_the_servers_is_not_ready(tmp_path: Path) -> None:
    clock = FakeClock()
    with somebodys_server("hangs up") as server, voice(server.port, tmp_path, clock) as speaker:
        speaker.render_ahead(["Call nine nine nine now."], hold=True)
        server.kind = "says nothing"
        clock.time += 60
        visits = server.visits
        assert speaker.render("Call nine nine nine now.").rate == OURS
        assert (server.visits, clock.time) == (visits, 160.0)


def test_what_is_held_is_rendered_ahead_by_both_and_outlives_the_server(tmp_path: Path) -> None:
    with somebodys_server("works") as server, voice(server.port, tmp_path) as speaker:
        speaker.render_ahead(["Call nine nine nine now."], hold=True)
        speaker.render_ahead(["Breathe out."])
        server.kind = "resets"
        assert speaker.render("Call nine nine nine now.").rate == THEIRS
        assert speaker.render("Breathe out.").rate == THEIRS
        assert speaker.render("And rest.").rate == OURS


def test_a_server_that_failed_is_tried_again_and_speaks_when_it_answers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "voiceskill")
    clock = FakeClock()
    with somebodys_server("hangs up") as server, voice(server.port, tmp_path, clock) as speaker:
        assert speaker.render("Breathe out.").rate == OURS
        server.kind = "works"
        clock.time += 1.0
        while speaker.render("Breathe out.").rate == OURS:
            assert server.visits <= 2  # it is asked, and nobody waits
        assert speaker.render("And rest.").rate == THEIRS
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


@pytest.mark.parametrize("pace", [0.6, 0.8, 1.3, 2.5])
def test_speech_at_another_pace_keeps_its_pitch(pace: float) -> None:
    rate, pitch = 22_050, 180
    tone = Clip((8_000 * np.sin(2 * np.pi * pitch * np.arange(2 * rate) / rate)).astype(np.int16), rate)
    made = stretched(tone, pace)
    assert len(made.pcm) / rate == pytest.approx(2 * pace, rel=0.05)
    middle = made.pcm[rate // 4 : -rate // 4].astype(float)
    loudest = np.argmax(np.abs(np.fft.rfft(middle))) * rate / len(middle)
    assert loudest == pytest.approx(pitch, abs=3)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(8_000 / np.sqrt(2), rel=0.1)
