from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.fakes import FakeClock, FakeSynthesiser, at_once, later
from voiceskill.core.actions import Say
from voiceskill.core.events import Event, Failed, Speaking, Spoken
from voiceskill.speak import Submit, Voice


class Bench:
    def __init__(self, synthesiser: FakeSynthesiser | None = None, submit: Submit = at_once, volume: float = 1.0) -> None:
        self.events: list[Event] = []
        self.synthesiser = synthesiser or FakeSynthesiser()
        self.voice = Voice(self.synthesiser, rate=1_000, volume=volume, clock=FakeClock(), post=self.events.append, submit=submit)


def test_a_reply_is_announced_when_its_first_sound_leaves_and_when_it_is_over() -> None:
    bench = Bench()
    bench.voice.say(Say("a", "Rest."))
    assert bench.events == []
    bench.voice.pull(20)
    assert [type(event) for event in bench.events] == [Speaking]
    bench.voice.pull(100)
    assert bench.events[-1] == Spoken(100.0, "a", interrupted=False, heard_fraction=1.0)
    assert bench.voice.silent


def test_there_is_a_breath_between_sentences_but_none_after_the_last() -> None:
    bench = Bench()
    bench.voice.say(Say("a", "Rest. Breathe."))
    sound = bench.voice.pull(1_000)
    assert (sound[:50] == 1_000).all()
    assert (sound[50:400] == 0).all()
    assert (sound[400:480] == 1_000).all()
    assert isinstance(bench.events[-1], Spoken)


def test_replies_follow_one_another_without_a_gap() -> None:
    bench = Bench()
    bench.voice.say(Say("a", "Rest."))
    bench.voice.say(Say("b", "Rest."))
    assert (bench.voice.pull(100) == 1_000).all()


def test_stop_silences_within_a_few_milliseconds_and_forgets_what_waits() -> None:
    bench = Bench()
    bench.voice.say(Say("a", "A long sentence to be cut."))
    bench.voice.say(Say("b", "Never heard."))
    bench.voice.pull(130)
    bench.voice.stop()
    assert (bench.voice.pull(1_000)[8:] == 0).all()
    ends = [event for event in bench.events if isinstance(event, Spoken)]
    assert [(end.say, end.interrupted) for end in ends] == [("a", True), ("b", True)]
    assert ends[0].heard_fraction == pytest.approx(0.5)
    assert ends[1].heard_fraction == 0.0


def test_a_reply_that_is_not_rendered_yet_is_silence_not_a_gap_in_the_stream() -> None:
    jobs: list[Callable[[], None]] = []
    bench = Bench(submit=later(jobs))
    bench.voice.say(Say("a", "Rest."))
    assert (bench.voice.pull(64) == 0).all()
    assert bench.events == []
    jobs[0]()
    assert (bench.voice.pull(50) == 1_000).all()


def test_nothing_is_rendered_for_a_reply_that_was_stopped() -> None:
    jobs: list[Callable[[], None]] = []
    bench = Bench(submit=later(jobs))
    bench.voice.say(Say("a", "Rest."))
    bench.voice.stop()
    jobs[0]()
    assert bench.synthesiser.rendered == []
    assert (bench.voice.pull(100) == 0).all()


def test_a_synthesiser_that_fails_is_reported_and_the_next_reply_is_still_spoken() -> None:
    bench = Bench(FakeSynthesiser(broken={"Broken."}))
    bench.voice.say(Say("a", "Broken."))
    bench.voice.say(Say("b", "Fine."))
    assert bench.events == [Failed(100.0, "speech", "the synthesiser is broken", ref="a")]
    assert (bench.voice.pull(50) == 1_000).all()


def test_the_volume_is_obeyed() -> None:
    bench = Bench(volume=0.5)
    bench.voice.say(Say("a", "Rest."))
    assert (bench.voice.pull(50) == 500).all()


def test_speech_at_another_rate_is_resampled_to_the_loudspeakers() -> None:
    events: list[Event] = []
    voice = Voice(FakeSynthesiser(), rate=4_000, volume=1.0, clock=FakeClock(), post=events.append, submit=at_once)
    voice.say(Say("a", "Rest."))
    assert np.count_nonzero(voice.pull(1_000)) == pytest.approx(200, abs=8)
