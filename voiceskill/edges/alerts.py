"""Telling somebody else in the household."""

from __future__ import annotations

from voiceskill.core.actions import Alert, EndAlert


class NoAlerts:
    """For a household in which nobody is told, and for conversations that are only typed, rehearsed or recorded."""

    def send(self, alert: Alert) -> None:
        """Nobody to tell."""

    def end(self, action: EndAlert) -> None:
        """Nobody was told."""
