"""Telling somebody else in the household."""

from __future__ import annotations

from voiceskill.core.actions import Alert


class NoAlerts:
    """An AlertSink for a household without any."""

    def send(self, alert: Alert) -> None:
        """Nobody to tell."""
