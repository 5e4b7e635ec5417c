"""Sound of any kind, and one recogniser for several who speak."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import soxr
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import FakeClock, FakeRecogniser
from voiceskill.core.events import Hypothesis
from voiceskill.edges.wyoming.hearing import LONGEST_SECONDS, MOST_AT_ONCE, Busy, NoSound, SharedRecogniser, SoundIn, Utterance
from voiceskill.ports import HEARING_RATE, Pcm

SECOND = np.rint(8_000 * np.sin(2 * np.pi * 440 * np.arange(HEARING_RATE) / HEARING_RATE)).astype(np.int16)


def encoded(pcm: Pcm, rate: int, width: int, channels: int) -> bytes:
    """`pcm` as another device would send it."""
    sound = pcm if rate == HEARING_RATE else soxr.resample(pcm, HEARING_RATE, rate)
    wide = np.repeat(sound.astype(np.int64)[:, None], channels, axis=1).reshape(-1)
    match width:
        case 1:
            return ((wide >> 8) + 128).astype(np.uint8).tobytes()
        case 2:
            return wide.astype("<i2").tobytes()
        case 3:
            return (wide << 8).astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
        case _:
            return (wide << 16).astype("<i4").tobytes()


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_sound_of_every_kind_is_heard_as_it_was(rate: int, width: int, channels: int) -> None:
    sent = encoded(SECOND, rate, width, channels)
    sound = SoundIn(rate, width, channels)
    heard = np.concatenate([*(sound.take(sent[i : i + 2_048]) for i in range(0, len(sent), 2_048)), sound.take(b"", last=True)])
    assert abs(len(heard) - HEARING_RATE) <= 2
    middle = slice(2_000, 14_000)
    assert np.abs(heard[middle].astype(int) - SECOND[middle]).max() < (400 if width == 1 else 60)


@given(cuts=st.lists(st.integers(0, 4_000)))
def test_it_does_not_matter_where_the_pieces_of_a_sound_are_cut(cuts: list[int]) -> None:
    sent = encoded(SECOND[:1_000], HEARING_RATE, 2, 2)
    edges = [0, *sorted(min(cut, len(sent)) for cut in cuts), len(sent)]
    sound = SoundIn(HEARING_RATE, 2, 2)
    heard = np.concatenate([sound.take(sent[begin:end]) for begin, end in itertools.pairwise(edges)])
    assert (heard == SECOND[:1_000]).all()


@pytest.mark.parametrize(
    "kind",
    [(0, 2, 1), (-1, 2, 1), (10**9, 2, 1), (16_000, 0, 1), (16_000, 5, 1), (16_000, 2, 0), (16_000, 2, 9), ("16000", 2, 1), (None, 2, 1)],
)
def test_what_is_no_sound_is_refused(kind: tuple[int, int, int]) -> None:
    with pytest.raises(NoSound):
        SoundIn(*kind)


def spoken(seconds: float) -> Utterance:
    utterance = Utterance()
    utterance.add(np.zeros(round(seconds * HEARING_RATE), np.int16))
    return utterance


def test_the_sound_of_one_who_speaks_is_given_to_the_recogniser_as_it_comes() -> None:
    recogniser = FakeRecogniser("help me please")
    shared, utterance = SharedRecogniser(recogniser, FakeClock()), Utterance()
    for _ in range(3):
        utterance.add(SECOND)
        assert shared.words_so_far(utterance) == "help"
    assert recogniser.accepted == 3 * HEARING_RATE
    assert recogniser.asked == 0
    assert shared.words(utterance) == "help me please"
    assert recogniser.accepted == 3 * HEARING_RATE


class Taking(FakeRecogniser):
    """Has no words so far, and takes `seconds` to read."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        super().__init__("help me", partials=False)
        self._clock = clock
        self._seconds = seconds

    def hypotheses(self) -> tuple[Hypothesis, ...]:
        self._clock.time += self._seconds
        return super().hypotheses()


@pytest.mark.parametrize(("seconds", "readings"), [(0.05, 10), (0.5, 5), (2.0, 2)])
def test_an_engine_without_words_so_far_is_asked_each_second_but_less_the_longer_it_takes(seconds: float, readings: int) -> None:
    clock = FakeClock()
    recogniser = Taking(clock, seconds)
    shared = SharedRecogniser(recogniser, clock)
    utterance = shared.begin()
    for _ in range(100):
        clock.time += 0.1
        utterance.add(SECOND[: HEARING_RATE // 10])
        shared.words_so_far(utterance)
    assert recogniser.asked == readings


def test_a_recording_that_is_sent_at_once_is_read_at_its_end_only() -> None:
    recogniser = FakeRecogniser("help me", partials=False)
    shared = SharedRecogniser(recogniser, FakeClock())
    utterance = shared.begin()
    for _ in range(10):
        utterance.add(SECOND)
        shared.words_so_far(utterance)
    assert recogniser.asked <= 1
    assert shared.words(utterance) == "help me"


def test_who_speaks_second_has_words_only_at_the_end_and_takes_none_from_the_first() -> None:
    recogniser = FakeRecogniser("help me please")
    shared = SharedRecogniser(recogniser, FakeClock())
    first, second = spoken(1), spoken(2)
    assert shared.words_so_far(first)
    assert shared.words_so_far(second) == ""
    assert shared.words(second) == "help me please"
    assert recogniser.accepted == 2 * HEARING_RATE
    first.add(SECOND)
    assert shared.words_so_far(first)
    assert recogniser.accepted == 2 * HEARING_RATE  # all of the first, anew
    assert shared.words(first) == "help me please"


def test_who_goes_in_the_middle_of_a_sentence_leaves_the_recogniser_to_others() -> None:
    shared = SharedRecogniser(FakeRecogniser("help me"), FakeClock())
    gone, other = spoken(1), spoken(1)
    shared.words_so_far(gone)
    shared.drop(gone)
    assert shared.words_so_far(other)
    shared.drop(gone)
    assert shared.words_so_far(other)


def test_there_is_room_for_so_many_who_speak_at_once() -> None:
    shared = SharedRecogniser(FakeRecogniser(), FakeClock())
    for _ in range(MOST_AT_ONCE):
        shared.begin()
    with pytest.raises(Busy):
        shared.begin()
    shared.end()
    shared.begin()


def test_of_one_who_never_stops_a_minute_is_heard() -> None:
    utterance = Utterance()
    for _ in range(2 * LONGEST_SECONDS):
        utterance.add(SECOND)
    assert utterance.samples == LONGEST_SECONDS * HEARING_RATE


def told(*readings: str) -> list[str]:
    """What is sent of an utterance after each reading; the last one is the end."""
    utterance = Utterance()
    *early, last = readings
    return [" ".join(utterance.settled(text)) for text in early] + [" ".join(utterance.settled(last, last=True))]


def test_words_are_sent_when_two_readings_agree_on_them() -> None:
    assert told("does he", "does heat hell", "does heat help me", "Does heat help me") == ["", "", "does", ""]
    assert told("does heat", "does heat help", "does heat help") == ["", "does", "heat help"]
    assert told("", "", "stop") == ["", "", "stop"]
    assert told("stop", "", "") == ["", "", ""]


@given(st.lists(st.lists(st.sampled_from(["a", "b"]), max_size=4).map(" ".join), min_size=1))
def test_what_was_sent_is_where_the_text_begins_or_is_left_alone(readings: list[str]) -> None:
    utterance = Utterance()
    for text in readings[:-1]:
        utterance.settled(text)
    before = list(utterance.told)
    utterance.settled(readings[-1], last=True)
    assert utterance.told in (before, readings[-1].split())
