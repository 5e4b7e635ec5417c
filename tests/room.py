"""A simulated bedroom: a loudspeaker that distorts, walls that ring, a microphone that hears both it and whoever lies there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
import soxr
from numpy.typing import NDArray

from voiceskill.core.actions import Action
from voiceskill.core.events import Event
from voiceskill.edges.echo import build_echo_canceller
from voiceskill.edges.recording import VirtualClock
from voiceskill.listen import FRAME_SECONDS
from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, Cancelled, Clock, EchoCanceller, Frame, Pcm

Sound = NDArray[np.float64]
Happening = Event | Action
Kind = TypeVar("Kind", bound=Happening)

SPEAKER_LEVEL = 1_500.0
"""How loud a person is at the microphone, RMS of the louder half of their speech: a clear voice at arm's length."""

_OWN_LEVEL = 4_100.0
"""The same of our own voice at full volume, before the loudspeaker: flite's rms."""

_HISS = 12.0
_REVERBERATION_SECONDS = 0.3
_TAPS = round(0.25 * HEARING_RATE)
_SPECTRUM = 8_192


def level(sound: Sound | Pcm) -> float:
    """RMS of the louder half of a sound, in pieces of 20 ms."""
    pieces = sound[: len(sound) // 320 * 320].astype(np.float64).reshape(-1, 320)
    power = np.sort((pieces**2).mean(axis=1))
    return float(np.sqrt(power[len(power) // 2 :].mean()))


def at_level(pcm: Pcm, loudness: float = SPEAKER_LEVEL) -> Sound:
    """Speech without the silence around it, as loud as that."""
    loud = np.flatnonzero(np.abs(pcm) > 300)
    speech = pcm[loud[0] : loud[-1] + 1].astype(np.float64)
    return speech * (loudness / level(speech))


class Room:
    """Time passes frame by frame with `hear`; what a person says begins where they begin it.

    `echo_db` is how loud our own voice arrives at the microphone relative to the person, None for a microphone that does not hear it.
    It arrives `delay` seconds after it was played, and rings.
    """

    def __init__(self, echo_db: float | None, *, delay: float = 0.12, cancelled: bool = True, seed: int = 1) -> None:
        self.clock = VirtualClock()
        self.happened: list[tuple[float, Happening]] = []
        self._cancelled = cancelled
        self._chance = np.random.default_rng(seed)
        tail = self._chance.standard_normal(_TAPS) * 10 ** (-3 * np.arange(_TAPS) / HEARING_RATE / _REVERBERATION_SECONDS)
        tail[0] = 3.0
        gain = 0.0 if echo_db is None else SPEAKER_LEVEL / _OWN_LEVEL * 10 ** (echo_db / 20)
        self._walls = np.fft.rfft(tail / np.sqrt((tail**2).sum()) * gain, _SPECTRUM)
        self._far: Sound = np.zeros(_TAPS + round(delay * HEARING_RATE))
        self._said: Sound = np.zeros(0)
        self._resampler: soxr.ResampleStream | None = None

    def echo(self, rate: int, clock: Clock) -> EchoCanceller:
        """The canceller of the device, which also lets the room know what is played."""
        room, canceller = self, build_echo_canceller(rate, clock)
        self._resampler = soxr.ResampleStream(rate, HEARING_RATE, 1, dtype="int16")

        class Overheard:
            def played(self, pcm: Pcm) -> None:
                room.ring(pcm)
                canceller.played(pcm)

            def restart(self, rate: int) -> None:
                canceller.restart(rate)

            def cancel(self, frame: Frame) -> Cancelled:
                return canceller.cancel(frame) if room._cancelled else Cancelled(frame.pcm, frame.pcm)

        return Overheard()

    def ring(self, pcm: Pcm) -> None:
        """Sound leaves the loudspeaker."""
        assert self._resampler is not None
        sound = self._resampler.resample_chunk(pcm).astype(np.float64)
        self._far = np.concatenate([self._far, np.tanh(sound / 24_000) * 24_000])

    def say(self, speech: Sound) -> float:
        """A person begins to speak now. Returns when they end."""
        self._said = speech
        return self.clock.now() + len(speech) / HEARING_RATE

    def observe(self, at: float, happening: Happening) -> None:
        """What happens in the device."""
        self.happened.append((at, happening))

    def find(self, kind: type[Kind], since: float = 0.0) -> Iterator[tuple[float, Kind]]:
        """What of that kind happened since then."""
        return ((at, happening) for at, happening in self.happened if isinstance(happening, kind) and at >= since)

    def pass_time(self, feed: Callable[[Frame], None], seconds: float) -> None:
        """Let the device hear the room for so long."""
        for _ in range(round(seconds / FRAME_SECONDS)):
            feed(self._frame())

    def _frame(self) -> Frame:
        self.clock.advance(FRAME_SECONDS)
        window = self._far[: FRAME_SAMPLES + _TAPS]
        if len(window) < FRAME_SAMPLES + _TAPS:
            window = np.pad(window, (0, FRAME_SAMPLES + _TAPS - len(window)))
        self._far = self._far[FRAME_SAMPLES:]
        sound: Sound = np.fft.irfft(np.fft.rfft(window, _SPECTRUM) * self._walls, _SPECTRUM)[_TAPS : _TAPS + FRAME_SAMPLES]
        said, self._said = self._said[:FRAME_SAMPLES], self._said[FRAME_SAMPLES:]
        sound[: len(said)] += said
        sound += self._chance.standard_normal(FRAME_SAMPLES) * _HISS
        return Frame(sound.clip(-32_768, 32_767).astype(np.int16), self.clock.now())
