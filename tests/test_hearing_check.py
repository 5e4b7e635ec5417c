"""A microphone that is muted or far too loud."""

from __future__ import annotations

import numpy as np

from voiceskill.hearing_check import HearingCheck, Verdict
from voiceskill.listen import FRAME_SECONDS
from voiceskill.ports import FRAME_SAMPLES, Pcm

RNG = np.random.default_rng(1)

NOTHING: Pcm = np.zeros(FRAME_SAMPLES, np.int16)
STUCK: Pcm = np.full(FRAME_SAMPLES, 32_767, np.int16)
HISS: Pcm = RNG.integers(-3, 4, FRAME_SAMPLES).astype(np.int16)
SPEECH: Pcm = RNG.integers(-9_000, 9_000, FRAME_SAMPLES).astype(np.int16)
TOO_LOUD: Pcm = np.clip(RNG.integers(-90_000, 90_000, FRAME_SAMPLES), -32_768, 32_767).astype(np.int16)


def verdicts(*stretches: tuple[Pcm, float]) -> list[tuple[Verdict, float]]:
    """What is told, and after how many seconds."""
    check, told, frames = HearingCheck(), [], 0
    for pcm, seconds in stretches:
        for _ in range(round(seconds / FRAME_SECONDS)):
            frames += 1
            verdict = check.take(pcm)
            if verdict is not None:
                told.append((verdict, round(frames * FRAME_SECONDS, 1)))
    return told


def test_a_quiet_room_is_nothing_to_tell_of() -> None:
    assert verdicts((HISS, 600.0), (SPEECH, 3.0), (HISS, 600.0)) == []


def test_a_microphone_dead_from_the_start_is_told_of_once() -> None:
    assert verdicts((NOTHING, 600.0)) == [("silent", 20.0)]


def test_a_stuck_converter_is_as_good_as_dead() -> None:
    assert verdicts((STUCK, 60.0)) == [("silent", 20.0)]


def test_muting_and_unmuting_is_noticed() -> None:
    assert verdicts((HISS, 30.0), (NOTHING, 30.0), (HISS, 30.0)) == [("silent", 40.0), ("fine", 60.2)]


def test_a_click_does_not_make_a_dead_microphone_alive() -> None:
    assert verdicts((NOTHING, 5.0), (SPEECH, 0.1), (NOTHING, 30.0), (SPEECH, 0.1), (NOTHING, 5.0)) == [("silent", 20.1)]


def test_a_microphone_that_gives_nothing_between_words_is_not_taken_for_muted() -> None:
    assert verdicts((SPEECH, 2.0), (NOTHING, 60.0), (SPEECH, 4.0), (NOTHING, 600.0)) == []


def test_a_microphone_set_far_too_loud_is_told_of_until_it_is_turned_down() -> None:
    told = verdicts((HISS, 20.0), (TOO_LOUD, 30.0), (SPEECH, 30.0))
    assert told == [("clipped", 25.0), ("fine", 59.0)]


def test_a_shout_or_a_slammed_door_is_not_too_loud() -> None:
    assert verdicts((HISS, 20.0), (TOO_LOUD, 3.0), (HISS, 20.0), (TOO_LOUD, 3.0)) == []
