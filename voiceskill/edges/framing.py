"""The microphone's blocks as frames: one rate, one length, one time line."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, Frame, Pcm

_JUMP_SECONDS = 2.0
"""Sound that comes later than this is not late: the machine or this process stood still before it."""

_USUAL_RATES = (8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000)


@dataclass(frozen=True, slots=True)
class Block:
    """Sound as the device gave it: `pcm` of shape (samples, channels). `lost` samples per channel went missing before it.

    `gap` tells that the device lost an unknown number more.
    """

    pcm: NDArray[np.int16]
    arrived: float
    lost: int = 0
    gap: bool = False


class FrameMaker:
    """Blocks at the device's rate and channels in, exact Frames out.

    Times count samples. They follow the device's own pace, which differs from the clock's by a few seconds a day: sound cannot have been
    heard before it was made, so a block that comes early pulls the count back at once; when for ten seconds every block
    came late, the count moves forward by up to 5 ms, or at once by all of it when it is more than 100 ms behind.
    """

    def __init__(self, rate: int, channels: int) -> None:
        self._rate = rate
        self._channels = channels
        self._start: float | None = None
        self._dropped = 0
        self._last_at = float("-inf")
        self._begin_stretch()

    def _begin_stretch(self) -> None:
        """Nothing before this point may be joined to what follows."""
        self._taken = 0
        self._given = 0
        self._rest: Pcm = np.empty(0, np.int16)
        self._resampler = None if self._rate == HEARING_RATE else soxr.ResampleStream(self._rate, HEARING_RATE, 1, dtype="int16")
        self._window_start = 0
        self._least_lateness = float("inf")

    def change_rate(self, rate: int) -> None:
        """Take what comes from now on as `rate` samples a second."""
        self._rate = rate
        self._start = None
        self._begin_stretch()

    def accept(self, block: Block) -> Iterator[Frame]:
        """Yield the frames that this block completes."""
        length = len(block.pcm)
        if self._start is None:
            self._start = block.arrived - length / self._rate
        else:
            self._skip_what_was_lost(self._start, block)
        self._taken += length
        self._follow_the_clock(block.arrived)
        mono = block.pcm[:, 0] if self._channels == 1 else np.rint(block.pcm.mean(axis=1)).astype(np.int16)
        if self._resampler is not None:
            mono = self._resampler.resample_chunk(mono)
        self._rest = np.concatenate([self._rest, mono])
        while len(self._rest) >= FRAME_SAMPLES:
            pcm, self._rest = self._rest[:FRAME_SAMPLES], self._rest[FRAME_SAMPLES:]
            yield self._frame(pcm)

    def _frame(self, pcm: Pcm) -> Frame:
        self._given += FRAME_SAMPLES
        assert self._start is not None  # noqa: S101 - for the type checker
        self._last_at = max(self._last_at, self._start + self._given / HEARING_RATE)
        dropped, self._dropped = self._dropped, 0
        return Frame(pcm, self._last_at, dropped)

    def _skip_what_was_lost(self, start: float, block: Block) -> None:
        expected = start + (self._taken + block.lost) / self._rate
        lost = block.lost
        began = block.arrived - len(block.pcm) / self._rate
        if block.gap or began - expected > _JUMP_SECONDS:
            lost += max(0, round((began - expected) * self._rate))
        if lost == 0:
            return
        self._dropped += round((self._taken + lost) * HEARING_RATE / self._rate) - self._given
        self._start = start + (self._taken + lost) / self._rate
        self._begin_stretch()

    def _follow_the_clock(self, arrived: float) -> None:
        assert self._start is not None  # noqa: S101 - for the type checker
        lateness = arrived - (self._start + self._taken / self._rate)
        if lateness < 0:
            self._start += lateness
            lateness = 0.0
        self._least_lateness = min(self._least_lateness, lateness)
        if self._taken - self._window_start >= 10 * self._rate:
            self._start += self._least_lateness if self._least_lateness > 0.1 else min(self._least_lateness, 0.005)
            self._window_start = self._taken
            self._least_lateness = float("inf")


class RateCheck:
    """Counts whether a device gives as many samples a second as it says; some drivers do not.

    Clocks differ by less than a thousandth, bursts by less than half a second: three stretches of four seconds that agree with each other
    and not with the rate they should have are no accident.
    """

    _STRETCH_SECONDS = 4.0
    _STRETCHES = 3
    _ALIKE = 0.03
    _WRONG = 0.06

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._measured: deque[float] = deque(maxlen=self._STRETCHES)
        self._since: float | None = None
        self._last = 0.0
        self._samples = 0

    def take(self, block: Block) -> int | None:
        """Take in what the device gave. Gives its true rate when it proves to be another than was thought."""
        if self._since is None or block.gap or block.lost or block.arrived - self._last > _JUMP_SECONDS:
            self._since, self._samples = block.arrived, 0
        else:
            self._samples += len(block.pcm)
        self._last = block.arrived
        passed = block.arrived - self._since
        if passed < self._STRETCH_SECONDS:
            return None
        self._measured.append(self._samples / passed)
        self._since, self._samples = block.arrived, 0
        return self._judge()

    def _judge(self) -> int | None:
        mean = sum(self._measured) / len(self._measured)
        agree = len(self._measured) == self._STRETCHES and max(abs(rate / mean - 1) for rate in self._measured) < self._ALIKE
        if not agree or abs(mean / self._rate - 1) < self._WRONG:
            return None
        nearest = min(_USUAL_RATES, key=lambda rate: abs(rate / mean - 1))
        self._rate = nearest if abs(nearest / mean - 1) < self._ALIKE else round(mean)
        self._measured.clear()
        return self._rate
