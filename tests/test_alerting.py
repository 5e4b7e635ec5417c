"""What the conversation wants the household to be told, on its way to the sinks and back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.fakes import FakeClock
from voiceskill.alerting import RETRY_SECONDS, Alerter, spoken_name
from voiceskill.core.actions import Alert, EndAlert
from voiceskill.core.events import AlertAcknowledged, AlertFailed, AlertLeft, AlertSent, Event
from voiceskill.ports import Fault, Notice, Unfinished

NOW = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
LEGS = Alert("redflag_both_legs", "emergency", "one", "trouble in both legs")


class FakeSink:
    """Passes on what it is given, or fails as often as it is told. `seen_by` has seen it at once."""

    def __init__(self, name: str, *, fails: int = 0, seen_by: str | None = None) -> None:
        self.name = name
        self.fails = fails
        self.seen_by = seen_by
        self.tried = 0
        self.notices: list[Notice] = []

    def send(self, notice: Notice) -> str | None:
        self.tried += 1
        if self.tried <= self.fails:
            raise Fault(f"{self.name} is switched off")
        self.notices.append(notice)
        return self.seen_by


class FakeOutbox:
    """Keeps alerts; a full one refuses."""

    def __init__(self, *, full: bool = False) -> None:
        self.full = full
        self.kept: dict[str, Unfinished] = {}

    def keep(self, unfinished: Unfinished) -> None:
        if self.full:
            raise Fault("the disk is full")
        self.kept[unfinished.notice.id] = unfinished

    def drop(self, alert: str) -> None:
        if self.full:
            raise Fault("the disk is full")
        self.kept.pop(alert, None)

    def unfinished(self) -> tuple[Unfinished, ...]:
        return tuple(self.kept.values())


class Desk:
    """An Alerter whose threads are lists of jobs, done when the test says so; what is `done` takes no time."""

    def __init__(self, *sinks: FakeSink, outbox: FakeOutbox | None = None) -> None:
        self.clock = FakeClock()
        self.outbox = outbox or FakeOutbox()
        self.posted: list[Event] = []
        self.paused: list[float] = []
        self.at_disk: list[Callable[[], None]] = []
        self.at_sinks: list[list[Callable[[], None]]] = [[] for _ in sinks]
        self.alerter = Alerter(
            [(sink, jobs.append) for sink, jobs in zip(sinks, self.at_sinks, strict=True)],
            self.outbox,
            device="Mum's bed",
            clock=self.clock,
            now=lambda: NOW,
            submit=self.at_disk.append,
            pause=self.paused.append,
        )
        self.alerter.report(self.posted.append)

    def work(self) -> None:
        lines = (self.at_disk, *self.at_sinks)
        while any(lines):
            for jobs in lines:
                while jobs:
                    jobs.pop(0)()

    def send(self, alert: Alert) -> None:
        self.alerter.send(alert)
        self.work()


def test_an_alert_is_on_the_disk_before_anybody_is_told() -> None:
    sink = FakeSink("Anna")
    desk = Desk(sink)
    desk.alerter.send(LEGS)
    assert not any(desk.at_sinks)
    desk.at_disk.pop(0)()
    assert desk.outbox.kept["one"].notice.title == "trouble in both legs"
    assert not sink.tried
    desk.work()
    (notice,) = sink.notices
    assert notice.message == "Mum's bed: trouble in both legs"
    assert (notice.kind, notice.level, notice.raised, notice.attempt, notice.status) == ("redflag_both_legs", "emergency", NOW, 1, "raised")


def test_every_sink_is_told_and_that_is_posted() -> None:
    sinks = FakeSink("Anna"), FakeSink("siren")
    desk = Desk(*sinks)
    desk.send(LEGS)
    assert [len(sink.notices) for sink in sinks] == [1, 1]
    assert set(desk.posted) == {AlertSent(100.0, "one")}
    assert desk.outbox.kept["one"].reached


def test_a_sink_that_fails_is_tried_again_after_growing_pauses() -> None:
    sink = FakeSink("Anna", fails=2)
    desk = Desk(sink)
    desk.send(LEGS)
    assert desk.paused == list(RETRY_SECONDS)
    assert desk.posted == [AlertSent(100.0, "one")]


def test_only_when_all_have_failed_it_has_reached_nobody() -> None:
    desk = Desk(FakeSink("Anna", fails=99), FakeSink("Tom", fails=99))
    desk.send(LEGS)
    assert desk.posted == [AlertFailed(100.0, "one", "Tom is switched off")]
    assert not desk.outbox.kept["one"].reached
    one_works = Desk(FakeSink("Anna", fails=99), FakeSink("Tom"))
    one_works.send(LEGS)
    assert one_works.posted == [AlertSent(100.0, "one")]


def test_a_sink_with_a_mistake_in_it_counts_as_one_that_fails() -> None:
    class Wrong(FakeSink):
        def send(self, notice: Notice) -> str | None:
            raise KeyError(notice.id)

    desk = Desk(Wrong("wrong"))
    desk.send(LEGS)
    assert isinstance(desk.posted[0], AlertFailed)


def test_a_full_disk_keeps_no_alert_back() -> None:
    sink = FakeSink("Anna", seen_by="Anna")
    desk = Desk(sink, outbox=FakeOutbox(full=True))
    desk.send(LEGS)
    assert sink.notices
    assert desk.posted[-1] == AlertAcknowledged(100.0, "one", "Anna")


def test_a_sink_that_hangs_keeps_no_other_waiting() -> None:
    hanging, other = FakeSink("hanging"), FakeSink("other")
    desk = Desk(hanging, other)
    desk.alerter.send(LEGS)
    desk.at_disk.pop(0)()
    for job in desk.at_sinks[1]:
        job()
    assert other.notices
    assert desk.posted == [AlertSent(100.0, "one")]


def test_whoever_has_seen_it_at_once_ends_it_but_every_sink_is_told() -> None:
    anna, tom = FakeSink("Anna", seen_by="Anna"), FakeSink("Tom")
    desk = Desk(anna, tom)
    desk.send(LEGS)
    assert AlertAcknowledged(100.0, "one", "Anna") in desk.posted
    assert tom.notices
    assert not desk.outbox.kept


def test_what_was_seen_is_not_kept_again_by_a_sink_that_is_later() -> None:
    first, later = FakeSink("first"), FakeSink("later")
    desk = Desk(first, later)
    desk.alerter.send(LEGS)
    desk.at_disk.pop(0)()
    desk.alerter.acknowledge("one", "Anna")
    desk.work()
    assert not desk.outbox.kept


def test_the_next_attempt_overtakes_one_that_still_waits() -> None:
    sink = FakeSink("Anna")
    desk = Desk(sink)
    for attempt in (1, 2, 3):
        desk.alerter.send(Alert("help", "emergency", "one", "asked for help", attempt))
    desk.work()
    assert [notice.attempt for notice in sink.notices] == [3]


def test_who_was_told_is_told_that_it_was_called_off_and_who_was_not_is_not() -> None:
    told, waiting = FakeSink("told"), FakeSink("waiting")
    desk = Desk(told, waiting)
    desk.alerter.send(LEGS)
    desk.at_disk.pop(0)()
    desk.at_sinks[0].pop(0)()
    desk.alerter.end(EndAlert(Alert(LEGS.kind, LEGS.level, "one", "trouble in both legs: called off"), called_off=True))
    desk.work()
    assert [notice.status for notice in told.notices] == ["raised", "called_off"]
    assert told.notices[1].message == "Mum's bed: trouble in both legs: called off"
    assert not waiting.notices
    assert not desk.outbox.kept


def test_one_overtaken_by_graver_news_ends_without_a_word() -> None:
    sink = FakeSink("Anna")
    desk = Desk(sink)
    desk.send(LEGS)
    desk.alerter.end(EndAlert(LEGS, called_off=False))
    desk.work()
    assert len(sink.notices) == 1
    assert not desk.outbox.kept


def test_the_retries_end_when_it_is_called_off() -> None:
    sink = FakeSink("Anna", fails=99)
    desk = Desk(sink)

    def call_off(_: float) -> None:
        desk.alerter.end(EndAlert(LEGS, called_off=False))

    desk.alerter._pause = call_off
    desk.send(LEGS)
    assert sink.tried == 1
    assert not desk.posted


def test_what_is_for_onlookers_only_is_passed_on_to_nobody() -> None:
    sink = FakeSink("Anna")
    desk = Desk(sink)
    desk.send(Alert("redflag_fever", "today"))
    assert not sink.tried
    assert not desk.outbox.kept


def test_what_was_under_way_when_the_power_went_is_told_of() -> None:
    desk = Desk(FakeSink("Anna"))
    notice = Notice("one", "help", "emergency", "asked for help", "Mum's bed", NOW, 4)
    desk.outbox.kept["one"] = Unfinished(notice, reached=True)
    desk.alerter.recall()
    desk.work()
    alert = Alert("help", "emergency", "one", "asked for help", 4)
    assert desk.posted == [AlertLeft(100.0, alert, NOW, reached=True)]
    desk.clock.time += 60
    desk.send(Alert("help", "emergency", "one", "asked for help", 5))
    assert desk.outbox.kept["one"].notice.raised == NOW


def test_each_conversation_takes_up_its_own_of_what_was_left_and_none_that_is_under_way() -> None:
    desk = Desk(FakeSink("Anna"))
    for name in ("visitor-one", "two"):
        desk.outbox.kept[name] = Unfinished(Notice(name, "help", "emergency", "asked for help", "Mum's bed", NOW))
    desk.alerter.recall(lambda alert: alert.startswith("visitor-"))
    desk.work()
    assert [event.alert.id for event in desk.posted if isinstance(event, AlertLeft)] == ["visitor-one"]
    desk.send(LEGS)
    desk.alerter.recall()
    desk.work()
    assert [event.alert.id for event in desk.posted if isinstance(event, AlertLeft)] == ["visitor-one", "two"]


def test_whoever_has_seen_what_is_under_way_need_not_say_which_and_a_little_later_another_need_not_either() -> None:
    desk = Desk(FakeSink("Anna"))
    desk.alerter.acknowledge_under_way("nobody has called yet")
    desk.send(LEGS)
    desk.send(Alert("help", "emergency", "over", "asked for help"))
    desk.alerter.end(EndAlert(Alert("help", "emergency", "over", "asked for help"), called_off=True))
    desk.posted.clear()
    for wait, by in ((0.0, "Anna"), (300.0, "Tom"), (400.0, "the neighbour")):
        desk.clock.time += wait
        desk.alerter.acknowledge_under_way(by)
        desk.work()
    assert desk.posted == [AlertAcknowledged(100.0, "one", "Anna"), AlertAcknowledged(400.0, "one", "Tom")]
    assert not desk.outbox.kept


def test_all_conversations_learn_what_becomes_of_an_alert() -> None:
    desk = Desk(FakeSink("Anna"))
    others: list[Event] = []
    desk.alerter.report(others.append)
    desk.send(LEGS)
    assert others == desk.posted == [AlertSent(100.0, "one")]


def test_what_was_seen_while_the_device_was_off_is_over() -> None:
    desk = Desk(FakeSink("Anna"))
    notice = Notice("one", "help", "emergency", "asked for help", "Mum's bed", NOW)
    desk.outbox.kept["one"] = Unfinished(notice, seen_by="Anna")
    desk.alerter.recall()
    desk.work()
    assert not desk.posted
    assert not desk.outbox.kept


def test_whoever_says_in_a_terminal_that_they_have_seen_it_is_found_soon() -> None:
    desk = Desk(FakeSink("Anna"))
    desk.alerter.tick()
    desk.send(LEGS)
    desk.outbox.kept["one"] = Unfinished(desk.outbox.kept["one"].notice, seen_by="Tom\x1b[2J")
    desk.alerter.tick()
    assert not desk.at_disk
    desk.clock.time += 2.5
    desk.alerter.tick()
    desk.work()
    assert desk.posted[-1] == AlertAcknowledged(102.5, "one", "")
    desk.clock.time += 2.5
    desk.alerter.tick()
    assert not desk.at_disk


@pytest.mark.parametrize(
    ("told", "spoken"),
    [("Anna", "Anna"), (" Anna  Müller-O'Neill \n", "Anna Müller-O'Neill"), ("", ""), ("x" * 41, ""), ("Anna <b>", ""), ("4", "")],
)
def test_only_what_can_be_spoken_is_a_name(told: str, spoken: str) -> None:
    assert spoken_name(told) == spoken
