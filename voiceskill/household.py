"""The household, over MQTT: what the device shows to Home Assistant, and what is wished for there."""

from __future__ import annotations

from collections.abc import Callable

from voiceskill.core.actions import Action
from voiceskill.core.events import Event
from voiceskill.edges.mqtt import ONLINE, Broker, MqttLink
from voiceskill.homeassistant.entities import Entities
from voiceskill.ports import Clock
from voiceskill.status import Status


class Household:
    """One device in one household."""

    def __init__(
        self, broker: Broker, entities: Entities, *, client_id: str, prefix: str, clock: Clock, post: Callable[[Event], None]
    ) -> None:
        """`prefix` is where Home Assistant looks for devices; `post` hands a wish to the conversation. Raises Fault as MqttLink does."""
        self._entities = entities
        self._clock = clock
        self._post = post
        self._births = f"{prefix}/status"
        self._link = MqttLink(
            broker,
            client_id,
            availability=entities.availability,
            topics=(entities.commands, self._births),
            on_message=self._wished,
        )
        topic, payload = entities.discovery(prefix)
        self._link.show({topic: payload})

    @property
    def connected(self) -> bool:
        """Whether the household is reached."""
        return self._link.connected

    @property
    def trouble(self) -> str | None:
        """Why the household is not reached, in words."""
        return self._link.trouble

    def start(self) -> None:
        """Connect soon, and whenever the connection is lost."""
        self._link.start()

    def show(self, status: Status) -> None:
        """Show how things stand."""
        self._link.show(self._entities.states(status))

    def observe(self, happening: Event | Action) -> None:
        """Tell what happens, if it concerns the household."""
        told = self._entities.happening(happening)
        if told:
            self._link.tell(*told)

    def close(self) -> None:
        """Say that the device is gone."""
        self._link.close()

    def _wished(self, topic: str, payload: str) -> None:
        if topic == self._births:
            if payload == ONLINE:  # Home Assistant has started, and knows of nothing
                self._link.show_again()
            return
        key = self._entities.key(topic)
        event = self._entities.event(key, payload, self._clock.now()) if key else None
        if event is not None:
            self._post(event)
