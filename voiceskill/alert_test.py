"""Trying out who is told of alerts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from voiceskill.app import App
from voiceskill.ports import Fault, Notice

_TEST = "this is only a test, nobody needs help"


@dataclass(frozen=True, slots=True)
class Tried:
    """One who was told of a test: their name, whether that reached them, and the same in a line."""

    name: str
    reached: bool
    line: str


def try_alerts(app: App) -> Iterator[Tried]:
    """Send a test, marked as one, to all whom the settings name, one after another."""
    now = datetime.now().astimezone()
    notice = Notice(f"test-{now:%Y%m%d-%H%M%S}", "test", "today", _TEST, app.settings.alerts.device, now, status="test")
    for sink in app.alarms.sinks:
        try:
            seen_by = sink.send(notice)
        except Fault as fault:
            yield Tried(sink.name, reached=False, line=f"{sink.name}: not reached. {fault}")
        else:
            seen = "" if seen_by is None else f", and says that {seen_by or 'somebody'} has seen it"
            yield Tried(sink.name, reached=True, line=f"{sink.name}: took it{seen}")
