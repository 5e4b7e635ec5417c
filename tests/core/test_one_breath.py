"""While the disk is busy: what is said, what waits, and what is dropped."""

from __future__ import annotations

import pytest

from tests.rehearsing import AFTERNOON, listed_only, skill, whole_interpreter
from voiceskill.core.actions import Action, Forget, Save, Say
from voiceskill.core.conversation import Conversation, State
from voiceskill.core.diary import ConditionTold, Memory, PainScored, Screened, ScreenResult
from voiceskill.core.events import Event, Failed, Heard, Hypothesis, MemoryChanged, Saved, Started

CONVERSATION = Conversation(skill(), listed_only())

IN_ONE_BREATH = "my pain is seven and start the breathing exercise"
OPENING = (
    "Stop counting if you feel dizzy or short of breath. Breathe your own way. "
    "Get as comfy as you can. Let your jaw and your hands go loose."
)


class SlowDisk:
    """A conversation whose disk settles things when it is told to, in order. `said` is all that was said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self._to_settle: list[str] = []
        self._now = 0.0
        self.state = State(introduced=True)
        self.take(Started(0.0, AFTERNOON))

    def take(self, event: Event) -> list[str]:
        before = len(self.said)
        self.state, actions = CONVERSATION.step(self.state, event)
        for action in actions:
            self._perform(action)
        return self.said[before:]

    def _perform(self, action: Action) -> None:
        match action:
            case Say(text=text):
                self.said.append(text)
            case Save(id=ref) | Forget(id=ref):
                self._to_settle.append(ref)

    def hear(self, text: str) -> list[str]:
        """What is said at once."""
        self._now += 1
        return self.take(Heard(self._now, round(self._now), (Hypothesis(text),), typed=True))

    def settle(self, *, well: bool = True) -> list[str]:
        """What is said when all that waits is saved, or could not be."""
        before = len(self.said)
        while self._to_settle:
            ref = self._to_settle.pop(0)
            self.take(Saved(self._now, ref) if well else Failed(self._now, "memory", "full", ref=ref))
        return self.said[before:]

    def changed_by_others(self, memory: Memory) -> list[str]:
        """What is said when another program has changed the diary."""
        return self.take(MemoryChanged(self._now, memory))

    @property
    def under_way(self) -> str | None:
        return self.state.guided.routine if self.state.guided else None


def test_the_routine_waits_until_the_score_is_saved_and_is_begun_once() -> None:
    disk = SlowDisk()
    assert disk.hear(IN_ONE_BREATH) == []
    assert disk.settle() == ["Saved, seven.", OPENING]


def test_the_routine_begins_though_the_score_could_not_be_saved() -> None:
    disk = SlowDisk()
    disk.hear(IN_ONE_BREATH)
    assert disk.settle(well=False) == ["I can't keep notes just now, but I can still help you.", OPENING]


def test_whatever_the_order_in_which_they_are_said_the_routine_comes_last() -> None:
    disk = SlowDisk()
    assert disk.hear("start the breathing exercise and my pain is seven") == []
    assert disk.settle() == ["Saved, seven.", OPENING]


def test_three_things_in_one_breath_are_done_one_after_the_other() -> None:
    disk = SlowDisk()
    disk.hear("my pain is seven and the heat really helped and start the breathing exercise")
    assert disk.settle() == ["Saved, seven.", "Saved. I'll keep that in mind.", OPENING]


def test_the_time_told_with_a_routine_is_told_once_and_before_it() -> None:
    assert SlowDisk().hear("start the breathing exercise and what time is it") == ["It's two o'clock in the afternoon.", OPENING]


def test_a_routine_begun_anew_in_the_middle_of_itself_is_not_told_twice() -> None:
    disk = SlowDisk()
    disk.hear("start the breathing exercise")
    disk.hear(IN_ONE_BREATH)
    assert disk.settle() == ["Saved, seven.", OPENING.partition("Breathe your own way. ")[2]]


def test_of_two_routines_in_one_breath_only_the_first_begins() -> None:
    disk = SlowDisk()
    assert disk.hear("start the breathing exercise and start the body scan") == [OPENING]


@pytest.mark.parametrize(
    "text",
    ["let's try that thing where you pull a single leg up to your belly and hold it", "can we start the rocking knees, left and right"],
)
def test_a_word_that_belongs_to_the_wish_is_no_second_wish(text: str) -> None:
    assert whole_interpreter().interpret([text]).also == ()


def test_a_strong_score_offers_rest_before_movement_but_not_to_somebody_who_asked_for_breathing() -> None:
    disk = SlowDisk()
    disk.hear("my pain is nine and start the breathing exercise")
    assert disk.settle() == ["Saved, nine. That's a strong one. Rest and breathe first.", OPENING]
    disk = SlowDisk()
    disk.hear("my pain is nine and start the knee rolls")
    (reply,) = disk.settle()
    assert reply.endswith("Shall I count two minutes of breathing with you?")
    disk.hear("yes")
    assert disk.under_way == "routine_breathing"


@pytest.mark.parametrize("said", ["stop", "never mind", "does heat help", "start the body scan"])
def test_what_is_said_meanwhile_comes_first_and_the_routine_is_dropped(said: str) -> None:
    disk = SlowDisk()
    disk.hear(IN_ONE_BREATH)
    disk.hear(said)
    assert OPENING not in disk.settle()
    assert disk.under_way != "routine_breathing"
    assert [entry.score for entry in disk.state.memory.scores()] == [7]


@pytest.mark.parametrize("said", ["mmm", "the cat is on the roof"])
def test_a_moan_or_talk_in_the_room_drops_nothing(said: str) -> None:
    disk = SlowDisk()
    disk.hear(IN_ONE_BREATH)
    disk.hear(said)
    assert disk.settle() == ["Saved, seven.", OPENING]


def test_after_a_sign_of_danger_nothing_of_it_is_said_nor_begun() -> None:
    disk = SlowDisk()
    disk.hear(IN_ONE_BREATH)
    assert "hospital" in disk.hear("I can't feel my legs")[0]
    assert disk.settle() == []
    assert disk.under_way is None


def test_stop_means_silence_also_for_what_is_saved_later() -> None:
    disk = SlowDisk()
    disk.hear("my pain is nine")
    disk.hear("stop")
    assert disk.settle() == []


def test_nothing_is_offered_beside_another_question_that_is_open_by_then() -> None:
    disk = SlowDisk()
    disk.hear("my pain is nine")
    assert disk.hear("log my pain")[0].endswith("the worst you can think of.")
    assert disk.settle() == ["Saved, nine. That's a strong one. Rest and breathe first."]
    disk.hear("four")
    assert disk.settle() == ["Saved, four."]


def test_what_is_being_saved_is_known_though_others_have_changed_the_diary() -> None:
    disk = SlowDisk()
    disk.hear("my pain is seven")
    disk.changed_by_others(Memory((PainScored(AFTERNOON, 2),)))
    assert [entry.score for entry in disk.state.memory.scores()] == [2, 7]
    disk.settle()
    assert [entry.score for entry in disk.state.memory.scores()] == [2, 7]


def test_what_could_not_be_saved_is_known_though_others_have_changed_the_diary() -> None:
    disk = SlowDisk()
    disk.hear("I'm pregnant can I use heat")
    disk.settle(well=False)
    disk.changed_by_others(Memory())
    assert any(isinstance(entry, ConditionTold) and entry.condition == "pregnant" for entry in disk.state.memory.entries)


def test_what_was_told_while_the_diary_is_being_deleted_is_not_forgotten() -> None:
    disk = SlowDisk()
    disk.hear("my pain is two")
    disk.settle()
    disk.hear("delete my diary")
    disk.hear("yes")
    disk.hear("my pain is seven")
    assert disk.settle() == ["Deleted.", "Saved, seven."]
    assert [entry.score for entry in disk.state.memory.scores()] == [7]


def test_what_another_device_found_out_about_danger_is_believed() -> None:
    disk = SlowDisk()
    now = disk.state.wall(1.0)
    disk.changed_by_others(Memory((Screened(now, ScreenResult.DANGER, about="redflag_both_legs"),)))
    assert disk.state.memory.blocked(now)
    disk.changed_by_others(Memory((Screened(now, ScreenResult.DANGER, about="redflag_both_legs"), Screened(now, ScreenResult.CHECKED))))
    assert not disk.state.memory.blocked(now)
