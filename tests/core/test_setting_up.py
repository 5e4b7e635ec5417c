"""Setting the device up, on a virtual clock: somebody is asked, answers in their own way, and things end as they should."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rehearsing import skill
from voiceskill.app import shipped
from voiceskill.core.attention import said_anyway, unfit
from voiceskill.core.setting_up import values as v
from voiceskill.core.setting_up.walk import LOUDEST, SOFTEST, Rules
from voiceskill.core.sound import Finding
from voiceskill.setup_lines import load_setup_lines

FOLDER = shipped("intents") / "en"
LINES = load_setup_lines(FOLDER, FOLDER, skill())
RULES = Rules(LINES, lambda phrase: unfit(phrase) is None and not said_anyway(phrase, skill()))
SET = v.Choices(volume=0.7, wake_phrase="hey bedside")

GOOD = v.Checked((Finding.SPEECH_GOOD, Finding.ROOM_QUIET, Finding.ECHO_SOFT))

Answer = v.Event | None


def said(text: str, reply: v.Reply = v.Reply.OTHER, *, typed: bool = False) -> v.Answered:
    return v.Answered(text, reply, typed)


YES, NO, KEEP, STOP = (said(reply.value, reply) for reply in (v.Reply.YES, v.Reply.NO, v.Reply.KEEP, v.Reply.STOP))


@dataclass
class Room:
    """A device being set up. `hears` and `plays` are the numbers of the microphones and loudspeakers that work.

    `answers` are given in order, then nothing more is. Time passes as it would: a third of a second a word, and while nobody answers.
    """

    answers: list[v.Event] = field(default_factory=list)
    microphones: int = 1
    loudspeakers: int = 1
    hears: int | None = 0
    checks: list[v.Checked] = field(default_factory=lambda: [GOOD])
    turns: bool = True
    clock: float = 0.0
    told: list[str] = field(default_factory=list)
    done: list[v.Action] = field(default_factory=list)
    kept: v.Choices | None = None

    def run(self, begun: v.Choices = SET) -> v.End:
        walk, steps = RULES.begin(begun, self.microphones, self.loudspeakers)
        while True:
            *others, last = steps
            for action in others:
                assert not isinstance(action, v.End | v.Hear | v.FindVoice | v.CheckSound | v.TurnMicrophone | v.AnswerQuestion)
                self.do(action)
            self.done.append(last)
            if isinstance(last, v.End):
                return last
            walk, steps = RULES.step(walk, self.come_of(last))

    def do(self, action: v.Action) -> None:
        self.done.append(action)
        match action:
            case v.Say(text=text):
                assert text
                assert "{" not in text
                self.told.append(text)
                self.clock += len(text.split()) / 3
            case v.Keep(choices=choices):
                self.kept = choices

    def come_of(self, action: v.Action) -> v.Event:
        match action:
            case v.FindVoice() if self.hears is None and self.answers and getattr(self.answers[0], "typed", False):
                return self.answers.pop(0)
            case v.FindVoice():
                self.clock += 12 if self.hears is None else 3
                return v.VoiceFound(self.hears)
            case v.Hear(seconds=seconds):
                self.clock += 1 if self.answers else seconds
                return self.answers.pop(0) if self.answers else v.Silence()
            case v.CheckSound():
                self.clock += 5
                return self.checks.pop(0) if len(self.checks) > 1 else self.checks[0]
            case v.TurnMicrophone():
                return v.Turned(self.turns)
            case v.AnswerQuestion(text=text):
                return v.Replied(understood="heat" in text)
            case _:
                raise AssertionError(action)

    def used(self, kind: type[v.UseMicrophone | v.UseLoudspeaker]) -> list[int | None]:
        return [action.number for action in self.done if isinstance(action, kind)]


SAMPLE, QUESTION = said("my back hurts since this morning"), said("should I use heat or ice?")


def test_by_voice_alone_all_of_it_is_chosen_and_the_first_question_answered() -> None:
    country = [said("the United Kingdom"), YES]
    room = Room([NO, YES, YES, SAMPLE, said("Hello, lighthouse."), YES, *country, QUESTION], microphones=2, loudspeakers=2, hears=1)
    assert room.run() == v.End(kept=True)
    assert room.kept == v.Choices(1, 1, 0.7, "hello lighthouse", "GB")
    assert room.used(v.UseMicrophone) == [1]
    assert room.used(v.UseLoudspeaker) == [0, 1]
    assert room.told[-1] == LINES.done


def test_who_keeps_everything_changes_nothing_but_the_devices() -> None:
    room = Room([YES, YES, SAMPLE, KEEP, KEEP, QUESTION])
    room.run(replace(SET, country="IE"))
    assert room.kept == v.Choices(0, 0, 0.7, "hey bedside", "IE")
    assert "For emergencies I name the number of Ireland. Say keep it, or another country." in room.told


def test_somebody_too_weak_to_answer_is_not_asked_for_ever() -> None:
    room = Room([YES])
    assert room.run() == v.End(kept=True)
    assert room.kept == v.Choices(0, 0, 0.7, "hey bedside", "")
    assert room.clock < 180


def test_where_nobody_is_heard_and_nobody_types_it_ends_and_keeps_nothing() -> None:
    room = Room(hears=None, microphones=2, loudspeakers=2)
    assert room.run() == v.End(deaf=True, mute=True)
    assert room.kept is None
    assert room.used(v.UseLoudspeaker) == [0, 1, 0, 1, None]
    assert room.clock < 180


def test_without_a_microphone_that_hears_all_of_it_is_typed_without_hurry() -> None:
    typed = [said("", v.Reply.YES, typed=True), said("y", v.Reply.YES, typed=True), said("", v.Reply.YES, typed=True)]
    room = Room([*typed, said("hello lighthouse", typed=True), said("ca", typed=True), said("heat?", typed=True)], hears=None)
    assert room.run() == v.End(kept=True, deaf=True)
    assert room.kept == v.Choices(None, 0, 0.7, "hello lighthouse", "CA")
    assert not any(isinstance(action, v.CheckSound) for action in room.done)
    assert {action.seconds for action in room.done if isinstance(action, v.Hear)} == {120.0}


def test_a_microphone_can_be_chosen_by_typing_its_number() -> None:
    room = Room([said("2", typed=True), YES], hears=None, microphones=3)
    room.run()
    assert room.kept is not None
    assert room.kept.microphone == 1


def test_a_loudspeaker_that_nobody_hears_is_told_of_at_the_end() -> None:
    room = Room([NO, NO, KEEP, KEEP, QUESTION])
    assert room.run() == v.End(kept=True, mute=True)
    assert room.kept is not None
    assert room.kept.loudspeaker is None


def test_talk_of_others_chooses_no_loudspeaker_where_there_are_several() -> None:
    room = Room([said("and now the weather"), YES], loudspeakers=2)
    room.run()
    assert room.kept is not None
    assert room.kept.loudspeaker == 1


LOUDER, SOFTER = said("louder", v.Reply.LOUDER), said("softer", v.Reply.SOFTER)


@pytest.mark.parametrize(
    ("wishes", "volume"), [([LOUDER], 0.98), ([LOUDER] * 3, LOUDEST), ([SOFTER], 0.5), ([SOFTER] * 12, SOFTEST), ([SOFTER, LOUDER], 0.7)]
)
def test_it_gets_louder_and_softer_until_that_is_right(wishes: list[v.Event], volume: float) -> None:
    room = Room([YES, *wishes, YES])
    room.run()
    assert room.kept is not None
    assert room.kept.volume == pytest.approx(volume, abs=0.01)


def test_the_microphone_is_turned_until_it_is_right() -> None:
    clipped = v.Checked((Finding.CLIPPED, Finding.ROOM_QUIET))
    room = Room([YES, YES, SAMPLE, SAMPLE, SAMPLE, KEEP, KEEP, QUESTION], checks=[clipped, clipped, GOOD])
    room.run()
    assert [action for action in room.done if isinstance(action, v.TurnMicrophone)] == [v.TurnMicrophone(-6.0)] * 2
    assert room.told.count(LINES.turned_down) == 2


@pytest.mark.parametrize("turns", [True, False])
def test_a_microphone_that_stays_faint_is_told_of_and_the_rest_goes_on(turns: bool) -> None:
    faint = v.Checked((Finding.SPEECH_SOFT, Finding.ROOM_QUIET))
    room = Room([YES, YES, SAMPLE, SAMPLE, SAMPLE, KEEP, KEEP, QUESTION], checks=[faint], turns=turns)
    assert room.run() == v.End(kept=True)
    assert LINES.of(Finding.SPEECH_SOFT) in room.told
    assert sum(isinstance(action, v.TurnMicrophone) for action in room.done) == (2 if turns else 1)


@pytest.mark.parametrize(("answer", "volume"), [(YES, 0.3), (NO, 0.7)])
def test_it_offers_to_speak_softer_where_its_voice_drowns_theirs(answer: v.Event, volume: float) -> None:
    loud = v.Checked((Finding.SPEECH_GOOD, Finding.ECHO_LOUD), quieter=0.3)
    room = Room([YES, YES, SAMPLE, answer, KEEP, KEEP, QUESTION], checks=[loud])
    room.run()
    assert LINES.speak_softer in room.told
    assert room.kept is not None
    assert room.kept.volume == volume


def test_a_phrase_that_is_said_anyway_is_not_taken() -> None:
    room = Room([YES, YES, SAMPLE, said("help"), said("my back"), said("help"), said("help"), KEEP, QUESTION])
    room.run()
    assert room.kept is not None
    assert room.kept.wake_phrase == "hey bedside"
    assert room.told.count(LINES.unfit_phrase) == 4


def test_a_phrase_heard_wrongly_is_said_again() -> None:
    room = Room([YES, YES, SAMPLE, said("yellow lighthouse"), NO, said("hello lighthouse"), YES, KEEP, QUESTION])
    room.run()
    assert room.kept is not None
    assert room.kept.wake_phrase == "hello lighthouse"


@pytest.mark.parametrize("at", range(7))
def test_stop_keeps_nothing_wherever_it_is_said(at: int) -> None:
    room = Room([*[YES, YES, SAMPLE, said("hello lighthouse"), YES, KEEP, QUESTION][:at], STOP])
    assert room.run() == v.End()
    assert room.kept is None
    assert room.told[-1] == LINES.stopped


def test_say_that_again_asks_the_same_again_and_a_sign_of_danger_comes_first() -> None:
    room = Room([YES, said("say that again", v.Reply.REPEAT), v.Answered("I can't feel my legs", v.Reply.OTHER, False, "Go to hospital.")])
    room.run()
    assert room.told.count(LINES.loud_enough) == 3
    assert room.told[room.told.index("Go to hospital.") + 1] == LINES.loud_enough


EVENTS = st.one_of(
    st.builds(
        v.Answered, st.sampled_from(["", "1", "7", "uk", "mars", "hello lighthouse", "heat"]), st.sampled_from(v.Reply), st.booleans()
    ),
    st.just(v.Silence()),
)


@given(
    answers=st.lists(EVENTS, max_size=25),
    microphones=st.integers(0, 3),
    loudspeakers=st.integers(0, 3),
    hears=st.booleans(),
    checks=st.lists(
        st.builds(v.Checked, st.lists(st.sampled_from(Finding), max_size=3).map(tuple), st.none() | st.floats(0.01, 1)), min_size=1
    ),
)
def test_whatever_happens_it_ends_with_settings_that_can_be_used(
    answers: list[v.Event], microphones: int, loudspeakers: int, hears: bool, checks: list[v.Checked]
) -> None:
    room = Room(answers, microphones, loudspeakers, 0 if hears and microphones else None, checks)
    end = room.run()
    assert end.kept == (room.kept is not None)
    if room.kept is not None:
        assert SOFTEST <= room.kept.volume <= LOUDEST
        assert unfit(room.kept.wake_phrase) is None
        assert room.kept.country in {"", *skill().countries}
        assert room.kept.microphone is None or room.kept.microphone < microphones
        assert room.kept.loudspeaker is None or room.kept.loudspeaker < loudspeakers


def test_countries_are_known_by_their_names_and_those_without_numbers_are_not() -> None:
    known: Callable[[str], str | None] = LINES.country_of
    assert [known(text) for text in ("I'm in Northern Ireland.", "Ireland", "us", "the States", "New Zealand", "Mars")] == [
        *("GB", "IE", "US", "US", "NZ", None)
    ]
    assert set(LINES.places) == set(skill().countries)
