from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import FakeClock, FakeSynthesiser, at_once, later
from voiceskill.core.actions import Say
from voiceskill.core.events import Event, Failed, SentenceBegun, Speaking, Spoken
from voiceskill.earcons import Earcon, earcon
from voiceskill.ports import Clip, Fault, Pcm
from voiceskill.speak import Submit, Voice


class Bench:
    def __init__(
        self, synthesiser: FakeSynthesiser | None = None, submit: Submit = at_once, volume: float = 1.0, *, earcons: bool = True
    ) -> None:
        self.events: list[Event] = []
        self.synthesiser = synthesiser or FakeSynthesiser()
        self.voice = Voice(
            self.synthesiser, rate=1_000, volume=volume, clock=FakeClock(), post=self.events.append, submit=submit, earcons=earcons
        )


ALARM = earcon("alarm", 1_000)
BREATH = np.zeros(350, np.int16)


def speech(text: str) -> Pcm:
    """What a FakeSynthesiser makes of it."""
    return FakeSynthesiser().render(text).pcm


def seconds(text: str) -> float:
    """How long that plays on the bench."""
    return len(speech(text)) / 1_000


def test_a_reply_is_announced_when_its_first_sound_leaves_and_when_it_is_over() -> None:
    bench = Bench()
    bench.voice.say(Say("a", "Rest."))
    assert bench.events == []
    bench.voice.pull(20)
    assert bench.events == [Speaking(100.0, "a"), SentenceBegun(100.0, "a", "Rest.", seconds("Rest."))]
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


def test_it_comes_down_softly_when_somebody_speaks_and_up_again_without_losing_a_word() -> None:
    bench = Bench()
    bench.voice.say(Say("a", "A long sentence to be heard to its very end."))
    bench.voice.pull(50)
    bench.voice.duck()
    ducked = bench.voice.pull(100)
    assert (np.diff(ducked) <= 0).all()
    assert (ducked[30:] == 60).all()
    bench.voice.resume()
    up = bench.voice.pull(100)
    assert (np.diff(up) >= 0).all()
    assert (up[30:] == 1_000).all()
    bench.voice.pull(1_000)
    assert bench.events[-1] == Spoken(100.0, "a", interrupted=False, heard_fraction=1.0)
    assert sum(isinstance(event, SentenceBegun) for event in bench.events) == 1


def test_after_a_pause_it_goes_on_from_the_beginning_of_the_sentence_that_was_cut() -> None:
    bench = Bench()
    bench.voice.say(Say("a", "Rest. A second sentence."))
    bench.voice.pull(50 + 350 + 120)
    bench.voice.pause()
    assert (bench.voice.pull(5_000)[30:] == 0).all()
    assert not bench.voice.silent
    bench.voice.resume()
    rest = bench.voice.pull(5_000)
    assert np.count_nonzero(rest) == len(speech("A second sentence."))
    begun = [event.text for event in bench.events if isinstance(event, SentenceBegun)]
    assert begun == ["Rest.", "A second sentence.", "A second sentence."]
    assert [type(event) for event in bench.events].count(Speaking) == 1
    assert bench.events[-1] == Spoken(100.0, "a", interrupted=False, heard_fraction=1.0)


def test_a_reply_that_is_stopped_while_it_pauses_leaves_the_next_one_at_full_strength() -> None:
    bench = Bench()
    bench.voice.say(Say("a", "A long sentence to be cut."))
    bench.voice.pull(100)
    bench.voice.pause()
    bench.voice.pull(100)
    bench.voice.stop()
    bench.voice.say(Say("b", "Rest."))
    assert (bench.voice.pull(50) == 1_000).all()
    ends = [event for event in bench.events if isinstance(event, Spoken)]
    assert ends[0].interrupted
    assert 0.3 < ends[0].heard_fraction < 0.6


def test_an_emergency_line_gives_way_to_nobody() -> None:
    bench = Bench()
    bench.voice.say(Say("a", "Call for help now.", urgent=True))
    bench.voice.duck()
    bench.voice.pause()
    assert (bench.voice.pull(100) == 1_000).all()


@given(st.lists(st.tuples(st.sampled_from(["duck", "pause", "resume", "none"]), st.integers(1, 300)), max_size=12))
def test_whatever_interrupts_it_every_sentence_is_heard_whole_once_it_may_speak(steps: list[tuple[str, int]]) -> None:
    bench = Bench()
    texts = ["Rest.", "A second sentence.", "The third."]
    bench.voice.say(Say("a", " ".join(texts)))
    for step, samples in steps:
        getattr(bench.voice, step, lambda: None)()
        bench.voice.pull(samples)
    bench.voice.resume()
    bench.voice.pull(5_000)
    assert bench.events[-1] == Spoken(100.0, "a", interrupted=False, heard_fraction=1.0)
    begun = [event.text for event in bench.events if isinstance(event, SentenceBegun)]
    assert list(dict.fromkeys(begun)) == texts
    assert begun == sorted(begun, key=texts.index)


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


def test_a_slower_reply_takes_longer_and_a_quicker_one_less() -> None:
    bench = Bench()
    for pace, samples in ((1.0, 50), (1.4, 70), (0.6, 30)):
        bench.voice.say(Say(f"at {pace}", "Rest.", pace=pace))
        assert np.count_nonzero(bench.voice.pull(200)) == samples


def test_a_softer_reply_is_softer_and_a_louder_one_louder() -> None:
    bench = Bench(volume=0.5)
    for gain, level in ((1.0, 500), (0.5, 250), (2.0, 1_000), (6.0, 3_000)):
        bench.voice.say(Say(f"at {gain}", "Rest.", gain=gain))
        assert (bench.voice.pull(50) == level).all()
        bench.voice.pull(50)


def test_speech_at_usual_loudness_leaves_bit_for_bit_as_it_was_rendered() -> None:
    everything = np.arange(-32_768, 32_768).astype(np.int16)
    bench = Bench()
    bench.synthesiser.render = lambda text, pace=1.0: Clip(everything, 1_000)  # type: ignore[method-assign] # a sound of our own
    bench.voice.say(Say("a", "Rest."))
    assert np.array_equal(np.concatenate([bench.voice.pull(1_000) for _ in range(66)])[: len(everything)], everything)


@pytest.mark.parametrize("gain", [1.1, 1.4, 2.5, 100.0])
def test_speech_made_louder_than_full_scale_is_bent_and_neither_wraps_nor_is_cut_off(gain: float) -> None:
    everything = np.arange(-32_768, 32_768).astype(np.int16)
    bench = Bench()
    bench.synthesiser.render = lambda text, pace=1.0: Clip(everything, 1_000)  # type: ignore[method-assign] # a sound of our own
    bench.voice.say(Say("a", "Rest.", gain=gain))
    louder = bench.voice.pull(len(everything)).astype(np.int32)
    plain = np.abs(everything.astype(np.int32)) * gain < 0.8 * 32_767
    assert np.array_equal(louder[plain], np.rint(everything[plain] * gain))
    assert (np.diff(louder) >= 0).all()
    assert np.diff(louder).max() <= gain + 1
    assert np.abs(louder).max() <= 32_767


def test_an_emergency_line_that_fails_once_is_spoken_after_an_alarm() -> None:
    bench = Bench(FakeSynthesiser(flaky={"Call."}))
    bench.voice.say(Say("a", "Call. Now.", urgent=True))
    expected = np.concatenate([ALARM, BREATH, speech("Call."), BREATH, speech("Now.")])
    sound = bench.voice.pull(len(expected) + 1)
    assert np.array_equal(sound[:-1], expected)
    assert bench.events == [
        Speaking(100.0, "a"),
        SentenceBegun(100.0, "a", "Call.", seconds("Call.")),
        SentenceBegun(100.0, "a", "Now.", seconds("Now.")),
        Failed(100.0, "speech", "the synthesiser is broken", ref="a"),
        Spoken(100.0, "a", interrupted=False, heard_fraction=1.0),
    ]
    assert bench.voice.silent


def test_an_alarm_takes_the_place_of_each_missing_sentence_and_the_rest_is_spoken() -> None:
    bench = Bench(FakeSynthesiser(broken={"Call.", "Wait."}))
    bench.voice.say(Say("a", "Call. Now. Wait.", urgent=True))
    bench.voice.say(Say("b", "Next."))
    expected = np.concatenate([ALARM, BREATH, speech("Now."), BREATH, ALARM, BREATH, speech("Next.")])
    assert np.array_equal(bench.voice.pull(len(expected)), expected)
    assert [event for event in bench.events if isinstance(event, Failed)] == [Failed(100.0, "speech", "the synthesiser is broken", ref="a")]
    (over,) = [event for event in bench.events if isinstance(event, Spoken)]
    assert (over.say, over.interrupted) == ("a", False)
    assert over.heard_fraction == pytest.approx(4 / 14)
    assert bench.synthesiser.rendered.count("Call.") == 2


def test_with_a_dead_synthesiser_an_emergency_is_an_alarm_and_nothing_hangs() -> None:
    bench = Bench(FakeSynthesiser(broken={"Call."}))
    bench.voice.say(Say("a", "Call.", urgent=True))
    assert np.array_equal(bench.voice.pull(len(ALARM)), ALARM)
    bench.voice.pull(400)
    assert [type(event) for event in bench.events] == [Speaking, Failed, Spoken]
    assert bench.voice.silent


def test_the_alarm_sounds_before_the_sentence_is_tried_again() -> None:
    bench = Bench()
    heard: list[Pcm] = []

    def render(text: str, pace: float = 1.0) -> Clip:
        heard.append(bench.voice.pull(10))
        raise Fault("the synthesiser is broken")

    bench.synthesiser.render = render  # type: ignore[method-assign] # looks at what is heard meanwhile
    bench.voice.say(Say("a", "Call.", urgent=True))
    assert [bool(sound.any()) for sound in heard] == [False, True]


def test_a_slow_emergency_line_that_fails_is_tried_again_at_the_pace_held_in_memory() -> None:
    bench = Bench(FakeSynthesiser(flaky={"Call."}))
    bench.voice.say(Say("a", "Call.", urgent=True, pace=2.0))
    assert np.array_equal(bench.voice.pull(len(ALARM) + 400)[-50:], speech("Call."))


def test_an_alarm_can_be_stopped_and_the_failure_is_still_told_once() -> None:
    bench = Bench(FakeSynthesiser(broken={"Call."}))
    bench.voice.say(Say("a", "Call.", urgent=True))
    bench.voice.pull(100)
    bench.voice.stop()
    assert (bench.voice.pull(1_000)[8:] == 0).all()
    assert [type(event) for event in bench.events] == [Speaking, Failed, Spoken]
    assert bench.voice.silent


def test_a_cue_sounds_at_once_though_a_reply_waits() -> None:
    jobs: list[Callable[[], None]] = []
    bench = Bench(submit=later(jobs))
    bench.voice.say(Say("a", "Rest."))
    bench.voice.cue("heard")
    cue = earcon("heard", 1_000)
    assert np.array_equal(np.concatenate([bench.voice.pull(30) for _ in range(5)])[: len(cue)], cue)
    assert bench.events == []
    assert not bench.voice.pull(100).any()


def test_a_cue_neither_delays_nor_shortens_speech() -> None:
    bench, plain = Bench(), Bench()
    for one in (bench, plain):
        one.voice.say(Say("a", "A long sentence to be heard."))
    bench.voice.cue("listening")
    cue = earcon("listening", 1_000)
    mixed, alone = (np.concatenate([one.voice.pull(70) for _ in range(6)]) for one in (bench, plain))
    assert mixed[: len(cue)] == pytest.approx(alone[: len(cue)] + cue * (1 - 1_000 / 32_767), abs=1)
    assert np.array_equal(mixed[len(cue) :], alone[len(cue) :])
    assert bench.events == plain.events


@pytest.mark.parametrize("level", [32_767, -32_768, 30_000])
def test_a_cue_over_the_loudest_speech_is_not_clipped(level: int) -> None:
    bench = Bench(FakeSynthesiser(level=level))
    bench.voice.say(Say("a", "A long sentence to be heard."))
    bench.voice.cue("alarm")
    bench.voice.cue("listening")
    sound = bench.voice.pull(280).astype(np.int32)
    assert (np.abs(sound - level) <= 32_768 - abs(level) + 1).all()


def test_a_cue_that_sounds_already_is_not_begun_again() -> None:
    bench = Bench()
    bench.voice.cue("heard")
    first = bench.voice.pull(20)
    bench.voice.cue("heard")
    assert np.array_equal(np.concatenate([first, bench.voice.pull(80)]), earcon("heard", 1_000))
    assert not bench.voice.pull(100).any()


def test_cues_are_as_soft_as_the_volume() -> None:
    bench = Bench(volume=0.5)
    bench.voice.cue("heard")
    assert np.array_equal(bench.voice.pull(100), np.rint(earcon("heard", 1_000) * 0.5))


def test_a_stop_leaves_a_cue_to_run_out() -> None:
    bench = Bench()
    bench.voice.cue("heard")
    bench.voice.stop()
    assert np.array_equal(bench.voice.pull(100), earcon("heard", 1_000))


def test_whoever_wants_no_earcons_hears_none_but_the_alarm_of_an_emergency() -> None:
    bench = Bench(FakeSynthesiser(broken={"Call."}), earcons=False)
    for kind in get_args(Earcon):
        bench.voice.cue(kind)
    assert not bench.voice.pull(2_000).any()
    bench.voice.say(Say("a", "Call.", urgent=True))
    assert np.array_equal(bench.voice.pull(len(ALARM)), ALARM)


# Without a loudspeaker.


def test_without_a_loudspeaker_every_reply_is_over_at_once_and_none_waits() -> None:
    bench = Bench()
    bench.voice.say(Say("a", "A long sentence to be cut."))
    bench.voice.pull(130)
    bench.voice.mute()
    bench.voice.say(Say("b", "Never heard."))
    ends = [event for event in bench.events if isinstance(event, Spoken)]
    assert [(end.say, end.interrupted) for end in ends] == [("a", True), ("b", True)]
    assert ends[0].heard_fraction == pytest.approx(0.5)
    assert ends[1].heard_fraction == 0.0
    assert bench.voice.silent
    assert bench.synthesiser.rendered == ["A long sentence to be cut."]


def test_nothing_of_the_time_without_a_loudspeaker_sounds_afterwards() -> None:
    bench = Bench()
    bench.voice.say(Say("a", "A long sentence to be cut."))
    bench.voice.pull(130)
    bench.voice.mute()
    bench.voice.cue("heard")
    bench.voice.unmute(1_000)
    assert not bench.voice.pull(1_000).any()


def test_a_new_loudspeaker_is_played_at_its_own_rate() -> None:
    bench = Bench()
    bench.voice.mute()
    bench.voice.unmute(2_000)
    bench.voice.say(Say("a", "Rest."))
    assert np.count_nonzero(bench.voice.pull(1_000)) == pytest.approx(100, abs=2)
