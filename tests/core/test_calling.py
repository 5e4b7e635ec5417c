"""Calling for help: what is said, sent, sent anew and called off, on a virtual clock."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rehearsing import AFTERNOON, Bedside, skill
from voiceskill.core.actions import Action, Alert, EndAlert
from voiceskill.core.conversation import Manners
from voiceskill.core.conversation.state import Answered, Calling, CountingDown, Flagged, Uncalled
from voiceskill.core.events import AlertAcknowledged, AlertFailed, AlertLeft, AlertSent, Event
from voiceskill.core.skill import HelpLines, Intent, Kind, Tier

HELPED = Manners(countdown=10)
LEGS = "I can't feel my legs"
FALLEN = "I've fallen over"


def lines() -> HelpLines:
    said = skill().help
    assert said
    return said


class Household(Bedside):
    """A bed beside which there is somebody to be alerted. `sent` are all alerts with their times, `ended` what was ended."""

    def __init__(self, manners: Manners = HELPED) -> None:
        self.sent: list[tuple[float, Alert]] = []
        self.ended: list[EndAlert] = []
        super().__init__(manners=manners)

    def _observe(self, at: float, happening: Event | Action) -> None:
        super()._observe(at, happening)
        match happening:
            case Alert():
                self.sent.append((at, happening))
            case EndAlert():
                self.ended.append(happening)

    def told(self, event: Event) -> str:
        """What is said to news of an alert."""
        before = len(self.said)
        self.rehearsal.device.happen(event)
        return " ".join(say.text for _, say in self.said[before:])

    @property
    def last(self) -> Alert:
        return self.sent[-1][1]

    def reached(self) -> str:
        return self.told(AlertSent(self.now, self.last.id))

    def failed(self) -> str:
        return self.told(AlertFailed(self.now, self.last.id, "nobody is at home"))

    def seen(self, by: str = "Anna") -> str:
        return self.told(AlertAcknowledged(self.now, self.last.id, by))

    @property
    def help(self) -> object:
        return self.rehearsal.device.state.help


# Asked for.


def test_a_call_for_help_is_announced_counted_down_and_sent() -> None:
    bed = Household()
    assert (
        bed.hear("call for help") == "I can't call, but I'll alert the people you chose in ten seconds. Say cancel if you don't want that."
    )
    assert not bed.sent
    announced = bed.now
    assert bed.wait(9.9) == "Three. Two. One."
    assert not bed.sent
    assert bed.wait(0.2).startswith("I'm alerting the people you chose now. If it's urgent, call your emergency number")
    ((at, alert),) = bed.sent
    assert at == pytest.approx(announced + 10, abs=0.01)
    assert (alert.kind, alert.level, alert.title, alert.attempt) == ("help", "emergency", "asked for help", 1)


def test_the_people_and_the_seconds_are_those_of_the_settings() -> None:
    bed = Household(Manners(countdown=30))
    assert "in thirty seconds" in bed.hear("get my wife")
    bed.wait(29.9)
    assert not bed.sent
    bed.wait(0.2)
    assert len(bed.sent) == 1


@pytest.mark.parametrize("word", ["cancel", "stop", "no", "never mind", "I'm fine", "no no I'm all right", "don't call anyone"])
def test_the_count_ends_at_a_word_and_nobody_is_alerted(word: str) -> None:
    bed = Household()
    bed.hear("call for help")
    bed.wait(8.5)
    assert bed.interrupt(word) == "All right. I haven't alerted anyone."
    bed.wait(600)
    assert not bed.sent
    assert not bed.ended
    assert bed.help == Uncalled()


@pytest.mark.parametrize("word", ["cancel", "stop"])
def test_the_count_ends_also_while_it_is_still_announced(word: str) -> None:
    bed = Household()
    bed.interrupt("call for help")
    bed.wait(1)
    assert "I haven't alerted anyone" in bed.interrupt(word)
    bed.wait(600)
    assert not bed.sent


@pytest.mark.parametrize("word", ["I'm not fine", "I'm not okay", "don't cancel it", "I don't think I'm fine", "please don't cancel"])
def test_what_only_sounds_like_calling_it_off_does_not(word: str) -> None:
    bed = Household()
    bed.hear("call for help")
    bed.interrupt(word)
    bed.wait(60)
    assert bed.sent


@pytest.mark.parametrize("cry", ["help me", "call for help", "get an ambulance"])
def test_whoever_cries_again_during_the_count_need_not_wait_for_its_end(cry: str) -> None:
    bed = Household()
    bed.hear("call for help")
    assert "I'm alerting the people you chose now" in bed.interrupt(cry)
    assert len(bed.sent) == 1


def test_a_routine_is_held_while_help_is_called_and_can_be_carried_on_with() -> None:
    bed = Household()
    bed.start("routine_breathing")
    bed.wait(10)
    bed.interrupt("call my daughter")
    assert "reathe" not in bed.wait(14)
    bed.hear("cancel")
    assert "Carrying on" in bed.hear("carry on")


# What came of it.


def test_that_it_has_gone_out_is_said_only_when_it_has() -> None:
    bed = Household()
    bed.hear("call for help")
    assert "gone out" not in bed.wait(25)
    assert bed.reached() == "The alert has gone out. I'll tell you when somebody has seen it."
    assert bed.reached() == ""


def test_whoever_has_seen_it_is_named_once_and_it_is_sent_no_more() -> None:
    bed = Household()
    bed.hear("call for help")
    bed.wait(25)
    bed.reached()
    assert bed.seen("Anna") == "Anna has seen it."
    assert bed.seen("Anna") == ""
    assert bed.seen("Tom") == "Tom has seen it."
    assert bed.wait(3600) == ""
    assert len(bed.sent) == 1


def test_somebody_without_a_name_has_seen_it_too() -> None:
    bed = Household()
    bed.hear(LEGS)
    assert bed.seen("") == "Somebody has seen it."


def test_nobody_has_answered_is_said_twice_and_it_is_sent_on_and_on_with_growing_pauses() -> None:
    bed = Household()
    bed.hear("call for help")
    bed.wait(10.1)
    bed.reached()
    said = bed.wait(3 * 3600)
    assert said.count("Nobody has answered yet. I'll keep trying.") == 2
    times = [at for at, _ in bed.sent]
    pauses = [round(later - earlier) for earlier, later in pairwise(times)]
    assert pauses[:6] == [30, 60, 120, 240, 480, 600]
    assert set(pauses[5:]) == {600}
    assert [alert.attempt for _, alert in bed.sent] == list(range(1, len(bed.sent) + 1))
    assert len({alert.id for _, alert in bed.sent}) == 1


def test_an_alert_that_reaches_nobody_is_told_with_what_to_do_and_again_some_time_later() -> None:
    bed = Household()
    bed.hear(LEGS)
    assert bed.failed() == "The alert isn't getting through. I'll keep trying. Call your emergency number, or shout for someone."
    assert bed.said[-1][1].urgent
    assert bed.failed() == ""
    bed.rehearsal.settle()
    before = len(bed.said)
    bed.wait(3600)
    assert [say.text for _, say in bed.said[before:]].count(lines().not_sent.replace("{EMERGENCY}", "your emergency number")) == 1
    assert bed.reached() == "The alert has gone out. I'll tell you when somebody has seen it."


def test_a_sink_that_never_answers_is_noticed_when_it_is_sent_anew() -> None:
    bed = Household()
    bed.hear("call for help")
    assert "The alert isn't getting through" in bed.wait(60)


def test_somebody_asleep_is_not_told_again_that_nobody_has_answered_but_that_somebody_has() -> None:
    bed = Household()
    bed.hear("call for help")
    bed.wait(12)
    bed.reached()
    bed.hear("good night")
    assert bed.wait(1200) == ""
    assert bed.seen() == "Anna has seen it."


@pytest.mark.parametrize("news", [AlertSent(0.0, "another"), AlertFailed(0.0, "another", "gone"), AlertAcknowledged(0.0, "another", "Tom")])
def test_news_of_another_alert_change_nothing(news: Event) -> None:
    bed = Household()
    assert bed.told(news) == ""
    bed.hear("call for help")
    assert bed.told(news) == ""
    bed.wait(12)
    before = bed.rehearsal.device.state
    assert bed.told(news) == ""
    assert bed.rehearsal.device.state == before


def test_who_answers_after_it_was_called_off_is_not_named() -> None:
    bed = Household()
    bed.hear("call for help")
    bed.wait(12)
    bed.hear("cancel")
    assert bed.seen() == ""


# Called off, or not.


@pytest.mark.parametrize("word", ["cancel", "I'm fine", "cancel the alert", "it's a false alarm", "stop the alert"])
@pytest.mark.parametrize("cause", ["call for help", LEGS])
def test_an_alert_that_was_sent_is_called_off_in_plain_words_and_those_it_reached_are_told(cause: str, word: str) -> None:
    bed = Household()
    bed.hear(cause)
    bed.wait(60)
    bed.reached()
    bed.rehearsal.settle()
    assert bed.hear(word).startswith("All right. I'll try to tell the people you chose that you called it off.")
    (ended,) = bed.ended
    assert ended.called_off
    assert ended.alert.id == bed.last.id
    assert ended.alert.title.endswith("called off at the bedside, please look all the same")
    sent = len(bed.sent)
    assert bed.wait(3600) == ""
    assert len(bed.sent) == sent


@pytest.mark.parametrize("word", ["stop", "no", "never mind", "that's enough", "good night"])
def test_an_emergency_that_was_sent_is_not_called_off_by_less(word: str) -> None:
    bed = Household()
    bed.hear(LEGS)
    bed.interrupt(word)
    bed.wait(200)
    assert isinstance(bed.help, Calling)
    assert not bed.ended
    assert len(bed.sent) > 2


@pytest.mark.parametrize("word", ["stop", "never mind"])
def test_whoever_may_think_that_it_has_ended_is_told_how_to_end_it(word: str) -> None:
    bed = Household()
    bed.hear("call for help")
    bed.wait(25)
    assert bed.hear(word) == "The alert is still on. Say cancel to end it."


def test_silence_never_ends_an_emergency() -> None:
    bed = Household()
    bed.hear(LEGS)
    bed.wait(24 * 3600)
    assert isinstance(bed.help, Calling)


def test_cancel_means_the_question_that_is_open_first() -> None:
    bed = Household()
    bed.hear("call for help")
    bed.wait(25)
    bed.hear("delete my log")
    bed.hear("cancel")
    assert isinstance(bed.help, Calling)
    bed.hear("cancel")
    assert bed.ended


def test_cancel_means_the_routine_under_way_first_and_that_the_alert_goes_on_is_said() -> None:
    bed = Household()
    bed.hear("call for help")
    bed.wait(25)
    bed.start("routine_breathing")
    bed.wait(7)
    assert bed.interrupt("cancel") == "The alert is still on. Say cancel to end it."
    assert bed.under_way is None
    bed.hear("cancel")
    assert bed.ended


def test_whoever_carries_on_with_a_routine_during_the_count_is_led_on_after_calling_it_off() -> None:
    bed = Household()
    bed.start("routine_breathing")
    bed.wait(10)
    bed.interrupt("call my daughter")
    bed.interrupt("carry on")
    bed.interrupt("cancel")
    assert "reathe" in bed.wait(30)
    assert not bed.sent


def test_cancel_tells_those_who_have_seen_it_for_some_minutes() -> None:
    bed = Household()
    bed.hear("call for help")
    bed.wait(25)
    bed.seen()
    bed.rehearsal.settle()
    assert "I'll try to tell" in bed.hear("cancel")
    assert bed.ended[0].called_off
    assert bed.hear("cancel") == "Okay, left it."


def test_somebody_who_wants_to_die_is_stayed_with_after_calling_it_off_too() -> None:
    bed = Household()
    bed.hear("I want to die")
    reply = bed.hear("cancel")
    assert reply.startswith("All right. I'll try to tell")
    assert "I'm here with you" in reply
    assert isinstance(bed.rehearsal.device.state.phase, Flagged)


# Danger.


URGENT = [i for i in skill().intents.values() if i.kind is Kind.FLAG and i.tier in {Tier.EMERGENCY, Tier.MATERNITY} and not i.counted]


@pytest.mark.parametrize("flag", URGENT, ids=lambda flag: flag.id)
def test_an_emergency_is_sent_before_a_word_is_said_and_its_line_comes_first_in_full(flag: Intent) -> None:
    bed = Household()
    said = bed.interrupt(flag.examples[0])
    ((at, alert),) = bed.sent
    assert (at, alert.kind) == (bed.now, flag.id)
    assert said.startswith(f"{flag.answers[0]} I'm alerting the people you chose too.")
    assert bed.said[-1][1].urgent
    assert len(said.split()) <= 60, said


def test_a_sign_to_be_seen_to_today_wakes_nobody() -> None:
    bed = Household()
    assert "alert" not in bed.hear("I have a fever")
    assert bed.help == Uncalled()
    assert bed.sent[0][1] == Alert("redflag_fever", "today")


def test_a_sign_to_be_seen_to_today_with_feeling_very_ill_is_sent_as_an_emergency() -> None:
    bed = Household()
    assert "I'm alerting the people you chose too." in bed.hear("I have a fever and I feel really ill and confused")
    assert bed.last.level == "emergency"


def test_danger_during_the_count_is_sent_at_once_in_its_place() -> None:
    bed = Household()
    bed.hear("call for help")
    bed.wait(3)
    bed.interrupt(LEGS)
    bed.wait(20)
    assert [alert.kind for _, alert in bed.sent] == ["redflag_both_legs"]


def test_danger_while_help_is_called_takes_the_place_of_what_was_only_asked_for() -> None:
    bed = Household()
    bed.hear("call for help")
    bed.wait(12)
    asked = bed.last
    bed.interrupt(LEGS)
    assert bed.ended == [EndAlert(asked, called_off=False)]
    assert bed.last.kind == "redflag_both_legs"
    assert bed.last.id != asked.id


def test_a_call_for_help_does_not_take_the_place_of_danger() -> None:
    bed = Household()
    bed.hear(LEGS)
    first = bed.last
    bed.reached()
    bed.wait(20)
    assert "Nobody has answered yet" in bed.hear("call my wife")
    assert (bed.last.kind, bed.last.id, bed.last.attempt) == (first.kind, first.id, 2)


def test_the_same_danger_told_again_is_the_same_alert_sent_again() -> None:
    bed = Household()
    bed.hear(LEGS)
    bed.hear(LEGS)
    assert [(alert.attempt, alert.id) for _, alert in bed.sent] == [(1, bed.last.id), (2, bed.last.id)]


def test_whoever_keeps_crying_for_help_does_not_flood_the_household() -> None:
    bed = Household()
    bed.hear(LEGS)
    for _ in range(5):
        bed.interrupt("help me")
        bed.wait(1)
    assert len(bed.sent) <= 3


# A fall.


def test_a_fall_is_counted_down_after_its_line() -> None:
    bed = Household()
    said = bed.hear(FALLEN)
    assert said.startswith("Don't rush.")
    assert said.endswith("I'll alert the people you chose in ten seconds. Say cancel if you don't want that.")
    assert not bed.sent
    assert "Three. Two. One." in bed.wait(10.1)
    assert bed.last.kind == "safety_fallen"


@pytest.mark.parametrize("said", ["I fell and hit my head", "I've fallen over and I'm bleeding"])
def test_a_fall_with_an_injury_is_sent_at_once(said: str) -> None:
    bed = Household()
    bed.interrupt(said)
    assert len(bed.sent) == 1


def test_yes_to_being_hurt_sends_it_at_once() -> None:
    bed = Household()
    bed.interrupt(FALLEN)
    bed.wait(5)
    assert "I'm alerting the people you chose too." in bed.interrupt("yes")
    assert len(bed.sent) == 1


def test_no_to_being_hurt_is_no_wish_for_no_help_but_a_second_no_is() -> None:
    bed = Household()
    bed.hear(FALLEN)
    assert bed.hear("no") == "I'll still alert the people you chose. Say cancel if you don't want that."
    assert isinstance(bed.help, CountingDown)
    assert bed.hear("no") == "All right. I haven't alerted anyone."


def test_whoever_says_again_that_they_fell_is_not_counted_for_anew() -> None:
    bed = Household()
    bed.interrupt(FALLEN)
    bed.interrupt("I've fallen and I can't get up")
    assert len(bed.sent) == 1


# Nobody to be alerted.


def test_without_anybody_to_alert_it_says_plainly_that_it_cannot_call_and_what_to_do() -> None:
    bed = Household(Manners())
    said = bed.hear("call for help")
    assert said.startswith("I can't make calls. If it's urgent, call your emergency number, or shout for someone.")
    assert "alert" not in said
    assert "alert" not in bed.hear(LEGS)
    assert "alert" not in bed.hear(FALLEN)
    bed.wait(3600)
    assert bed.sent == [(at, Alert(alert.kind, alert.level)) for at, alert in bed.sent]
    assert bed.help == Uncalled()


# After the power was off.


def left(bed: Household, *, minutes: float, reached: bool = False) -> AlertLeft:
    raised = AFTERNOON + timedelta(seconds=bed.now) - timedelta(minutes=minutes)
    return AlertLeft(bed.now, Alert("help", "emergency", "20260105-133000-000000", "asked for help", 4), raised, reached)


def test_an_alert_cut_short_by_the_power_is_sent_again_and_told_of() -> None:
    bed = Household()
    assert bed.told(left(bed, minutes=30)).startswith("I was switched off while I was alerting the people you chose. I'm trying again.")
    assert (bed.last.id, bed.last.attempt) == ("20260105-133000-000000", 5)
    assert "Anna has seen it." in bed.seen()


def test_one_of_hours_ago_is_only_told_of() -> None:
    bed = Household()
    news = left(bed, minutes=150)
    assert bed.told(news) == "I couldn't reach anyone when you needed help, today at half past eleven in the morning."
    assert not bed.sent
    assert bed.ended == [EndAlert(news.alert, called_off=False)]


def test_one_of_hours_ago_that_had_reached_somebody_is_not_worth_a_word() -> None:
    bed = Household()
    assert bed.told(left(bed, minutes=150, reached=True)) == ""
    assert bed.ended


def test_two_that_were_left_are_one_call_for_help() -> None:
    bed = Household()
    first = left(bed, minutes=10)
    bed.told(first)
    assert bed.told(replace(first, alert=replace(first.alert, id="another"))) == ""
    assert [ended.alert.id for ended in bed.ended] == ["another"]


def test_a_clock_that_lost_the_time_does_not_lose_the_alert() -> None:
    bed = Household()
    bed.told(left(bed, minutes=-3 * 24 * 60))
    assert isinstance(bed.help, Calling)


# Whatever happens.

WORDS = (
    "call for help",
    LEGS,
    FALLEN,
    "I fell and hit my head",
    "I have a fever",
    "yes",
    "no",
    "stop",
    "help me",
    "that hurts",
    "good night",
)
MORE = (
    "start breathing",
    "carry on",
    "does heat help",
    "delete my log",
    "start knee rolls",
    "never mind",
    "pause",
    "mmm",
    "my pain is six",
)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_in_any_order_every_count_ends_every_call_goes_on_and_cancel_gets_out(seed: int) -> None:
    chance = random.Random(seed)
    bed = Household()
    for _ in range(25):
        before = bed.help
        match chance.randrange(6):
            case 0 | 1:
                bed.interrupt(chance.choice(WORDS))
            case 2:
                bed.interrupt(chance.choice(MORE))
            case 3:
                bed.wait(chance.choice((0.5, 3.0, 12.0, 90.0, 700.0)))
                assert not isinstance(before, Calling) or isinstance(bed.help, Calling), "no alert ends by silence"
            case 4 if bed.sent:
                chance.choice((bed.reached, bed.failed))()
                assert type(before) is type(bed.help)
            case 5 if chance.random() < 0.3 and bed.sent:
                bed.seen(chance.choice(("Anna", "")))
        assert all(alert.id for _, alert in bed.sent if alert.level != "today")
    if isinstance(bed.help, CountingDown | Calling):
        sent = len(bed.sent)
        bed.wait(700)
        assert len(bed.sent) > sent, "what was begun goes on"
    for _ in range(2):  # the first may be about another question
        bed.interrupt("cancel")
    assert isinstance(bed.help, Uncalled | Answered)
    sent = len(bed.sent)
    bed.wait(2000)
    assert len(bed.sent) == sent
