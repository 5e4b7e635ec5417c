"""A running device and ears beside it, all on the one monotonic clock."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from tests.bedside.sound_server import DEVICE_RATE
from voiceskill.ports import Pcm

_PATIENCE_SECONDS = 90.0


class Device:
    """The events of `voiceskill run --events -`."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._read, name="events", daemon=True).start()

    def _read(self) -> None:
        for line in self._stream:
            self._events.put(json.loads(line))
        self._events.put(None)

    def until(self, *names: str, since: float = 0.0, seconds: float = _PATIENCE_SECONDS) -> dict[str, dict[str, Any]]:
        """Events by name, the first of each not older than `since`, until one of `names` has come.

        Raises TimeoutError, and EOFError when the device ends.
        """
        found: dict[str, dict[str, Any]] = {}
        deadline = time.monotonic() + seconds
        while found.keys().isdisjoint(names):
            try:
                event = self._events.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty as error:
                raise TimeoutError(f"no {' or '.join(names)} within {seconds:.0f} s") from error
            if event is None:
                raise EOFError("the device ended by itself: try voiceskill run")
            if event["t"] >= since:
                found.setdefault(event["event"], event)
        return found


@contextmanager
def running(
    environment: Mapping[str, str], data: Path, settings: Path | None = None, enter: Callable[[], None] | None = None
) -> Iterator[tuple[Device, float]]:
    """The device, ready, and the seconds that took from the command to the event. `enter` is called in its process before it begins."""
    own = ["--config", str(settings)] if settings else []
    command = [sys.executable, "-m", "voiceskill", "run", "--events", "-", "--data-dir", str(data), *own]
    began = time.monotonic()
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(command, env=environment, preexec_fn=enter, **streams) as process:  # noqa: S603
        try:
            assert process.stdout is not None  # noqa: S101 - for the type checker
            device = Device(process.stdout)
            ready: float = device.until("ready")["ready"]["t"]
            yield device, ready - began
        finally:
            process.kill()


class Ear:
    """Hears one source of the sound server, and knows when."""

    rate = DEVICE_RATE

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._pieces: list[bytes] = []
        self._samples = 0
        self._start = float("inf")
        self._thread = threading.Thread(target=self._read, name="ear", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while piece := self._stream.read1(4096):  # type: ignore[attr-defined] # a BufferedReader, which IO[bytes] does not tell
            arrived = time.monotonic()
            self._pieces.append(piece)
            self._samples += len(piece) // 2
            # Pieces come late, by what else the machine does; the one that came least late tells the time best.
            self._start = min(self._start, arrived - self._samples / self.rate)

    @property
    def start(self) -> float:
        """When the first sample was heard, in monotonic seconds."""
        return self._start

    def pcm(self) -> Pcm:
        """All that was heard so far."""
        sound = b"".join(self._pieces)
        return np.frombuffer(sound[: len(sound) // 2 * 2], np.int16)

    def join(self) -> None:
        """Wait for the last of the sound, once its program has ended."""
        self._thread.join(_PATIENCE_SECONDS)

    def wait_for_sound(self) -> None:
        """Return once it hears, be it silence."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self._samples == 0:
            if time.monotonic() > deadline:
                raise TimeoutError("the sound server gives no sound")
            time.sleep(0.01)


@contextmanager
def ear(environment: Mapping[str, str], source: str) -> Iterator[Ear]:
    """Listen to `source` while the block runs."""
    form = [f"--rate={DEVICE_RATE}", "--format=s16le", "--channels=1", "--raw", "--latency-msec=10"]
    with subprocess.Popen(["pacat", "--record", f"--device={source}", *form], env=environment, stdout=subprocess.PIPE) as process:  # noqa: S603, S607
        assert process.stdout is not None  # noqa: S101 - for the type checker
        listening = Ear(process.stdout)
        try:
            listening.wait_for_sound()
            yield listening
        finally:
            process.terminate()
            listening.join()
