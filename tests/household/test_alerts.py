"""Calling for help over a real broker: told, told again, and seen."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.export.automations import Automation
from tests.export.test_blueprint import BLUEPRINT
from tests.household.broker import PATIENCE_SECONDS, Mosquitto, Onlooker, onlooker, with_password
from tests.rehearsing import AFTERNOON, listed_only, skill
from tests.test_alert_commands import Run, alert, settings_file  # noqa: F401 - fixtures
from tests.test_serve import turn
from voiceskill.addresses import Address
from voiceskill.app import App, Home
from voiceskill.core.actions import Action, Say
from voiceskill.core.conversation import Conversation
from voiceskill.core.conversation.state import Calling
from voiceskill.core.events import AlertAcknowledged, AlertFailed, AlertSent, Event
from voiceskill.edges.alerting.broker import BrokerEvent
from voiceskill.edges.mqtt import Broker, MqttLink
from voiceskill.edges.recording import VirtualClock
from voiceskill.edges.store import MemoryStore
from voiceskill.ports import Fault, Notice
from voiceskill.serve import wyoming
from voiceskill.typed import TypedDevice

BASE = "voiceskill/bedroom"
ALERT, HAPPENING, SEEN = f"{BASE}/alert", f"{BASE}/happening", f"{BASE}/acknowledge/set"
NOTICE = Notice("one", "redflag_both_legs", "emergency", "trouble in both legs", "Mum's bed", datetime(2026, 1, 5, 3, 0, tzinfo=UTC))


def settings(port: int, **mqtt: str | bool) -> str:
    more = "".join(f"{key} = {json.dumps(value)}\n" for key, value in mqtt.items())
    return f'[alerts]\nhousehold = true\ndevice = "Mum\'s bed"\n[mqtt]\nhost = "127.0.0.1"\nport = {port}\nid = "bedroom"\n{more}'


class Bed:
    """A bed whose household is told by a broker. Its clock is virtual; what the household does is waited for."""

    def __init__(self, app: App) -> None:
        self.clock = VirtualClock()
        self.events: queue.Queue[Event] = queue.Queue()
        self.said: list[str] = []
        alerter = app.alarms.alerter
        assert alerter
        alerter.report(self.events.put)
        conversation = Conversation(skill(), listed_only(), app.manners(alerts=True))
        self.device = TypedDevice(conversation, MemoryStore(), self.clock, AFTERNOON, self._observe, introduced=True, alerts=alerter)

    def _observe(self, _at: float, happening: Event | Action) -> None:
        if isinstance(happening, Say):
            self.said.append(happening.text)

    def hear(self, text: str) -> None:
        self.device.hear(text)

    def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.advance(1.0)
            self.device.work()

    def until_sent_anew(self) -> None:
        before = self.device.state.help
        assert isinstance(before, Calling)
        while self.device.state.help == before:
            self.wait(1)

    def until(self, *kinds: type[Event]) -> Event:
        """Take in what the household does, up to one of these."""
        while True:
            event = self.events.get(timeout=PATIENCE_SECONDS)
            self.device.happen(event)
            if isinstance(event, kinds):
                return event


@contextmanager
def bed(folder: Path, text: str) -> Iterator[Bed]:
    (folder / "s.toml").write_text(text)
    with App(Home.find(folder / "s.toml", folder / "data")) as app:
        yield Bed(app)


def test_a_call_for_help_is_told_again_until_somebody_has_seen_it_and_who_is_said_aloud(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with onlooker(mosquitto.port) as house, bed(tmp_path, settings(mosquitto.port)) as bedside:
        bedside.hear("call for help")
        bedside.wait(30)
        told = house.wait_for_json(ALERT)
        assert (told["event_type"], told["kind"], told["attempt"], told["message"]) == ("raised", "help", 1, "Mum's bed: asked for help")
        assert house.wait_for(HAPPENING) == ('{"event_type": "help"}', False)
        bedside.until(AlertSent)
        assert bedside.said[-1].startswith("The alert has gone out.")
        bedside.wait(45)
        assert house.wait_for_json(ALERT)["attempt"] == 2
        bedside.until(AlertSent)
        house.publish(SEEN, "Anna")
        bedside.until(AlertAcknowledged)
        assert bedside.said[-1] == "Anna has seen it."
        bedside.wait(3600)
        house.publish(f"{BASE}/end", "of the hour")
        assert house.seen_until(f"{BASE}/end", "of the hour") == [(HAPPENING, '{"event_type": "help"}'), (SEEN, "Anna")]
    assert not list((tmp_path / "data" / "alerts").iterdir()), "it would be told again at the next start"


def test_a_second_one_who_goes_is_named_too_and_one_without_a_name_is_somebody(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with onlooker(mosquitto.port) as house, bed(tmp_path, settings(mosquitto.port)) as bedside:
        bedside.hear("I can't feel my legs")
        bedside.until(AlertSent)
        house.publish(SEEN, "")
        bedside.until(AlertAcknowledged)
        assert bedside.said[-1] == "Somebody has seen it."
        house.publish(SEEN, "Tom")
        bedside.until(AlertAcknowledged)
        assert bedside.said[-1] == "Tom has seen it."


def test_what_was_called_off_is_told_to_those_who_were_told(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with onlooker(mosquitto.port) as house, bed(tmp_path, settings(mosquitto.port)) as bedside:
        bedside.hear("call for help")
        bedside.wait(30)
        bedside.until(AlertSent)
        assert house.wait_for_json(ALERT)["event_type"] == "raised"
        house.wait_for(HAPPENING)
        bedside.hear("cancel the alert")
        assert house.wait_for_json(ALERT)["event_type"] == "called_off"
        house.publish(f"{BASE}/end", "now")
        assert house.seen_until(f"{BASE}/end", "now") == []


def test_the_exported_blueprint_hears_of_it_and_what_it_tells_is_said_at_the_bedside(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with onlooker(mosquitto.port) as house, bed(tmp_path, settings(mosquitto.port)) as bedside:

        def perform(action: str, data: Mapping[str, Any]) -> Any:
            if action == "mqtt.publish":
                house.publish(data["topic"], data["payload"])
            return {"id": "going", "sentence": "yes", "slots": {}} if action == "assist_satellite.ask_question" else None

        automation = Automation(BLUEPRINT, {"device": "bedroom", "satellites": ["assist_satellite.hall"]}, perform)
        (topic,) = automation.topics()
        bedside.hear("I can't feel my legs")
        bedside.until(AlertSent)
        assert automation.run({"platform": "mqtt", "id": "device", "payload_json": house.wait_for_json(topic)})
        bedside.until(AlertAcknowledged)
        assert bedside.said[-1] == "Somebody in the house has seen it."


def test_a_broker_that_is_away_is_said_to_be_and_told_when_it_is_back(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with bed(tmp_path, settings(mosquitto.port)) as bedside:
        mosquitto.stop()
        bedside.hear("call for help")
        bedside.wait(30)
        failed = bedside.until(AlertFailed)
        assert isinstance(failed, AlertFailed)
        assert "MQTT broker" in failed.message
        assert bedside.said[-1].startswith("The alert isn't getting through.")
        assert list((tmp_path / "data" / "alerts").iterdir())
        mosquitto.start()
        with onlooker(mosquitto.port) as house:
            bedside.until_sent_anew()
            while not isinstance(bedside.until(AlertSent, AlertFailed), AlertSent):
                bedside.until_sent_anew()
            assert house.wait_for_json(ALERT)["kind"] == "help"
            assert bedside.said[-1].startswith("The alert has gone out.")
            house.publish(SEEN, "Anna")
            bedside.until(AlertAcknowledged)


@pytest.mark.long
def test_a_call_for_help_from_the_kitchen_is_told_and_the_kitchen_learns_who_has_seen_it(mosquitto: Mosquitto, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(settings(mosquitto.port).replace("[mqtt]", "countdown = 5\n[mqtt]"))
    with (
        onlooker(mosquitto.port) as house,
        App(Home.find(tmp_path / "s.toml", tmp_path / "data")) as app,
        wyoming(app, Address("127.0.0.1", 0)) as address,
    ):
        assert "in five seconds. Say cancel" in turn(address.port, "kitchen", "call for help")
        told = house.wait_for_json(ALERT)
        assert told["message"] == "Mum's bed: asked for help, told elsewhere in the house"
        house.publish(SEEN, "Anna")
        while "Anna has seen it." not in turn(address.port, "kitchen", "what time is it"):
            pass


@contextmanager
def sink(broker: Broker, limit: float = PATIENCE_SECONDS) -> Iterator[BrokerEvent]:
    seen = queue.Queue[str]()
    link = MqttLink(
        broker, "alerts", availability=None, topics=(SEEN,), on_message=lambda _topic, by: seen.put(by), longest_wait=1, minds_nobody=True
    )
    link.start()
    try:
        yield BrokerEvent("household", link, ALERT, lambda _: {HAPPENING: "{}"}, limit)
    finally:
        link.close()


def test_a_broker_that_hangs_has_not_taken_it(mosquitto: Mosquitto) -> None:
    with onlooker(mosquitto.port), sink(Broker("127.0.0.1", mosquitto.port)) as works:
        works.send(NOTICE)
    with onlooker(mosquitto.port), sink(Broker("127.0.0.1", mosquitto.port), limit=0.5) as hangs:
        process = mosquitto._process
        assert process
        while True:
            try:
                hangs.send(NOTICE)
            except Fault:
                continue  # not connected yet
            break
        os.kill(process.pid, signal.SIGSTOP)
        try:
            with pytest.raises(Fault, match=r"did not take it within|is gone"):
                hangs.send(NOTICE)
        finally:
            os.kill(process.pid, signal.SIGCONT)


def test_a_house_in_which_nobody_listens_has_not_been_told(mosquitto: Mosquitto) -> None:
    with sink(Broker("127.0.0.1", mosquitto.port)) as alone:
        with pytest.raises(Fault, match="nobody listens there to voiceskill/bedroom/alert or voiceskill/bedroom/happening"):
            alone.send(NOTICE)
        with Onlooker(mosquitto.port, HAPPENING):
            alone.send(NOTICE)
        with pytest.raises(Fault, match="nobody listens"):
            _send_on_and_on(alone)  # the broker learns a moment later that they left


def _send_on_and_on(sink: BrokerEvent) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        sink.send(NOTICE)


def old_broker(listening: socket.socket, levels: list[int]) -> None:
    """One of before 2019: it admits who speaks MQTT 3.1.1, and takes what is published."""
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            level = connection.recv(4_096)[8]
            levels.append(level)
            connection.sendall(bytes([0x20, 2, 0, int(level > 4)]))
            while level == 4 and (packet := connection.recv(4_096)):
                if packet[0] >> 4 == 8:  # subscribe
                    connection.sendall(bytes([0x90, 3, *packet[2:4], 1]))
                if packet[0] >> 4 == 3:  # publish, with a topic of less than 128 letters
                    body = packet[2:]
                    name = 2 + body[1]
                    connection.sendall(bytes([0x40, 2, *body[name : name + 2]]))


def test_an_old_broker_is_spoken_to_in_its_own_way() -> None:
    levels: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        broker = threading.Thread(target=old_broker, args=(listening, levels), daemon=True)
        broker.start()
        port = listening.getsockname()[1]
        link = MqttLink(
            Broker("127.0.0.1", port), "alerts", availability=None, topics=(), on_message=print, longest_wait=1, minds_nobody=True
        )
        link.start()
        try:
            link.deliver({"a": "b"}, PATIENCE_SECONDS)
        finally:
            link.close()
            listening.shutdown(socket.SHUT_RDWR)
            broker.join()
    assert levels == [5, 4]


# The library leaves the socket of a handshake that failed to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_over_tls_with_a_password_a_test_is_taken_and_marked_as_one(
    alert: Run,  # noqa: F811 - the fixture
    settings_file: Path,  # noqa: F811 - the fixture
    tmp_path: Path,
    certificate: tuple[Path, Path],
) -> None:
    key, trusted = certificate
    options = (*with_password(tmp_path, "bedside", "right"), f"keyfile {key}", f"certfile {trusted}")
    with Mosquitto(tmp_path, *options) as broker:
        with Onlooker(broker.port, user="bedside", password="right", ca_file=str(trusted)) as house:
            settings_file.write_text(settings(broker.port, user="bedside", password="right", tls=True, ca_file=str(trusted)))
            done = alert("test")
            assert (done.code, done.out) == (0, "household: took it\n")
            told = house.wait_for_json(ALERT)
            assert told["event_type"] == "test"
            assert told["message"] == "Mum's bed: this is only a test, nobody needs help"
            house.publish(f"{BASE}/end", "now")
            assert house.seen_until(f"{BASE}/end", "now") == []
        settings_file.write_text(settings(broker.port, user="bedside", password="wrong", tls=True, ca_file=str(trusted)))
        done = alert("test")
        assert done.code == 1
        assert "household: not reached. " in done.out
        assert "check user and password" in done.out
        settings_file.write_text(settings(broker.port, user="bedside", password="right", tls=True))
        done = alert("test")
        assert done.code == 1
        assert "certificate" in done.out


def test_alerts_to_a_household_without_a_broker_are_a_mistake_in_the_settings(
    alert: Run,  # noqa: F811 - the fixture
    settings_file: Path,  # noqa: F811 - the fixture
) -> None:
    settings_file.write_text("[alerts]\nhousehold = true\n")
    done = alert("test")
    assert done.code == 2
    assert "set host under [mqtt]" in done.err
