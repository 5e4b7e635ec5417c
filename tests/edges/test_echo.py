from __future__ import annotations

import sys
from itertools import cycle

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.room import Room, at_level, level
from voiceskill.edges import echo
from voiceskill.edges.echo import DelayTracker, LinearEchoCanceller, Played, build_echo_canceller
from voiceskill.edges.recording import VirtualClock
from voiceskill.edges.synthesisers.flite import Flite
from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, Cancelled, Frame, Pcm

SECOND = round(HEARING_RATE / FRAME_SAMPLES)


def speech(voice: str, text: str) -> Pcm:
    return Flite(voice).render(text).pcm


def decibels(before: float, after: float) -> float:
    return 20 * float(np.log10(before / max(1.0, after)))


OURS = speech(
    "rms",
    "Lie on your back and put a pillow under your knees. Breathe in through your nose, and let your belly rise. Rest there for a while.",
)


def in_a_room(
    echo_db: float, seconds: float, person: tuple[float, Pcm] | None = None, *, delay: float = 0.12
) -> list[tuple[Frame, Cancelled]]:
    """What the microphone hears, and what is made of it, while we speak, and then a person."""
    room, heard = Room(echo_db, delay=delay), []
    canceller = room.echo(HEARING_RATE, room.clock)
    frames = np.resize(OURS, (round(seconds * SECOND) + SECOND) * FRAME_SAMPLES).reshape(-1, FRAME_SAMPLES)

    def feed(frame: Frame) -> None:
        heard.append((frame, canceller.cancel(frame)))
        canceller.played(frames[len(heard)])

    room.pass_time(feed, person[0] if person else seconds)
    if person:
        room.say(at_level(person[1]))
        room.pass_time(feed, seconds - person[0])
    return heard


def joined(heard: list[tuple[Frame, Cancelled]], first: float, end: float) -> tuple[Pcm, Pcm, Pcm]:
    part = heard[round(first * SECOND) : round(end * SECOND)]
    return (
        np.concatenate([frame.pcm for frame, _ in part]),
        np.concatenate([sound.presence for _, sound in part]),
        np.concatenate([sound.speech for _, sound in part]),
    )


@pytest.mark.parametrize("echo_db", [-6.0, 0.0, 6.0])
def test_our_own_voice_is_taken_out_of_what_is_heard(echo_db: float) -> None:
    heard, presence, words = joined(in_a_room(echo_db, 16), 8, 16)
    assert decibels(level(heard), level(presence)) > 25
    assert decibels(level(heard), level(words)) > 15


def test_what_somebody_says_over_us_is_left_in() -> None:
    they = speech("slt", "That hurts, please stop.")
    seconds = len(they) / HEARING_RATE
    heard = in_a_room(0.0, 14 + seconds, (14.0, they))
    _, presence, words = joined(heard, 14, 14 + seconds)
    _, before, before_words = joined(heard, 10, 14)
    assert decibels(level(presence), level(before)) > 15
    assert decibels(level(words), level(before_words)) > 12


def test_somebody_who_wears_earphones_is_heard_as_they_speak() -> None:
    they = speech("slt", "That hurts, please stop.")
    heard = in_a_room(-80.0, 6, (4.0, they))
    for frame, sound in heard[round(3.5 * SECOND) :]:
        assert sound.speech is frame.pcm
        assert sound.presence is frame.pcm


@pytest.mark.parametrize("rate", [HEARING_RATE, 44_100])
def test_while_we_are_silent_the_sound_goes_through_untouched(rate: int) -> None:
    room = Room(0.0)
    canceller = room.echo(rate, room.clock)

    def feed(frame: Frame) -> None:
        sound = canceller.cancel(frame)
        canceller.played(np.zeros(rate * FRAME_SAMPLES // HEARING_RATE, np.int16))
        if frame.at > 1:
            assert sound.presence is frame.pcm
            assert sound.speech is frame.pcm

    room.pass_time(feed, 2.0)


def test_without_the_library_the_sound_goes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyaec", None)
    pcm = np.arange(FRAME_SAMPLES, dtype=np.int16)
    sound = build_echo_canceller(HEARING_RATE, VirtualClock()).cancel(Frame(pcm, 0.0))
    assert sound.presence is pcm
    assert sound.speech is pcm


class Mistaken(DelayTracker):
    """Finds the echo where it is not, now and then."""

    def add(self, played: Pcm, heard: Pcm) -> float | None:
        found = super().add(played, heard)
        return None if found is None else found + next(self._errors)

    _errors = cycle([0.0, 0.9, 0.4, 0.9])


def test_an_echo_found_elsewhere_by_mistake_is_taken_out_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echo, "DelayTracker", Mistaken)
    heard, presence, _ = joined(in_a_room(-6.0, 30), 20, 30)
    assert decibels(level(heard), level(presence)) > 25


@pytest.mark.parametrize("delay", [0.3, 0.7])
def test_an_echo_that_comes_late_is_found_and_taken_out(delay: float) -> None:
    """Bluetooth loudspeakers take that long."""
    heard, presence, words = joined(in_a_room(0.0, 17, delay=delay), 13, 17)
    assert decibels(level(heard), level(presence)) > 25
    assert decibels(level(heard), level(words)) > 15


@given(st.integers(-4_000, 15_000), st.integers(0, 2**31))
@settings(max_examples=20)
def test_the_delay_of_an_echo_is_measured_to_a_millisecond(lag: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    sound = np.resize(OURS, 6 * HEARING_RATE)[2 * HEARING_RATE - lag :]
    tracker, measured = DelayTracker(), []
    for first in range(0, 3 * HEARING_RATE, FRAME_SAMPLES):
        played = np.resize(OURS, 6 * HEARING_RATE)[2 * HEARING_RATE + first :][:FRAME_SAMPLES]
        heard = sound[first : first + FRAME_SAMPLES] * 0.3 + chance.standard_normal(FRAME_SAMPLES) * 100
        measured.append(tracker.add(played, heard.astype(np.int16)))
    found = [delay for delay in measured if delay is not None]
    assert found
    assert found[0] == pytest.approx(lag / HEARING_RATE, abs=0.001)


@given(st.integers(0, 2**31))
@settings(max_examples=10)
def test_a_room_without_our_voice_has_no_delay(seed: int) -> None:
    chance = np.random.default_rng(seed)
    tracker = DelayTracker()
    for first in range(0, 5 * HEARING_RATE, FRAME_SAMPLES):
        noise = (chance.standard_normal(FRAME_SAMPLES) * 500).astype(np.int16)
        assert tracker.add(np.resize(OURS, 6 * HEARING_RATE)[first : first + FRAME_SAMPLES], noise) is None


# What was played, on the time line.


def ramp(first: int, samples: int) -> Pcm:
    return np.arange(first, first + samples, dtype=np.int16)


def test_what_was_played_is_found_by_its_time() -> None:
    clock = VirtualClock(5.0)
    played = Played(HEARING_RATE, clock)
    played.add(ramp(0, 1_600))
    clock.advance(0.1)
    played.add(ramp(1_600, 1_600))
    assert np.array_equal(played.until(5.05, 400), ramp(400, 400))
    assert np.array_equal(played.until(5.1, 800), ramp(800, 800))
    assert np.array_equal(played.until(5.2, 1_600), ramp(1_600, 1_600))


def test_before_anything_was_played_there_is_silence() -> None:
    played = Played(HEARING_RATE, VirtualClock())
    assert not played.until(3.0, 512).any()


def test_a_loudspeaker_that_stood_still_for_a_while_is_found_again() -> None:
    clock = VirtualClock()
    played = Played(HEARING_RATE, clock)
    played.add(ramp(0, 1_600))
    clock.advance(1.0)
    played.add(ramp(5_000, 1_600))
    assert not played.until(1.0, 1_600).any()
    assert np.array_equal(played.until(1.1, 1_600), ramp(5_000, 1_600))


@given(st.lists(st.integers(-300, 300), min_size=20, max_size=60))
def test_sound_that_comes_in_bursts_is_read_without_a_gap(jitter: list[int]) -> None:
    """Blocks of 10 ms, each up to 20 ms early or late, read in frames of 32 ms."""
    clock = VirtualClock()
    played = Played(HEARING_RATE, clock)
    latest = 0.0
    for number, samples in enumerate(jitter):
        due = max(latest, number * 0.01 + 0.02 + samples / HEARING_RATE)
        clock.advance(due - latest)
        latest = due
        played.add(ramp(number * 160, 160))
    read = np.concatenate([played.until(0.1 + n * 0.032, 512) for n in range(len(jitter) * 160 // 512 - 4)] or [np.zeros(0, np.int16)])
    sounding = read[np.flatnonzero(read)[:1][0] :] if read.any() else read
    assert (np.diff(sounding[sounding != 0]) == 1).all()


def test_a_loudspeaker_of_another_rate_is_read_at_a_steady_distance() -> None:
    """soxr gives back in bursts what it is given; a reader that shifts with them makes the canceller learn anew each time."""
    clock, rate = VirtualClock(), 22_050
    noise = (np.random.default_rng(1).standard_normal(20 * rate) * 3_000).astype(np.int16)
    canceller = LinearEchoCanceller(rate, clock)
    step, read, resampled = FRAME_SAMPLES * rate / HEARING_RATE, [], []
    stream = soxr.ResampleStream(rate, HEARING_RATE, 1, dtype="int16")
    for number in range(int(len(noise) / step)):
        piece = noise[round(number * step) : round((number + 1) * step)]
        canceller.played(piece)
        resampled.append(stream.resample_chunk(piece))
        clock.advance(FRAME_SAMPLES / HEARING_RATE)
        read.append(canceller._played.until(clock.now() - canceller.delay, FRAME_SAMPLES))
    sound, whole = np.concatenate(read[SECOND // 4 :]), np.concatenate(resampled)
    first = int(np.correlate(whole[:HEARING_RATE].astype(float), sound[:1_000].astype(float)).argmax())
    assert np.abs(sound.astype(int) - whole[first : first + len(sound)]).max() <= 4, "apart by more than soxr's dither"


def test_a_loudspeaker_of_another_rate_is_followed_for_an_hour() -> None:
    clock = VirtualClock()
    played = Played(48_000, clock)
    for number in range(36_000):
        played.add(np.full(4_800, 7, np.int16))
        clock.advance(0.1)
        if number > 5:
            assert len(played.until(clock.now() - 0.1, 1_600)) == 1_600
    assert played.until(clock.now(), 1_600)[:1_500].all()
