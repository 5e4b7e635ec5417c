"""The MQTT topics of one device, and what stands on those that are told of alerts. Exported blueprints and users rely on them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from voiceskill.core.actions import Level

HELP = "help"
"""The kind of an alert that was asked for; any other is a sign of danger."""

DANGER, TODAY, FINISHED = "danger", "today", "finished"
HAPPENINGS = (DANGER, TODAY, HELP, FINISHED)


@dataclass(frozen=True, slots=True)
class Topics:
    """Those of the device `id`."""

    id: str

    @property
    def base(self) -> str:
        """What all of them begin with."""
        return f"voiceskill/{self.id}"

    @property
    def availability(self) -> str:
        """Says online or offline."""
        return f"{self.base}/availability"

    @property
    def commands(self) -> str:
        """All commands."""
        return f"{self.base}/+/set"

    @property
    def acknowledge(self) -> str:
        """The command that says who has seen an alert: a name, or nothing."""
        return f"{self.base}/acknowledge/set"

    @property
    def alert(self) -> str:
        """Tells of alerts in full, where the owner wants that."""
        return f"{self.base}/alert"

    @property
    def happening(self) -> str:
        """Tells what happens, in a word."""
        return f"{self.base}/happening"

    def happened(self, what: str) -> tuple[str, str]:
        """Topic and payload of one of HAPPENINGS."""
        return self.happening, json.dumps({"event_type": what})

    def alerted(self, kind: str, level: Level) -> tuple[str, str]:
        """The same for an alert. Which sign of danger it was is not told here; only whether somebody must be woken for it."""
        if kind == HELP:
            return self.happened(HELP)
        return self.happened(TODAY if level == "today" else DANGER)
