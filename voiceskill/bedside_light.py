"""The light beside the bed: it follows a conversation, and shows how it stands."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Protocol

from voiceskill.app import App
from voiceskill.core.actions import Action
from voiceskill.core.conversation import Manners, State
from voiceskill.core.events import Event
from voiceskill.core.skill import Skill
from voiceskill.edges.clock import MonotonicClock
from voiceskill.edges.led import GpioLight
from voiceskill.light import Sign, shine, sign_of
from voiceskill.ports import Clock, Fault
from voiceskill.screen import is_night
from voiceskill.status import Status, Watch

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 60.0
"""How often it is looked whether night has come, where nothing changes."""


class Lamp(Protocol):
    """Something that shines."""

    def shine(self, level: float) -> None:
        """As bright as this share of full."""
        ...

    def close(self) -> None:
        """Go dark."""
        ...


class BedsideLight:
    """Shows one conversation, which tells of itself by `observe` and `settled`, once it was announced by `begin`."""

    def __init__(self, skill: Skill, manners: Manners, lamp: Lamp, clock: Clock, now: Callable[[], datetime]) -> None:
        """`now` tells the time of day."""
        self._manners = manners
        self._lamp = lamp
        self._clock = clock
        self._now = now
        self._watch = Watch(skill, manners, self._stands)
        self._status: Status | None = None
        self._trouble = False
        self._shown: tuple[Sign, float] = (Sign.DARK, clock.now())
        self._news = threading.Event()
        self._over = False
        self._thread = threading.Thread(target=self._follow, name="light", daemon=True)

    def begin(self, _post: Callable[[Event], None], _parts: str = "") -> None:
        """See watched.Onlooker."""
        self._thread.start()

    def observe(self, _at: float, happening: Event | Action) -> None:
        """See loop.Observe."""
        self._watch.observe(happening)

    def settled(self, _at: float, state: State) -> None:
        """How things stand after an event."""
        trouble = bool(state.trouble.away - {"hearing"})
        changed, self._trouble = trouble != self._trouble, trouble
        self._watch.settled(state)
        if changed:
            self._news.set()

    def close(self) -> None:
        """Go dark, for good."""
        self._over = True
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(timeout=1.0)
        self._lamp.close()

    def show(self, at: float) -> float:
        """Shine as things stand at `at`. Returns after how many seconds it is to be called again."""
        status = self._status
        sign = sign_of(status, trouble=self._trouble) if status else Sign.DARK
        if sign is not self._shown[0]:
            self._shown = (sign, at)
        now = shine(sign, at - self._shown[1], night=is_night(self._manners, status, self._now()))
        self._lamp.shine(now.level)
        return min(now.lasts, _LOOK_SECONDS)

    def _stands(self, status: Status) -> None:
        self._status = status
        self._news.set()

    def _follow(self) -> None:
        while not self._over:
            self._news.clear()
            try:
                wait = self.show(self._clock.now())
            except Exception:  # noqa: BLE001 - a light is no reason for anything to end
                _log.exception("the light failed; it stays as it is")
                return
            self._news.wait(wait)


@contextmanager
def light_of(app: App) -> Iterator[BedsideLight | None]:
    """The light that the settings name; None without one. That it cannot be used is no reason not to listen."""
    if not app.settings.led:
        yield None
        return
    try:
        lamp = GpioLight(app.settings.led)
    except Fault as fault:
        _log.warning("%s. Until then there is no light", fault)
        yield None
        return
    with closing(BedsideLight(app.skill, app.manners(), lamp, MonotonicClock(), lambda: datetime.now().astimezone())) as light:
        yield light
