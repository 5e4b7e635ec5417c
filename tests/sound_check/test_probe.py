"""The probe: found at any delay and level, in any noise; and never found where it isn't."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from voiceskill.edges.wav import read_wav
from voiceskill.ports import HEARING_RATE, Pcm
from voiceskill.sound_check.probe import LEAD_SECONDS, LONGEST_DELAY, PROBE_SECONDS, Echo, find, probe

QUESTIONS = sorted((Path(__file__).parent.parent.parent / "scripts" / "questions").glob("*.wav"))

Wave = NDArray[np.float64]

HEARD = round((LEAD_SECONDS + PROBE_SECONDS + LONGEST_DELAY) * HEARING_RATE)
ROOM = 2 * HEARING_RATE
PLAYED = probe(HEARING_RATE).astype(np.float64)


def level(sound: Wave) -> float:
    return float(np.sqrt(np.mean(sound**2)))


def pcm(sound: Wave) -> Pcm:
    whole: Pcm = np.clip(np.rint(sound), -32_768, 32_767).astype(np.int16)
    return whole


def shaped(seed: int, share: str) -> Wave:
    """Noise of a kind, long enough for the room and what is heard after it, with a level of one."""
    white = np.random.default_rng(seed).normal(0, 1, ROOM + HEARD)
    hertz = np.fft.rfftfreq(len(white), 1 / HEARING_RATE)
    by_frequency = {
        "white": np.ones_like(hertz),
        "pink": 1 / np.sqrt(np.maximum(hertz, 20)),
        "brown": 1 / np.maximum(hertz, 20),
        "of a fan": np.where(hertz < 250, 1.0, 1e-4),
    }[share]
    sound = np.fft.irfft(np.fft.rfft(white) * by_frequency, len(white))
    return np.asarray(sound / level(sound))


def in_room(noise: Wave, delay: float, echo: Wave) -> Echo | None:
    """What is found where `echo` comes back into a room with this noise."""
    room, heard = noise[:ROOM], noise[ROOM:].copy()
    first = round((LEAD_SECONDS + delay) * HEARING_RATE)
    part = echo[: len(heard) - first]
    heard[first : first + len(part)] += part
    return find(pcm(heard), pcm(room))


def found(noise: Wave, delay: float, echo: Wave) -> Echo:
    echo_found = in_room(noise, delay, echo)
    assert echo_found is not None
    return echo_found


DELAYS = st.floats(0.0, 0.5)
SEEDS = st.integers(0, 2**32 - 1)
KINDS = ("white", "pink", "brown", "of a fan")


@settings(max_examples=40, deadline=None)
@given(SEEDS, DELAYS, st.floats(-20, 10), st.sampled_from(KINDS))
def test_the_probe_is_found_where_and_as_loud_as_it_came_back(seed: int, delay: float, over_noise: float, kind: str) -> None:
    gain = -20.0
    echo = PLAYED * 10 ** (gain / 20)
    noise = shaped(seed, kind) * level(echo) / 10 ** (over_noise / 20)
    heard = found(noise, delay, echo)
    assert heard.delay == pytest.approx(delay, abs=0.001)
    assert heard.gain == pytest.approx(gain, abs=3.0 if over_noise < -10 else 1.0)
    assert heard.distortion < 0.1


@settings(max_examples=20, deadline=None)
@given(SEEDS, DELAYS, st.floats(-40, -20))
def test_a_fan_a_hundred_times_as_loud_does_not_hide_the_probe(seed: int, delay: float, over_noise: float) -> None:
    gain = -40.0
    echo = PLAYED * 10 ** (gain / 20)
    noise = shaped(seed, "of a fan") * level(echo) / 10 ** (over_noise / 20)
    heard = found(noise, delay, echo)
    assert heard.delay == pytest.approx(delay, abs=0.001)
    assert heard.gain == pytest.approx(gain, abs=3.0)


@settings(max_examples=30, deadline=None)
@given(DELAYS, st.floats(-50, 10))
def test_in_a_silent_room_any_level_is_told_to_a_decibel(delay: float, gain: float) -> None:
    heard = found(np.zeros(ROOM + HEARD), delay, PLAYED * 10 ** (gain / 20))
    assert heard.delay == pytest.approx(delay, abs=0.001)
    assert heard.gain == pytest.approx(gain, abs=1.0)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.sampled_from(KINDS), st.floats(0, 80))
def test_noise_alone_is_never_taken_for_the_probe(seed: int, kind: str, loud: float) -> None:
    assert in_room(shaped(seed, kind) * 10 ** (loud / 20), 0.0, np.zeros(0)) is None


SECONDS = np.arange(ROOM + HEARD) / HEARING_RATE
OTHERS = {
    "digital silence": np.zeros_like(SECONDS),
    "a tone": 8_000 * np.sin(2 * np.pi * 1_000 * SECONDS),
    "hum and its overtones": sum((8_000 / n * np.sin(2 * np.pi * 50 * n * SECONDS) for n in range(1, 40)), np.zeros_like(SECONDS)),
    "a siren": 8_000 * np.sin(2 * np.pi * (900 * SECONDS + 300 * np.cos(np.pi * SECONDS))),
    "a slower sweep": 8_000 * np.sin(2 * np.pi * 400 * 3 * np.expm1(SECONDS / 3)),
    "the probe backwards": np.pad(PLAYED[::-1], (ROOM + 14_000, HEARD - 14_000 - len(PLAYED))),
    "one click": np.where(np.arange(len(SECONDS)) == ROOM + 20_000, 20_000.0, 0.0),
    "clicks": np.where(np.arange(len(SECONDS)) % 3_000 == 0, 9_000.0, 0.0),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_sounds_are_not_taken_for_the_probe(kind: str) -> None:
    assert in_room(OTHERS[kind], 0.0, np.zeros(0)) is None


@pytest.mark.parametrize("file", QUESTIONS, ids=lambda file: file.stem)
def test_a_voice_is_not_taken_for_the_probe_and_does_not_hide_it(file: Path) -> None:
    voice = np.resize(read_wav(file).astype(np.float64), 2 * (ROOM + HEARD))
    for first in range(0, ROOM + HEARD, HEARING_RATE // 2):
        said = voice[first : first + ROOM + HEARD]
        assert in_room(said, 0.0, np.zeros(0)) is None
        assert found(said, 0.25, PLAYED * 0.3).delay == pytest.approx(0.25, abs=0.001)


@settings(max_examples=20, deadline=None)
@given(DELAYS, st.floats(0.2, 1.0), st.floats(0.01, 0.06), st.floats(-0.002, 0.002))
def test_it_is_found_when_a_busy_computer_plays_it_with_a_gap_and_a_little_too_fast_or_slow(
    delay: float, where: float, gap: float, astray: float
) -> None:
    begin = round(where * HEARING_RATE)
    torn = np.concatenate([PLAYED[:begin], np.zeros(round(gap * HEARING_RATE)), PLAYED[begin:]])
    played = np.interp(np.arange(round(len(torn) * (1 + astray))) / (1 + astray), np.arange(len(torn)), torn)
    heard = found(shaped(3, "pink") * 20, delay, played * 0.3)
    assert heard.delay == pytest.approx(delay, abs=0.07)
    assert heard.gain == pytest.approx(-10.5, abs=1.0)


def test_it_is_found_in_a_room_that_rings() -> None:
    chance = np.random.default_rng(0)
    ring = np.concatenate([[1.0], chance.normal(0, 0.03, 8_000) * np.exp(-np.arange(8_000) / 1_600)])
    heard = found(shaped(1, "pink") * 20, 0.1, np.convolve(PLAYED * 0.3, ring))
    assert heard.delay == pytest.approx(0.1, abs=0.001)
    assert heard.distortion < 0.1


@pytest.mark.parametrize("harmonic", [2, 3])
def test_what_a_bad_loudspeaker_adds_is_told_from_the_room(harmonic: int) -> None:
    pure = PLAYED / np.abs(PLAYED).max()
    added = {2: 2 * pure**2 - 1, 3: 4 * pure**3 - 3 * pure}[harmonic]
    heard = found(shaped(2, "pink") * 20, 0.1, 2_000 * (pure + 0.3 * added))
    assert heard.distortion == pytest.approx(0.3, abs=0.08)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_the_probe_is_soft_short_and_without_a_click_at_any_rate(rate: int) -> None:
    sound = probe(rate)
    assert len(sound) / rate == pytest.approx(PROBE_SECONDS, abs=0.001)
    assert 0.1 < np.abs(sound).max() / 32_768 < 0.13
    assert np.abs(sound[: rate // 100]).max() < 50
    assert np.abs(sound[-rate // 100 :]).max() < 50


def test_a_softer_probe_is_looked_for_as_soft() -> None:
    heard = np.zeros(HEARD, np.int16)
    first = round((LEAD_SECONDS + 0.2) * HEARING_RATE)
    heard[first : first + len(PLAYED)] = probe(HEARING_RATE, 0.2)
    echo = find(heard, np.zeros(ROOM, np.int16), 0.2)
    assert echo is not None
    assert echo.gain == pytest.approx(0.0, abs=0.1)
