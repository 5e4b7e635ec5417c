from __future__ import annotations

import threading
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceskill.edges.clock import MonotonicClock
from voiceskill.edges.recording import RecordedMicrophone, RecordedSpeaker, VirtualClock
from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, Pcm


def ramp(samples: int, first: int = 0) -> Pcm:
    return (np.arange(first, first + samples) % 30_000 + 1).astype(np.int16)


class Counter:
    """Sound whose every sample differs from its neighbours, so that a lost or repeated one shows."""

    def __init__(self) -> None:
        self.given = 0

    def pull(self, samples: int) -> Pcm:
        pcm = ramp(samples, self.given)
        self.given += samples
        return pcm


@given(st.integers(0, 5 * FRAME_SAMPLES))
def test_a_recording_is_heard_whole_and_in_order_then_there_is_silence(samples: int) -> None:
    clock = VirtualClock()
    microphone = RecordedMicrophone(ramp(samples), realtime=False, clock=clock)
    frames = list(islice(microphone.frames(), 8))
    heard = np.concatenate([frame.pcm for frame in frames])
    assert all(frame.pcm.shape == (FRAME_SAMPLES,) and frame.pcm.dtype == np.int16 for frame in frames)
    np.testing.assert_array_equal(heard[:samples], ramp(samples))
    assert not heard[samples:].any()


def test_each_frame_moves_the_clock_to_its_end() -> None:
    clock = VirtualClock(start=5.0)
    microphone = RecordedMicrophone(ramp(3 * FRAME_SAMPLES), realtime=False, clock=clock)
    seen = [(frame.at, clock.now()) for frame in islice(microphone.frames(), 3)]
    assert seen == [(5.032, 5.032), (5.064, 5.064), (5.096, 5.096)]


def test_an_hour_of_frames_ends_exactly_after_an_hour() -> None:
    clock = VirtualClock()
    microphone = RecordedMicrophone(ramp(0), realtime=False, clock=clock)
    last = next(islice(microphone.frames(), 3600 * HEARING_RATE // FRAME_SAMPLES - 1, None))
    assert last.at == clock.now() == 3600.0


def test_a_closed_recording_ends() -> None:
    microphone = RecordedMicrophone(ramp(0), realtime=False, clock=VirtualClock())
    frames = microphone.frames()
    next(frames)
    microphone.close()
    microphone.close()
    assert list(frames) == []


def test_a_recording_played_in_real_time_does_not_run_ahead_of_the_clock() -> None:
    clock = MonotonicClock()
    start = clock.now()
    microphone = RecordedMicrophone(ramp(4 * FRAME_SAMPLES), realtime=True, clock=clock)
    for number, frame in enumerate(islice(microphone.frames(), 4), start=1):
        assert clock.now() >= frame.at - 1e-6
        assert frame.at >= start + number * FRAME_SAMPLES / HEARING_RATE


def test_closing_from_another_thread_ends_a_recording_played_in_real_time() -> None:
    class Stopped:
        def now(self) -> float:
            return 0.0

    microphone = RecordedMicrophone(ramp(FRAME_SAMPLES), realtime=True, clock=Stopped())
    heard: list[object] = []
    reader = threading.Thread(target=lambda: heard.extend(microphone.frames()), daemon=True)
    reader.start()
    microphone.close()
    reader.join(30)
    assert not reader.is_alive()
    assert heard == []


@pytest.mark.parametrize("pcm", [np.zeros((4, 2), np.int16), np.zeros(4, np.float32)])
def test_sound_of_the_wrong_shape_or_type_is_refused(pcm: Pcm) -> None:
    with pytest.raises(ValueError, match="want int16 of shape"):
        RecordedMicrophone(pcm, realtime=False, clock=VirtualClock())


def test_a_virtual_clock_is_not_waited_for() -> None:
    with pytest.raises(ValueError, match="virtual clock"):
        RecordedMicrophone(ramp(1), realtime=True, clock=VirtualClock())


@given(st.sampled_from([8_000, 16_000, 22_050, 24_000, 44_100, 48_000]), st.lists(st.integers(0, 700), max_size=40))
def test_the_loudspeakers_recording_is_as_long_as_the_time_that_passed(rate: int, steps: list[int]) -> None:
    speaker, sound = RecordedSpeaker(rate), Counter()
    speaker.start(sound.pull)
    for milliseconds in steps:
        speaker.advance(milliseconds / 1000)
    clip = speaker.sound()
    assert clip.rate == rate
    assert len(clip.pcm) == sum(steps) * rate // 1000
    np.testing.assert_array_equal(clip.pcm, ramp(sound.given))


def test_an_hour_of_frames_leaves_an_hour_of_sound_at_an_awkward_rate() -> None:
    speaker, sound = RecordedSpeaker(22_050), Counter()
    speaker.start(sound.pull)
    for _ in range(3600 * HEARING_RATE // FRAME_SAMPLES):
        speaker.advance(FRAME_SAMPLES / HEARING_RATE)
    assert sound.given == 3600 * 22_050


def test_the_loudspeaker_is_silent_before_it_starts_and_after_it_closes() -> None:
    speaker, sound = RecordedSpeaker(1000), Counter()
    speaker.advance(0.01)
    speaker.start(sound.pull)
    speaker.advance(0.01)
    speaker.close()
    speaker.close()
    speaker.advance(0.01)
    np.testing.assert_array_equal(speaker.sound().pcm, np.concatenate([np.zeros(10), ramp(10), np.zeros(10)]))


def test_a_pull_that_gives_too_little_is_found_out() -> None:
    speaker = RecordedSpeaker(1000)
    speaker.start(lambda samples: ramp(samples - 1))
    with pytest.raises(ValueError, match="asked for int16"):
        speaker.advance(0.01)


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        VirtualClock().advance(-1.0)
    with pytest.raises(ValueError, match="backwards"):
        RecordedSpeaker(1000).advance(-1.0)
