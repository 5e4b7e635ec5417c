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
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from voiceskill.ports import Fault

_log = logging.getLogger(__name__)

_FIRST_RETRY_SECONDS = 1
_LAST_RETRY_SECONDS = 60
_KEEPALIVE_SECONDS = 30
_LONGEST_COMMAND = 200
"""Bytes; what is longer is no command of ours."""

_NOBODY_LISTENS = 0x10
_TOO_NEW = "Unsupported protocol version"
"""Answers of brokers: https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html#_Toc3901031."""

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
        minds_nobody: bool = False,
    ) -> None:
        """Raises Fault where the certificate cannot be used. `start` connects; a lost broker is looked for each `longest_wait` seconds.

        A link that `minds_nobody` asks to be told where nobody listens to what it delivers; brokers of before 2019 don't tell.
        """
        self._broker = broker
        self._availability = availability
        self._topics = topics
        self._on_message = on_message
        self._shown: dict[str, str] = {}
        self._lock = threading.Lock()
        self._changed = threading.Condition()
        self._trouble: str | None = None
        self._unheard: set[int] = set()
        self._client_id = client_id
        self._longest_wait = longest_wait
        self._trusted = _context(broker.ca_file) if broker.tls else None
        self._client = self._new_client(paho.MQTTv5 if minds_nobody else paho.MQTTv311)

    def _new_client(self, protocol: MQTTProtocolVersion) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=self._client_id, protocol=protocol)
        if self._availability:
            client.will_set(self._availability, OFFLINE, qos=1, retain=True)
        client.reconnect_delay_set(_FIRST_RETRY_SECONDS, self._longest_wait)
        if self._broker.user:
            client.username_pw_set(self._broker.user, self._broker.password or None)
        if self._trusted:
            client.tls_set_context(self._trusted)
        client.on_connect = self._connected
        client.on_connect_fail = self._not_reached
        client.on_disconnect = self._disconnected
        client.on_message = self._received
        client.on_publish = self._published
        return client

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

        Raises Fault where it has not in so many seconds, or tells that nobody listens to any of it. A link that was just started is waited
        for; one that knows of a trouble is not.
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
        unheard = {one.mid for one in sent} & self._unheard
        self._unheard -= unheard
        if len(unheard) == len(sent):
            topics = " or ".join(payloads)
            raise Fault(f"{self._name} took it, but nobody listens there to {topics}: see whether Home Assistant runs and knows the device")

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

    def _connected(self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            if reason.getName() == _TOO_NEW and client.protocol == paho.MQTTv5:
                client.disconnect()
                self._client = self._new_client(paho.MQTTv311)
                self.start()
                return
            self._complain(f"refuses us ({str(reason).lower()}): check user and password in the settings, under [mqtt]")
            return
        _log.info("connected to the MQTT broker at %s:%d", self._broker.host, self._broker.port)
        for topic in self._topics:
            self._client.subscribe(topic, qos=1)
        if self._availability:
            self._client.publish(self._availability, ONLINE, qos=1, retain=True)
        self.show_again()
        self._now(None)

    def _published(self, _client: Any, _data: Any, message: int, reason: Any, _properties: Any) -> None:
        if reason.value == _NOBODY_LISTENS:
            self._unheard.add(message)

    def _not_reached(self, _client: Any, _data: Any) -> None:
        self._complain("cannot be reached: check that it runs, its address, and its certificate where TLS is on")

    def _disconnected(self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure and self._trouble is None and client is self._client:
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
