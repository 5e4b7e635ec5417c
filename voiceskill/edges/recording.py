"""A recording as the microphone, and a recording of the loudspeaker, both on one virtual time line.

Time is kept in whole nanoseconds and sound in whole samples, so nothing drifts: a sample at HEARING_RATE is exactly 62,500 ns.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np

from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, Clip, Clock, Frame, Pcm, PullSound

_NANOSECONDS = 1_000_000_000


class VirtualClock:
    """A Clock that stands still until it is moved."""

    def __init__(self, start: float = 0.0) -> None:
        """Stand at `start` seconds."""
        self._nanoseconds = _to_nanoseconds(start)

    def now(self) -> float:
        """Seconds since the clock's zero."""
        return self._nanoseconds / _NANOSECONDS

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`, which may not be negative."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self._nanoseconds += _to_nanoseconds(seconds)


class RecordedMicrophone:
    """A Microphone that hears a recording, then silence until `close`.

    Without `realtime` the frames come as fast as they are taken, and each moves the clock, a VirtualClock, to its end before it is yielded:
    `frame.at == clock.now()`. With `realtime` each waits until the clock, any Clock that runs by itself, has reached its end.
    """

    def __init__(self, pcm_16k: Pcm, *, realtime: bool, clock: Clock) -> None:
        """Take mono sound at HEARING_RATE, shape (samples,)."""
        if pcm_16k.dtype != np.int16 or pcm_16k.ndim != 1:
            raise ValueError(f"want int16 of shape (samples,), got {pcm_16k.dtype} of shape {pcm_16k.shape}")
        if realtime == isinstance(clock, VirtualClock):
            raise ValueError("a virtual clock goes with realtime=False, a running one with realtime=True")
        self._pcm = pcm_16k
        self._clock = clock
        self._closed = threading.Event()

    @property
    def name(self) -> str:
        """For people."""
        return "recording"

    @property
    def seconds(self) -> float:
        """How long the recording is, without the silence after it."""
        return len(self._pcm) / HEARING_RATE

    def frames(self) -> Iterator[Frame]:
        """Yield the recording from its beginning, the last frame filled up with silence, then silence until `close`."""
        start = self._clock.now()
        for number, pcm in enumerate(self._pieces(), start=1):
            at = start + number * FRAME_SAMPLES / HEARING_RATE
            if isinstance(self._clock, VirtualClock):
                self._clock.advance(FRAME_SAMPLES / HEARING_RATE)
                at = self._clock.now()
            elif self._closed.wait(max(0.0, at - self._clock.now())):
                return
            if self._closed.is_set():
                return
            yield Frame(pcm, at)

    def close(self) -> None:
        """End `frames` before its next frame; may be called from another thread, more than once."""
        self._closed.set()

    def _pieces(self) -> Iterator[Pcm]:
        for first in range(0, len(self._pcm), FRAME_SAMPLES):
            piece = self._pcm[first : first + FRAME_SAMPLES]
            yield np.pad(piece, (0, FRAME_SAMPLES - len(piece)))
        while True:
            yield np.zeros(FRAME_SAMPLES, np.int16)


class RecordedSpeaker:
    """A Speaker whose sound is kept. Its owner moves it along the time line; before `start` and after `close` it is silent."""

    def __init__(self, rate: int) -> None:
        """Play `rate` samples per second."""
        self._rate = rate
        self._nanoseconds = 0
        self._samples = 0
        self._pull: PullSound | None = None
        self._pieces: list[Pcm] = []

    @property
    def name(self) -> str:
        """For people."""
        return "recording"

    @property
    def rate(self) -> int:
        """Samples per second it plays."""
        return self._rate

    def start(self, pull: PullSound) -> None:
        """Take the sound from `pull` from here on."""
        self._pull = pull

    def close(self) -> None:
        """Be silent from here on; what was recorded stays."""
        self._pull = None

    def advance(self, seconds: float) -> None:
        """Play the next `seconds`: as many samples as bring the recording to its new length, rounded down to a whole sample."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self._nanoseconds += _to_nanoseconds(seconds)
        wanted = self._nanoseconds * self._rate // _NANOSECONDS - self._samples
        if wanted == 0:
            return
        piece = np.zeros(wanted, np.int16) if self._pull is None else self._pull(wanted)
        if piece.shape != (wanted,) or piece.dtype != np.int16:
            raise ValueError(f"asked for int16 of shape ({wanted},), got {piece.dtype} of shape {piece.shape}")
        self._pieces.append(piece.copy())
        self._samples += wanted

    def forget(self) -> None:
        """Keep nothing of what was played so far: a day of it takes gigabytes."""
        self._pieces.clear()

    def sound(self) -> Clip:
        """Everything played and not forgotten so far, on the time line of the `advance` calls."""
        return Clip(np.concatenate([np.empty(0, np.int16), *self._pieces]), self._rate)


def _to_nanoseconds(seconds: float) -> int:
    return round(seconds * _NANOSECONDS)
