"""The arithmetic of the benchmarks: word errors, where sound begins and ends, noise."""

from __future__ import annotations

import functools
import random
import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from unicode_rbnf import RbnfEngine

from voiceskill.core.understanding.normalise import words
from voiceskill.ports import Pcm

_WINDOW_SECONDS = 0.005
_AUDIBLE = 0.01
"""A window whose RMS is under this share of the loudest window's (-40 dB) is not heard."""

_RESAMPLES = 1_000


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Words substituted, left out or put in, among `words` that were said."""

    edits: int
    words: int


def word_errors(said: str, heard: str) -> WordErrors:
    """Compare by normalised words: case, punctuation and hyphens don't count, and 2 is two."""
    reference = spelled_out(said)
    return WordErrors(Levenshtein.distance(reference, spelled_out(heard)), len(reference))


def spelled_out(text: str) -> list[str]:
    """The words of `text` as they are spoken."""
    return words(re.sub(r"\d+", lambda number: f" {_cardinal(int(number[0]))} ", text))


@functools.cache
def _cardinal(number: int) -> str:
    return RbnfEngine.for_language("en").format_number(number).text


def error_rate(all_errors: Iterable[WordErrors]) -> float:
    """Word error rate: edits for each word said, over all sentences together. ValueError when nothing was said."""
    listed = list(all_errors)
    said = sum(errors.words for errors in listed)
    if said == 0:
        raise ValueError("a word error rate needs words")
    return sum(errors.edits for errors in listed) / said


def uncertainty(all_errors: Sequence[WordErrors], seed: int = 1) -> float:
    """Half the width of the 95 % interval of `error_rate`, by bootstrap over sentences (Bisani and Ney 2004)."""
    chance = random.Random(seed)
    rates = sorted(error_rate(chance.choices(all_errors, k=len(all_errors))) for _ in range(_RESAMPLES))
    return (rates[int(_RESAMPLES * 0.975)] - rates[int(_RESAMPLES * 0.025)]) / 2


def onset(pcm: Pcm, rate: int) -> float | None:
    """Seconds to the first audible 5 ms; None in silence."""
    audible = _audible(pcm, rate)
    return None if not len(audible) else float(audible[0]) * _WINDOW_SECONDS


def ending(pcm: Pcm, rate: int) -> float | None:
    """Seconds to the end of the last audible 5 ms; None in silence."""
    audible = _audible(pcm, rate)
    return None if not len(audible) else float(audible[-1] + 1) * _WINDOW_SECONDS


def _audible(pcm: Pcm, rate: int) -> NDArray[np.intp]:
    window = round(rate * _WINDOW_SECONDS)
    whole = pcm[: len(pcm) // window * window].astype(np.float64).reshape(-1, window)
    level = np.sqrt((whole**2).mean(axis=1))
    return np.flatnonzero(level > max(1.0, level.max(initial=0.0) * _AUDIBLE))


def with_noise(pcm: Pcm, decibels: float, seed: int) -> Pcm:
    """White noise that much softer than the sound, by mean power over all of it."""
    sound = pcm.astype(np.float64)
    deviation = np.sqrt((sound**2).mean()) / 10 ** (decibels / 20)
    noisy = sound + np.random.default_rng(seed).normal(0.0, deviation, len(sound))
    return np.rint(noisy).clip(-32_768, 32_767).astype(np.int16)


def median(values: Iterable[float]) -> float:
    """The median; not a number when there are no values."""
    listed = list(values)
    return statistics.median(listed) if listed else float("nan")
