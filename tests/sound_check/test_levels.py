"""What the microphone gives by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, Pcm
from voiceskill.sound_check.levels import FLOOR, Levels, measure

FRAMES = 100
SAMPLES = FRAMES * FRAME_SAMPLES


def noise(dbfs: float, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, 32_768 * 10 ** (dbfs / 20), SAMPLES)


def tone(hertz: float, dbfs: float) -> NDArray[np.float64]:
    loudest = 32_768 * 10 ** (dbfs / 20) * np.sqrt(2)
    return np.asarray(loudest * np.sin(2 * np.pi * hertz * np.arange(SAMPLES) / HEARING_RATE))


def pcm(sound: NDArray[np.float64]) -> Pcm:
    whole: Pcm = np.clip(np.rint(sound), -32_768, 32_767).astype(np.int16)
    return whole


def of(sound: NDArray[np.float64], spoken: range = range(0)) -> Levels:
    return measure(pcm(sound), [1.0 if number in spoken else 0.0 for number in range(FRAMES)])


@settings(max_examples=40, deadline=None)
@given(st.floats(-75, -15), st.integers(0, 2**32 - 1))
def test_the_noise_of_the_room_is_told_to_a_decibel(dbfs: float, seed: int) -> None:
    levels = of(noise(dbfs, seed))
    assert levels.noise == pytest.approx(dbfs, abs=1.0)
    assert levels.speech is None
    assert not levels.dead


@settings(max_examples=40, deadline=None)
@given(st.floats(-70, -40), st.floats(15, 30), st.integers(0, 60), st.integers(12, 35))
def test_a_voice_is_told_from_the_noise_before_and_after_it(dbfs: float, over: float, first: int, long: int) -> None:
    sound = noise(dbfs)
    spoken = slice(first * FRAME_SAMPLES, (first + long) * FRAME_SAMPLES)
    sound[spoken] = noise(dbfs + over, 1)[spoken]
    levels = of(sound, range(first, first + long))
    assert levels.noise == pytest.approx(dbfs, abs=1.0)
    assert levels.speech == pytest.approx(dbfs + over, abs=1.0)


def test_a_cough_is_no_speech() -> None:
    assert of(noise(-50), range(10, 15)).speech is None


def test_a_door_that_slams_does_not_make_the_room_noisy() -> None:
    sound = noise(-60)
    sound[:8_000] = noise(-10, 1)[:8_000]
    assert of(sound).noise == pytest.approx(-60, abs=1.0)


def test_who_speaks_all_the_time_still_leaves_gaps() -> None:
    sound = noise(-30) * (np.arange(SAMPLES) // FRAME_SAMPLES % 4 != 0) + noise(-60, 1)
    assert of(sound, range(FRAMES)).noise == pytest.approx(-60, abs=1.0)


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_muted_microphone_is_dead(left: int) -> None:
    levels = of(np.full(SAMPLES, float(left)))
    assert levels.dead
    assert levels.noise == FLOOR
    assert levels.hum is None


def test_a_soft_microphone_is_not_dead() -> None:
    assert not of(noise(-80)).dead


def test_sound_that_is_cut_off_is_counted() -> None:
    assert of(tone(200, -6)).clipped == 0.0
    assert of(tone(200, 10)).clipped > 0.5
    assert of(tone(200, 10)).peak == pytest.approx(1.0, abs=0.001)


def test_a_microphone_off_centre_is_noticed_and_counts_as_no_noise() -> None:
    levels = of(noise(-60) + 3_277)
    assert levels.offset == pytest.approx(0.1, abs=0.001)
    assert levels.noise == pytest.approx(-60, abs=1.0)


@pytest.mark.parametrize("mains", [50, 60])
@pytest.mark.parametrize("astray", [-0.2, 0.0, 0.2])
def test_hum_is_told_with_its_mains(mains: int, astray: float) -> None:
    hertz = mains + astray
    sound = tone(hertz, -45) + tone(2 * hertz, -48) + tone(3 * hertz, -50) + noise(-50)
    assert of(sound).hum == mains


@pytest.mark.parametrize("sound", [noise(-40), tone(440, -40) + noise(-60), tone(50, -75) + noise(-80), noise(-50).cumsum() / 50])
def test_what_is_no_hum_is_not_called_hum(sound: NDArray[np.float64]) -> None:
    assert of(sound - sound.mean()).hum is None


def test_hum_is_looked_for_only_where_nobody_speaks() -> None:
    sound = tone(100, -30) + noise(-60)
    assert of(sound).hum == 50
    assert of(sound, range(20, 80)).hum is None


def test_probabilities_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="3 probabilities do not go with 100 frames"):
        measure(pcm(noise(-50)), [0.0] * 3)
    with pytest.raises(ValueError, match="0 frames"):
        measure(np.zeros(5, np.int16), [])
