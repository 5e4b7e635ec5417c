from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from voiceskill.earcons import Earcon, earcon

RATES = (16_000, 22_050, 48_000)
SOFT = [kind for kind in get_args(Earcon) if kind != "alarm"]


def share(kind: Earcon, rate: int) -> float:
    """The loudest sample, as a share of full scale."""
    return float(np.abs(earcon(kind, rate).astype(np.int32)).max()) / 32_767


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("kind", SOFT)
def test_a_cue_is_short_and_soft(kind: Earcon, rate: int) -> None:
    assert 0.05 < len(earcon(kind, rate)) / rate < 0.25
    assert 0.1 < share(kind, rate) < 0.25


@pytest.mark.parametrize("rate", RATES)
def test_the_alarm_is_longer_and_louder(rate: int) -> None:
    assert len(earcon("alarm", rate)) / rate == pytest.approx(1.0, abs=0.1)
    assert share("alarm", rate) == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("kind", get_args(Earcon))
def test_no_earcon_clicks(kind: Earcon, rate: int) -> None:
    sound = np.pad(earcon(kind, rate), rate).astype(float)
    power = np.abs(np.fft.rfft(sound)) ** 2
    hertz = np.fft.rfftfreq(len(sound), 1 / rate)
    assert power[hertz > 4_000].sum() < 1e-5 * power.sum()
    assert np.abs(earcon(kind, rate)[[0, -1]]).max() <= 1


@pytest.mark.parametrize("kind", get_args(Earcon))
def test_an_earcon_sounds_the_same_on_every_loudspeaker(kind: Earcon) -> None:
    slow, fast = earcon(kind, 24_000), earcon(kind, 48_000)
    assert len(fast) == 2 * len(slow)
    assert slow[: len(slow) // 2] == pytest.approx(fast[::2][: len(slow) // 2], abs=100)


def test_earcons_can_be_told_apart() -> None:
    def strongest(sound: np.ndarray[tuple[int], np.dtype[np.int16]]) -> float:
        return float(np.argmax(np.abs(np.fft.rfft(sound, 16_000))))

    halves = {kind: np.array_split(earcon(kind, 16_000), 2) for kind in SOFT}
    assert strongest(halves["listening"][0]) < strongest(halves["listening"][1])
    assert strongest(halves["failed"][0]) > strongest(halves["failed"][1])
    assert strongest(halves["heard"][0]) == pytest.approx(strongest(halves["heard"][1]), abs=20)
