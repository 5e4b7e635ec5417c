from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from voiceskill.core.segmenter import (
    Boundary,
    Patience,
    Quiet,
    SegmenterSettings,
    SegmenterState,
    Talking,
    advance,
    answered,
    dismissed,
    end_after,
    judged,
)

FRAME = 0.032
SETTINGS = SegmenterSettings()
SPEECH, SILENCE = 0.9, 0.05


def frames(*stretches: tuple[float, float]) -> list[float]:
    """Probabilities for stretches of (seconds, probability)."""
    return [probability for seconds, probability in stretches for _ in range(round(seconds / FRAME))]


def follow(
    probabilities: Sequence[float],
    settings: SegmenterSettings = SETTINGS,
    patience: Sequence[Patience] = (),
    state: SegmenterState | None = None,
) -> tuple[list[tuple[float, Boundary]], SegmenterState]:
    """Boundaries with their times, and how things stand then. There are words; pauses are judged as given, then as usual."""
    state = state or Quiet()
    judgements = iter(patience)
    found = []
    for number, probability in enumerate(probabilities, 1):
        state, boundary = advance(state, FRAME, probability, settings)
        if boundary:
            found.append((round(number * FRAME, 3), boundary))
        if boundary is Boundary.PAUSE and isinstance(state, Talking):
            state = judged(state, next(judgements, Patience.USUAL))
    return found, state


def boundaries(*stretches: tuple[float, float], patience: Sequence[Patience] = ()) -> list[tuple[float, Boundary]]:
    """The same for stretches of (seconds, probability)."""
    return follow(frames(*stretches), patience=patience)[0]


def silence_waited(state: SegmenterState, patience: Patience = Patience.USUAL, settings: SegmenterSettings = SETTINGS) -> float:
    """The silence that ends a second of speech, in seconds."""
    found, _ = follow(frames((1.024, SPEECH), (5.0, SILENCE)), settings, [patience], state)
    return round(found[-1][0] - 1.024, 3)


def kinds(found: Sequence[tuple[float, Boundary]]) -> list[Boundary]:
    return [boundary for _, boundary in found]


def test_an_utterance_begins_pauses_and_ends() -> None:
    found = boundaries((1.0, SILENCE), (2.0, SPEECH), (2.0, SILENCE))
    assert kinds(found) == [Boundary.BEGIN, Boundary.PAUSE, Boundary.END]


def test_the_end_comes_after_exactly_the_silence_that_was_set() -> None:
    (_, (pause, _), (end, _)) = boundaries((3.2, SPEECH), (3.2, SILENCE))
    assert pause == 3.456  # the first frame at or past 0.25 s of silence
    assert end == 3.904  # the first frame at or past 0.7 s


def test_a_pause_in_the_middle_of_a_sentence_does_not_end_it() -> None:
    found = boundaries((1.0, SPEECH), (0.6, SILENCE), (1.0, SPEECH), (1.0, SILENCE))
    assert kinds(found) == [Boundary.BEGIN, Boundary.PAUSE, Boundary.PAUSE, Boundary.END]


def test_a_click_is_not_speech() -> None:
    assert boundaries((0.064, SPEECH), (2.0, SILENCE)) == []


def test_a_cough_is_begun_but_dropped() -> None:
    assert kinds(boundaries((0.128, SPEECH), (2.0, SILENCE))) == [Boundary.BEGIN, Boundary.PAUSE, Boundary.TOO_SHORT]


def test_endless_talk_is_cut_at_the_limit() -> None:
    found = [(at, boundary) for at, boundary in boundaries((45.0, SPEECH)) if boundary is not Boundary.LOOK]
    assert kinds(found)[:3] == [Boundary.BEGIN, Boundary.END, Boundary.BEGIN]
    assert abs(found[1][0] - SETTINGS.longest) <= 2 * FRAME


def test_speech_that_fades_goes_on_but_is_not_begun_by_a_whisper_of_noise() -> None:
    between = (SETTINGS.speech_probability + SETTINGS.silence_probability) / 2
    assert boundaries((3.0, between)) == []
    assert kinds(boundaries((1.0, SPEECH), (3.0, between))) == [Boundary.BEGIN]


# What was said so far.


def test_after_a_yes_hardly_any_silence_is_waited_for() -> None:
    assert silence_waited(Quiet(), Patience.COMPLETE) == 0.352  # the first frame at or past 0.35 s


def test_after_because_somebody_is_waited_for_longer() -> None:
    assert silence_waited(Quiet(), Patience.UNFINISHED) == 1.696  # the first frame at or past 2.4 times 0.7 s


def test_what_was_said_before_a_pause_counts_no_more_when_somebody_speaks_on() -> None:
    found = boundaries((1.024, SPEECH), (0.32, SILENCE), (1.024, SPEECH), (3.2, SILENCE), patience=[Patience.COMPLETE])
    assert kinds(found) == [Boundary.BEGIN, Boundary.PAUSE, Boundary.PAUSE, Boundary.END]
    assert found[-1][0] == round(1.024 + 0.32 + 1.024 + 0.704, 3)


@pytest.mark.parametrize("usual", [0.3, 0.7, 1.5, 3.0])
def test_whatever_the_owner_set_is_waited_for_as_usual_and_the_rest_goes_with_it(usual: float) -> None:
    settings = replace(SETTINGS, end_after=usual)
    complete, ordinary, unfinished = (end_after(Talking(1.0, 1.0, patience=patience), settings) for patience in Patience)
    assert ordinary == usual
    assert complete <= ordinary <= unfinished
    assert complete >= min(usual, 0.35)
    assert unfinished <= max(usual, 2.5)


# How somebody speaks.


def test_someone_who_pauses_between_words_is_waited_for_longer_in_the_same_sentence() -> None:
    found = boundaries((0.96, SPEECH), (0.64, SILENCE), (0.96, SPEECH), (0.864, SILENCE), (0.96, SPEECH), (3.2, SILENCE))
    assert kinds(found).count(Boundary.END) == 1
    assert found[-1][0] == round(0.96 + 0.64 + 0.96 + 0.864 + 0.96 + 1.216, 3)  # 1.4 times 0.864 s


def test_gasping_between_words_leaves_one_sentence() -> None:
    """It's ... my back ... I can't move."""
    gasp = (1.12, SILENCE)
    found = boundaries((0.4, SPEECH), gasp, (0.6, SPEECH), gasp, (0.9, SPEECH), (3.2, SILENCE), patience=[Patience.UNFINISHED])
    assert kinds(found).count(Boundary.BEGIN) == kinds(found).count(Boundary.END) == 1


def test_a_gasp_in_the_middle_of_a_pause_is_part_of_it() -> None:
    gasp = [(0.448, SILENCE), (0.064, SPEECH), (0.448, SILENCE)]
    found, state = follow(frames((0.96, SPEECH), *gasp, (0.96, SPEECH)), patience=[Patience.UNFINISHED])
    assert kinds(found) == [Boundary.BEGIN, Boundary.PAUSE]
    assert isinstance(state, Talking)
    assert state.longest == pytest.approx(0.96)
    assert state.speech == pytest.approx(2 * 0.96)


def test_a_word_cut_into_by_a_soft_sound_is_not_a_pause() -> None:
    fluttering = [(0.064, SPEECH), (0.032, SILENCE)] * 40
    assert kinds(boundaries((0.32, SPEECH), *fluttering)) == [Boundary.BEGIN]


def test_it_is_remembered_how_somebody_speaks_and_forgotten_again() -> None:
    _, state = follow(frames((0.96, SPEECH), (0.64, SILENCE), (0.96, SPEECH), (6.4, SILENCE)))
    waited = []
    for _ in range(3):
        waited.append(silence_waited(state))
        _, state = follow(frames((1.024, SPEECH), (6.4, SILENCE)), state=state)
    assert waited == [0.896, 0.736, 0.704]


def test_a_yes_ends_at_once_even_of_someone_who_speaks_slowly() -> None:
    assert silence_waited(Quiet(habit=1.5), Patience.COMPLETE) == 0.352


def test_someone_who_was_cut_off_and_spoke_on_is_waited_for_longer_from_then_on() -> None:
    cut = frames((0.96, SPEECH), (0.96, SILENCE))
    found, state = follow([*cut, *cut, *cut])
    assert kinds(found).count(Boundary.END) == 1  # after the first part only: the other two belong together
    assert isinstance(state, Talking)
    assert state.longest == pytest.approx(0.96)


def test_a_new_request_some_time_later_is_no_pause_in_the_last_one() -> None:
    _, state = follow(frames((0.96, SPEECH), (3.2, SILENCE)))
    assert silence_waited(state) == 0.704


def test_what_is_said_once_we_have_answered_is_no_pause_in_the_last_sentence() -> None:
    _, state = follow(frames((0.96, SPEECH), (0.96, SILENCE)))
    assert isinstance(state, Quiet)
    assert silence_waited(answered(state)) == 0.704


def test_the_television_is_not_waited_for_like_somebody_slow() -> None:
    chatter = [(1.28, SPEECH), (0.64, SILENCE)] * 15
    found, state = follow(frames(*chatter)[: round(20 / FRAME)])
    assert found[-1] == (20.0, Boundary.END)
    assert state == Quiet()


def test_after_twelve_seconds_nobody_is_waited_for_longer_than_usual() -> None:
    slow = Talking(seconds=12.1, speech=8.0, habit=1.5, patience=Patience.UNFINISHED)
    assert end_after(slow, SETTINGS) == 0.7
    assert end_after(replace(slow, seconds=11.0), SETTINGS) == pytest.approx(2.1)


# Reading.


def test_a_long_utterance_is_not_read_again_at_every_pause() -> None:
    found = boundaries(*([(0.64, SPEECH), (0.32, SILENCE)] * 20))
    pauses = [at for at, boundary in found if boundary is Boundary.PAUSE]
    assert sum(at <= 5 for at in pauses) == 5
    assert sum(at > 5 for at in pauses) == 3
    assert all(later >= 1.5 * earlier for earlier, later in pairwise(pauses[5:]))


def test_what_goes_on_without_a_pause_is_looked_at() -> None:
    assert boundaries((13.0, SPEECH))[1:] == [(6.016, Boundary.LOOK), (12.032, Boundary.LOOK)]


def test_nobody_looks_for_words_where_there_were_some() -> None:
    assert follow(frames((13.0, SPEECH)), state=judged(Talking(0.5, 0.5), Patience.USUAL))[0] == []


def test_music_is_dismissed_and_the_next_word_begins_anew() -> None:
    state = dismissed(Talking(seconds=6.0, speech=6.0, habit=0.5, longest=0.9))
    found, _ = follow(frames((0.5, SPEECH)), state=state)
    assert kinds(found) == [Boundary.BEGIN]
    assert state.habit == 0.5


# Whatever is heard.

ANYTHING = st.lists(st.tuples(st.integers(1, 40), st.floats(0, 1)), max_size=20).map(
    lambda stretches: [probability for length, probability in stretches for _ in range(length)]
)
JUDGEMENTS = st.lists(st.sampled_from(Patience), max_size=20)
SOME_SETTINGS = st.builds(
    SegmenterSettings,
    end_after=st.floats(0.3, 3.0),
    longest=st.floats(3.0, 20.0),
    look_after=st.floats(2.0, 8.0),
    habit_share=st.floats(0, 2),
)


@trying(deadline=None)
@given(ANYTHING, JUDGEMENTS, SOME_SETTINGS)
def test_every_utterance_that_begins_ends_once_and_within_the_limit(
    probabilities: list[float], patience: list[Patience], settings: SegmenterSettings
) -> None:
    found, state = follow([*probabilities, *frames((4.0, 0.0))], settings, patience)
    outer = [(at, boundary) for at, boundary in found if boundary not in {Boundary.PAUSE, Boundary.LOOK}]
    assert [boundary is Boundary.BEGIN for _, boundary in outer] == [True, False] * (len(outer) // 2)
    assert isinstance(state, Quiet)
    for (begun, _), (ended, _) in zip(outer[::2], outer[1::2], strict=True):
        assert ended - begun <= settings.longest + FRAME


@trying(deadline=None)
@given(ANYTHING, JUDGEMENTS)
def test_no_time_is_lost_or_counted_twice(probabilities: list[float], patience: list[Patience]) -> None:
    state: SegmenterState = Quiet()
    judgements = iter(patience)
    begun = 0.0
    for number, probability in enumerate(probabilities, 1):
        before = state
        state, boundary = advance(state, FRAME, probability, SETTINGS)
        if isinstance(before, Quiet) and isinstance(state, Talking):
            begun = number * FRAME - state.seconds
        if isinstance(state, Talking):
            assert state.seconds == pytest.approx(number * FRAME - begun)
            assert state.speech + state.silence <= state.seconds + 1e-9
        if boundary is Boundary.PAUSE and isinstance(state, Talking):
            state = judged(state, next(judgements, Patience.USUAL))


def first_end(probabilities: list[float], settings: SegmenterSettings, patience: Sequence[Patience]) -> float:
    found, _ = follow([*probabilities, *frames((6.0, 0.0))], settings, patience)
    return next((at for at, boundary in found if boundary in {Boundary.END, Boundary.TOO_SHORT}), 0.0)


@trying(deadline=None)
@given(ANYTHING, SOME_SETTINGS, st.floats(0, 2))
def test_more_silence_wanted_never_ends_an_utterance_earlier(probabilities: list[float], settings: SegmenterSettings, more: float) -> None:
    longer = replace(settings, end_after=settings.end_after + more)
    assert first_end(probabilities, longer, ()) >= first_end(probabilities, settings, ())


@trying(deadline=None)
@given(ANYTHING, st.integers(0, 10))
def test_a_more_patient_judgement_never_ends_an_utterance_earlier(probabilities: list[float], pauses: int) -> None:
    ends = [first_end(probabilities, SETTINGS, [patience] * pauses) for patience in Patience]
    assert ends == sorted(ends)


@trying(deadline=None)
@given(
    st.builds(
        Talking,
        seconds=st.floats(0, 30),
        speech=st.floats(0, 30),
        habit=st.floats(0, 10),
        longest=st.floats(0, 10),
        patience=st.sampled_from(Patience),
    ),
    st.floats(0.3, 3.0),
)
def test_nobody_is_waited_for_too_long_or_cut_off_too_soon(state: Talking, usual: float) -> None:
    waited = end_after(state, replace(SETTINGS, end_after=usual))
    assert min(usual, 0.35) <= waited <= max(usual, 2.5)
