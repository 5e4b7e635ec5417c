"""What stands behind the pages: the real skill, settings and diary."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tests.fakes import FakeClock
from voiceskill.app import App, Home
from voiceskill.bedside_screen import BedsideScreen, Meter, screen_address
from voiceskill.core.diary import Memory, PainScored
from voiceskill.core.events import AskedToSay, Event, MemoryChanged, Pressed
from voiceskill.edges.store import SqliteStore
from voiceskill.edges.web.device import Refused
from voiceskill.ports import FRAME_SAMPLES, Fault, Pcm
from voiceskill.settings import BadSettings, load_settings

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Behind:
    """What stands behind the pages of a device, and what it hands to the conversation."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.posted: list[Event] = []
        self.screen = BedsideScreen(app, FakeClock(), lambda: NOON)

    def begin(self) -> None:
        self.screen.begin(self.posted.append, "ears; voice")


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Behind]:
    (tmp_path / "settings.toml").write_text("# mine\n")
    with App(Home.find(tmp_path / "settings.toml", tmp_path / "data")) as app:
        yield Behind(app)


def test_without_a_conversation_nothing_can_be_pressed(behind: Behind) -> None:
    assert not behind.screen.wish({"press": "stop"})
    assert behind.screen.scene()["doing"] == "starting"
    assert not behind.screen.set_up()["alive"]


def test_a_press_reaches_the_conversation(behind: Behind) -> None:
    behind.begin()
    assert behind.screen.wish({"press": "stop"})
    assert behind.posted == [Pressed(100.0, "control_stop")]
    assert not behind.screen.wish({"press": "nothing"})


def test_a_code_is_said_figure_by_figure_in_the_words_of_the_skill(behind: Behind) -> None:
    behind.begin()
    behind.screen.say_code("10203040")
    figures = "one, zero, two, zero, three, zero, four, zero"
    assert behind.posted == [AskedToSay(100.0, f"The code is: {figures}. Once more: {figures}.")]


def test_a_diary_deleted_on_the_page_is_forgotten_by_the_conversation(behind: Behind) -> None:
    behind.begin()
    with closing(SqliteStore(behind.app.home.data)) as store:
        store.save(PainScored(NOON, 6.0))
    assert behind.screen.diary("week", "")["rows"] == [("05 Jan, 12:00", "Pain 6 out of 10")]
    assert "6.0" in behind.screen.diary_csv()
    behind.screen.forget_diary()
    assert behind.posted == [MemoryChanged(100.0, Memory())]
    assert behind.screen.diary("week", "")["rows"] == []


@pytest.mark.parametrize(
    ("span", "day"), [("", ""), ("year", "yesterday"), ("week", "9999-12-31"), ("day", "0001-01-01"), ("month", "0001-01-02")]
)
def test_strange_periods_are_no_trouble(behind: Behind, span: str, day: str) -> None:
    assert behind.screen.diary(span, day)["count"] == 0


def test_settings_are_kept_for_the_next_start(behind: Behind) -> None:
    form = {
        "wake_phrase": "hey  lighthouse keeper",
        "country": "GB",
        "words_per_minute": "120",
        "quiet_from": "22:00",
        "quiet_until": "07:00",
    }
    assert behind.screen.change_settings(form) is None
    file = behind.app.home.settings_file
    assert file
    kept = load_settings(file)
    assert (kept.wake_phrase, kept.country, kept.words_per_minute, kept.quiet_from) == ("hey lighthouse keeper", "GB", 120, "22:00")
    assert file.read_text().startswith("# mine\n")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("wake_phrase", "turn over"),
        ("wake_phrase", "hey"),
        ("country", "XX"),
        ("voice", "nobody"),
        ("words_per_minute", "fast"),
        ("words_per_minute", "9999"),
        ("quiet_from", "late"),
        ("attention", "never"),
    ],
)
def test_settings_with_which_it_could_not_start_are_refused_in_a_line(behind: Behind, name: str, value: str) -> None:
    refused = behind.screen.change_settings({name: value})
    assert isinstance(refused, Refused)
    assert refused.why.startswith(f"{name}: ")
    assert behind.app.home.settings_file
    assert behind.app.home.settings_file.read_text() == "# mine\n"


def test_no_other_setting_can_be_changed_on_the_page(behind: Behind) -> None:
    assert behind.screen.change_settings({"screen": "http://0.0.0.0:80", "microphone": "x"}) is None
    assert behind.app.home.settings_file
    assert behind.app.home.settings_file.read_text() == "# mine\n"


def test_an_unknown_voice_cannot_be_listened_to(behind: Behind) -> None:
    with pytest.raises(Fault, match="no such voice"):
        behind.screen.listen_to("../../etc/passwd")


def test_a_voice_is_heard_as_a_sound_file(behind: Behind) -> None:
    assert behind.screen.listen_to("")[:4] == b"RIFF"


def test_the_doctor_looks_at_what_is_not_at_work(behind: Behind) -> None:
    assert [part["part"] for part in behind.screen.examine()] == ["skill", "diary", "disk", "memory", "clock"]


def test_the_needle_goes_up_at_once_and_down_slowly() -> None:
    meter, loud, silence = Meter(), frame(16_384), frame(0)
    meter.hear(loud)
    assert meter.level == pytest.approx(-6.0, abs=0.1)
    meter.hear(silence)
    assert -10 < meter.level < -6
    for _ in range(100):
        meter.hear(silence)
    assert meter.level == -100.0


def frame(level: int) -> Pcm:
    return np.full(FRAME_SAMPLES, level, np.int16)


@pytest.mark.parametrize("asked", ["127.0.0.1:8480", "http://127.0.0.1:8480", "localhost:8480"])
def test_the_address_may_be_written_with_or_without_its_scheme(behind: Behind, asked: str) -> None:
    address = screen_address(behind.app, asked)
    assert address
    assert (address.host, address.port) == ("127.0.0.1", 8480)


def test_what_is_no_address_is_told_of(behind: Behind) -> None:
    with pytest.raises(BadSettings, match="is no address"):
        screen_address(behind.app, "bedside:screen")
    assert screen_address(behind.app) is None
