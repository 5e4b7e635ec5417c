"""The device in a household, over a real broker."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.household.broker import PATIENCE_SECONDS, Mosquitto, onlooker, with_password
from tests.rehearsing import Bedside, skill
from voiceskill.core.actions import Alert
from voiceskill.core.conversation import Manners
from voiceskill.core.events import Event, Pressed
from voiceskill.edges.mqtt import Broker
from voiceskill.edges.recording import VirtualClock
from voiceskill.homeassistant.entities import Entities, Identity
from voiceskill.household import Household
from voiceskill.ports import Fault

BASE = "voiceskill/bedside-1"
ROUTINE = next(intent.routine.name for intent in skill().intents.values() if intent.id == "routine_breathing" and intent.routine)
CONFIG = "homeassistant/device/bedside-1/config"


class Device:
    """A household's view of a device. `events` are the wishes that reached it."""

    def __init__(self, broker: Broker) -> None:
        self.events: queue.Queue[Event] = queue.Queue()
        entities = Entities(skill(), Identity("bedside-1", "Bedside", "1.0"), shares_pain=False)
        self.seen_by: queue.Queue[str] = queue.Queue()
        self.household = Household(
            skill(),
            Manners(),
            broker,
            entities,
            name="bedside-1",
            prefix="homeassistant",
            clock=VirtualClock(),
            acknowledge=self.seen_by.put,
        )

    def begin(self) -> None:
        self.household.begin(self.events.put)

    def show(self, bed: Bedside) -> None:
        self.household.settled(0.0, bed.rehearsal.device.state)

    def wish(self) -> Event:
        return self.events.get(timeout=PATIENCE_SECONDS)


@contextmanager
def device(broker: Broker) -> Iterator[Device]:
    made = Device(broker)
    made.begin()
    try:
        yield made
    finally:
        made.household.close()


def at(broker: Mosquitto) -> Broker:
    return Broker("127.0.0.1", broker.port)


def test_the_household_learns_of_the_device_and_how_it_stands_however_late_it_looks(mosquitto: Mosquitto) -> None:
    with device(at(mosquitto)) as bedside, onlooker(mosquitto.port) as early:
        bedside.show(Bedside())
        early.wait_for(f"{BASE}/attention")
        with onlooker(mosquitto.port) as late:
            assert late.wait_for(CONFIG)[1]
        with onlooker(mosquitto.port) as late:
            assert late.wait_for(f"{BASE}/availability") == ("online", True)
        with onlooker(mosquitto.port) as late:
            assert late.wait_for(f"{BASE}/state") == ("ready", True)


def test_only_what_changes_is_said_again(mosquitto: Mosquitto) -> None:
    with device(at(mosquitto)) as bedside, onlooker(mosquitto.port) as house:
        bed = Bedside()
        bedside.show(bed)
        house.wait_for(f"{BASE}/attention")
        bed.start("routine_breathing")
        bedside.show(bed)
        assert house.wait_for(f"{BASE}/routine")[0] != "none"


def test_a_button_pressed_in_the_house_reaches_the_bed(mosquitto: Mosquitto) -> None:
    with device(at(mosquitto)) as bedside, onlooker(mosquitto.port) as house:
        house.wait_for(f"{BASE}/availability", "online")
        house.publish(f"{BASE}/stop/set", "PRESS")
        assert bedside.wish() == Pressed(0.0, "control_stop")


@pytest.mark.parametrize(
    ("key", "payload"),
    [("quiet", "ON"), ("microphone", "OFF"), ("volume", "60"), ("pace", "120"), ("attention", "wake"), ("start", ROUTINE)],
)
def test_what_is_set_in_the_house_is_done_and_shown_as_it_then_is(mosquitto: Mosquitto, key: str, payload: str) -> None:
    bed = Bedside()
    with device(at(mosquitto)) as bedside, onlooker(mosquitto.port) as house:
        bedside.show(bed)
        house.wait_for(f"{BASE}/attention", "open")
        house.publish(f"{BASE}/{key}/set", payload)
        bed.take(bedside.wish())
        bed.pass_screen()
        bedside.show(bed)
        assert house.wait_for(f"{BASE}/{key}", payload)[0]


def test_whoever_has_seen_an_alert_can_say_so_over_the_broker_however_it_was_sent(mosquitto: Mosquitto) -> None:
    with device(at(mosquitto)) as bedside, onlooker(mosquitto.port) as house:
        house.wait_for(f"{BASE}/availability", "online")
        house.publish(f"{BASE}/acknowledge/set", "Anna")
        assert bedside.seen_by.get(timeout=PATIENCE_SECONDS) == "Anna"
        assert bedside.events.empty()


def test_a_wish_of_another_day_or_gibberish_does_nothing(mosquitto: Mosquitto) -> None:
    with onlooker(mosquitto.port) as house:
        house.publish(f"{BASE}/pause/set", "PRESS", retain=True)
        with device(at(mosquitto)) as bedside:
            house.wait_for(f"{BASE}/availability", "online")
            house.publish(f"{BASE}/volume/set", b"\xff\xfe\x00")
            house.publish(f"{BASE}/start/set", "x" * 100_000)
            house.publish(f"{BASE}/stop/set", "PRESS")
            assert bedside.wish() == Pressed(0.0, "control_stop")
            assert bedside.events.empty()


def test_home_assistant_starting_anew_is_told_all_again(mosquitto: Mosquitto) -> None:
    with device(at(mosquitto)), onlooker(mosquitto.port) as house:
        house.wait_for(CONFIG)
        house.publish("homeassistant/status", "online")
        assert house.wait_for_json(CONFIG)["dev"]["name"] == "Bedside"


def test_danger_is_told_as_it_happens(mosquitto: Mosquitto) -> None:
    with device(at(mosquitto)) as bedside, onlooker(mosquitto.port) as house:
        house.wait_for(CONFIG)
        bedside.household.observe(0.0, Alert("redflag_both_legs", "emergency"))
        text, retained = house.wait_for(f"{BASE}/happening")
        assert "danger" in text
        assert not retained


def test_a_broker_that_is_restarted_is_told_how_things_stand_by_then(mosquitto: Mosquitto) -> None:
    with device(at(mosquitto)) as bedside:
        bed = Bedside()
        with onlooker(mosquitto.port) as house:
            bedside.show(bed)
            house.wait_for(f"{BASE}/state", "ready")
        mosquitto.stop()
        bed.start("routine_breathing")
        bedside.show(bed)
        mosquitto.start()
        with onlooker(mosquitto.port) as house:
            assert house.wait_for(f"{BASE}/routine")[0] != "none"
            house.publish(f"{BASE}/stop/set", "PRESS")
        assert bedside.wish() == Pressed(0.0, "control_stop")


def test_a_device_without_power_is_shown_as_gone(mosquitto: Mosquitto) -> None:
    script = (
        "import sys, time\n"
        "from tests.household.test_mqtt import Device\n"
        "from voiceskill.edges.mqtt import Broker\n"
        "Device(Broker('127.0.0.1', int(sys.argv[1]))).begin()\n"
        "time.sleep(3600)\n"
    )
    with onlooker(mosquitto.port) as house, subprocess.Popen([sys.executable, "-c", script, str(mosquitto.port)]) as process:
        try:
            house.wait_for(f"{BASE}/availability", "online")
        finally:
            process.send_signal(signal.SIGKILL)
        assert house.wait_for(f"{BASE}/availability", "offline")[0]


def test_a_device_that_is_stopped_says_so(mosquitto: Mosquitto) -> None:
    with onlooker(mosquitto.port) as house:
        with device(at(mosquitto)):
            house.wait_for(f"{BASE}/availability", "online")
        house.wait_for(f"{BASE}/availability", "offline")


def wait_for_trouble(bedside: Device) -> str:
    while True:
        if trouble := bedside.household.trouble:
            return trouble


def test_a_wrong_password_is_named_with_what_to_check(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, *with_password(tmp_path, "bedside", "right")) as broker:
        with device(Broker("127.0.0.1", broker.port, "bedside", "wrong")) as bedside:
            assert "check user and password" in wait_for_trouble(bedside)
            assert "wrong" not in wait_for_trouble(bedside)
        with device(Broker("127.0.0.1", broker.port, "bedside", "right")) as bedside:
            while not bedside.household.connected:
                assert bedside.household.trouble is None


def test_a_broker_that_is_not_there_is_named(tmp_path: Path) -> None:
    absent = Mosquitto(tmp_path)
    with device(at(absent)) as bedside:
        assert "cannot be reached" in wait_for_trouble(bedside)


# The library leaves the socket of a handshake that failed to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_over_tls_only_a_broker_we_trust_is_spoken_to(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    key, trusted = certificate
    with Mosquitto(tmp_path, "allow_anonymous true", f"keyfile {key}", f"certfile {trusted}") as broker:
        with device(Broker("127.0.0.1", broker.port, tls=True, ca_file=str(trusted))) as bedside:
            while not bedside.household.connected:
                assert bedside.household.trouble is None
        with device(Broker("127.0.0.1", broker.port, tls=True)) as bedside:
            assert "certificate" in wait_for_trouble(bedside)
            assert not bedside.household.connected


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("hello")
    with pytest.raises(Fault, match=r"ca\.pem: is no certificate"):
        Device(Broker("127.0.0.1", 1, tls=True, ca_file=str(tmp_path / "ca.pem")))
