"""Which of several microphones hears somebody best."""

from __future__ import annotations

import numpy as np

from voiceskill.ports import FRAME_SAMPLES, Pcm
from voiceskill.sound_check.voice_search import VoiceSearch

CHANCE = np.random.default_rng(0)


def frame(level: float) -> Pcm:
    return np.rint(CHANCE.normal(0, level, FRAME_SAMPLES)).astype(np.int16)


def listen(search: VoiceSearch, microphone: int, *, voice: float, noise: float, after: int = 40) -> None:
    """A second of the room, one of speech, then the room again."""
    for count, level, probability in ((30, noise, 0.05), (30, voice, 0.95), (after, noise, 0.05)):
        for _ in range(count):
            search.hear(microphone, frame(level), probability)


def test_the_one_in_which_the_voice_stands_out_is_taken_not_the_loudest() -> None:
    search = VoiceSearch(3)
    listen(search, 0, voice=8_000, noise=3_000)
    listen(search, 1, voice=1_500, noise=20)
    listen(search, 2, voice=300, noise=20)
    assert search.over
    assert search.best() == 1


def test_of_two_that_hear_equally_well_the_first_is_taken() -> None:
    search = VoiceSearch(2)
    listen(search, 0, voice=1_500, noise=22)
    listen(search, 1, voice=1_500, noise=20)
    assert search.best() == 0


def test_it_waits_for_the_end_of_the_sentence() -> None:
    search = VoiceSearch(1)
    listen(search, 0, voice=1_500, noise=20, after=5)
    assert not search.over


def test_a_room_without_a_voice_chooses_none_and_a_creaking_chair_is_none() -> None:
    search = VoiceSearch(2)
    for _ in range(100):
        search.hear(0, frame(50), 0.05)
    for probability in (0.9, 0.9, 0.9, *[0.1] * 60):
        search.hear(1, frame(500), probability)
    assert not search.over
    assert search.best() is None
