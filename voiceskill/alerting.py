"""Alerting: what the household is to be told in, sinks out. What became of it is posted as an event.

Laws of this module:
- An alert is on the disk before it is tried, as far as the disk allows, and leaves it when it was seen or has ended. It is tried anyhow.
- Every sink is tried, each in a line of its own: one that hangs keeps no other waiting.
- Nobody here decides to send an alert anew after it has reached nobody, or nobody has seen it: the conversation does.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from voiceskill.core.actions import Alert, EndAlert
from voiceskill.core.events import AlertAcknowledged, AlertFailed, AlertLeft, AlertSent, Event
from voiceskill.ports import AlertSink, Clock, Fault, Notice, Outbox, Unfinished

_log = logging.getLogger(__name__)

RETRY_SECONDS = (1.0, 3.0)
"""Pauses between the tries of one sink to pass on the same alert once."""

_LOOK_SECONDS = 2.0
"""How often it is looked whether somebody has seen an alert in another program."""

_LATE_SECONDS = 600.0
"""How long after somebody has seen an alert another may say so without naming it."""

_LONGEST_NAME = 40

Submit = Callable[[Callable[[], None]], object]
"""Run a job some time, in the order given, in a thread of its own."""


@dataclass(slots=True)
class _Open:
    """An alert that we know of: when somebody has `seen` it, and whether it has `ended` otherwise.

    `tried` are the sinks that may have passed it on, `failed` those that could not, this time.
    """

    kept: Unfinished
    seen: float | None = None
    ended: bool = False
    tried: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)

    @property
    def is_over(self) -> bool:
        """Whether nobody needs to be told any more."""
        return self.ended or self.seen is not None


class Alerter:
    """Tells the household through all its sinks. `device` is the owner's name for the device, `now` the time of day.

    There may be several conversations. Each gets all events, and knows its own alerts by their ids.
    """

    def __init__(
        self,
        sinks: Sequence[tuple[AlertSink, Submit]],
        outbox: Outbox,
        *,
        device: str,
        clock: Clock,
        now: Callable[[], datetime],
        submit: Submit,
        pause: Callable[[float], object],
    ) -> None:
        """Use each sink where its own `submit` runs things, and the outbox where `submit` does. `pause` waits for so many seconds."""
        self._sinks = tuple(sinks)
        self._outbox = outbox
        self._device = device
        self._clock = clock
        self._now = now
        self._listeners: list[Callable[[Event], None]] = []
        self._submit = submit
        self._pause = pause
        self._lock = threading.Lock()
        self._open: dict[str, _Open] = {}
        self._looked = clock.now()

    def report(self, post: Callable[[Event], None]) -> None:
        """Post to there, too, what becomes of alerts."""
        self._listeners.append(post)

    def _post(self, event: Event) -> None:
        for post in self._listeners:
            post(event)

    # What a conversation asks for, in its thread.

    def send(self, alert: Alert) -> None:
        """Pass an alert on, soon: AlertSent or AlertFailed follows. One without an id is for onlookers."""
        if not alert.id:
            return
        with self._lock:
            known = self._open.get(alert.id)
            raised = known.kept.notice.raised if known else self._now()
            notice = Notice(alert.id, alert.kind, alert.level, alert.title, self._device, raised, alert.attempt)
            if known is None:
                self._open[alert.id] = _Open(Unfinished(notice))
            else:
                known.kept, known.failed = replace(known.kept, notice=notice), set()
        self._submit(lambda: self._begin(notice))

    def end(self, action: EndAlert) -> None:
        """Pass it on no more. Where it was called off, those that may have passed it on pass that on too."""
        with self._lock:
            ended = self._open.get(action.alert.id)
            if ended is None:
                return
            ended.ended = True
            tried = set(ended.tried)
            notice = replace(ended.kept.notice, title=action.alert.title, status="called_off")
        self._submit(lambda: self._drop(notice.id))
        for sink, submit in self._sinks:
            if action.called_off and sink.name in tried:
                submit(partial(self._call_off, sink, notice))

    # What comes from elsewhere, in any thread.

    def acknowledge(self, alert: str, by: str) -> None:
        """Somebody has seen an alert. `by` is their name; what could not be spoken as one is left out."""
        now = self._clock.now()
        with self._lock:
            one = self._open.get(alert)
            if one is not None and one.seen is None:
                one.seen = now
        self._submit(lambda: self._drop(alert))
        self._post(AlertAcknowledged(now, alert, spoken_name(by)))

    def acknowledge_under_way(self, by: str) -> None:
        """Somebody has seen whatever is under way, or was until a little while ago."""
        since = self._clock.now() - _LATE_SECONDS
        with self._lock:
            known = [alert for alert, one in self._open.items() if not one.ended and (one.seen is None or one.seen > since)]
        for alert in known:
            self.acknowledge(alert, by)

    def recall(self, which: Callable[[str], bool] = lambda _: True) -> None:
        """Tell of the alerts that were under way when the device was last switched off: AlertLeft follows for each of these ids."""
        self._submit(partial(self._recall, which))

    def tick(self) -> None:
        """Look now and then, while an alert is under way, whether somebody has seen it in another program. Is quick; to be called often."""
        now = self._clock.now()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        with self._lock:
            under_way = any(not one.is_over for one in self._open.values())
        if under_way:
            self._submit(self._look)

    # Where the outbox is.

    def _begin(self, notice: Notice) -> None:
        try:
            self._keep(notice.id)
        finally:
            for sink, submit in self._sinks:
                submit(partial(self._deliver, sink, notice))

    def _keep(self, alert: str) -> None:
        with self._lock:
            one = self._open.get(alert)
        if one is None or one.is_over:
            return
        try:
            self._outbox.keep(one.kept)
        except Fault as fault:
            _log.warning("%s; the alert goes out, but is forgotten in a power cut", fault)

    def _drop(self, alert: str) -> None:
        try:
            self._outbox.drop(alert)
        except Fault as fault:
            _log.warning("%s", fault)

    def _look(self) -> None:
        with self._lock:
            ours = set(self._open)
        for one in self._unfinished():
            if one.seen_by is not None and one.notice.id in ours:
                self.acknowledge(one.notice.id, one.seen_by)

    def _recall(self, which: Callable[[str], bool]) -> None:
        with self._lock:
            begun_since = set(self._open)
        for one in self._unfinished():
            notice = one.notice
            if notice.id in begun_since or not which(notice.id):
                continue
            if one.seen_by is not None:
                self._drop(notice.id)
                continue
            with self._lock:
                self._open[notice.id] = _Open(one)
            alert = Alert(notice.kind, notice.level, notice.id, notice.title, notice.attempt)
            self._post(AlertLeft(self._clock.now(), alert, notice.raised, one.reached))

    def _unfinished(self) -> tuple[Unfinished, ...]:
        try:
            return self._outbox.unfinished()
        except Fault as fault:
            _log.warning("%s", fault)
            return ()

    # Where a sink is.

    def _deliver(self, sink: AlertSink, notice: Notice) -> None:
        with self._lock:
            one = self._open[notice.id]
            if not self._is_due(one, notice):
                return
            one.tried.add(sink.name)
        seen_by = self._try(sink, notice, lambda: self._is_due(one, notice))
        if isinstance(seen_by, Fault):
            self._not_reached(sink, one, notice, seen_by)
            return
        with self._lock:
            first = not one.kept.reached
            one.kept = replace(one.kept, reached=True)
        self._post(AlertSent(self._clock.now(), notice.id))
        if seen_by is not None:
            self.acknowledge(notice.id, seen_by)
        elif first:
            self._submit(lambda: self._keep(notice.id))

    def _not_reached(self, sink: AlertSink, one: _Open, notice: Notice, fault: Fault) -> None:
        with self._lock:
            one.failed.add(sink.name)
            by_all = len(one.failed) == len(self._sinks) and self._is_due(one, notice)
        if by_all:
            self._post(AlertFailed(self._clock.now(), notice.id, str(fault)))

    def _call_off(self, sink: AlertSink, notice: Notice) -> None:
        self._try(sink, notice, lambda: True)

    def _try(self, sink: AlertSink, notice: Notice, is_due: Callable[[], bool]) -> str | Fault | None:
        """Who has seen it, where it was passed on; the last fault, where it was not."""
        fault = Fault(f'"{sink.name}" was not tried again')
        for pause in (0.0, *RETRY_SECONDS):
            if pause:
                self._pause(pause)
                if not is_due():
                    break
            try:
                return sink.send(notice)
            except Fault as raised:
                fault = raised
            except Exception as error:  # noqa: BLE001 - whatever ails a sink, that an alert has reached nobody must be told
                fault = Fault(f'"{sink.name}" failed: {type(error).__name__}')
            _log.warning("%s", fault)
        return fault

    def _is_due(self, one: _Open, notice: Notice) -> bool:
        """Whether it is still to be passed on: neither ended nor overtaken by its next attempt."""
        return not one.ended and one.kept.notice.attempt == notice.attempt


def in_a_thread(name: str) -> Submit:
    """A thread that does jobs in order, and is left behind at the end: what it did not finish is in the outbox."""
    jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def work() -> None:
        while True:
            try:
                jobs.get()()
            except Exception:  # noqa: BLE001 - a mistake in one alert must not cost the next one
                _log.exception("a job of %s failed", name)

    threading.Thread(target=work, name=name, daemon=True).start()
    return jobs.put


def spoken_name(text: str) -> str:
    """A name as it can be spoken; empty where it is none."""
    name = " ".join(text.split())
    plain = bool(name) and len(name) <= _LONGEST_NAME and all(letter.isalpha() or letter in " '-." for letter in name)
    return name if plain else ""
