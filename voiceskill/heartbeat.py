"""Whether the device is alive: sound comes in, and the conversation answers. Whoever watches over us is told so, and else starts us anew.

Laws of this module:
- It is told by the thread that hears. If that one hangs, or the conversation does, nothing is told any more.
- A microphone that went away is looked for by `tend`, and nobody is started anew for that in the first minute. After it, once: what never
  gave a sound since the start can't be put right by another start, so then its absence counts for nothing.
- Nobody is started anew while help is being called.
"""

from __future__ import annotations

from voiceskill.core.actions import Action
from voiceskill.core.conversation import State
from voiceskill.core.conversation.state import Calling, CountingDown
from voiceskill.core.events import DeviceFailed, DeviceRecovered, Event
from voiceskill.loop import Loop
from voiceskill.ports import Clock, Supervisor

LOOKED_FOR_SECONDS = 60.0
"""How long a microphone that has worked may be away before we are started anew."""

_SHARE = 3
"""How many times it is told within the supervisor's patience."""


class Heartbeat:
    """Tells `supervisor` that the device is alive, while it is."""

    def __init__(self, supervisor: Supervisor, clock: Clock) -> None:
        self._supervisor = supervisor
        self._clock = clock
        self._every = supervisor.patience / _SHARE if supervisor.patience else None
        self._loop: Loop | None = None
        self._heard_at: float | None = None
        self._due = float("-inf")
        self._waiting = False
        self._usual = ""

    def begin(self, loop: Loop, status: str) -> None:
        """We are ready, and `loop` is to answer from now on; `status` says how we are."""
        self._loop, self._usual = loop, status
        self._supervisor.ready()
        self._supervisor.status(status)
        self._supervisor.alive(self._supervisor.patience)

    def heard(self) -> None:
        """The microphone gave a frame."""
        self._heard_at = self._clock.now()

    def beat(self) -> None:
        """Ask the conversation now and then for an answer, unless it owes one. Called several times a second by the thread that hears."""
        now = self._clock.now()
        if self._loop is None or self._every is None or self._waiting or now < self._due:
            return
        self._due, self._waiting = now + self._every, True
        self._loop.reach(self._answered)

    def observe(self, _at: float, happening: Event | Action) -> None:
        """See loop.Observe: what is wrong with the devices is told."""
        match happening:
            case DeviceFailed(message=message):
                self._supervisor.status(message)
            case DeviceRecovered():
                self._supervisor.status(self._usual)
            case _:
                pass

    def end(self) -> None:
        """We end on purpose."""
        self._supervisor.stopping()

    def _answered(self, state: State) -> None:
        self._waiting = False
        away = self._heard_at is not None and self._clock.now() - self._heard_at >= LOOKED_FOR_SECONDS
        if not away or isinstance(state.help, CountingDown | Calling):
            self._supervisor.alive()
