"""Plain sounds, and what is measured of them."""

from __future__ import annotations

import numpy as np

from voiceskill.ports import Pcm


def tone(frequency: float, seconds: float, rate: int, loudness: float = 8000) -> Pcm:
    times = np.arange(round(seconds * rate)) / rate
    return np.rint(loudness * np.sin(2 * np.pi * frequency * times)).astype(np.int16)


def frequency_of(pcm: Pcm, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm))))
    return float(np.argmax(spectrum) * rate / len(pcm))


def root_mean_square(pcm: Pcm) -> float:
    return float(np.sqrt(np.mean(pcm.astype(np.float64) ** 2)))
