"""A microphone by way of PortAudio.

The audio callback copies and enqueues, nothing else. All arithmetic happens in the thread that reads `frames`.
"""

from __future__ import annotations

import contextlib
import logging
import queue
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voiceskill.edges.device_names import DeviceInfo, Direction
from voiceskill.edges.devices import close_stream, find_device, load_portaudio, start_stream
from voiceskill.edges.framing import Block, FrameMaker, RateCheck
from voiceskill.edges.pulse import Absence
from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, Clock, Frame, NoAudioDevice

_log = logging.getLogger(__name__)

_BLOCK_SECONDS = FRAME_SAMPLES / HEARING_RATE
_QUEUE_SECONDS = 20.0
_SILENT_DEVICE_SECONDS = 3.0
_STOOD_STILL_SECONDS = 1.0
"""A wait that ends so much later than it should was no wait."""

_LATENCY_SECONDS = 0.04
_MOST_CHANNELS = 8
_COMMON_RATES = (48_000, 44_100)


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
    """A Microphone: the default input, or the one of that index or name (see `device_names.choose_device`).

    By its `lasting_name` it is found again wherever it is plugged in.
    A Frame's `at` says when its sound reached the program. About 20 s of sound wait for a slow reader; what does not fit is dropped,
    and counted in the next Frame. After NoAudioDevice, `frames` may be called again to try the device anew.
    """

    def __init__(self, device: str | int | None, clock: Clock) -> None:
        """Find the device; `frames` opens it. Raises NoAudioDevice when there is no such device."""
        self._device, self.lasting_name = find_device(device, Direction.IN)
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
        absence = Absence(self._device.node)
        try:
            maker = FrameMaker(round(stream.samplerate), stream.channels)
            check = RateCheck(round(stream.samplerate))
            while (block := self._next_block(intake)) is not None:
                if (rate := check.take(block)) is not None:
                    _log.warning("The microphone %r gives %d samples a second, not as many as it says.", self.name, rate)
                    maker.change_rate(rate)
                if absence.gone:
                    raise self._stopped()
                for frame in maker.accept(block):
                    if self._closed:
                        return
                    yield frame
        finally:
            absence.close()
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
            raise self._stopped()
        return block

    def _stopped(self) -> NoAudioDevice:
        return NoAudioDevice(f'The microphone "{self.name}" has stopped: no sound came from it. Check its plug and the sound system.')

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
                    self._device,
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
