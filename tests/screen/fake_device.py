"""A device for the pages, without a conversation behind it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from tests.fakes import FakeClock
from tests.rehearsing import skill
from voiceskill.core.diary import Memory, PainScored
from voiceskill.diary_chart import draw
from voiceskill.edges.web.device import Refused, Values
from voiceskill.edges.web.live import Board
from voiceskill.edges.web.pages import Pages
from voiceskill.edges.web.pairing import Pairing
from voiceskill.ports import Fault, VoiceInfo
from voiceskill.screen import questions, routines
from voiceskill.settings import Settings

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
NAMES = frozenset({"bedside", "bedside.local"})


class FakeScreen:
    """A Device that remembers what was wished for."""

    def __init__(self) -> None:
        self.wishes: list[dict[str, str]] = []
        self.forgotten = 0
        self.spoken: list[str] = []
        self.installed: list[str] = []
        self.fetching: Values | None = None
        self.settings: list[dict[str, str]] = []
        self.words = "Ready"
        self.shown: dict[str, Any] = {"doing": "ready", "heard": None, "said": None, "lead": None}
        self.dark = False
        self.full = False
        self.able = True
        self.listened: tuple[str, int | None] = ("", None)

    def scene(self) -> Values:
        return {**self.shown, "words": self.words}

    def night(self) -> bool:
        return self.dark

    def wish(self, form: Mapping[str, str]) -> bool:
        self.wishes.append(dict(form))
        return self.able and form != {"press": "nonsense"}

    def start(self) -> Values:
        return {"routines": routines(skill()), "questions": questions(skill())}

    def diary(self, span: str, day: str) -> Values:
        if self.full:
            raise Fault("The diary cannot be read: see who owns it")
        memory = Memory((PainScored(NOON, 6.0),))
        chart = draw(memory, "week", NOON.date())
        shown = {"span": "week", "day": "2026-01-05", "earlier": "2025-12-29", "later": "2026-01-05", "period": "this week", "count": 1}
        return {**shown, "chart": chart, "rows": [("05 Jan, 12:00", "Pain 6 out of 10 <b>")]}

    def diary_csv(self) -> str:
        return "at,kind\n"

    def forget_diary(self) -> None:
        self.forgotten += 1

    def set_up(self) -> Values:
        sound: dict[str, Any] = {"alive": True, "parts": "ears; voice", "found": [], "hears": True, "quiet": False}
        factors = {"loudness": 1.0, "pace": 1.0, "softest": 0.2, "loudest": 2.5, "quickest": 0.8, "slowest": 2.2}
        rest = {"settings_file": "settings.toml", "values": Settings(), "voices": [VoiceInfo("rms", "rms", "en")], "countries": ["GB"]}
        model = {"name": "ears", "about": "hears", "size": "40 MB", "state": "not installed", "can_install": True}
        return {**sound, **factors, **rest, "models": [model], "told_of_alerts": ["Anna"], "device_name": "Bed"}

    def change_settings(self, form: Mapping[str, str]) -> Refused | None:
        self.settings.append(dict(form))
        return Refused("wake_phrase: too short") if form.get("wake_phrase") == "hey" else None

    def listen_to(self, voice: str, words_per_minute: int | None = None) -> bytes:
        self.listened = (voice, words_per_minute)
        return b"RIFF"

    def say_code(self, code: str) -> None:
        self.spoken.append(code)

    def examine(self) -> list[Values]:
        return [{"part": "disk", "seen": "90 MB free", "health": "look", "advice": ("Delete something",)}]

    def gauges(self) -> Values:
        return {"level": -32.0, "fetching": self.fetching}

    def install(self, model: str) -> bool:
        self.installed.append(model)
        return model == "ears"

    def test_alerts(self) -> list[str]:
        return ["Anna: took it"]


class House:
    """A screen in a house: at the bedside, and for browsers elsewhere, each by its address."""

    def __init__(self, folder: Path, names: frozenset[str] = NAMES) -> None:
        self.device = FakeScreen()
        self.clock = FakeClock()
        self.now = NOON
        self.pairing = Pairing(folder, lambda: self.now)
        self.app = Pages(self.device, self.pairing, Board(), self.clock, names).app

    def bedside(self) -> Browser:
        """A browser on the device itself."""
        return Browser(self, "http://localhost:8480", "127.0.0.1")

    def telephone(self, peer: str = "192.168.1.7", host: str = "bedside.local") -> Browser:
        """A browser elsewhere in the house."""
        return Browser(self, f"http://{host}:8480", peer)


class Browser:
    """A browser that says of itself what browsers say."""

    def __init__(self, house: House, address: str, peer: str) -> None:
        self.address = address
        self.client = TestClient(house.app, base_url=address, client=(peer, 50_000), follow_redirects=False)
        self.client.headers["accept"] = "text/html"

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers=_dashed(headers))

    def token(self, path: str = "/") -> str:
        """The token against forged forms, from a page."""
        found = re.search(r'name="csrf" content="(\w+)"', self.get(path).text)
        return found[1] if found else ""

    def post(self, path: str, *, token: str | None = None, page: str = "/", **fields: str) -> Any:
        """Send a form of a page."""
        fields["csrf"] = self.token(page) if token is None else token
        return self.client.post(path, data=fields, headers={"origin": self.address})

    def connect(self, code: str, name: str = "Anna's telephone") -> Any:
        """Type a code."""
        return self.post("/pair", page="/pair", code=code, name=name)


def _dashed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
