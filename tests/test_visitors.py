"""Asking from elsewhere in the house, turn by turn, on a virtual clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest

from tests.fakes import FakeAlerts, FakeClock
from tests.rehearsing import AFTERNOON, listed_only, skill, whole_interpreter
from voiceskill.core.actions import Alert
from voiceskill.core.conversation import Conversation, Manners
from voiceskill.core.events import AlertAcknowledged, AlertFailed, AlertLeft, AlertSent, Hypothesis
from voiceskill.core.interpret import Interpretation, Interpreter
from voiceskill.core.visiting import for_visitors
from voiceskill.visitors import FORGET_SECONDS, Visitors, is_visitors


class House:
    """A house whose people ask from its rooms."""

    def __init__(self, *, interpreter: Interpreter | None = None, most: int = 100, manners: Manners | None = None) -> None:
        self.clock = FakeClock()
        self.sink = FakeAlerts()
        lines = skill().visitors
        assert lines
        self.lines = lines
        conversation = Conversation(for_visitors(skill()), interpreter or listed_only(), manners)
        self.visitors = Visitors(conversation, lines, clock=self.clock, now=self._now, alerts=self.sink, most=most)

    def _now(self) -> datetime:
        return AFTERNOON

    def ask(self, room: str, text: str) -> str:
        return self.visitors.answer(room, text).text

    def wait(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.clock.time += 1.0
            self.visitors.work()

    @property
    def alerts(self) -> list[str]:
        return [alert.kind for alert in self.sink.alerts]


def test_a_question_is_answered_and_yes_takes_up_the_offer() -> None:
    house = House()
    assert house.ask("kitchen", "does heat help").startswith("Warmth is one of the best things")
    assert "Heat has better proof than cold" in house.ask("kitchen", "yes")


def test_two_who_ask_at_once_do_not_answer_each_others_questions() -> None:
    house = House()
    house.ask("kitchen", "does heat help")
    house.ask("hall", "why did my back go when I lifted a box")
    assert house.ask("attic", "yes") == skill().lines.yes_to_what
    assert "Heat has better proof than cold" in house.ask("kitchen", "yes")


def test_tell_me_more_is_about_what_this_one_asked() -> None:
    house = House()
    house.ask("kitchen", "does heat help")
    house.ask("hall", "I lifted something heavy")
    assert house.ask("kitchen", "tell me more") == skill().intents["relief_heat"].more
    assert house.ask("hall", "tell me more") == skill().intents["cause_lifting"].more


def test_what_we_are_is_told_once_to_each() -> None:
    house = House()
    first_use = skill().lines.first_use
    assert first_use in house.ask("kitchen", "does heat help")
    assert first_use not in house.ask("kitchen", "should I use ice")
    assert first_use in house.ask("hall", "does heat help")
    house.wait(FORGET_SECONDS + 1)
    assert house.visitors.count == 0
    assert first_use not in house.ask("kitchen", "does heat help")


def test_danger_is_answered_in_full_and_told_to_the_household() -> None:
    house = House()
    flag = skill().intents["redflag_both_legs"]
    assert house.ask("kitchen", "I can't feel my legs") == f"{flag.answers[0]} {flag.then}"
    assert house.alerts == [flag.id]


def test_a_call_for_somebody_is_told_to_the_household() -> None:
    house = House()
    house.ask("kitchen", "get my wife")
    assert house.alerts == ["help"]


HELPED = Manners(countdown=10)


def call_for_help(house: House, room: str = "kitchen") -> str:
    """Have somebody call for help, and wait until that is sent; the id of the alert."""
    house.ask(room, "call for help")
    house.wait(30)
    return house.sink.alerts[-1].id


def test_a_call_for_help_is_counted_down_and_can_be_called_off() -> None:
    house = House(manners=HELPED)
    assert "in ten seconds. Say cancel if you don't want that." in house.ask("kitchen", "call for help")
    house.wait(3)
    assert house.ask("kitchen", "cancel").endswith("I haven't alerted anyone.")
    house.wait(600)
    assert house.alerts == []


def test_a_call_for_help_is_sent_again_until_somebody_has_seen_it_and_who_is_said_when_they_ask_again() -> None:
    house = House(manners=HELPED)
    alert = call_for_help(house)
    assert is_visitors(alert)
    assert house.sink.alerts[-1].title == "asked for help, told elsewhere in the house"
    house.visitors.post(AlertSent(house.clock.now(), alert))
    house.wait(FORGET_SECONDS + 60)
    attempts = [one.attempt for one in house.sink.alerts]
    assert attempts == list(range(1, len(attempts) + 1))
    assert len(attempts) > 4
    assert {one.id for one in house.sink.alerts} == {alert}
    assert "Nobody has answered yet." in house.ask("kitchen", "does heat help")
    house.visitors.post(AlertAcknowledged(house.clock.now(), alert, "Anna"))
    house.wait(300)
    assert "Anna has seen it." in house.ask("kitchen", "should I use ice")
    assert "Anna" not in house.ask("kitchen", "does heat help")
    house.wait(3600)
    assert len(house.sink.alerts) == len(attempts)


def test_that_an_alert_does_not_get_through_is_said_when_they_ask_again() -> None:
    house = House(manners=HELPED)
    house.ask("kitchen", "I can't feel my legs")
    house.visitors.post(AlertFailed(house.clock.now(), house.sink.alerts[-1].id, "nobody is at home"))
    house.wait(2)
    assert "isn't getting through" in house.ask("kitchen", "does heat help")


def test_an_alert_is_called_off_only_where_it_was_raised() -> None:
    house = House(manners=HELPED)
    alert = call_for_help(house)
    house.ask("hall", "cancel the alert")
    assert not house.sink.ended
    house.ask("kitchen", "cancel the alert")
    (ended,) = house.sink.ended
    assert (ended.alert.id, ended.called_off) == (alert, True)
    assert "called off where it was told" in ended.alert.title


def test_an_alert_goes_on_after_good_night_and_where_too_many_ask() -> None:
    house = House(manners=HELPED, most=2)
    call_for_help(house)
    house.ask("kitchen", "good night")
    for room in ("hall", "attic", "cellar"):
        house.ask(room, "does heat help")
    house.wait(120)
    assert max(alert.attempt for alert in house.sink.alerts) > 2


def test_an_alert_that_was_under_way_when_the_power_went_is_gone_on_with() -> None:
    house = House(manners=HELPED)
    left = Alert("help", "emergency", "visitor-one", "asked for help, told elsewhere in the house", 3)
    house.visitors.post(AlertLeft(house.clock.now(), left, AFTERNOON, reached=True))
    house.visitors.post(
        AlertLeft(house.clock.now(), Alert("help", "emergency", "of-the-bedside", "asked for help"), AFTERNOON, reached=True)
    )
    house.wait(60)
    assert {alert.id for alert in house.sink.alerts} == {"visitor-one"}
    assert house.sink.alerts[0].attempt == 4
    assert len(house.sink.alerts) > 1


def test_where_nobody_is_told_it_says_so_and_what_to_do() -> None:
    answer = House().ask("kitchen", "call for help")
    assert answer.startswith("I can't make calls.")
    assert "shout for someone" in answer


def doubtful(house: House) -> str:
    """Have the house ask back about a sign of danger; the words that it must not drop if that lapses."""
    asked = house.ask("kitchen", "what if I had a fever")
    assert asked == skill().intents["redflag_fever"].invitation
    assert house.alerts == []
    return skill().intents["redflag_fever"].answers[0]


def test_silence_after_asking_about_danger_counts_as_yes_and_its_words_come_first_when_they_are_back() -> None:
    house = House()
    line = doubtful(house)
    house.wait(60)
    assert house.alerts == ["redflag_fever"]
    assert house.ask("kitchen", "does heat help").startswith(line)


def test_a_no_to_a_question_about_danger_ends_it() -> None:
    house = House()
    line = doubtful(house)
    assert house.ask("kitchen", "no") == skill().lines.declined
    house.wait(60)
    assert house.alerts == []
    assert line not in house.ask("kitchen", "does heat help")


def test_whoever_answers_before_we_think_we_have_finished_is_understood() -> None:
    house = House()
    house.ask("kitchen", "does heat help")
    assert house.ask("kitchen", "stop") == "Stopped."


def test_a_routine_is_not_begun_and_nothing_goes_on_by_itself() -> None:
    house = House()
    assert house.ask("kitchen", "start breathing").startswith("I lead you through that by voice, at the bedside.")
    assert house.ask("kitchen", "how long left") == house.lines.routine
    house.wait(120)
    assert house.ask("kitchen", "carry on") == house.lines.routine


def test_the_time_is_not_kept_for_somebody_who_could_not_be_told() -> None:
    house = House()
    answer = house.ask("kitchen", "can I use a hot water bottle")
    assert "Shall I tell you when" not in answer


@pytest.mark.parametrize("text", ["my pain is seven", "how has my back been", "delete my diary", "I took ibuprofen"])
def test_the_diary_stays_at_the_bedside(text: str) -> None:
    house = House()
    assert house.ask("kitchen", text).startswith(house.lines.diary)


@pytest.mark.parametrize("text", ["", "   ", "turn on the kitchen light please", "🙂", "\x00", "no " * 20_000])
def test_what_is_not_for_us_gets_words_too(text: str) -> None:
    answer = House(interpreter=whole_interpreter()).visitors.answer("kitchen", text)
    assert answer.text
    if "no" not in text:
        assert not answer.understood


def test_danger_at_either_end_of_a_very_long_text_is_heard() -> None:
    for text in ("I can't feel my legs. " + "and so on " * 5_000, "and so on " * 5_000 + " I can't feel my legs"):
        house = House()
        house.ask("kitchen", text)
        assert house.alerts == ["redflag_both_legs"]


def test_what_could_not_be_understood_is_said_to_be_so() -> None:
    answer = House(interpreter=whole_interpreter()).visitors.answer("kitchen", "my lower back's seized up putting the bins out")
    assert answer.text == skill().lines.not_understood[0]
    assert not answer.understood


def test_good_night_is_not_the_end_of_answers() -> None:
    house = House()
    assert house.ask("kitchen", "good night") == house.lines.good_night
    assert "Warmth" in house.ask("kitchen", "does heat help")


class Tripping(Interpreter):
    """Fails at one sentence."""

    def __init__(self) -> None:
        pass

    def interpret(
        self, readings: Sequence[str], *, spotted: Hypothesis | None = None, saying: str = "", busy: bool = False
    ) -> Interpretation:
        if "trip" in readings[0]:
            raise RuntimeError("tripped")
        return listed_only().interpret(readings, spotted=spotted, saying=saying, busy=busy)


def test_a_conversation_that_failed_begins_anew() -> None:
    house = House(interpreter=Tripping())
    house.ask("kitchen", "does heat help")
    with pytest.raises(RuntimeError):
        house.ask("kitchen", "trip over this")
    assert house.visitors.count == 0
    assert "Warmth" in house.ask("kitchen", "does heat help")


def test_a_conversation_is_forgotten_after_ten_minutes() -> None:
    house = House()
    house.ask("kitchen", "does heat help")
    house.wait(FORGET_SECONDS - 1)
    assert "Warmth" in house.ask("kitchen", "say that again")
    house.wait(FORGET_SECONDS)
    assert house.ask("kitchen", "say that again") == skill().lines.nothing_to_repeat


def test_where_too_many_ask_the_one_idle_longest_is_forgotten_but_not_while_it_is_asked_something() -> None:
    house = House(most=2)
    house.ask("kitchen", "does heat help")  # with a question: which is better
    house.clock.time += 1
    house.ask("hall", "what time is it")
    house.clock.time += 1
    house.ask("attic", "what time is it")
    assert house.visitors.count == 2
    assert "Heat has better proof than cold" in house.ask("kitchen", "yes")
    assert house.ask("hall", "say that again") == skill().lines.nothing_to_repeat


def test_a_question_about_danger_is_forgotten_last() -> None:
    house = House(most=2)
    assert house.ask("kitchen", "what if I had a fever").endswith("?")
    for room in ("hall", "attic", "cellar"):
        house.clock.time += 1
        house.ask(room, "does heat help")
    house.wait(60)
    assert house.alerts == ["redflag_fever"]
