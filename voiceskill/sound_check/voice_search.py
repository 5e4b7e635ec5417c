"""Which of several microphones hears somebody best."""

from __future__ import annotations

import numpy as np

from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, Pcm
from voiceskill.sound_check.levels import measure

_SPEECH = 0.5
_SPOKEN_FRAMES = round(0.5 * HEARING_RATE / FRAME_SAMPLES)
"""So much speech is somebody; less may be a chair."""

_PAUSE_FRAMES = round(0.8 * HEARING_RATE / FRAME_SAMPLES)
_AS_GOOD = 3.0
"""Decibels between microphones that hear equally well: then the first of them is taken."""


class VoiceSearch:
    """Listens to several microphones, known by their numbers in order of preference. Each may be heard from a thread of its own."""

    def __init__(self, microphones: int) -> None:
        self._heard: tuple[list[tuple[Pcm, float]], ...] = tuple([] for _ in range(microphones))

    def hear(self, microphone: int, pcm: Pcm, probability: float) -> None:
        """Take in a frame of that microphone, and the probability that it holds speech."""
        self._heard[microphone].append((pcm, probability))

    @property
    def over(self) -> bool:
        """Somebody has spoken and come to an end, as some microphone has it."""
        return any(_spoken(frames) >= _SPOKEN_FRAMES and not _spoken(frames[-_PAUSE_FRAMES:]) for frames in map(list, self._heard))

    def best(self) -> int | None:
        """The microphone in which speech stands out most; None where none has heard any."""
        clear = {number: clearness for number, frames in enumerate(map(list, self._heard)) if (clearness := _clearness(frames)) is not None}
        if not clear:
            return None
        most = max(clear.values())
        return min(number for number, clearness in clear.items() if clearness >= most - _AS_GOOD)


def _spoken(frames: list[tuple[Pcm, float]]) -> int:
    return sum(probability >= _SPEECH for _, probability in frames)


def _clearness(frames: list[tuple[Pcm, float]]) -> float | None:
    """By how many decibels speech stands out of the noise."""
    if _spoken(frames) < _SPOKEN_FRAMES:
        return None
    levels = measure(np.concatenate([pcm for pcm, _ in frames]), [probability for _, probability in frames])
    return None if levels.speech is None else levels.speech - levels.noise
