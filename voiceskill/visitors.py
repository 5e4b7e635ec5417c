"""Those who ask from elsewhere in the house: a conversation for each, all with one understanding.

Nobody hears us between two turns. What would be said then is dropped, but for danger, whose words come first in the next answer, and for
the latest news of an alert. That goes on whether anybody asks or not, and the conversation lasts as long. Nothing of a visitor is kept
beyond it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from voiceskill.core.actions import Action, Alert, EndAlert, Say
from voiceskill.core.conversation import Conversation
from voiceskill.core.conversation.state import Calling, Confirming, CountingDown, Help, Uncalled
from voiceskill.core.events import AlertAcknowledged, AlertFailed, AlertLeft, AlertSent, Event
from voiceskill.core.skill import VisitorLines
from voiceskill.edges.store import MemoryStore
from voiceskill.loop import Alerting
from voiceskill.ports import Answer, Clock
from voiceskill.typed import TypedDevice

FORGET_SECONDS = 600.0
"""How long after its last turn a conversation is forgotten."""

MOST = 100
"""Conversations at once."""

_MOST_KNOWN = 1_000
"""Visitors of whom it is remembered that they were told what we are."""

_MARK = "visitor-"
"""What the ids of visitors' alerts begin with."""

_LONGEST = 1_000
"""Letters of a turn that are looked at, from each end: more than anybody says in one breath."""


@dataclass(slots=True)
class _Visit:
    device: TypedDevice
    heard: float
    said: list[Say]
    unheard: list[str] = field(default_factory=list)
    news: str = ""
    help: Help = field(default_factory=Uncalled)

    @property
    def alerts(self) -> bool:
        """Whether an alert of theirs is counted down or under way."""
        return isinstance(self.device.state.help, CountingDown | Calling)

    @property
    def worth(self) -> tuple[bool, bool, bool, float]:
        """What is forgotten last where there are too many: an alert, a question about danger, another question, whoever asked lately."""
        state = self.device.state
        return self.alerts, isinstance(state.phase, Confirming), state.asked, self.heard


class _Marked:
    """Passes on the alerts of visitors, whose ids tell them from those of the bedside."""

    def __init__(self, alerts: Alerting) -> None:
        self._alerts = alerts

    def send(self, alert: Alert) -> None:
        """See loop.Alerting."""
        self._alerts.send(_marked(alert))

    def end(self, action: EndAlert) -> None:
        """See loop.Alerting."""
        self._alerts.end(replace(action, alert=_marked(action.alert)))


def _marked(alert: Alert) -> Alert:
    return replace(alert, id=f"{_MARK}{alert.id}") if alert.id else alert


def is_visitors(alert: str) -> bool:
    """Whether the alert of this id was raised by a visitor."""
    return alert.startswith(_MARK)


class Visitors:
    """Answers visitors (see ports.Answering). `work` is to be called each second: alerts are counted, and questions about danger lapse.

    `conversation` is that of a skill for visitors, and `lines` what it says to them. `now` gives the time of day.
    """

    def __init__(
        self,
        conversation: Conversation,
        lines: VisitorLines,
        *,
        clock: Clock,
        now: Callable[[], datetime],
        alerts: Alerting,
        most: int = MOST,
    ) -> None:
        self._conversation = conversation
        self._lines = lines
        self._clock = clock
        self._now = now
        self._alerts = _Marked(alerts)
        self._happened: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._most = most
        self._lock = threading.Lock()
        self._visits: dict[str, _Visit] = {}
        self._known: dict[str, None] = {}

    def answer(self, visitor: str, text: str) -> Answer:
        """See ports.Answering."""
        with self._lock:
            self._catch_up()
            visit = self._visits.pop(visitor, None) or self._begin(visitor)
            kept_as = f"left by {visitor}"
            try:
                answer = self._answer(visit, text)
                if visit.device.state.introduced:
                    self._remember(visitor)
                if not visit.device.state.asleep:  # whoever asks again after good night is awake
                    kept_as = visitor
            finally:
                if visit.alerts or kept_as == visitor:
                    self._visits[kept_as] = visit
            return answer

    def _answer(self, visit: _Visit, text: str) -> Answer:
        visit.heard = self._clock.now()
        visit.device.finish()
        self._sort_out(visit)
        missed = visit.device.state.misses
        visit.device.hear(_ends_of(text))
        state = visit.device.state
        said = [*visit.unheard, *([visit.news] if visit.news else []), *(say.text for say in visit.said)]
        visit.said.clear()
        visit.unheard.clear()
        visit.news, visit.help = "", state.help
        return Answer(" ".join(said) or self._lines.nothing, understood=bool(said) and (state.asked or state.misses <= missed))

    def post(self, event: Event) -> None:
        """Take in what became of an alert, soon; any thread may. Those of others than visitors change nothing."""
        self._happened.put(event)

    def work(self) -> None:
        """Do all that is due by now."""
        with self._lock:
            self._catch_up()

    @property
    def count(self) -> int:
        """How many conversations are remembered."""
        return len(self._visits)

    def _catch_up(self) -> None:
        long_ago = self._clock.now() - FORGET_SECONDS
        while not self._happened.empty():
            self._take(self._happened.get())
        for visitor, visit in list(self._visits.items()):
            visit.device.work()
            self._sort_out(visit)
            if visit.heard <= long_ago and not visit.alerts:
                del self._visits[visitor]

    def _take(self, event: Event) -> None:
        match event:
            case AlertLeft(alert=alert) if is_visitors(alert.id):
                visit = self._visits[f"left in {alert.id}"] = self._begin("")
                visit.device.happen(replace(event, alert=replace(alert, id=alert.id.removeprefix(_MARK))))
            case AlertSent(alert=alert) | AlertFailed(alert=alert) | AlertAcknowledged(alert=alert) if is_visitors(alert):
                for visit in self._visits.values():
                    visit.device.happen(replace(event, alert=alert.removeprefix(_MARK)))
                    self._sort_out(visit)
            case _:
                pass

    def _sort_out(self, visit: _Visit) -> None:
        """Of what was said with nobody to hear it, keep what they must be told: of danger all, of an alert what is true by now."""
        before, visit.help = visit.help, visit.device.state.help
        for say in visit.said:
            if say.urgent and say.text not in visit.unheard:
                visit.unheard.append(say.text)
            elif not say.urgent and visit.help != before and not isinstance(visit.help, CountingDown | Uncalled):
                visit.news = say.text
        visit.said.clear()

    def _begin(self, visitor: str) -> _Visit:
        while len(self._visits) >= self._most:
            del self._visits[min(self._visits, key=lambda visitor: self._visits[visitor].worth)]
        said: list[Say] = []

        def observe(_at: float, happening: Event | Action) -> None:
            if isinstance(happening, Say):
                said.append(happening)

        device = TypedDevice(
            self._conversation,
            MemoryStore(),
            self._clock,
            self._now(),
            observe,
            introduced=visitor in self._known,
            alerts=self._alerts,
        )
        return _Visit(device, self._clock.now(), said)

    def _remember(self, visitor: str) -> None:
        self._known.pop(visitor, None)
        self._known[visitor] = None
        if len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]


def _ends_of(text: str) -> str:
    return text if len(text) <= 2 * _LONGEST else f"{text[:_LONGEST]} {text[-_LONGEST:]}"
