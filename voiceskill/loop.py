"""The loop: sole owner of the conversation. Takes an event, asks the core what to do, does it, runs the timers.

Everything happens in one thread, whose only way in is `post`.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from voiceskill.core.actions import (
    Action,
    Alert,
    Called,
    CancelCheck,
    CancelTimer,
    CheckSound,
    Cue,
    DuckSpeaking,
    EndAlert,
    ForDiary,
    Forget,
    Guiding,
    LookAgain,
    PauseSpeaking,
    PutRight,
    ResumeSpeaking,
    Save,
    SaveProgress,
    Say,
    StartTimer,
    StopSpeaking,
    Understood,
)
from voiceskill.core.conversation import Conversation, State
from voiceskill.core.conversation.state import CheckingSound
from voiceskill.core.events import Event, SoundChecked, TimerFired
from voiceskill.ports import Clock

Observe = Callable[[float, Event | Action], None]
"""Told of everything that happens, with its time. Must be quick and must not fail."""


class Mouth(Protocol):
    """What speaks for the conversation, and posts Speaking and Spoken."""

    def say(self, say: Say) -> None:
        """Speak after whatever is being spoken now."""
        ...

    def cue(self, kind: Literal["heard", "listening", "failed"]) -> None:
        """Make a short sound now, whatever is being spoken."""
        ...

    def stop(self) -> None:
        """Fall silent at once and forget all that waits."""
        ...

    def duck(self) -> None:
        """Speak on very softly."""
        ...

    def pause(self) -> None:
        """Fall silent at once and keep all that waits."""
        ...

    def resume(self) -> None:
        """Speak on at full strength, from the beginning of a sentence that was cut."""
        ...


class Keeping(Protocol):
    """What remembers for the conversation, and posts Saved, Failed and MemoryChanged."""

    def keep(self, action: ForDiary) -> None:
        """Do it soon."""
        ...


class Alerting(Protocol):
    """What tells the household for the conversation, and posts AlertSent, AlertFailed and AlertAcknowledged."""

    def send(self, alert: Alert) -> None:
        """Pass an alert on, soon."""
        ...

    def end(self, action: EndAlert) -> None:
        """Pass it on no more; one that is not under way is no error."""
        ...


class SoundChecking(Protocol):
    """What checks the sound for the conversation, and posts SoundChecked."""

    def begin(self, action: CheckSound) -> None:
        """Do it soon, in the place of one under way."""
        ...

    def cancel(self, check: str) -> None:
        """Forget the check of that id, and fall silent; another, or none, goes on."""
        ...


@dataclass(frozen=True, slots=True)
class _Reached:
    """Somebody wants to know when all that was posted before is done."""

    tell: Callable[[State], object]


class Loop:
    """Runs one conversation. Without a `checker` every check of the sound finds nothing, at once.

    `settled` is told how things stand after each event; it must be quick and must not fail.
    """

    def __init__(
        self,
        conversation: Conversation,
        state: State,
        *,
        voice: Mouth,
        keeper: Keeping,
        alerts: Alerting,
        clock: Clock,
        observe: Observe,
        checker: SoundChecking | None = None,
        settled: Callable[[float, State], None] = lambda _at, _state: None,
    ) -> None:
        self._conversation = conversation
        self._state = state
        self._voice = voice
        self._keeper = keeper
        self._alerts = alerts
        self._clock = clock
        self._observe = observe
        self._checker = checker
        self._settled = settled
        self._inbox: queue.SimpleQueue[Event | _Reached | None] = queue.SimpleQueue()
        self._timers: dict[str, float] = {}

    def post(self, event: Event) -> None:
        """Hand in an event; any thread may."""
        self._inbox.put(event)

    def reach(self, tell: Callable[[State], object]) -> None:
        """Call `tell` with how things stand after the events already posted, in the thread of `run`; any thread may ask."""
        self._inbox.put(_Reached(tell))

    def stop(self) -> None:
        """End `run` after the events already posted; any thread may."""
        self._inbox.put(None)

    def run(self) -> None:
        """Handle events and timers until stopped."""
        while True:
            try:
                event = self._inbox.get(timeout=self._until_next_timer())
            except queue.Empty:
                self._fire_timers()
                continue
            if event is None:
                return
            self._handle(event)

    def catch_up(self) -> None:
        """Handle what has been posted and the timers that are due, then return."""
        self._fire_timers()
        while not self._inbox.empty():
            event = self._inbox.get()
            if event is not None:
                self._handle(event)

    @property
    def state(self) -> State:
        """How things stand."""
        return self._state

    @property
    def due(self) -> float | None:
        """When the next timer fires."""
        return min(self._timers.values(), default=None)

    @property
    def busy(self) -> bool:
        """There are events not handled yet, a reply is not over, or the sound is being checked."""
        return not self._inbox.empty() or bool(self._state.speaking) or isinstance(self._state.phase, CheckingSound)

    def _handle(self, event: Event | _Reached) -> None:
        if isinstance(event, _Reached):
            event.tell(self._state)
            return
        self._observe(event.at, event)
        self._state, actions = self._conversation.step(self._state, event)
        for action in actions:
            self._observe(self._clock.now(), action)
            self._perform(action)
        self._settled(self._clock.now(), self._state)

    def _perform(self, action: Action) -> None:
        match action:
            case Say():
                self._voice.say(action)
            case Cue(kind=kind):
                self._voice.cue(kind)
            case StopSpeaking():
                self._voice.stop()
            case DuckSpeaking():
                self._voice.duck()
            case PauseSpeaking():
                self._voice.pause()
            case ResumeSpeaking():
                self._voice.resume()
            case StartTimer(id=timer, seconds=seconds):
                self._timers[timer] = self._clock.now() + seconds
            case CancelTimer(id=timer):
                self._timers.pop(timer, None)
            case Alert():
                self._alerts.send(action)
            case EndAlert():
                self._alerts.end(action)
            case Save() | SaveProgress() | Forget() | LookAgain() | PutRight():
                self._keeper.keep(action)
            case CheckSound() | CancelCheck():
                self._check(action)
            case Called() | Understood() | Guiding():
                pass

    def _check(self, action: CheckSound | CancelCheck) -> None:
        match action:
            case CheckSound() if self._checker:
                self._checker.begin(action)
            case CheckSound(id=check):
                self.post(SoundChecked(self._clock.now(), check, ()))
            case CancelCheck(id=check) if self._checker:
                self._checker.cancel(check)
            case _:
                pass

    def _until_next_timer(self) -> float | None:
        return max(0.0, min(self._timers.values()) - self._clock.now()) if self._timers else None

    def _fire_timers(self) -> None:
        now = self._clock.now()
        for timer in sorted((t for t, due in self._timers.items() if due <= now), key=self._timers.__getitem__):
            self._timers.pop(timer)
            self._handle(TimerFired(now, timer))
