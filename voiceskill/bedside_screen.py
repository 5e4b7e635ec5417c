"""The bedside screen of one device: what stands behind its pages."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import numpy as np
import platformdirs

from voiceskill.addresses import Address, parse_address
from voiceskill.alert_test import try_alerts
from voiceskill.app import App
from voiceskill.core.actions import Action
from voiceskill.core.conversation import State
from voiceskill.core.conversation.by_hand import LOUDEST, SOFTEST
from voiceskill.core.conversation.steering import QUICKEST, SLOWEST
from voiceskill.core.events import AskedToSay, Event, MemoryChanged
from voiceskill.core.spoken_values import number
from voiceskill.diary_chart import DAYS, Span, draw, entries_between, first_day
from voiceskill.diary_files import as_csv, told
from voiceskill.doctor import Examined, examine_running
from voiceskill.edges.clock import MonotonicClock
from voiceskill.edges.store import SqliteStore
from voiceskill.edges.wav import wav_bytes
from voiceskill.edges.web.device import Refused
from voiceskill.edges.web.pairing import Pairing
from voiceskill.model_desk import ModelDesk, known_models
from voiceskill.ports import Clock, Fault, Pcm, VoiceInfo
from voiceskill.screen import Onlooker, Scene, as_json, is_night, questions, routines, wish
from voiceskill.settings import BadSettings
from voiceskill.settings_file import Value, change_settings
from voiceskill.sound_check.verdict import ADVICE

_log = logging.getLogger(__name__)

_LOOKED_AT_SECONDS = 15.0
"""A page that is open asks for the scene more often than that."""

_SILENCE = -100.0
_FALL_A_FRAME = 1.5

_FIRST_DAY = date(2000, 1, 1)
"""Nobody noted anything before."""

_SAMPLE_SENTENCE = "Breathe in gently through your nose."
_TEXTS = ("voice", "wake_phrase", "attention", "quiet_from", "quiet_until", "country")


class Meter:
    """How loud the microphone is, as a needle shows it: up at once, and down slowly. `hear` belongs to the thread that hears."""

    def __init__(self) -> None:
        self.level = _SILENCE
        """In dBFS."""

    def hear(self, pcm: Pcm) -> None:
        """Take in a frame."""
        power = float(np.mean(np.square(pcm, dtype=np.float64))) / 2**30
        level = 10 * math.log10(power) if power > 0 else _SILENCE
        self.level = max(level, self.level - _FALL_A_FRAME, _SILENCE)


class BedsideScreen:
    """A `Device` for the pages. A conversation shows itself by `observe`, `settled` and `overhear`, once it was announced by `begin`."""

    def __init__(self, app: App, clock: Clock, now: Callable[[], datetime]) -> None:
        """`now` tells the time of day, with its zone."""
        self._app = app
        self._clock = clock
        self._now = now
        self._manners = app.manners()
        self._onlooker = Onlooker(app.skill, self._manners, self._show)
        self._meter = Meter()
        self._models = ModelDesk(app.home, known_models())
        self._scene: Scene | None = None
        self._news: Callable[[], None] = lambda: None
        self._post: Callable[[Event], None] | None = None
        self._parts = ""
        self._looked = -math.inf
        self._voices: tuple[VoiceInfo, ...] | None = None
        self._lock = threading.Lock()

    # What a conversation tells, in its own threads.

    def begin(self, post: Callable[[Event], None], parts: str) -> None:
        """There is a conversation, to be told of wishes by `post`; `parts` names its engines and devices."""
        self._post, self._parts = post, parts

    def observe(self, at: float, happening: Event | Action) -> None:
        """See loop.Observe."""
        self._onlooker.observe(at, happening)

    def settled(self, at: float, state: State) -> None:
        """How things stand after an event."""
        self._onlooker.settled(at, state)

    def overhear(self, pcm: Pcm) -> None:
        """What the microphone gives."""
        self._meter.hear(pcm)

    def is_looked_at(self) -> bool:
        """Whether somebody has a page open that shows what is heard."""
        return self._clock.now() - self._looked < _LOOKED_AT_SECONDS

    def tell(self, news: Callable[[], None]) -> None:
        """Have `news` called whenever there is something new to see."""
        self._news = news

    def _show(self, scene: Scene) -> None:
        self._scene = scene
        self._news()

    # What the pages ask: see edges.web.device.Device.

    def scene(self) -> dict[str, Any]:
        """How things stand."""
        scene, self._looked = self._scene, self._clock.now()
        found = scene.found if scene else None
        return {**as_json(scene, self._looked), "found_words": [ADVICE[one] for one in found] if found else None}

    def night(self) -> bool:
        """Whether the pages are to be dark."""
        return is_night(self._manners, self._scene.status if self._scene else None, self._now())

    def wish(self, form: Mapping[str, str]) -> bool:
        """Hand a wish to the conversation."""
        event = wish(self._app.skill, form, self._clock.now())
        if event is None or self._post is None:
            return False
        self._post(event)
        return True

    def start(self) -> dict[str, Any]:
        """What can be started."""
        return {"routines": routines(self._app.skill), "questions": questions(self._app.skill)}

    def diary(self, span: str, day: str) -> dict[str, Any]:
        """A part of the diary, as a chart and a table."""
        chosen: Span = next((one for one in get_args(Span) if one == span), "week")
        today = self._now().date()
        last = min(max(_day(day) or today, _FIRST_DAY), today)
        with closing(SqliteStore(self._app.home.data)) as store:
            memory = store.load_all()
        first, length = first_day(chosen, last), timedelta(days=DAYS[chosen])
        return {
            "span": chosen,
            "day": last.isoformat(),
            "earlier": (last - length).isoformat(),
            "later": min(last + length, today).isoformat(),
            "period": _period(first, last),
            "chart": draw(memory, chosen, last),
            "rows": [(f"{entry.at:%d %b, %H:%M}", told(entry)) for entry in reversed(entries_between(memory, first, last))],
            "count": len(memory.entries),
        }

    def diary_csv(self) -> str:
        """The whole diary."""
        with closing(SqliteStore(self._app.home.data)) as store:
            return as_csv(store.load_all())

    def forget_diary(self) -> None:
        """Delete the diary, and have the conversation forget it: all but that movement is ruled out."""
        with closing(SqliteStore(self._app.home.data)) as store:
            store.forget()
            if self._post:
                self._post(MemoryChanged(self._clock.now(), store.load()))

    def set_up(self) -> dict[str, Any]:
        """The settings, and how things are set by hand."""
        scene = self.scene()
        return {
            "alive": self._post is not None,
            "parts": self._parts,
            "found": scene["found_words"] or [],
            "hears": scene.get("hears", True),
            "quiet": scene.get("quiet", False),
            "loudness": scene.get("loudness", 1.0),
            "pace": scene.get("pace", 1.0),
            "softest": SOFTEST,
            "loudest": LOUDEST,
            "quickest": QUICKEST,
            "slowest": SLOWEST,
            "settings_file": str(self._settings_file()),
            "values": self._app.settings,
            "device_name": self._app.settings.alerts.device,
            "told_of_alerts": list(self._app.settings.alerts.names),
            "models": self._models.models(),
            "voices": self._known_voices(),
            "countries": sorted(self._app.skill.countries),
        }

    def change_settings(self, form: Mapping[str, str]) -> Refused | None:
        """Keep settings, if the device could start with them."""
        changes: dict[str, Value] = {name: " ".join(form[name].split()) for name in _TEXTS if name in form}
        if pace := form.get("words_per_minute"):
            changes["words_per_minute"] = int(pace) if pace.isdecimal() else pace
        if changes.get("voice") and changes["voice"] not in {voice.id for voice in self._known_voices()}:
            return Refused("voice: there is no such voice")
        if changes.get("country") and changes["country"] not in self._app.skill.countries:
            return Refused("country: it is not among those that are known")
        now = self._app.settings.model_dump()
        try:
            with self._lock:
                change_settings(
                    self._settings_file(), {name: value for name, value in changes.items() if value != now[name]}, self._could_start
                )
        except BadSettings as fault:
            return Refused("; ".join(line.partition(": ")[2] for line in str(fault).splitlines()))
        return None

    def _could_start(self, settings_file: Path) -> None:
        with App(replace(self._app.home, settings_file=settings_file)):
            pass

    def listen_to(self, voice: str, words_per_minute: int | None = None) -> bytes:
        """A sentence in a voice, at a pace."""
        if voice and voice not in {one.id for one in self._known_voices()}:
            raise Fault("There is no such voice: choose another")
        with self._lock, closing(self._app.new_synthesiser(voice or None, words_per_minute)) as synthesiser:
            return wav_bytes(synthesiser.render(_SAMPLE_SENTENCE))

    def say_code(self, code: str) -> None:
        """Say a code, figure by figure."""
        if self._post and (line := self._app.skill.lines.pairing):
            figures = ", ".join(number(int(figure)) for figure in code)
            self._post(AskedToSay(self._clock.now(), line.replace("{CODE}", figures)))

    def examine(self) -> list[Mapping[str, Any]]:
        """What the doctor sees while the device runs."""
        with self._lock:
            return [_examined(one) for one in examine_running(self._app)]

    def gauges(self) -> Mapping[str, Any]:
        """How loud the microphone is, and how far a model is fetched."""
        return {"level": round(self._meter.level, 1), "fetching": self._models.progress}

    def install(self, model: str) -> bool:
        """Begin to install a model."""
        return self._models.install(model)

    def test_alerts(self) -> list[str]:
        """Send a test to those who are told of alerts."""
        with self._lock:
            return [tried.line for tried in try_alerts(self._app)]

    def _settings_file(self) -> Path:
        return self._app.home.settings_file or Path(platformdirs.user_config_dir("voiceskill")) / "settings.toml"

    def _known_voices(self) -> tuple[VoiceInfo, ...]:
        with self._lock:
            if self._voices is None:
                with closing(self._app.new_synthesiser()) as synthesiser:
                    self._voices = synthesiser.voices()
            return self._voices


def _examined(one: Examined) -> Mapping[str, Any]:
    advice = (*one.advice, str(one.fault)) if one.fault else one.advice
    return {"part": one.part, "seen": one.seen, "health": one.health.value, "advice": advice}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _period(first: date, last: date) -> str:
    if first == last:
        return _shown(last)
    return f"{first.day if first.month == last.month else _shown(first)} to {_shown(last)}"


def _shown(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def screen_address(app: App, asked_for: str | None = None) -> Address | None:
    """Where the screen is to be served: as asked for, else as the settings say; None where nowhere. Raises BadSettings."""
    wanted = asked_for or app.settings.screen
    try:
        return parse_address(wanted if "://" in wanted else f"http://{wanted}", "http") if wanted else None
    except ValueError as error:
        raise BadSettings(str(error)) from error


@contextmanager
def screen_at(app: App, announce: Callable[[str], None], asked_for: str | None = None) -> Iterator[BedsideScreen | None]:
    """Serve the screen meanwhile, where it is asked for or the settings say. `announce` is told where, and with what code.

    Raises BadSettings, and Fault where it cannot be served.
    """
    address = screen_address(app, asked_for)
    if address is None:
        yield None
        return
    from voiceskill.edges.web.server import ScreenServer  # here, so that who serves nobody need not wait for it at the start

    clock = MonotonicClock()
    screen = BedsideScreen(app, clock, lambda: datetime.now().astimezone())
    pairing = Pairing(app.home.data)
    with ScreenServer(screen, pairing, clock, address.host, address.port, shared=not address.is_loopback) as server:
        screen.tell(server.board.show)
        announce(f"The bedside screen is at http://{Address(address.host, server.port)}/")
        if not address.is_loopback:
            code = pairing.new_code()
            announce(f"To connect a browser elsewhere in the house, type {code[:4]} {code[4:]} there within ten minutes.")
        yield screen


@contextmanager
def screen_beside_the_bed(app: App, announce: Callable[[str], None]) -> Iterator[BedsideScreen | None]:
    """The same, but that it cannot be served is no reason not to listen at the bedside."""
    with ExitStack() as stack:
        screen: BedsideScreen | None = None
        try:
            screen = stack.enter_context(screen_at(app, announce))
        except BadSettings:
            raise
        except Fault as fault:
            _log.warning("%s; until then there is no screen", fault)
        yield screen
