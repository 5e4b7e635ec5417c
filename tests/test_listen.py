from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.fakes import FakeDetector, FakeRecogniser
from voiceskill.core.events import Event, Heard, Hypothesis, NotHeard, Partial, SpeechEnded, SpeechStarted
from voiceskill.core.segmenter import Patience, SegmenterSettings
from voiceskill.edges.echo import NoEcho
from voiceskill.listen import FRAME_SECONDS, Listener
from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, Frame, Pcm, WakeDetector


def listen(
    recogniser: FakeRecogniser,
    *stretches: tuple[float, int],
    judge: Callable[[str], Patience] = lambda _: Patience.USUAL,
    speaking: Callable[[], bool] = lambda: False,
    spot: Callable[[Pcm], Hypothesis | None] = lambda _: None,
    watched: Callable[[], bool] = lambda: False,
    caller: WakeDetector | None = None,
) -> list[Event]:
    """Events for stretches of (seconds, level)."""
    events: list[Event] = []
    listener = Listener(NoEcho(), FakeDetector(), recogniser, SegmenterSettings(), events.append, judge, speaking, spot, watched, caller)
    frame = 0
    for seconds, level in stretches:
        for _ in range(round(seconds / FRAME_SECONDS)):
            frame += 1
            listener.feed(Frame(np.full(FRAME_SAMPLES, level, np.int16), frame * FRAME_SECONDS))
    return events


def test_a_sentence_is_heard_once_with_its_words() -> None:
    events = listen(FakeRecogniser("why does it hurt"), (1.0, 0), (1.5, 9_000), (1.5, 0))
    assert [type(event) for event in events] == [SpeechStarted, Partial, SpeechEnded, Heard]
    heard = events[-1]
    assert isinstance(heard, Heard)
    assert heard.text == "why does it hurt"


def test_the_words_are_ready_before_the_silence_is_over() -> None:
    recogniser = FakeRecogniser("stop")
    listen(recogniser, (1.0, 9_000), (0.4, 0))
    assert recogniser.asked == 1


def test_silence_after_a_pause_does_not_spoil_the_reading_made_at_the_pause() -> None:
    recogniser = FakeRecogniser("stop")
    listen(recogniser, (1.0, 9_000), (0.27, 0))
    accepted_at_pause = recogniser.accepted
    listen(recogniser, (1.0, 9_000), (0.6, 0))
    assert recogniser.accepted == accepted_at_pause


def test_speaking_on_after_a_pause_is_heard_without_a_gap() -> None:
    recogniser = FakeRecogniser("stop and go on")
    listen(recogniser, (1.0, 0), (1.0, 9_000), (0.5, 0), (1.0, 9_000), (0.27, 0))
    assert recogniser.accepted / 16_000 >= 0.25 + 1.0 + 0.45 + 1.0 + 0.25


def test_the_first_sound_of_a_word_is_not_cut_off() -> None:
    recogniser = FakeRecogniser("stop")
    listen(recogniser, (1.0, 0), (0.5, 9_000), (0.5, 0))
    assert recogniser.accepted / 16_000 >= 0.3 + 0.5 + 0.25


def test_a_groan_without_words_is_reported_as_not_heard() -> None:
    assert isinstance(listen(FakeRecogniser(""), (1.0, 9_000), (1.0, 0))[-1], NotHeard)


def test_a_click_too_short_for_a_word_never_reaches_the_conversation_as_words() -> None:
    events = listen(FakeRecogniser("you"), (0.1, 9_000), (1.0, 0))
    assert not any(isinstance(event, Heard) for event in events)


def test_utterances_are_numbered_in_order() -> None:
    events = listen(FakeRecogniser("one"), (1.0, 9_000), (2.0, 0), (1.0, 9_000), (1.0, 0))
    assert [event.utterance for event in events if isinstance(event, Heard)] == [1, 2]


def test_a_word_that_needs_no_more_is_answered_sooner_and_an_open_sentence_later() -> None:
    ends = []
    for patience in Patience:
        events = listen(FakeRecogniser("yes"), (1.024, 9_000), (3.2, 0), judge=lambda _, patience=patience: patience)  # type: ignore[misc]
        ends.append(round(events[-1].at - 1.024, 3))
    assert ends == [0.352, 0.704, 1.696]


def test_what_was_said_so_far_is_judged_at_each_pause_and_nothing_when_there_are_no_words() -> None:
    judged: list[str] = []

    def judge(text: str) -> Patience:
        judged.append(text)
        return Patience.USUAL

    listen(FakeRecogniser("my back"), (1.0, 9_000), (0.4, 0), (1.0, 9_000), (1.0, 0), judge=judge)
    assert judged == ["my back", "my back"]
    listen(FakeRecogniser(""), (1.0, 9_000), (1.0, 0), judge=judge)
    assert len(judged) == 2


def test_gasping_between_words_is_heard_as_one_sentence() -> None:
    gasp = (1.1, 0)
    stretches = ((0.4, 9_000), gasp, (0.6, 9_000), gasp, (0.9, 9_000), (3.0, 0))
    events = listen(FakeRecogniser("it's my back I can't move"), *stretches, judge=lambda _: Patience.UNFINISHED)
    assert len([event for event in events if isinstance(event, Heard)]) == 1


def test_music_without_words_does_not_keep_the_ear_shut_for_long() -> None:
    events = listen(FakeRecogniser("", partials=False), (13.0, 9_000))
    ended = [event.at for event in events if isinstance(event, NotHeard)]
    assert len(ended) == 2
    assert ended[0] < 6.1
    assert isinstance(events[-1], SpeechStarted)


def test_somebody_who_talks_without_a_pause_is_heard_to_the_end() -> None:
    for partials in (True, False):
        events = listen(FakeRecogniser("and then and then", partials=partials), (15.0, 9_000), (1.0, 0))
        assert [type(event) for event in events if not isinstance(event, Partial)] == [SpeechStarted, SpeechEnded, Heard]


def test_words_are_shown_before_a_sentence_is_over_though_the_recogniser_tells_none_by_itself() -> None:
    def told(watched: bool) -> list[float]:
        recogniser = FakeRecogniser("does warmth help", partials=False)
        events = listen(recogniser, (4.0, 9_000), (1.0, 0), watched=lambda: watched)
        return [event.at for event in events if isinstance(event, Partial)]

    (early,) = told(watched=True)
    assert early < 1.2
    assert not told(watched=False)


def test_looking_on_costs_less_than_three_readings_more() -> None:
    recogniser = FakeRecogniser("does warmth help", partials=False)
    listen(recogniser, (4.0, 9_000), (0.4, 0), watched=lambda: True)
    assert recogniser.asked == 1 + 3  # after 1, 1.6 and 2.6 seconds, and at the pause


def test_how_long_something_was_voiced_is_told_when_there_are_no_words() -> None:
    (*_, click) = listen(FakeRecogniser(""), (0.128, 9_000), (1.0, 0))
    (*_, mumble) = listen(FakeRecogniser(""), (0.96, 9_000), (1.0, 0))
    assert [round(event.voiced, 3) for event in (click, mumble) if isinstance(event, NotHeard)] == [0.128, 0.96]


def test_somebody_cut_off_who_speaks_on_is_waited_for_unless_we_have_answered() -> None:
    for answered in (False, True):
        stretches = ((0.96, 9_000), (0.96, 0)) * 3
        events = listen(FakeRecogniser("my back hurts"), *stretches, speaking=lambda answered=answered: answered)  # type: ignore[misc]
        assert len([event for event in events if isinstance(event, Heard)]) == (3 if answered else 1)


def test_what_was_begun_before_the_microphone_went_is_not_joined_to_what_follows() -> None:
    events: list[Event] = []
    recogniser = FakeRecogniser("stop")
    listener = Listener(NoEcho(), FakeDetector(), recogniser, SegmenterSettings(), events.append)
    loud, quiet = np.full(FRAME_SAMPLES, 9_000, np.int16), np.zeros(FRAME_SAMPLES, np.int16)
    for n in range(20):
        listener.feed(Frame(loud, n * FRAME_SECONDS))
    listener.reset(60.0)
    assert listener.idle
    for n in range(40):
        listener.feed(Frame(quiet, 60.0 + n * FRAME_SECONDS))
    assert [type(event) for event in events] == [SpeechStarted, Partial, SpeechEnded, NotHeard]
    assert events[-1].at == 60.0


def test_a_reset_in_silence_tells_of_nothing() -> None:
    events: list[Event] = []
    Listener(NoEcho(), FakeDetector(), FakeRecogniser(), SegmenterSettings(), events.append).reset(1.0)
    assert events == []


class OneWord:
    """Spots one word in whatever it is given, and keeps how much that was."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, pcm: Pcm) -> Hypothesis:
        self.seconds.append(len(pcm) / 16_000)
        return Hypothesis("help", 0.9)


def test_a_word_said_over_our_voice_is_told_at_the_first_pause_even_where_dictation_reads_nothing() -> None:
    events = listen(FakeRecogniser("", partials=False), (0.96, 9_000), (0.3, 0), speaking=lambda: True, spot=OneWord())
    (partial,) = [event for event in events if isinstance(event, Partial)]
    assert partial.spotted == Hypothesis("help", 0.9)
    assert partial.at <= 0.96 + 0.3


def test_what_was_spotted_at_the_pause_comes_with_the_words_and_in_place_of_missing_ones() -> None:
    for text, readings in (("felt", "felt"), ("", "help")):
        heard = listen(FakeRecogniser(text), (0.96, 9_000), (1.0, 0), spot=OneWord())[-1]
        assert isinstance(heard, Heard)
        assert heard.text == readings
        assert heard.spotted == Hypothesis("help", 0.9)


def test_somebody_who_speaks_on_has_not_said_that_word_alone() -> None:
    spot = OneWord()
    heard = listen(FakeRecogniser("help me turn the mattress"), (0.64, 9_000), (0.32, 0), (0.96, 9_000), (1.0, 0), spot=spot)[-1]
    assert isinstance(heard, Heard)
    assert len(spot.seconds) == 2
    assert spot.seconds[1] > spot.seconds[0] + 0.96


class FakeWakeDetector:
    """Hears a call in whatever is long."""

    name = "fake"

    def __init__(self) -> None:
        self.accepted = 0

    def start(self) -> None:
        self.accepted = 0

    def accept(self, pcm: Pcm) -> None:
        self.accepted += len(pcm)

    def called(self) -> bool:
        return self.accepted >= HEARING_RATE * 1.5

    def close(self) -> None:
        raise AssertionError("whoever built it closes it")


def test_a_call_that_dictation_garbles_or_does_not_read_at_all_is_told() -> None:
    for text in ("take that side", ""):
        heard = listen(FakeRecogniser(text), (1.5, 9_000), (1.0, 0), caller=FakeWakeDetector())[-1]
        assert isinstance(heard, Heard)
        assert heard.called
        assert heard.text == text


def test_each_utterance_is_a_call_by_itself() -> None:
    events = listen(FakeRecogniser("well"), (1.5, 9_000), (2.0, 0), (0.6, 9_000), (2.0, 0), caller=FakeWakeDetector())
    assert [event.called for event in events if isinstance(event, Heard)] == [True, False]


def test_while_we_speak_nobody_is_heard_to_call() -> None:
    heard = listen(FakeRecogniser("take that side"), (1.5, 9_000), (1.0, 0), speaking=lambda: True, caller=FakeWakeDetector())[-1]
    assert isinstance(heard, Heard)
    assert not heard.called
