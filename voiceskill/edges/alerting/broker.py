"""The household's MQTT broker is told of alerts: for Home Assistant, or whatever listens there, to pass on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Protocol

from voiceskill.edges.alerting.body import as_object
from voiceskill.ports import Notice

LIMIT_SECONDS = 6.0
"""How long the broker may take over one notice."""


class Delivering(Protocol):
    """A connection to a broker."""

    def deliver(self, payloads: Mapping[str, str], within: float) -> None:
        """Publish by topic, in order, and return when the broker has taken it all. Raises Fault where it has not in so many seconds."""
        ...


class BrokerEvent:
    """An AlertSink that publishes each notice on `topic`, as an event of that status; it is passed on once the broker has taken it.

    `besides` gives what else is told of it, by topic. Who has seen an alert comes from elsewhere, when they say so.
    """

    def __init__(
        self,
        name: str,
        link: Delivering,
        topic: str,
        besides: Callable[[Notice], Mapping[str, str]],
        limit_seconds: float = LIMIT_SECONDS,
    ) -> None:
        self.name = name
        self._link = link
        self._topic = topic
        self._besides = besides
        self._limit = limit_seconds

    def send(self, notice: Notice) -> str | None:
        """See ports.AlertSink."""
        told = json.dumps({"event_type": notice.status, **as_object(notice)}, ensure_ascii=False)
        self._link.deliver({self._topic: told, **self._besides(notice)}, self._limit)
        return None
