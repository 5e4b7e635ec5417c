"""What a microphone gives by itself: how loud the room and a voice in it are, and what is wrong with the signal.

Levels are in dBFS: the root mean square as a share of full scale, in decibels, so that a sine at full scale has -3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, Pcm

FULL_SCALE = 32_768

FLOOR = -100.0
"""The level of digital silence, in dBFS; 16 bits hold nothing softer."""

_CLIPPED = round(0.98 * FULL_SCALE)
"""A resampler between the device and us rounds clipped peaks off a little."""

_DEAD = 2
"""Samples up to this are what a converter gives without anything at its input."""

_QUIET_SHARE = 20
"""Percentile of the frames' levels that is the noise: speech has gaps."""

_LEAST_SPEECH_FRAMES = 10
_SPEECH = 0.5

_MAINS = (50, 60)
_HARMONICS = 5
_LINE_HERTZ = 1.0
"""Mains keep their frequency to less than this."""

_AROUND_HERTZ = 8.0
_ABOVE_AROUND = 20.0
"""A line is one when it has so many times the power of what is beside it."""

_LEAST_HUM = -65.0
_LEAST_HUM_SHARE = 0.3
_LEAST_HUM_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Levels:
    """`noise` and `speech` in dBFS; no speech where nobody spoke. `peak` and `offset` are shares of full scale, `clipped` one of samples.

    `hum` is the frequency of the mains, in hertz, where they are heard. A `dead` microphone gives nothing at all.
    """

    noise: float
    speech: float | None
    peak: float
    clipped: float
    offset: float
    hum: int | None
    dead: bool


def measure(pcm: Pcm, probabilities: Sequence[float]) -> Levels:
    """Measure sound at HEARING_RATE, shape (samples,), of which each FRAME_SAMPLES hold speech with such a probability.

    Raises ValueError unless there is a probability for each whole frame, of which there is at least one.
    """
    frames = pcm[: len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES].astype(np.float64).reshape(-1, FRAME_SAMPLES)
    if not len(frames) or len(frames) != len(probabilities):
        raise ValueError(f"{len(probabilities)} probabilities do not go with {len(frames)} frames")
    offset = float(frames.mean())
    powers = np.mean((frames - offset) ** 2, axis=1)
    spoken = np.asarray(probabilities) >= _SPEECH
    # Frames beside speech hold the ends of words: they are neither.
    near = spoken | np.roll(spoken, 1) | np.roll(spoken, -1)
    still = powers[~near] if np.count_nonzero(~near) >= _LEAST_SPEECH_FRAMES else powers
    loudest = np.abs(pcm.astype(np.int32))
    return Levels(
        noise=decibels(float(np.percentile(still, _QUIET_SHARE))),
        speech=decibels(float(powers[spoken].mean())) if np.count_nonzero(spoken) >= _LEAST_SPEECH_FRAMES else None,
        peak=float(loudest.max()) / FULL_SCALE,
        clipped=float(np.mean(loudest >= _CLIPPED)),
        offset=offset / FULL_SCALE,
        hum=_hum(_longest_still(frames, near) - offset),
        dead=int(loudest.max()) <= _DEAD,
    )


def decibels(power: float) -> float:
    """The level in dBFS of a mean square, in sample values squared."""
    return max(FLOOR, 10 * float(np.log10(max(power, 1e-9) / FULL_SCALE**2)))


def _longest_still(frames: NDArray[np.float64], near: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The longest stretch in which nobody speaks."""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], near, [True]]).astype(np.int8)))
    begins, ends = edges[::2], edges[1::2]
    if not len(begins):
        return np.zeros(0)
    longest = int(np.argmax(ends - begins))
    return frames[begins[longest] : ends[longest]].reshape(-1)


def _hum(still: NDArray[np.float64]) -> int | None:
    """The frequency of the mains, if their harmonics are a large part of what is heard in silence."""
    seconds = len(still) / HEARING_RATE
    if seconds < _LEAST_HUM_SECONDS:
        return None
    window = np.hanning(len(still))
    spectrum = np.abs(np.fft.rfft(still * window)) ** 2
    powers = spectrum * 2 / (np.sum(window**2) * len(still))
    hertz = np.arange(len(powers)) / seconds
    lines = {base: sum(_line(powers, hertz, base * harmonic) for harmonic in range(1, _HARMONICS + 1)) for base in _MAINS}
    base = max(_MAINS, key=lines.__getitem__)
    heard = decibels(lines[base]) >= _LEAST_HUM and lines[base] >= _LEAST_HUM_SHARE * float(powers.sum())
    return base if heard else None


def _line(powers: NDArray[np.float64], hertz: NDArray[np.float64], frequency: float) -> float:
    """The power of a line at a frequency, as far as it stands out."""
    distance = np.abs(hertz - frequency)
    line = powers[distance <= _LINE_HERTZ]
    around = float(np.median(powers[(distance > 2 * _LINE_HERTZ) & (distance <= _AROUND_HERTZ)]))
    return float(line.sum()) if line.max() > _ABOVE_AROUND * around else 0.0
