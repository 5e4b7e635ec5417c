"""What becomes of a voice on its way to the microphone: its pace and pitch, the room, noise, the level, silence with nothing in it.

Not the rooms of the benchmarks (scripts/bench_suite/rooms.py): the model is not judged in those in which it learnt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from scripts.vosk_model.corpus import Utterance
from voiceskill.ports import HEARING_RATE, Pcm

Sound = NDArray[np.float64]

FRAME = HEARING_RATE // 100
"""Samples in a frame of 10 ms."""

_FASTEST, _SLOWEST = 0.87, 1.15
_IN_ROOM, _IN_NOISE, _TILTED, _DEAD_SILENT = 0.5, 0.65, 0.5, 0.06
"""How often each happens."""

_DECIBELS = (4.0, 30.0)
_REVERBERATION_SECONDS = (0.08, 0.45)
_PEAKS = (400.0, 30_000.0)
_FLOOR = (0.7, 25.0)


@dataclass(frozen=True, slots=True)
class Heard:
    """A recording; for each frame its sound (a number of phones.SOUNDS) and which segment of the recording it belongs to."""

    pcm: Pcm
    sounds: NDArray[np.uint8]
    segments: NDArray[np.int32]


def plain(utterance: Utterance) -> Heard:
    """As it was spoken."""
    return Heard(utterance.pcm, utterance.frames // 2, np.cumsum(utterance.frames % 2 == 0).astype(np.int32))


def varied(utterance: Utterance, others: Sequence[Utterance], seed: np.random.Generator) -> Heard:
    """As it might be heard another time. `others` babble."""
    heard = plain(utterance)
    pace = seed.uniform(_FASTEST, _SLOWEST)
    sound = np.asarray(soxr.resample(heard.pcm.astype(np.float64), HEARING_RATE * pace, HEARING_RATE, quality="MQ"))
    places = np.minimum((np.arange(len(sound) // FRAME) * pace).astype(int), len(heard.sounds) - 1)
    sounds, segments = heard.sounds[places], heard.segments[places]
    level = float(np.sqrt((sound**2).mean()))
    if seed.random() < _TILTED:
        sound = _tilted(sound, seed)
    if seed.random() < _IN_ROOM:
        sound = _reverberated(sound, seed)
    if seed.random() < _IN_NOISE:
        noise = _noise(len(sound), others, seed)
        sound = sound + noise * level / 10 ** (seed.uniform(*_DECIBELS) / 20)
    return Heard(_recorded(sound, seed), sounds, segments)


def without_speech(seconds: float, seed: np.random.Generator) -> Heard:
    """Noise, clicks or nothing at all: what is no word."""
    length = round(seconds * HEARING_RATE)
    sound = np.zeros(length) if seed.random() < 0.2 else _noise(length, (), seed)
    if seed.random() < 0.4:
        for place in seed.integers(0, length, seed.integers(1, 5)):
            click = seed.normal(size=seed.integers(20, 1_600)) * seed.uniform(1, 12)
            click *= np.exp(-np.linspace(0, 6, len(click)))
            sound[place : place + len(click)] += click[: length - place]
    frames = length // FRAME
    return Heard(_recorded(sound, seed), np.zeros(frames, np.uint8), np.zeros(frames, np.int32))


def _recorded(sound: Sound, seed: np.random.Generator) -> Pcm:
    """At any level, over the noise of the device itself; now and then a device gives exact zeros when it is quiet."""
    peak = np.exp(seed.uniform(*np.log(_PEAKS)))
    sound = sound * (peak / max(1e-9, float(np.abs(sound).max())))
    floor = np.exp(seed.uniform(*np.log(_FLOOR)))
    dead = round(seed.uniform(0.05, 0.2) * HEARING_RATE) if seed.random() < _DEAD_SILENT else 0
    sound = sound + seed.normal(0, min(floor, peak / 30), len(sound))
    if dead:
        sound[:dead] = 0
        sound[-dead:] = 0
    return np.rint(sound).clip(-32_768, 32_767).astype(np.int16)


def _reverberated(sound: Sound, seed: np.random.Generator) -> Sound:
    """Early echoes and a tail that dies away by 60 dB, after the direct sound."""
    length = round(HEARING_RATE * seed.uniform(*_REVERBERATION_SECONDS))
    tail = seed.normal(size=length) * 10 ** (-3 * np.arange(length) / length)
    tail[: HEARING_RATE // 500] = 0
    tail *= seed.uniform(0.1, 0.7) / np.sqrt((tail**2).sum())
    tail[0] = 1.0
    size = 1 << (len(sound) + length - 1).bit_length()
    wet: Sound = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(tail, size), size)[: len(sound)]
    return wet


def _tilted(sound: Sound, seed: np.random.Generator) -> Sound:
    """Through a cheap microphone: up to 8 dB more or less from band to band."""
    size = 1 << (len(sound) - 1).bit_length()
    hertz = np.fft.rfftfreq(size, 1 / HEARING_RATE)
    bands = np.array([0, 150, 500, 1_500, 4_000, 8_000])
    gain = 10 ** (np.interp(hertz, bands, seed.uniform(-8, 8, len(bands))) / 20)
    tilted: Sound = np.fft.irfft(np.fft.rfft(sound, size) * gain, size)[: len(sound)]
    return tilted


def _noise(length: int, others: Sequence[Utterance], seed: np.random.Generator) -> Sound:
    """Of root mean square 1: hiss of any colour, a hum, or other people at once."""
    throw = seed.random()
    if others and throw < 0.3:
        noise = np.zeros(length)
        for which in seed.integers(0, len(others), seed.integers(2, 7)):
            noise += _looped(others[which].pcm, length, seed)
    elif throw < 0.45:
        time, hertz = np.arange(length) / HEARING_RATE, seed.uniform(45, 130)
        noise = 0.1 * seed.normal(size=length)
        for n in range(1, 10):
            noise += np.sin(2 * np.pi * hertz * n * time + seed.uniform(0, 6)) / n
    else:
        size = 1 << (length - 1).bit_length()
        slope = seed.uniform(0.0, 1.3)
        spectrum = np.fft.rfft(seed.normal(size=size)) / np.maximum(1.0, np.arange(size // 2 + 1)) ** slope
        noise = np.fft.irfft(spectrum, size)[:length]
    scaled: Sound = noise / max(1e-9, float(np.sqrt(np.mean(np.square(noise)))))
    return scaled


def _looped(pcm: Pcm, length: int, seed: np.random.Generator) -> Sound:
    looped: Sound = np.resize(np.roll(pcm.astype(np.float64), seed.integers(len(pcm))), length)
    return looped
