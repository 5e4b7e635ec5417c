"""The device at the bedside, with those who look on: a screen, a light, the household."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from voiceskill.app import App
from voiceskill.bedside_light import BedsideLight
from voiceskill.bedside_screen import BedsideScreen
from voiceskill.core.actions import Action
from voiceskill.core.conversation import State
from voiceskill.core.events import Event
from voiceskill.heartbeat import Heartbeat
from voiceskill.household import Household
from voiceskill.live import run_live
from voiceskill.loop import Loop, Observe


class Onlooker(Protocol):
    """Somebody whom a conversation shows itself to. All calls come from its threads: they must be quick and must not fail."""

    def begin(self, post: Callable[[Event], None], parts: str) -> None:
        """There is a conversation, to be told of wishes by `post`; `parts` names its engines and devices."""
        ...

    def observe(self, at: float, happening: Event | Action) -> None:
        """See loop.Observe."""
        ...

    def settled(self, at: float, state: State) -> None:
        """How things stand after an event."""
        ...


def run_watched(
    app: App,
    observe: Observe,
    on_ready: Callable[[Loop, str], None],
    *,
    screen: BedsideScreen | None = None,
    household: Household | None = None,
    light: BedsideLight | None = None,
    record: Path | None = None,
    heartbeat: Heartbeat | None = None,
) -> None:
    """Hear and answer, as `run_live` does, and show it on the screen, by the light and to the household, where there are any.

    `heartbeat` begins when we are ready.
    """
    onlookers: list[Onlooker] = [one for one in (screen, household, light) if one is not None]

    def observe_all(at: float, happening: Event | Action) -> None:
        observe(at, happening)
        for onlooker in onlookers:
            onlooker.observe(at, happening)
        if heartbeat:
            heartbeat.observe(at, happening)

    def settled(at: float, state: State) -> None:
        for onlooker in onlookers:
            onlooker.settled(at, state)

    def ready(loop: Loop, parts: str) -> None:
        for onlooker in onlookers:
            onlooker.begin(loop.post, parts)
        on_ready(loop, parts)
        if heartbeat:  # last: from then on we may be told to end
            heartbeat.begin(loop, f"Listening ({parts})")

    if screen is None:
        run_live(app, observe_all, ready, record=record, settled=settled, heartbeat=heartbeat)
    else:
        overhear, watched = screen.overhear, screen.is_looked_at
        run_live(app, observe_all, ready, record=record, settled=settled, overhear=overhear, watched=watched, heartbeat=heartbeat)
