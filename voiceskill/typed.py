"""The same conversation without sound: what is heard is typed, and what is said takes the time that it would take to say it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from voiceskill.core.actions import Say
from voiceskill.core.conversation import Conversation, State
from voiceskill.core.events import Event, Heard, Hypothesis, Speaking, SpeechStarted, Spoken, Started
from voiceskill.edges.alerts import NoAlerts
from voiceskill.edges.recording import VirtualClock
from voiceskill.keep import Keeper
from voiceskill.loop import Alerting, Loop, Observe
from voiceskill.ports import Clock, Store

_WORDS_A_SECOND = 2.4
_SECONDS_A_SENTENCE = 0.3

_A_MOMENT = 1e-9
"""The clock's resolution: what is due is surely due a moment later."""

_SETTLING_SECONDS = 60.0
"""The longest reply."""


def seconds_to_say(say: Say) -> float:
    """About how long a reply takes to say."""
    sentences = sum(say.text.count(mark) for mark in ".?!")
    return (len(say.text.split()) / _WORDS_A_SECOND + sentences * _SECONDS_A_SENTENCE) * say.pace


class SilentMouth:
    """Says one reply after another without a sound, each in its time. `work` is to be called when `due` has come."""

    def __init__(self, clock: Clock, post: Callable[[Event], None]) -> None:
        self._clock = clock
        self._post = post
        self._queue: deque[Say] = deque()
        self._began = 0.0

    @property
    def due(self) -> float | None:
        """When what is being said is over."""
        return self._began + seconds_to_say(self._queue[0]) if self._queue else None

    def say(self, say: Say) -> None:
        """Say it after what is being said."""
        self._queue.append(say)
        if len(self._queue) == 1:
            self._begin(self._clock.now())

    def cue(self, kind: str) -> None:
        """Nobody hears it."""

    def stop(self) -> None:
        """Fall silent at once and forget all that waits."""
        now = self._clock.now()
        for number, say in enumerate(self._queue):
            fraction = min(1.0, (now - self._began) / seconds_to_say(say)) if number == 0 else 0.0
            self._post(Spoken(now, say.id, interrupted=True, heard_fraction=fraction))
        self._queue.clear()

    def finish(self) -> None:
        """What is being said and what waits is over, and was heard: whoever types again has read it."""
        now = self._clock.now()
        while self._queue:
            self._post(Spoken(now, self._queue.popleft().id, interrupted=False, heard_fraction=1.0))

    def duck(self) -> None:
        """Nobody speaks over it: what is typed is there all at once. So with `pause` and `resume`."""

    pause = resume = duck

    def work(self) -> None:
        """Finish what is over, and begin what waits."""
        while (due := self.due) is not None and due <= self._clock.now():
            self._post(Spoken(due, self._queue.popleft().id, interrupted=False, heard_fraction=1.0))
            if self._queue:
                self._begin(due)

    def _begin(self, at: float) -> None:
        self._began = at
        self._post(Speaking(at, self._queue[0].id))


class TypedDevice:
    """A device that hears what is typed. Belongs to one thread, or to several that `lock` it.

    `now` is the time of day at the start; `store` keeps the diary, over restarts too.
    """

    def __init__(
        self,
        conversation: Conversation,
        store: Store,
        clock: Clock,
        now: datetime,
        observe: Observe,
        *,
        introduced: bool = False,
        alerts: Alerting | None = None,
    ) -> None:
        self.lock = threading.Lock()
        self._conversation = conversation
        self._store = store
        self._clock = clock
        self._started = clock.now()
        self._now = now
        self._observe = observe
        self._alerts = alerts or NoAlerts()
        self._utterance = 0
        self._switch_on(introduced=introduced)

    def _switch_on(self, *, introduced: bool) -> None:
        """Begin with what was kept."""
        keeper = Keeper(self._store, clock=self._clock, post=self._post, submit=lambda job: job())
        self._mouth = SilentMouth(self._clock, self._post)
        self._loop = Loop(
            self._conversation,
            State(memory=self._store.load(), introduced=introduced),
            voice=self._mouth,
            keeper=keeper,
            alerts=self._alerts,
            clock=self._clock,
            observe=self._observe,
        )
        at = self._clock.now()
        self._post(Started(at, self._now + timedelta(seconds=at - self._started)))
        self.work()

    def _post(self, event: Event) -> None:
        self._loop.post(event)

    @property
    def state(self) -> State:
        """How things stand."""
        return self._loop.state

    def happen(self, event: Event) -> None:
        """Be told of something that nobody types."""
        self._post(event)
        self.work()

    def hear(self, text: str) -> None:
        """Hear what was typed."""
        self._utterance += 1
        self._post(SpeechStarted(self._clock.now(), self._utterance, typed=True))
        self.work()
        self._post(Heard(self._clock.now(), self._utterance, (Hypothesis(text),), typed=True))
        self.work()

    def finish(self) -> None:
        """Take what is being said to be over."""
        self._mouth.finish()
        self.work()

    def take(self, event: Event) -> None:
        """Take in something that happened otherwise: a button was pressed, say."""
        self._post(event)
        self.work()

    def restart(self) -> None:
        """Lose everything that was not kept, as in a power cut."""
        self._switch_on(introduced=True)

    def work(self) -> None:
        """Do all that is due by now."""
        self._mouth.work()
        self._loop.catch_up()

    @property
    def due(self) -> float | None:
        """When there is something to do next."""
        return min((moment for moment in (self._mouth.due, self._loop.due) if moment is not None), default=None)

    @property
    def speaking(self) -> bool:
        """Whether something is being said."""
        return self._mouth.due is not None


class Rehearsal:
    """A typed device whose time passes only when told, and then at once."""

    def __init__(self, conversation: Conversation, store: Store, now: datetime, observe: Observe, *, introduced: bool = False) -> None:
        self._clock = VirtualClock()
        self.device = TypedDevice(conversation, store, self._clock, now, observe, introduced=introduced)

    @property
    def now(self) -> float:
        """Seconds since the start."""
        return self._clock.now()

    def hear(self, text: str) -> None:
        """Hear something now."""
        self.device.hear(text)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        end = self._clock.now() + seconds
        while (due := self.device.due) is not None and due <= end:
            self._clock.advance(max(0.0, due - self._clock.now()) + _A_MOMENT)
            self.device.work()
        self._clock.advance(max(0.0, end - self._clock.now()))

    def settle(self) -> None:
        """Let time pass until what is being said is over."""
        end = self._clock.now() + _SETTLING_SECONDS
        while self.device.speaking and (due := self.device.due) is not None and due <= end:
            self.wait(max(0.0, due - self._clock.now()))

    def restart(self, seconds_off: float = 0.0) -> None:
        """Lose power, for so long."""
        self._clock.advance(seconds_off)
        self.device.restart()
