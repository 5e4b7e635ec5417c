"""The household, over MQTT: what the device shows to Home Assistant, and what is wished for there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

from voiceskill import __version__
from voiceskill.alarms import broker_at
from voiceskill.app import App
from voiceskill.core.actions import Action
from voiceskill.core.conversation import Manners, State
from voiceskill.core.events import Event
from voiceskill.core.skill import Skill
from voiceskill.edges.clock import MonotonicClock
from voiceskill.edges.mqtt import ONLINE, Broker, MqttLink
from voiceskill.homeassistant.entities import Entities, Identity
from voiceskill.ports import Clock
from voiceskill.settings import BadSettings
from voiceskill.status import Status, Watch


class Household:
    """One device in one household. A conversation shows itself by `observe` and `settled`, once it was announced by `begin`."""

    def __init__(
        self,
        skill: Skill,
        manners: Manners,
        broker: Broker,
        entities: Entities,
        *,
        name: str,
        prefix: str,
        clock: Clock,
        acknowledge: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`name` is unique at the broker, `prefix` is where Home Assistant looks for devices. Raises Fault as MqttLink does.

        `acknowledge` is told of whoever has seen the alert under way.
        """
        self._entities = entities
        self._acknowledge = acknowledge
        self._clock = clock
        self._post: Callable[[Event], None] = lambda _: None
        self._watch = Watch(skill, manners, self._show)
        self._births = f"{prefix}/status"
        self._link = MqttLink(
            broker,
            name,
            availability=entities.topics.availability,
            topics=(entities.topics.commands, self._births),
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
        """Why it is not, in words."""
        return self._link.trouble

    def begin(self, post: Callable[[Event], None], _parts: str = "") -> None:
        """See watched.Onlooker. Connect soon, and whenever the connection is lost."""
        self._post = post
        self._link.start()

    def observe(self, _at: float, happening: Event | Action) -> None:
        """Tell what happens, if it concerns the household."""
        self._watch.observe(happening)
        told = self._entities.happening(happening)
        if told:
            self._link.tell(*told)

    def settled(self, _at: float, state: State) -> None:
        """Show how things stand after an event."""
        self._watch.settled(state)

    def close(self) -> None:
        """Say that the device is gone."""
        self._link.close()

    def _show(self, status: Status) -> None:
        self._link.show(self._entities.states(status))

    def _wished(self, topic: str, payload: str) -> None:
        if topic == self._births:
            if payload == ONLINE:  # Home Assistant has started, and knows of nothing
                self._link.show_again()
            return
        if topic == self._entities.topics.acknowledge:
            self._acknowledge(payload)
            return
        key = self._entities.key(topic)
        event = self._entities.event(key, payload, self._clock.now()) if key else None
        if event is not None:
            self._post(event)


def _address(text: str) -> tuple[str, int]:
    address = urlsplit(text)
    try:
        port = address.port
    except ValueError:
        port = -1
    if address.scheme != "mqtt" or not address.hostname or port == -1:
        raise BadSettings(f"{text}: is no address of a broker; write it like mqtt://192.168.1.2:1883")
    return address.hostname, port or 0


@contextmanager
def household_of(app: App, asked_for: str | None = None) -> Iterator[Household | None]:
    """The household whose broker is `asked_for` (mqtt://HOST:PORT), or else named by the settings; None without one.

    Raises BadSettings where that is no address, and Fault where the certificate cannot be used.
    """
    settings = app.settings.mqtt
    host, port = _address(asked_for) if asked_for else (settings.host, settings.port)
    if not host:
        yield None
        return
    entities = Entities(
        app.skill,
        Identity(settings.id, settings.name, __version__),
        shares_pain=settings.share_pain,
        tells_alerts=app.settings.alerts.household,
    )
    alerter = app.alarms.alerter
    made = Household(
        app.skill,
        app.manners(),
        broker_at(settings, host, port),
        entities,
        name=settings.id,
        prefix=settings.prefix,
        clock=MonotonicClock(),
        acknowledge=alerter.acknowledge_under_way if alerter else lambda _: None,
    )
    with closing(made):
        yield made
