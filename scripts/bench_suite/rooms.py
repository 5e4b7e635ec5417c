"""Rooms: what a microphone hears of a voice that is far away, in a room that echoes and is not quiet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from voiceskill.ports import HEARING_RATE, Pcm

Sound = NDArray[np.float64]
"""Samples at HEARING_RATE, shape (samples,), on the scale of 16 bits."""

Noise = Callable[[int, Sequence[Pcm], np.random.Generator], Sound]
"""Makes so many samples of noise, of any loudness; babble is made of the other people's speech that is given."""

_TAIL = 0.35
"""Root of the energy of the reverberation, the direct sound being 1: its source is nearer than where both are equal."""

_BABBLERS = 6
_FULL_SCALE = 32_000

_TUNE = (262, 330, 392, 523, 440, 349, 294, 247)
"""Hertz of the notes of music."""

_NOTE_SECONDS = 0.35


def reverberated(sound: Sound, seconds: float, seed: np.random.Generator) -> Sound:
    """Convolved with noise that dies away by 60 dB in the time of reverberation, after the direct sound."""
    length = round(HEARING_RATE * seconds)
    if not length:
        return sound
    tail = seed.normal(size=length) * 10 ** (-3 * np.arange(length) / length)
    tail *= _TAIL / np.sqrt((tail**2).sum())
    tail[0] = 1.0
    size = len(sound) + length
    wet: Sound = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(tail, size), size)[: len(sound)]
    return wet


def loudness(speech: Pcm) -> float:
    """The root mean square of its samples."""
    return float(np.sqrt((speech.astype(np.float64) ** 2).mean()))


def mixed(speech: Sound, noise: Sound, decibels: float, level: float) -> Sound:
    """Speech whose own root mean square is `level`, over noise that is so many decibels softer."""
    return speech + noise * (level / float(np.sqrt((noise**2).mean())) / 10 ** (decibels / 20))


def recorded(sound: Sound) -> Pcm:
    """As a microphone gives it; too loud a sound is turned down, not clipped."""
    return (sound * min(1.0, _FULL_SCALE / max(1.0, float(np.abs(sound).max())))).astype(np.int16)


def babble(length: int, others: Sequence[Pcm], seed: np.random.Generator) -> Sound:
    """Six other people at once."""
    total = np.zeros(length)
    for _ in range(_BABBLERS):
        total += np.resize(others[int(seed.integers(len(others)))].astype(np.float64), length)
    return total


def fan(length: int, _others: Sequence[Pcm], seed: np.random.Generator) -> Sound:
    """Pink noise."""
    spectrum = np.fft.rfft(seed.normal(size=length))
    spectrum /= np.sqrt(np.maximum(1.0, np.arange(len(spectrum))))
    pink: Sound = np.fft.irfft(spectrum, length)
    return pink


def hum(length: int, _others: Sequence[Pcm], seed: np.random.Generator) -> Sound:
    """Mains at 50 Hz with its harmonics, and a little hiss."""
    time = np.arange(length) / HEARING_RATE
    tones = sum(np.sin(2 * np.pi * 50 * n * time + seed.uniform(0, 6)) / n for n in range(1, 12))
    humming: Sound = tones + 0.05 * seed.normal(size=length)
    return humming


def white(length: int, _others: Sequence[Pcm], seed: np.random.Generator) -> Sound:
    """White noise."""
    return seed.normal(size=length)


def music(length: int, _others: Sequence[Pcm], seed: np.random.Generator) -> Sound:
    """Notes with overtones that are struck and fade, two at a time: like music, as far as sound goes."""
    total = np.zeros(length)
    step = round(_NOTE_SECONDS * HEARING_RATE)
    time = np.arange(2 * step) / HEARING_RATE
    for start in range(0, length, step):
        for octave in (0.5, 1.0):
            hertz = octave * _TUNE[seed.integers(len(_TUNE))]
            note = sum(np.sin(2 * np.pi * hertz * n * time) / n**2 for n in range(1, 6)) * np.exp(-4 * time)
            total[start : start + len(note)] += note[: length - start]
    return total


NOISES: Mapping[str, Noise] = {"white": white, "fan": fan, "hum": hum, "babble": babble, "music": music}
