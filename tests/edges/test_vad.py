"""Telling speech from other sound, with the real network."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

from voiceskill.edges.vad import SileroVad, SpareDetector
from voiceskill.edges.wav import read_wav
from voiceskill.ports import FRAME_SAMPLES, Pcm, VoiceDetector


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Pcm:
    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    subprocess.run(["flite", "-voice", "rms", "-t", "My back is locked and I can't move. Can you help me?", "-o", str(path)], check=True)
    return read_wav(path)


def probabilities(detector: VoiceDetector, pcm: Pcm) -> list[float]:
    return [detector.probability(pcm[at : at + FRAME_SAMPLES]) for at in range(0, len(pcm) - FRAME_SAMPLES + 1, FRAME_SAMPLES)]


def test_speech_is_speech(speech: Pcm) -> None:
    assert np.mean(np.array(probabilities(SileroVad(), speech)) > 0.5) > 0.7


@pytest.mark.parametrize("level", [0, 30, 300, 3_000])
def test_silence_and_noise_are_not(level: int) -> None:
    noise = np.random.default_rng(0).normal(0, level, 32_000).astype(np.int16)
    assert max(probabilities(SileroVad(), noise)) < 0.5


def test_after_a_reset_it_hears_as_if_new(speech: Pcm) -> None:
    detector = SileroVad()
    first = probabilities(detector, speech)
    assert probabilities(detector, speech) != first
    detector.reset()
    assert probabilities(detector, speech) == first


def test_full_scale_sound_stays_a_probability() -> None:
    loud = np.tile(np.array([-32_768, 32_767], np.int16), FRAME_SAMPLES // 2)
    assert 0.0 <= SileroVad().probability(loud) <= 1.0


def test_a_frame_of_another_length_is_refused() -> None:
    for samples in (0, FRAME_SAMPLES - 1, 2 * FRAME_SAMPLES):
        with pytest.raises(ValueError, match="512 samples"):
            SileroVad().probability(np.zeros(samples, np.int16))


class _Counting:
    """Says that everything is speech, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def probability(self, frame: Pcm) -> float:
        self.asked += 1
        return 1.0

    def reset(self) -> None:
        pass


def _noise(seconds: float, level: float) -> list[Pcm]:
    sound = np.random.default_rng(5).standard_normal(round(seconds * 16_000) // FRAME_SAMPLES * FRAME_SAMPLES) * level
    return list(sound.astype(np.int16).reshape(-1, FRAME_SAMPLES))


@pytest.mark.parametrize("level", [0.0, 20.0, 2_000.0])
def test_a_room_in_which_nothing_happens_costs_nothing(level: float) -> None:
    counting = _Counting()
    detector = SpareDetector(counting)
    assert not any(detector.probability(frame) for frame in _noise(60, level))
    assert counting.asked <= 60


def test_what_is_louder_than_the_room_is_listened_to_with_what_came_before_it() -> None:
    counting = _Counting()
    detector = SpareDetector(counting)
    for frame in _noise(10, 200.0):
        detector.probability(frame)
    before = counting.asked
    assert [detector.probability(frame) for frame in _noise(0.5, 400.0)] == [1.0] * 15
    assert counting.asked - before == 15 + 6


def test_a_speaker_who_never_pauses_is_not_taken_for_the_room() -> None:
    detector = SpareDetector(_Counting())
    for frame in _noise(10, 20.0):
        detector.probability(frame)
    spoken = [frame for _ in range(60) for frame in (*_noise(0.4, 900.0), *_noise(0.16, 150.0))]
    heard = [detector.probability(frame) for frame in spoken]
    assert sum(heard) / len(heard) > 0.95
