from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sounds import frequency_of, root_mean_square, tone
from voiceskill.edges.framing import Block, FrameMaker, RateCheck
from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, Frame, Pcm


def frames_of(maker: FrameMaker, pcm: Pcm, rate: int, start: float = 0.0) -> list[Frame]:
    """Feed mono sound, on both channels, in blocks of 32 ms that arrive on time."""
    size = round(rate * 0.032)
    frames: list[Frame] = []
    for first in range(0, len(pcm), size):
        block = np.repeat(pcm[first : first + size, np.newaxis], 2, axis=1)
        frames += maker.accept(Block(block, start + (first + len(block)) / rate))
    return frames


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_frames_keep_pitch_level_and_time_at_any_rate_of_the_device(rate: int) -> None:
    frames = frames_of(FrameMaker(rate, 2), tone(1000, 2, rate), rate, start=100.0)
    heard = np.concatenate([frame.pcm for frame in frames])
    assert len(heard) > 1.9 * HEARING_RATE
    assert frequency_of(heard[4000:20_000], HEARING_RATE) == pytest.approx(1000, abs=2)
    assert root_mean_square(heard[4000:20_000]) == pytest.approx(8000 / np.sqrt(2), rel=0.02)
    assert [frame.at for frame in frames] == pytest.approx([100.0 + 0.032 * (n + 1) for n in range(len(frames))])


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_sound_that_was_lost_is_counted_and_the_time_goes_on_behind_it(rate: int) -> None:
    maker = FrameMaker(rate, 2)
    before = frames_of(maker, tone(500, 1, rate), rate)
    block = np.zeros((round(rate * 0.032), 2), np.int16)
    arrived = 3.0 + 0.032
    after: list[Frame] = []
    for n in range(10):
        after += maker.accept(Block(block, arrived + n * 0.032, lost=2 * rate if n == 0 else 0))
    assert after[0].dropped == pytest.approx(3 * HEARING_RATE - len(before) * FRAME_SAMPLES, abs=2)
    assert after[0].at == pytest.approx(3.032)
    assert [frame.dropped for frame in after[1:]] == [0] * (len(after) - 1)


def test_a_gap_that_the_device_reports_is_measured_by_the_clock() -> None:
    maker = FrameMaker(HEARING_RATE, 2)
    frames_of(maker, tone(500, 0.32, HEARING_RATE), HEARING_RATE)
    block = np.zeros((FRAME_SAMPLES, 2), np.int16)
    (frame,) = maker.accept(Block(block, arrived=0.32 + 0.5 + 0.032, gap=True))
    assert frame.dropped == pytest.approx(0.5 * HEARING_RATE, abs=1)
    assert frame.at == pytest.approx(0.852)


def test_time_that_passed_while_we_slept_is_counted_though_the_device_reports_no_gap() -> None:
    maker = FrameMaker(HEARING_RATE, 2)
    frames_of(maker, tone(500, 0.32, HEARING_RATE), HEARING_RATE)
    block = np.zeros((FRAME_SAMPLES, 2), np.int16)
    (frame,) = maker.accept(Block(block, arrived=0.32 + 60.0 + 0.032))
    assert frame.dropped == pytest.approx(60.0 * HEARING_RATE, abs=1)
    assert frame.at == pytest.approx(60.352)


@pytest.mark.parametrize("pace", [0.9999, 1.0001])
def test_a_device_slower_or_faster_than_the_clock_stays_in_time(pace: float) -> None:
    maker = FrameMaker(HEARING_RATE, 1)
    block = np.zeros((FRAME_SAMPLES, 1), np.int16)
    last = 0.0
    for n in range(1, 50_000):
        arrived = n * 0.032 * pace
        (frame,) = maker.accept(Block(block, arrived))
        assert last <= frame.at <= arrived + 0.001
        assert frame.at > arrived - 0.02
        last = frame.at


def test_blocks_that_come_in_bursts_leave_the_frames_evenly_spaced() -> None:
    maker = FrameMaker(HEARING_RATE, 1)
    block = np.zeros((FRAME_SAMPLES, 1), np.int16)
    times = [frame.at for n in range(400) for frame in maker.accept(Block(block, 0.032 * (n + 1) + 0.03 * (n % 3)))]
    assert np.diff(times) == pytest.approx(0.032, abs=1e-6)


def blocks(rate: float, seconds: float, size: int = 512, jitter: float = 0.0, start: float = 0.0) -> Iterator[Block]:
    """What a device of that true rate gives: blocks that come late by up to `jitter` seconds, every third one most."""
    silence = np.zeros((size, 1), np.int16)
    for number in range(round(seconds * rate / size)):
        yield Block(silence, start + (number + 1) * size / rate + jitter * (number % 3) / 2)


def found(check: RateCheck, given: Iterator[Block]) -> list[int]:
    return [rate for block in given if (rate := check.take(block)) is not None]


@given(
    rate=st.sampled_from([8_000, 16_000, 44_100, 48_000]),
    drift=st.floats(-0.002, 0.002),
    jitter=st.floats(0.0, 0.1),
    size=st.sampled_from([160, 512, 4_096]),
)
def test_a_device_that_keeps_its_rate_is_never_doubted(rate: int, drift: float, jitter: float, size: int) -> None:
    assert found(RateCheck(rate), blocks(rate * (1 + drift), 60, size, jitter)) == []


@pytest.mark.parametrize(("says", "gives"), [(16_000, 48_000), (48_000, 44_100), (44_100, 48_000), (16_000, 8_000)])
def test_a_device_that_gives_another_rate_than_it_says_is_found_out_within_fifteen_seconds(says: int, gives: int) -> None:
    check = RateCheck(says)
    assert found(check, blocks(gives * 1.001, 15)) == [gives]
    assert found(check, blocks(gives * 1.001, 30, start=15)) == []


def test_a_device_whose_rate_changes_on_the_way_is_found_out_each_time() -> None:
    check = RateCheck(16_000)
    assert found(check, blocks(16_000, 20)) == []
    assert found(check, blocks(48_000, 20, start=20)) == [48_000]
    assert found(check, blocks(16_000, 20, start=40)) == [16_000]


def test_an_odd_rate_is_taken_as_it_is() -> None:
    assert found(RateCheck(16_000), blocks(18_900, 15)) == [pytest.approx(18_900, rel=0.005)]


def test_sound_that_was_lost_or_slept_through_tells_nothing_of_the_rate() -> None:
    lossy = (Block(block.pcm, 2 * block.arrived, gap=number % 50 == 0) for number, block in enumerate(blocks(16_000, 60)))
    assert found(RateCheck(16_000), lossy) == []
    asleep = (Block(block.pcm, block.arrived + 5.0 * (block.arrived // 3)) for block in blocks(16_000, 60))
    assert found(RateCheck(16_000), asleep) == []


def test_after_its_true_rate_is_known_a_device_is_heard_at_the_right_pitch_and_time() -> None:
    maker = FrameMaker(16_000, 2)
    before = frames_of(maker, tone(1000, 1, 16_000), 16_000)
    maker.change_rate(48_000)
    frames = frames_of(maker, tone(1000, 1, 48_000), 48_000, start=1.0)
    assert frequency_of(np.concatenate([frame.pcm for frame in frames])[4_000:], HEARING_RATE) == pytest.approx(1000, abs=3)
    assert [frame.at for frame in frames] == pytest.approx([1.0 + 0.032 * (n + 1) for n in range(len(frames))], abs=0.002)
    assert before[-1].at <= frames[0].at
