"""Taking our own voice out of what the microphone hears, with two cancellers side by side.

Measured with our replies in a simulated room (0.3 s of reverberation, a loudspeaker that distorts), and short words said over them:
- WebRTC's canceller (AEC3) leaves nothing of our voice, but garbles who speaks at the same time: of 24 words said over an echo just as
  loud, Moonshine read 9. With it a voice detector tells who speaks: it found speech in less than one frame of 200 of our own speech.
- Speex's canceller is linear: it leaves an echo 30 dB down, and what is said over it is hardly touched. Of the same words 17 were read, of
  18 read without any echo.
So the one decides whether somebody speaks, and what they say is read from the other. Both together take 3 % of one x86-64 core, and only
while we speak.
"""

from __future__ import annotations

import ctypes
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import soxr

from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, Cancelled, Clock, EchoCanceller, Frame, Pcm

_log = logging.getLogger(__name__)

_BLOCK = HEARING_RATE // 100
"""WebRTC takes sound in blocks of 10 ms."""

_LINEAR_BLOCK = 256
_LINEAR_TAPS = 8_192
"""The longest echo that Speex can take out, its way through the sound system included: half a second."""

_SLACK_SECONDS = 0.1
"""Loudspeaker and microphone give and take sound in bursts; apart by less than this they are as they were."""

_SLACK_SAMPLES = round(_SLACK_SECONDS * HEARING_RATE)

_MEMORY_SECONDS = 2.0
"""How long what was played is kept for a reader that is late: the recogniser may hold up the hearing thread."""

_RINGING_SECONDS = 0.6
"""How long the room and the sound system may give back our voice after its end."""

Canceller = Callable[[Pcm, Pcm], Pcm]
"""Takes a frame of the microphone, and what was played meanwhile; gives the frame without it."""


class Played:
    """What the loudspeaker played, on the clock's time line, at HEARING_RATE.

    Both devices count their own samples, and give and take them in bursts; the clock ties the counts to each other. Sound is read on
    without a gap; only when the counts are apart by more than a tenth of a second is some skipped or filled with silence. A reader that is ahead of
    the loudspeaker waits: the echo takes longer than a burst anyway.
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
            first -= ahead
        end = first + samples
        piece = self._kept[max(0, first) : max(0, end)]
        before = min(samples, max(0, -first))
        self._read = end
        self._forget()
        return np.concatenate([np.zeros(before, np.int16), piece, np.zeros(samples - before - len(piece), np.int16)])

    def _append(self, at: float, pcm: Pcm) -> None:
        if self._start is None:
            self._start = at
        late = at - (self._start + len(self._kept) / HEARING_RATE)
        if late > _SLACK_SECONDS:
            silence = min(round(late * HEARING_RATE), round(_MEMORY_SECONDS * HEARING_RATE))
            self._start = at - (len(self._kept) + silence) / HEARING_RATE
            self._kept = np.concatenate([self._kept, np.zeros(silence, np.int16)])
            self._resampler = self._new_resampler()
        elif late < -_MEMORY_SECONDS:  # the clock, or the device, began anew
            self._start, self._kept, self._resampler = at, np.zeros(0, np.int16), self._new_resampler()
        sound = pcm if self._resampler is None else self._resampler.resample_chunk(pcm)
        self._kept = np.concatenate([self._kept, sound])

    def _forget(self) -> None:
        surplus = len(self._kept) - round(_MEMORY_SECONDS * HEARING_RATE)
        if surplus > 0 and self._start is not None and self._read is not None:
            self._kept = self._kept[surplus:]
            self._start += surplus / HEARING_RATE
            self._read -= surplus


class WebRtcCanceller:
    """WebRTC's canceller, which takes every trace of our voice out. Raises ImportError or OSError where it is not installed."""

    def __init__(self) -> None:
        from livekit.rtc.apm import AudioProcessingModule
        from livekit.rtc.audio_frame import AudioFrame

        self._frame: Any = AudioFrame
        self._module = AudioProcessingModule(echo_cancellation=True, high_pass_filter=True)
        self._heard: Pcm = np.zeros(0, np.int16)
        self._played: Pcm = np.zeros(0, np.int16)
        self._done: Pcm = np.zeros(_BLOCK, np.int16)

    def __call__(self, heard: Pcm, played: Pcm) -> Pcm:
        """See Canceller. What it gives is 10 ms late, since a frame is no whole number of its blocks."""
        self._heard, self._played = np.concatenate([self._heard, heard]), np.concatenate([self._played, played])
        blocks = len(self._heard) // _BLOCK
        done = [self._done, *(self._block(slice(n * _BLOCK, (n + 1) * _BLOCK)) for n in range(blocks))]
        self._heard, self._played = self._heard[blocks * _BLOCK :], self._played[blocks * _BLOCK :]
        sound = np.concatenate(done)
        self._done = sound[len(heard) :]
        return sound[: len(heard)]

    def _block(self, block: slice) -> Pcm:
        self._module.process_reverse_stream(self._frame(self._played[block].tobytes(), HEARING_RATE, 1, _BLOCK))
        near = self._frame(self._heard[block].tobytes(), HEARING_RATE, 1, _BLOCK)
        self._module.process_stream(near)
        return np.frombuffer(near.data, np.int16).copy()


class SpeexCanceller:
    """Speex's linear canceller, which spares what others say. Raises ImportError or OSError where it is not installed.

    The wheel's own Python goes through lists of numbers, sample by sample; so its library is called directly.
    """

    def __init__(self) -> None:
        from pyaec import lib

        if lib is None:
            raise ImportError("the library of pyaec does not load")
        self._library = lib
        self._state = lib.AecNew(_LINEAR_BLOCK, _LINEAR_TAPS, HEARING_RATE, False)  # noqa: FBT003 - a C function

    def __call__(self, heard: Pcm, played: Pcm) -> Pcm:
        """See Canceller."""
        done = np.empty_like(heard)
        for first in range(0, len(heard), _LINEAR_BLOCK):
            block = slice(first, first + _LINEAR_BLOCK)
            self._library.AecCancelEcho(self._state, _pointer(heard[block]), _pointer(played[block]), _pointer(done[block]), _LINEAR_BLOCK)
        return done

    def __del__(self) -> None:
        """Free the library's memory."""
        if hasattr(self, "_state"):
            self._library.AecDestroy(self._state)


def _pointer(pcm: Pcm) -> Any:
    return pcm.ctypes.data_as(ctypes.POINTER(ctypes.c_int16))


class NoEcho:
    """An EchoCanceller for a microphone that does not hear the loudspeaker."""

    def played(self, pcm: Pcm) -> None:
        """See ports.EchoCanceller."""

    def cancel(self, frame: Frame) -> Cancelled:
        """See ports.EchoCanceller."""
        return Cancelled(frame.pcm, frame.pcm)


class TwoCancellers:
    """An EchoCanceller. While nothing is played and the room has rung out it hands the sound through, and costs nothing."""

    def __init__(self, rate: int, clock: Clock, *, presence: Canceller | None, speech: Canceller | None) -> None:
        """For a loudspeaker of that rate. `clock` is the one of the frames' times. Where one is missing, the other does its job."""
        self._played = Played(rate, clock)
        self._presence = presence
        self._speech = speech
        self._silent = _RINGING_SECONDS

    def played(self, pcm: Pcm) -> None:
        """See ports.EchoCanceller."""
        self._played.add(pcm)

    def cancel(self, frame: Frame) -> Cancelled:
        """See ports.EchoCanceller."""
        played = self._played.until(frame.at, FRAME_SAMPLES)
        self._silent = 0.0 if played.any() else self._silent + FRAME_SAMPLES / HEARING_RATE
        if self._silent > _RINGING_SECONDS:
            return Cancelled(frame.pcm, frame.pcm)
        heard = np.ascontiguousarray(frame.pcm)
        speech = self._speech(heard, played) if self._speech else None
        presence = self._presence(heard, played) if self._presence else None
        return Cancelled(
            presence=presence if presence is not None else speech if speech is not None else heard,
            speech=speech if speech is not None else presence if presence is not None else heard,
        )


def build_echo_canceller(rate: int, clock: Clock) -> EchoCanceller:
    """The best canceller on this machine, for a loudspeaker of that rate."""
    return TwoCancellers(rate, clock, presence=_installed(WebRtcCanceller), speech=_installed(SpeexCanceller))


def _installed(kind: Callable[[], Canceller]) -> Canceller | None:
    try:
        return kind()
    except Exception as error:  # noqa: BLE001 - whatever keeps a library from loading, we can do without it
        _log.warning("without %s (%s) we hear less while we speak", kind.__name__, error)
        return None
