"""An MQTT broker, by way of paho: connected to again whenever it is lost, and told anew then how things stand."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from voiceskill.ports import Fault

_log = logging.getLogger(__name__)

_FIRST_RETRY_SECONDS = 1
_LAST_RETRY_SECONDS = 60
_KEEPALIVE_SECONDS = 30
_LONGEST_COMMAND = 200
"""Bytes; what is longer is no command of ours."""

ONLINE, OFFLINE = "online", "offline"


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is, and who we are to it. `ca_file` is a certificate to trust besides the system's; the password is in no repr."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    ca_file: str = ""


class MqttLink:
    """Shows things to a broker, and hands in what it sends us.

    Only `deliver` waits for the network: what can't be shown now is shown, as it stands then, when the broker is back. `availability`
    is the topic of the last will, if there is to be one. `on_message` is called with topic and text in the link's own thread; retained
    messages, which somebody sent some other day, are left out.
    """

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        *,
        availability: str | None,
        topics: tuple[str, ...],
        on_message: Callable[[str, str], None],
        longest_wait: int = _LAST_RETRY_SECONDS,
    ) -> None:
        """Raises Fault where the certificate cannot be used. `start` connects; a lost broker is looked for each `longest_wait` seconds."""
        self._broker = broker
        self._availability = availability
        self._topics = topics
        self._on_message = on_message
        self._shown: dict[str, str] = {}
        self._lock = threading.Lock()
        self._changed = threading.Condition()
        self._trouble: str | None = None
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
        if availability:
            self._client.will_set(availability, OFFLINE, qos=1, retain=True)
        self._client.reconnect_delay_set(_FIRST_RETRY_SECONDS, longest_wait)
        if broker.user:
            self._client.username_pw_set(broker.user, broker.password or None)
        if broker.tls:
            self._client.tls_set_context(_context(broker.ca_file))
        self._client.on_connect = self._connected
        self._client.on_connect_fail = self._not_reached
        self._client.on_disconnect = self._disconnected
        self._client.on_message = self._received

    @property
    def connected(self) -> bool:
        """Whether the broker listens to us."""
        return self._client.is_connected()

    @property
    def trouble(self) -> str | None:
        """Why it does not, in words."""
        return self._trouble

    def start(self) -> None:
        """Connect soon, and whenever the connection is lost."""
        self._client.connect_async(self._broker.host, self._broker.port, _KEEPALIVE_SECONDS)
        self._client.loop_start()

    def show(self, payloads: Mapping[str, str]) -> None:
        """Publish by topic what is to stand there from now on; any thread may. What stands there already is not sent again."""
        with self._lock:
            changed = {topic: payload for topic, payload in payloads.items() if self._shown.get(topic) != payload}
            self._shown |= changed
            if self.connected:
                self._send(changed)

    def tell(self, topic: str, payload: str) -> bool:
        """Publish something that happens now. False where nobody is connected to hear of it."""
        return self.connected and self._client.publish(topic, payload, qos=1).rc == paho.MQTT_ERR_SUCCESS

    def deliver(self, payloads: Mapping[str, str], within: float) -> None:
        """Publish by topic, in order, what happens now, and wait until the broker has taken it.

        Raises Fault where it has not in so many seconds. A link that was just started is waited for; one that knows of a trouble is not.
        """
        deadline = time.monotonic() + within
        with self._changed:
            self._changed.wait_for(lambda: self.connected or self._trouble, within)
        if not self.connected:
            raise Fault(self._trouble or f"{self._name} does not answer: see whether it is switched on")
        sent = [self._client.publish(topic, payload, qos=1) for topic, payload in payloads.items()]
        with suppress(ValueError, RuntimeError):  # it is known by what was taken
            for one in sent:
                one.wait_for_publish(max(0.0, deadline - time.monotonic()))
        if not all(one.is_published() for one in sent):
            raise Fault(f"{self._name} did not take it within {within:.0f} seconds: see whether it is switched on")

    def show_again(self) -> None:
        """Publish all that is to stand there once more: the household asked."""
        with self._lock:
            self._send(self._shown)

    def close(self) -> None:
        """Say that we are gone, and go."""
        if self.connected and self._availability:
            self._client.publish(self._availability, OFFLINE, qos=1, retain=True).wait_for_publish(1.0)
        self._client.disconnect()
        self._client.loop_stop()

    def _send(self, payloads: Mapping[str, str]) -> None:
        for topic, payload in payloads.items():
            self._client.publish(topic, payload, qos=1, retain=True)

    def _connected(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._complain(f"refuses us ({str(reason).lower()}): check user and password in the settings, under [mqtt]")
            return
        _log.info("connected to the MQTT broker at %s:%d", self._broker.host, self._broker.port)
        self._client.subscribe([(topic, 1) for topic in self._topics])
        if self._availability:
            self._client.publish(self._availability, ONLINE, qos=1, retain=True)
        self.show_again()
        self._now(None)

    def _not_reached(self, _client: Any, _data: Any) -> None:
        self._complain("cannot be reached: check that it runs, its address, and its certificate where TLS is on")

    def _disconnected(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure and self._trouble is None:
            self._complain("is gone; we look for it again and again")

    def _received(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        if message.retain or len(message.payload) > _LONGEST_COMMAND:
            return
        try:
            text = message.payload.decode("utf-8")
        except UnicodeDecodeError:
            return
        self._on_message(message.topic, text)

    def _complain(self, what: str) -> None:
        line = f"{self._name} {what}"
        if line != self._trouble:
            _log.warning("%s", line)
        self._now(line)

    def _now(self, trouble: str | None) -> None:
        with self._changed:
            self._trouble = trouble
            self._changed.notify_all()

    @property
    def _name(self) -> str:
        return f"The MQTT broker at {self._broker.host}:{self._broker.port}"


def _context(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise Fault(f"{ca_file}: is no certificate that can be used ({error}): check ca_file under [mqtt] in the settings") from error
