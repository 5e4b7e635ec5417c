"""The device at one thing, for whoever counts instructions: `python -m scripts.bench_suite.cost_child KIND SECONDS DATA_DIR SCRATCH`.

It makes itself ready, writes a line "begin", waits for a line, and lives through the seconds; if it is "listening", through a question,
until the answer begins. Then it writes "end" with the seconds of sound that this took, and waits for another line. What comes from the
microphone is made before, so that between the two lines there is nothing but the device.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scripts.bench_suite.people import QUESTIONS, spoken
from tests.room import at_level
from voiceskill.app import App, Home
from voiceskill.core.events import Speaking
from voiceskill.edges.echo import build_echo_canceller
from voiceskill.edges.recording import VirtualClock
from voiceskill.edges.synthesisers.cache import Cached
from voiceskill.listen import FRAME_SECONDS
from voiceskill.ports import FRAME_SAMPLES, Frame, Pcm
from voiceskill.recorded import RecordedDevice

_HISS = 12.0
_ROOM_BEFORE = 12.0
"""Seconds in which the voice detector learns how loud the room is."""

_ANSWERED_WITHIN = 30.0
_CACHE_BYTES = 200 * 2**20


def main() -> None:
    """Make ready, and live through it."""
    kind, seconds, data, scratch = sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
    settings = Home.find(settings_file=_no_settings(scratch), data=data)
    with App(settings) as app:
        clock = VirtualClock()
        speaking: list[float] = []

        def observe(at: float, happening: object) -> None:
            if isinstance(happening, Speaking):
                speaking.append(at)

        synthesiser = Cached(app.synthesiser(), data / "speech", _CACHE_BYTES)
        device = RecordedDevice(app, clock, observe, synthesiser=synthesiser, echo=build_echo_canceller)

        def live(frames: list[Pcm], until: Callable[[], bool] = lambda: False) -> float:
            """Returns the seconds that passed."""
            began = clock.now()
            for pcm in frames:
                clock.advance(FRAME_SECONDS)
                device.feed(Frame(pcm, clock.now()))
                if until():
                    break
            return clock.now() - began

        def ask() -> list[Pcm]:
            speaking.clear()
            return _frames(at_level(spoken(QUESTIONS[0][1], QUESTIONS[0][0], scratch)), _ANSWERED_WITHIN)

        live(_frames(np.zeros(0), _ROOM_BEFORE))
        if kind != "idle":
            for _ in range(2):  # the first answer brings what is said once only, and renders all of it
                live(ask(), lambda: bool(speaking) and device.idle)
        match kind:
            case "idle":
                at_work = _frames(np.zeros(0), seconds)
            case "listening":
                at_work = ask()
            case "speaking":
                live(ask(), lambda: bool(speaking))
                speaking.clear()
                at_work = _frames(np.zeros(0), seconds)
            case _:
                raise SystemExit(f"nothing is known of {kind}")
        _mark("begin")
        lived = live(at_work, lambda: bool(speaking))
        _mark(f"end {lived:.3f}")


def _frames(sound: NDArray[np.float64], seconds: float) -> list[Pcm]:
    """A little hiss, with the sound in it."""
    count = round(seconds / FRAME_SECONDS)
    heard = np.random.default_rng(1).standard_normal(count * FRAME_SAMPLES) * _HISS
    heard[: len(sound)] += sound[: len(heard)]
    return list(heard.clip(-32_768, 32_767).astype(np.int16).reshape(count, FRAME_SAMPLES))


def _no_settings(folder: Path) -> Path:
    file = folder / "settings.toml"
    file.touch()
    return file


def _mark(word: str) -> None:
    print(word, flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
