"""Taking our own voice out of what the microphone hears.

Measured with our replies in a simulated room (0.3 and 0.6 s of reverberation, a loudspeaker that distorts), and short words said over
them; docs/benchmarks.md has the figures:
- WebRTC's canceller leaves nothing of our voice, but garbles who speaks at the same time: of 24 words said over an echo just as loud,
  Moonshine read 9, and its voice detector missed up to a third.
- Speex's is linear: it leaves an echo 20 to 30 dB down, and what is said over it is hardly touched. Of the same words 17 were read, of 18
  read without any echo.
So Speex's is used, for what is read. For whether anybody speaks, what it leaves is passed on only where it is more than our own voice can
account for: no word of 90 was missed.
"""

from __future__ import annotations

import ctypes
import logging
from collections import deque
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, Cancelled, Clock, EchoCanceller, Frame, Pcm

_log = logging.getLogger(__name__)

_BLOCK = 256
_TAPS = 4_096
"""How much of the echo is taken out, counted from its start: a quarter of a second."""

_SLACK_SAMPLES = round(0.1 * HEARING_RATE)
"""Loudspeaker and microphone give and take sound in bursts; apart by less than this they are as they were."""

_BEHIND_SECONDS = 0.05
"""How far behind the loudspeaker it is read at least: soxr gives sound back in bursts, up to 41 ms late. An echo takes longer."""

_STEP_SAMPLES = round(0.01 * HEARING_RATE)
"""How much further behind a reader falls who is still too early. Each step costs the canceller what it has learnt: better few than many."""

_MEMORY_SAMPLES = round(3.0 * HEARING_RATE)
"""How much of what was played is kept: an echo may come late, and so may a reader whose thread was held up by the recogniser."""

_RINGING_SECONDS = 0.8
"""How long the room and the sound system may give back our voice after its end."""

_INAUDIBLE = 8
"""What is played more softly, of 32,768, nobody hears. Silence is not all zeros: the resampler adds a little noise."""

_FRAME_SECONDS = FRAME_SAMPLES / HEARING_RATE


class Played:
    """What the loudspeaker played, on the clock's time line, at HEARING_RATE.

    Both devices count their own samples, and give and take them in bursts; the clock ties the counts to each other. Sound is read on
    without a gap; only when the counts are apart by more than a tenth of a second is some skipped or filled with silence. A reader
    that is ahead of the loudspeaker falls behind: the echo takes longer than a burst anyway.
    """

    def __init__(self, rate: int, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._inbox: deque[tuple[float, Pcm]] = deque()
        self._resampler = self._new_resampler()
        self._start: float | None = None
        """When the first sample kept was played."""
        self._kept: Pcm = np.zeros(0, np.int16)
        self._read: int | None = None
        """How many samples of `_kept` were read."""

    def _new_resampler(self) -> soxr.ResampleStream | None:
        return None if self._rate == HEARING_RATE else soxr.ResampleStream(self._rate, HEARING_RATE, 1, dtype="int16")

    def add(self, pcm: Pcm) -> None:
        """Take in what is played from now on; may be called from another thread than `until`."""
        self._inbox.append((self._clock.now(), pcm.copy()))

    def until(self, at: float, samples: int) -> Pcm:
        """What was played in the last so many samples before `at`; silence where that is not known."""
        while self._inbox:
            self._append(*self._inbox.popleft())
        if self._start is None:
            return np.zeros(samples, np.int16)
        wanted = round((at - self._start) * HEARING_RATE) - samples
        first = wanted if self._read is None or abs(wanted - self._read) > _SLACK_SAMPLES else self._read
        ahead = first + samples - len(self._kept)
        if 0 < ahead <= _SLACK_SAMPLES:
            first -= ahead + _STEP_SAMPLES
        end = first + samples
        piece = self._kept[max(0, first) : max(0, end)]
        before = min(samples, max(0, -first))
        self._read = end
        self._forget()
        return np.concatenate([np.zeros(before, np.int16), piece, np.zeros(samples - before - len(piece), np.int16)])

    def realign(self) -> None:
        """Forget how far was read: the next piece is taken exactly at its time."""
        self._read = None

    def _append(self, at: float, pcm: Pcm) -> None:
        if self._start is None:
            self._start = at
        late = round((at - self._start) * HEARING_RATE) - len(self._kept)
        if late > _SLACK_SAMPLES:
            silence = min(late, _MEMORY_SAMPLES)
            self._start = at - (len(self._kept) + silence) / HEARING_RATE
            self._kept = np.concatenate([self._kept, np.zeros(silence, np.int16)])
            self._resampler = self._new_resampler()
        elif late < -_MEMORY_SAMPLES:  # the clock, or the device, began anew
            self._start, self._kept, self._resampler = at, np.zeros(0, np.int16), self._new_resampler()
        sound = pcm if self._resampler is None else self._resampler.resample_chunk(pcm)
        self._kept = np.concatenate([self._kept, sound])

    def _forget(self) -> None:
        surplus = len(self._kept) - _MEMORY_SAMPLES
        if surplus > 0 and self._start is not None and self._read is not None:
            self._kept = self._kept[surplus:]
            self._start += surplus / HEARING_RATE
            self._read -= surplus


class SpeexCanceller:
    """Speex's linear canceller. Raises ImportError or OSError where it is not installed.

    The wheel's own Python goes through lists of numbers, sample by sample; so its library is called directly.
    """

    def __init__(self) -> None:
        from pyaec import lib

        if lib is None:
            raise ImportError("the library of pyaec does not load")
        self._library = lib
        self._state = lib.AecNew(_BLOCK, _TAPS, HEARING_RATE, False)  # noqa: FBT003 - a C function

    def cancel(self, heard: Pcm, played: Pcm) -> Pcm:
        """What was heard without what was played, both of the same length, a multiple of 256."""
        done = np.empty_like(heard)
        for first in range(0, len(heard), _BLOCK):
            block = slice(first, first + _BLOCK)
            self._library.AecCancelEcho(self._state, _pointer(heard[block]), _pointer(played[block]), _pointer(done[block]), _BLOCK)
        return done

    def __del__(self) -> None:
        """Free the library's memory."""
        if hasattr(self, "_state"):
            self._library.AecDestroy(self._state)


def _pointer(pcm: Pcm) -> Any:
    return pcm.ctypes.data_as(ctypes.POINTER(ctypes.c_int16))


class Leakage:
    """Tells what is left of our own voice from what somebody else says, by how much of the echo was left lately.

    And whether there is an echo at all: where there is none, as with earphones, a canceller takes away from what others say.
    """

    _AUDIBLE = 200.0
    """Power of an echo, of 32,768 squared, below which it does not matter."""

    _FRAMES = round(5.0 / _FRAME_SECONDS)
    _FRAMES_HEARD = round(3.0 / _FRAME_SECONDS)
    _FRAMES_PLAYED = round(1.5 / _FRAME_SECONDS)
    """Until so much of our voice was heard, anything may be left of it; until so much was played, it may be heard."""

    _FRAMES_UNHEARD = round(0.19 / _FRAME_SECONDS)
    _UNHEARD = 2e-5
    """Unless for so long next to nothing was heard of it: 47 dB less than was played."""

    _MORE = 10**0.8
    _LEAST = 10**-1.6
    """What is left counts as ours up to 8 dB above the usual share, and always when the echo came 16 dB louder."""

    _FRAMES_LEARNING = round(15.0 / _FRAME_SECONDS)
    _LEAST_WHILE_LEARNING = 10**-1.0
    """Until so much of our voice was heard, the canceller meets sounds that it has not learnt: when the echo came 10 dB louder."""

    _FADES = 0.6
    """How much of an echo's power counts a frame later still: the canceller errs longest at its end, and the room rings."""

    _TAKEN_OUT = 0.2
    """Where the canceller usually leaves less than this share, it knows the echo."""

    _IN_VAIN = 0.6
    """Where the canceller usually leaves more than this share of what is heard while we speak, there was nothing to take out."""

    def __init__(self) -> None:
        self._shares: deque[float] = deque(maxlen=self._FRAMES)
        self._left: deque[float] = deque(maxlen=self._FRAMES)
        self._echo = 0.0
        self._frames = 0
        self._unheard = 0

    @property
    def echoes(self) -> bool:
        """Whether our own voice is heard, as far as we know."""
        if len(self._left) < self._FRAMES_PLAYED:
            return self._unheard < self._FRAMES_UNHEARD
        return float(np.median(self._left)) < self._IN_VAIN

    @property
    def known(self) -> bool:
        """Whether most of our own voice is taken out of what is heard."""
        return len(self._left) >= self._FRAMES_PLAYED and float(np.median(self._left)) < self._TAKEN_OUT

    def is_ours(self, heard: Pcm, left: Pcm, played: Pcm) -> bool:
        """Whether what is `left` of a frame of what was `heard` can be our own voice alone, `played` meanwhile or a moment ago."""
        whole, power, loudness = _power(heard), _power(left), _power(played)
        if loudness > _INAUDIBLE**2:
            unheard = whole < self._UNHEARD * loudness
            self._unheard += unheard
            self._left.append(1.0 if unheard else power / whole)
        self._echo = echo = max(_power(heard.astype(np.int32) - left), self._FADES * self._echo)
        if echo < self._AUDIBLE:
            return False
        self._shares.append(power / echo)
        self._frames += 1
        if power > whole:  # nobody grows louder by being less: the canceller errs, as after a gap in what was played
            return True
        if len(self._shares) < self._FRAMES_HEARD:
            return power / echo < self._MORE
        least = self._LEAST if self._frames > self._FRAMES_LEARNING else self._LEAST_WHILE_LEARNING
        return power / echo < max(least, self._MORE * float(np.median(self._shares)))


def _power(sound: NDArray[np.signedinteger]) -> float:
    samples = sound.astype(np.float64)
    return float(np.dot(samples, samples) / len(samples))


class DelayTracker:
    """Measures from time to time, on two seconds of our own speech, how long after being played it is heard."""

    _RATE = HEARING_RATE // 4
    """What is measured on: the audio threads must not wait for it."""

    _WINDOW = 2 * _RATE
    _SPECTRUM = 2**15
    _BAND = slice(round(300 / _RATE * _SPECTRUM), round(1_600 / _RATE * _SPECTRUM))
    _EARLIEST = round(-0.3 * _RATE)
    _LATEST = round(1.0 * _RATE)
    _SURE = 9.0
    """Deviations by which the peak of the correlation stands out. In two seconds of noise none reached 6."""

    def __init__(self) -> None:
        self._played: list[NDArray[np.float32]] = []
        self._heard: list[NDArray[np.float32]] = []

    def add(self, played: Pcm, heard: Pcm) -> float | None:
        """Take in a frame of both. Gives the delay in seconds when it was measured; negative if the echo comes too early."""
        self._played.append(_quarter(played))
        self._heard.append(_quarter(heard))
        if sum(map(len, self._played)) < self._WINDOW:
            return None
        near, far = (np.fft.rfft(np.concatenate(frames), self._SPECTRUM) for frames in (self._heard, self._played))
        self._played, self._heard = [], []
        cross = np.zeros_like(near)
        cross[self._BAND] = (near * far.conj())[self._BAND]
        size = np.abs(cross)
        correlation = np.fft.irfft(np.divide(cross, size, out=np.zeros_like(cross), where=size > 0))
        lags = np.concatenate([correlation[self._EARLIEST :], correlation[: self._LATEST]])
        peak = int(lags.argmax())
        return (peak + self._EARLIEST) / self._RATE if lags[peak] > self._SURE * lags.std() else None


def _quarter(pcm: Pcm) -> NDArray[np.float32]:
    """At a quarter of the rate: the mean of four samples is filter enough for this."""
    mean: NDArray[np.float32] = pcm.reshape(-1, 4).mean(axis=1, dtype=np.float32)
    return mean


class NoEcho:
    """An EchoCanceller for a microphone that does not hear the loudspeaker."""

    def played(self, pcm: Pcm) -> None:
        """See ports.EchoCanceller."""

    def restart(self, rate: int) -> None:
        """See ports.EchoCanceller."""

    def cancel(self, frame: Frame) -> Cancelled:
        """See ports.EchoCanceller."""
        return Cancelled(frame.pcm, frame.pcm)


class LinearEchoCanceller:
    """An EchoCanceller. While nothing is played and the room has rung out it hands the sound through, and costs nothing."""

    _EARLIEST = 0.0
    _LATEST = 0.12
    """Where the start of the echo may lie among the taps, in seconds; elsewhere, what was played is taken from another time."""

    _MARGIN = 0.03

    _ALIKE = 0.03
    """Delays as near as this are the same, in seconds."""

    _FOUND, _FOUND_ANEW = 2, 3
    """How often running it must be found out of reach, and how often where most of our voice is taken out all the same."""

    def __init__(self, rate: int, clock: Clock) -> None:
        """For a loudspeaker of that rate. `clock` is the one of the frames' times. Raises ImportError or OSError without its library."""
        self._clock = clock
        self._silent = _RINGING_SECONDS
        self.restart(rate)

    def restart(self, rate: int) -> None:
        """See ports.EchoCanceller."""
        self._played = Played(rate, self._clock)
        self._delay = _BEHIND_SECONDS
        self._begin()

    def _begin(self) -> None:
        self._suspected, self._found = 0.0, 0
        self._tracker = DelayTracker()
        self._canceller = SpeexCanceller()
        self._leakage = Leakage()

    @property
    def delay(self) -> float:
        """Seconds by which the echo is known to come late at least."""
        return self._delay

    def played(self, pcm: Pcm) -> None:
        """See ports.EchoCanceller."""
        self._played.add(pcm)

    def cancel(self, frame: Frame) -> Cancelled:
        """See ports.EchoCanceller."""
        played = self._played.until(frame.at - self._delay, FRAME_SAMPLES)
        self._silent = 0.0 if np.abs(played).max() > _INAUDIBLE else self._silent + _FRAME_SECONDS
        if self._silent > _RINGING_SECONDS:
            return Cancelled(frame.pcm, frame.pcm)
        self._follow(self._tracker.add(played, frame.pcm))
        speech = self._canceller.cancel(np.ascontiguousarray(frame.pcm), played)
        ours = self._leakage.is_ours(frame.pcm, speech, played)
        if not self._leakage.echoes:
            return Cancelled(frame.pcm, frame.pcm)
        return Cancelled(np.zeros_like(speech) if ours else speech, speech)

    def _follow(self, delay: float | None) -> None:
        """Move on to where the echo is, if it is found out of reach again and again."""
        if delay is None:
            return
        if self._EARLIEST <= delay <= self._LATEST:
            self._found = 0
            return
        self._found = self._found + 1 if self._found and abs(self._suspected - delay) <= self._ALIKE else 1
        self._suspected = delay
        if self._found < (self._FOUND_ANEW if self._leakage.known else self._FOUND):
            return
        moved = max(_BEHIND_SECONDS, self._delay + delay - self._MARGIN)
        if moved != self._delay:
            _log.info("the echo comes %.0f ms after our voice", (self._delay + delay) * 1_000)
            self._delay = moved
            self._played.realign()
            self._begin()


def build_echo_canceller(rate: int, clock: Clock) -> EchoCanceller:
    """The canceller for a loudspeaker of that rate; one that does nothing where it is not installed."""
    try:
        return LinearEchoCanceller(rate, clock)
    except Exception as error:  # noqa: BLE001 - whatever keeps the library from loading, we can do without it
        _log.warning("without an echo canceller (%s) we hear less while we speak", error)
        return NoEcho()
