"""A real MQTT broker on loopback, and somebody in the household who looks at it."""

from __future__ import annotations

import json
import queue
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

PATIENCE_SECONDS = 30.0
"""For anything on a slow and busy machine; nothing here measures speed."""


class Mosquitto:
    """Started by `with`; can be stopped and started again at the same port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Its process, while it runs."""
        assert self._process
        return self._process.pid

    def start(self) -> None:
        """Start it, with nothing remembered."""
        options = self._options or ("allow_anonymous true",)
        configuration = self._folder / "mosquitto.conf"
        configuration.write_text("\n".join(["user root", f"listener {self.port} 127.0.0.1", *options]) + "\n")
        self._process = subprocess.Popen(["mosquitto", "-c", str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1.0).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise
            else:
                return

    def stop(self) -> None:
        """End it, without a word to anybody."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE_SECONDS)
            self._process = None


def with_password(folder: Path, user: str, password: str) -> tuple[str, str]:
    """Options of a broker that admits this user only."""
    passwords = folder / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), user, password], check=True, capture_output=True)
    passwords.chmod(0o644)
    return "allow_anonymous false", f"password_file {passwords}"


class Onlooker:
    """Sees all that is published, and publishes."""

    def __init__(self, port: int, topics: str = "#", *, user: str = "", password: str = "", ca_file: str = "") -> None:
        self._messages: queue.Queue[tuple[str, str, bool]] = queue.Queue()
        self._ready: queue.Queue[None] = queue.Queue()
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = lambda _client, _data, message: self._messages.put(
            (message.topic, message.payload.decode(errors="replace"), message.retain)
        )
        self._client.on_subscribe = lambda *_: self._ready.put(None)
        if user:
            self._client.username_pw_set(user, password)
        if ca_file:
            self._client.tls_set(ca_file)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._client.subscribe(topics, qos=1)
        self._ready.get(timeout=PATIENCE_SECONDS)

    def wait_for(self, topic: str, payload: str | None = None) -> tuple[str, bool]:
        """The next payload on the topic, or the next that is this one; and whether it was retained."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            seen, text, retained = self._messages.get(timeout=max(0.0, deadline - time.monotonic()))
            if seen == topic and payload in {None, text}:
                return text, retained

    def seen_until(self, topic: str, payload: str) -> list[tuple[str, str]]:
        """Topics and payloads of all that comes before this one, not retained."""
        found: list[tuple[str, str]] = []
        while True:
            seen, text, retained = self._messages.get(timeout=PATIENCE_SECONDS)
            if (seen, text) == (topic, payload):
                return found
            if not retained:
                found.append((seen, text))

    def wait_for_json(self, topic: str) -> Any:
        return json.loads(self.wait_for(topic)[0])

    def publish(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(PATIENCE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def onlooker(port: int) -> Iterator[Onlooker]:
    """Somebody who looks from now on; what is retained they see at once."""
    somebody = Onlooker(port)
    try:
        yield somebody
    finally:
        somebody.close()
