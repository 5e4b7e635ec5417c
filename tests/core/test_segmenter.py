from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voiceskill.core.segmenter import Boundary, Quiet, SegmenterSettings, SegmenterState, Talking, advance

FRAME = 0.032
SETTINGS = SegmenterSettings()
SPEECH, SILENCE = 0.9, 0.05


def boundaries(*stretches: tuple[float, float], settings: SegmenterSettings = SETTINGS) -> list[tuple[float, Boundary]]:
    """Boundaries with their times, for stretches of (seconds, probability)."""
    state: SegmenterState = Quiet()
    found = []
    frame = 0
    for seconds, probability in stretches:
        for _ in range(round(seconds / FRAME)):
            frame += 1
            state, boundary = advance(state, FRAME, probability, settings)
            if boundary:
                found.append((round(frame * FRAME, 3), boundary))
    return found


def kinds(found: list[tuple[float, Boundary]]) -> list[Boundary]:
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
    found = boundaries((45.0, SPEECH))
    assert kinds(found)[:3] == [Boundary.BEGIN, Boundary.END, Boundary.BEGIN]
    assert abs(found[1][0] - SETTINGS.longest) <= 2 * FRAME


def test_speech_that_fades_goes_on_but_is_not_begun_by_a_whisper_of_noise() -> None:
    between = (SETTINGS.speech_probability + SETTINGS.silence_probability) / 2
    assert boundaries((3.0, between)) == []
    assert kinds(boundaries((1.0, SPEECH), (3.0, between))) == [Boundary.BEGIN]


@given(st.lists(st.floats(0, 1), max_size=400))
def test_every_utterance_that_begins_also_ends_and_none_overlap(probabilities: list[float]) -> None:
    state: SegmenterState = Quiet()
    talking = False
    for probability in [*probabilities, *[0.0] * 40]:
        state, boundary = advance(state, FRAME, probability, SETTINGS)
        match boundary:
            case Boundary.BEGIN:
                assert not talking
                talking = True
            case Boundary.END | Boundary.TOO_SHORT:
                assert talking
                talking = False
            case _:
                pass
        assert isinstance(state, Talking) == talking
    assert not talking
