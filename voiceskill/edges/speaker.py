"""A loudspeaker by way of PortAudio, which asks for its sound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voiceskill.edges.device_names import DeviceInfo, Direction
from voiceskill.edges.devices import close_stream, find_device, load_portaudio, quiet_stderr, start_stream
from voiceskill.edges.pulse import Absence, towards
from voiceskill.ports import Clock, NoAudioDevice, PullSound

_BLOCK_SECONDS = 0.01
_LATENCY_SECONDS = 0.04
_SILENT_DEVICE_SECONDS = 3.0
_COMMON_RATES = (48_000, 44_100, 32_000, 24_000, 22_050, 16_000)


class SoundDeviceSpeaker:
    """A Speaker: the default output, or the one of that index or name (see `device_names.choose_device`).

    By its `lasting_name` it is found again wherever it is plugged in.
    A fault of `pull` becomes silence and is counted; nothing that happens in the audio thread ends the program. Whoever owns the
    speaker looks at `fault` from time to time, for a device that has gone away has no other way to tell.
    """

    def __init__(self, device: str | int | None, clock: Clock) -> None:
        """Find the device and its rate. Raises NoAudioDevice when there is none, or none that takes sound that we can make."""
        self._device, self.lasting_name = find_device(device, Direction.OUT)
        self._clock = clock
        self._rate, self._channels = _first_accepted(self._device)
        self._pull: PullSound | None = None
        self._stream: Any = None
        self._absence = Absence("")
        self._last_pull = 0.0
        self._ended = False
        self._underflows = 0
        self._pull_faults = 0
        self._first_pull_fault: Exception | None = None

    @property
    def name(self) -> str:
        """The device's name, for people."""
        return self._device.name

    @property
    def rate(self) -> int:
        """Samples per second it plays."""
        return self._rate

    @property
    def underflows(self) -> int:
        """How often the device ran out of sound because we were late."""
        return self._underflows

    @property
    def pull_faults(self) -> int:
        """How many blocks were silence because `pull` failed."""
        return self._pull_faults

    @property
    def first_pull_fault(self) -> Exception | None:
        """Why `pull` failed the first time, for the log."""
        return self._first_pull_fault

    @property
    def fault(self) -> NoAudioDevice | None:
        """What happened to the device when it no longer plays, though started and not closed."""
        gone = self._ended or self._absence.gone
        if self._stream is None or not (gone or self._clock.now() - self._last_pull > _SILENT_DEVICE_SECONDS):
            return None
        return NoAudioDevice(f'The loudspeaker "{self.name}" has stopped. Check its plug and the sound system.')

    def start(self, pull: PullSound) -> None:
        """Begin to play what `pull` gives: mono, any number of samples at `rate`. Raises NoAudioDevice."""
        self.close()
        self._pull, self._ended, self._last_pull = pull, False, self._clock.now()
        sounddevice = load_portaudio()
        try:
            self._stream = start_stream(
                sounddevice.OutputStream,
                self._device,
                samplerate=self._rate,
                channels=self._channels,
                dtype="int16",
                blocksize=round(self._rate * _BLOCK_SECONDS),
                latency=_LATENCY_SECONDS,
                callback=self._give,
                finished_callback=self._end,
            )
        except sounddevice.PortAudioError as error:
            raise _cannot_be_opened(self._device, error) from error
        self._absence = Absence(self._device.node)

    def close(self) -> None:
        """Fall silent and let go of the device; may be called more than once."""
        stream, self._stream, self._pull = self._stream, None, None
        self._absence.close()
        if stream is not None:
            close_stream(stream)

    def _give(self, sound: NDArray[np.int16], samples: int, _time: Any, status: Any) -> None:
        """PortAudio's callback."""
        self._underflows += bool(status.output_underflow)
        self._last_pull = self._clock.now()
        sound.fill(0)
        pull = self._pull
        if pull is None:
            return
        try:
            sound[:] = pull(samples)[:, np.newaxis]
        except Exception as error:  # noqa: BLE001 - one that left a callback would end the sound for good
            sound.fill(0)
            self._pull_faults += 1
            self._first_pull_fault = self._first_pull_fault or error

    def _end(self) -> None:
        self._ended = True


def _first_accepted(device: DeviceInfo) -> tuple[int, int]:
    sounddevice = load_portaudio()
    trouble: Exception | None = None
    for rate, channels in _formats(device):
        try:
            with quiet_stderr(), towards(device.node):
                sounddevice.check_output_settings(device=device.opened_as, channels=channels, dtype="int16", samplerate=rate)
        except sounddevice.PortAudioError as error:
            trouble = trouble or error
        else:
            return rate, channels
    raise _cannot_be_opened(device, trouble)


def _formats(device: DeviceInfo) -> Iterator[tuple[int, int]]:
    """Rates and channels worth a try: stereo before mono, for some drivers play mono on one side only."""
    rates = dict.fromkeys((device.rate, *_COMMON_RATES))
    channels = dict.fromkeys((min(2, device.outputs), 1, device.outputs))
    yield from ((rate, count) for rate in rates for count in channels)


def _cannot_be_opened(device: DeviceInfo, trouble: Exception | None) -> NoAudioDevice:
    return NoAudioDevice(
        f'The loudspeaker "{device.name}" cannot be opened ({trouble}). '
        "Check that no other program holds it, or choose another: voiceskill devices"
    )
