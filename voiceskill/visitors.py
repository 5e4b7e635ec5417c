"""Those who ask from elsewhere in the house: a conversation for each, all with one understanding.

Nobody hears us between two turns. What would be said then is dropped, but for danger: that raises its alert at once, and its words come
first in the next answer. Nothing of a visitor is kept beyond their conversation.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from voiceskill.core.actions import Action, Say
from voiceskill.core.conversation import Conversation
from voiceskill.core.conversation.state import Confirming
from voiceskill.core.events import Event
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

_LONGEST = 1_000
"""Letters of a turn that are looked at, from each end: more than anybody says in one breath."""


@dataclass(slots=True)
class _Visit:
    device: TypedDevice
    heard: float
    said: list[Say]
    unheard: list[str] = field(default_factory=list)

    @property
    def worth(self) -> tuple[bool, bool, float]:
        """What is forgotten last where there are too many: a question about danger, another question, whoever asked lately."""
        state = self.device.state
        return isinstance(state.phase, Confirming), state.asked, self.heard


class Visitors:
    """Answers visitors (see ports.Answering). `work` is to be called now and then: questions about danger lapse meanwhile.

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
        self._alerts = alerts
        self._most = most
        self._lock = threading.Lock()
        self._visits: dict[str, _Visit] = {}
        self._known: dict[str, None] = {}

    def answer(self, visitor: str, text: str) -> Answer:
        """See ports.Answering."""
        with self._lock:
            self._catch_up()
            visit = self._visits.pop(visitor, None) or self._begin(visitor)
            visit.heard = self._clock.now()
            visit.device.finish()
            visit.said.clear()
            missed = visit.device.state.misses
            visit.device.hear(_ends_of(text))
            state = visit.device.state
            said = [*visit.unheard, *(say.text for say in visit.said)]
            visit.said.clear()
            visit.unheard.clear()
            if state.introduced:
                self._remember(visitor)
            if not state.asleep:  # whoever asks again after good night is awake
                self._visits[visitor] = visit
            return Answer(" ".join(said) or self._lines.nothing, understood=bool(said) and (state.asked or state.misses <= missed))

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
        for visitor, visit in list(self._visits.items()):
            visit.device.work()
            visit.unheard += [say.text for say in visit.said if say.urgent and say.text not in visit.unheard]
            visit.said.clear()
            if visit.heard <= long_ago:
                del self._visits[visitor]

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
