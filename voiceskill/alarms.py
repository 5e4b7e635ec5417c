"""Those whom the owner named to be told when somebody needs help, and what tells them: one for all conversations of a device."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property

from voiceskill.alerting import Alerter, Submit, in_a_thread
from voiceskill.edges.alerting.broker import BrokerEvent
from voiceskill.edges.alerting.command import Command
from voiceskill.edges.alerting.webhook import Webhook
from voiceskill.edges.clock import MonotonicClock, TimeOfDay
from voiceskill.edges.mqtt import Broker, MqttLink
from voiceskill.homeassistant.topics import Topics
from voiceskill.ports import AlertSink, Notice, Outbox
from voiceskill.settings import HOUSEHOLD, MqttSettings, Settings

_BROKER_PORT, _BROKER_TLS_PORT = 1883, 8883

_LOST_BROKER_SECONDS = 4
"""How often a broker is looked for that alerts are to be told to."""

_CLOSING_SECONDS = 2.0
"""How long the end waits for a disk to take in what became of the alerts."""


class Alarms:
    """Parts are made when they are first asked for; `close` ends them."""

    def __init__(self, settings: Settings, outbox: Outbox) -> None:
        self._settings = settings
        self._outbox = outbox
        self._stack = ExitStack()
        self._acknowledge: Callable[[str], None] = lambda _: None

    def close(self) -> None:
        """Let go of the broker, and let the disk take in who has seen what: an alert that was seen is not told again at the next start."""
        self._stack.close()

    @cached_property
    def sinks(self) -> tuple[AlertSink, ...]:
        """Those who are told. Raises Fault as MqttLink does."""
        now = TimeOfDay(MonotonicClock()).now
        alerts = self._settings.alerts
        webhooks = (Webhook(one.name, one.url, one.secret.get_secret_value(), now) for one in alerts.webhook)
        commands = (Command(one.name, one.run) for one in alerts.command)
        return (*webhooks, *commands, *([self._broker_event()] if alerts.household else []))

    @cached_property
    def alerter(self) -> Alerter | None:
        """What tells them, if there is anybody to be told."""
        if not self.sinks:
            return None
        clock = MonotonicClock()
        outbox_jobs = in_a_thread("alerts")
        alerter = Alerter(
            [(sink, in_a_thread(f"alert {sink.name}")) for sink in self.sinks],
            self._outbox,
            device=self._settings.alerts.device,
            clock=clock,
            now=TimeOfDay(clock).now,
            submit=outbox_jobs,
            pause=time.sleep,
        )
        self._acknowledge = alerter.acknowledge_under_way
        self._stack.callback(_wait_for, outbox_jobs)
        return alerter

    def _broker_event(self) -> BrokerEvent:
        """A connection of its own: it needs neither a conversation nor a household that is shown one."""
        settings, topics = self._settings.mqtt, Topics(self._settings.mqtt.id)
        link = MqttLink(
            broker_at(settings, settings.host, settings.port),
            f"{settings.id}-alerts-{secrets.token_hex(4)}",
            availability=None,
            topics=(topics.acknowledge,),
            on_message=lambda _topic, by: self._acknowledge(by),
            longest_wait=_LOST_BROKER_SECONDS,
            minds_nobody=True,
        )
        link.start()
        self._stack.callback(link.close)

        def besides(notice: Notice) -> dict[str, str]:
            return dict([topics.alerted(notice.kind, notice.level)]) if notice.status == "raised" else {}

        return BrokerEvent(HOUSEHOLD, link, topics.alert, besides)


def _wait_for(submit: Submit) -> None:
    """Until what was submitted before is done, or the time is up."""
    done = threading.Event()
    submit(done.set)
    done.wait(_CLOSING_SECONDS)


def broker_at(settings: MqttSettings, host: str, port: int) -> Broker:
    """The broker at that address; port 0 is the usual one."""
    usual = _BROKER_TLS_PORT if settings.tls else _BROKER_PORT
    return Broker(host, port or usual, settings.user, settings.password.get_secret_value(), tls=settings.tls, ca_file=settings.ca_file)
