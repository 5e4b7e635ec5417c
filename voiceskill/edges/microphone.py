"""A microphone by way of PortAudio.

The audio callback copies and enqueues, nothing else. All arithmetic happens in the thread that reads `frames`.
"""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from voiceskill.edges.devices import DeviceInfo, Direction, choose_device, close_stream, list_devices, load_portaudio, start_stream
from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, Clock, Frame, NoAudioDevice, Pcm

_BLOCK_SECONDS = FRAME_SAMPLES / HEARING_RATE
_QUEUE_SECONDS = 20.0
_SILENT_DEVICE_SECONDS = 3.0
_STOOD_STILL_SECONDS = 1.0
"""A wait that ends so much later than it should was no wait."""

_JUMP_SECONDS = 2.0
"""Sound that comes later than this is not late: the machine or this process stood still before it."""

_LATENCY_SECONDS = 0.04
_MOST_CHANNELS = 8
_COMMON_RATES = (48_000, 44_100)


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


class _Intake:
    """One opening of the device: what PortAudio's threads hand over to the reader."""

    def __init__(self, clock: Clock) -> None:
        self.blocks: queue.Queue[Block | None] = queue.Queue(maxsize=round(_QUEUE_SECONDS / _BLOCK_SECONDS))
        self._clock = clock
        self._lost = 0
        self._gap = False

    def take(self, sound: NDArray[np.int16], samples: int, _time: Any, status: Any) -> None:
        """Receive a block from PortAudio."""
        self._gap = self._gap or bool(status.input_overflow)
        try:
            self.blocks.put_nowait(Block(sound.copy(), self._clock.now(), self._lost, self._gap))
        except queue.Full:
            self._lost += samples
        else:
            self._lost, self._gap = 0, False

    def end(self) -> None:
        """Wake the reader: there will be no more. If the queue is full it is not asleep, and finds out by itself."""
        with contextlib.suppress(queue.Full):
            self.blocks.put_nowait(None)


class SoundDeviceMicrophone:
    """A Microphone: the default input, or the one of that index or name (see `devices.choose_device`).

    A Frame's `at` says when its sound reached the program. About 20 s of sound wait for a slow reader; what does not fit is dropped,
    and counted in the next Frame. After NoAudioDevice, `frames` may be called again to try the device anew.
    """

    def __init__(self, device: str | int | None, clock: Clock) -> None:
        """Find the device; `frames` opens it. Raises NoAudioDevice when there is no such device."""
        self._device = choose_device(device, Direction.IN, list_devices())
        self._clock = clock
        self._closed = False
        self._intake: _Intake | None = None

    @property
    def name(self) -> str:
        """The device's name, for people."""
        return self._device.name

    def frames(self) -> Iterator[Frame]:
        """Open the device and yield frames until `close`. Raises NoAudioDevice when it cannot be opened or goes away."""
        if self._closed:
            return
        stream, intake = self._open()
        self._intake = intake
        try:
            maker = FrameMaker(round(stream.samplerate), stream.channels)
            while (block := self._next_block(intake)) is not None:
                for frame in maker.accept(block):
                    if self._closed:
                        return
                    yield frame
        finally:
            close_stream(stream)

    def close(self) -> None:
        """End `frames` soon; may be called from another thread, more than once."""
        self._closed = True
        if self._intake is not None:
            self._intake.end()

    def _next_block(self, intake: _Intake) -> Block | None:
        """None once closed."""
        if self._closed:
            return None
        block = self._wait_for_block(intake)
        if self._closed:
            return None
        if block is None:
            raise NoAudioDevice(f'The microphone "{self.name}" has stopped: no sound came from it. Check its plug and the sound system.')
        return block

    def _wait_for_block(self, intake: _Intake) -> Block | None:
        """None when the device gives none any more. The time in which we stood still ourselves, suspended or stopped, is not its fault."""
        while True:
            began = self._clock.now()
            try:
                return intake.blocks.get(timeout=_SILENT_DEVICE_SECONDS)
            except queue.Empty:
                if self._clock.now() - began < _SILENT_DEVICE_SECONDS + _STOOD_STILL_SECONDS:
                    return None

    def _open(self) -> tuple[Any, _Intake]:
        sounddevice = load_portaudio()
        trouble: Exception | None = None
        for rate, channels in _formats(self._device):
            intake = _Intake(self._clock)
            try:
                stream = start_stream(
                    sounddevice.InputStream,
                    device=self._device.index,
                    samplerate=rate,
                    channels=channels,
                    dtype="int16",
                    blocksize=round(rate * _BLOCK_SECONDS),
                    latency=_LATENCY_SECONDS,
                    callback=intake.take,
                    finished_callback=intake.end,
                )
            except sounddevice.PortAudioError as error:
                trouble = trouble or error
                continue
            return stream, intake
        raise NoAudioDevice(
            f'The microphone "{self.name}" cannot be opened ({trouble}). '
            "Check that no other program holds it, or choose another: voiceskill devices"
        )


def _formats(device: DeviceInfo) -> Iterator[tuple[int, int]]:
    """Rates and channels worth a try, the cheapest first."""
    yield HEARING_RATE, 1
    rates = dict.fromkeys((device.rate, *_COMMON_RATES, HEARING_RATE))
    channels = dict.fromkeys((*range(1, min(device.inputs, _MOST_CHANNELS) + 1), device.inputs))
    yield from ((rate, count) for rate in rates for count in channels if (rate, count) != (HEARING_RATE, 1))
