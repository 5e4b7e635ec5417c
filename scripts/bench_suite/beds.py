"""A ward: bedside devices that share one `voiceskill serve` and one mosquitto, from one of them to fifty.

A simulated bed has what a real one has on the network, made by the same code: a connection to the broker, with its entities, and a server
that hears and speaks for it. It is spoken to, answered and steered; only the conversation at the bed itself is left out.
"""

from __future__ import annotations

import asyncio
import math
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import rich.progress
from wyoming.asr import Transcript
from wyoming.client import AsyncTcpClient

from scripts.bench_suite.measures import median
from scripts.bench_suite.memory import held_mb
from scripts.bench_suite.people import QUESTIONS, spoken
from scripts.bench_suite.tables import Table
from tests.household.broker import Mosquitto, onlooker
from voiceskill.app import Home
from voiceskill.core.sentences import sentences
from voiceskill.core.skill import Skill
from voiceskill.edges.mqtt import Broker, MqttLink
from voiceskill.edges.wyoming.remote import RemoteServer
from voiceskill.homeassistant.entities import Entities, Identity
from voiceskill.ports import HEARING_RATE, Fault, Pcm
from voiceskill.skill_files import load_skill
from voiceskill.status import Doing, Status

COUNTS = (1, 5, 10, 25, 50)

_PIECE_SECONDS = 0.1
_BUTTON_EVERY_SECONDS = 0.5
_FEWEST_QUESTIONS = 8
_ALERTS = 0.25
"""The share of questions that go with an alert."""

HEARD, ANSWERED, SPOKEN, ALERTED, PRESSED = "heard", "answered", "spoken", "alerted", "pressed"
_SHOWN = {
    HEARD: "end of speech to its words",
    ANSWERED: "question to answer",
    SPOKEN: "first sentence of the answer to its sound",
    ALERTED: "alert to taken by the broker",
    PRESSED: "button in the house to the bed",
}


@dataclass(slots=True)
class _Figures:
    """Seconds that things took, by what they are; and how often one failed."""

    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, what: str, seconds: float) -> None:
        with self.lock:
            self.seconds[what].append(seconds)


class _Bed:
    """One simulated device."""

    def __init__(self, number: int, skill: Skill, broker: int, server: int, figures: _Figures) -> None:
        self._figures = figures
        self._port = server
        self._pressed = 0.0
        self.id = f"bed-{number:02}"
        self._entities = Entities(skill, Identity(self.id, f"Bed {number}", "1"), shares_pain=False, tells_alerts=True)
        topics = self._entities.topics
        self._link = MqttLink(
            Broker("127.0.0.1", broker),
            self.id,
            availability=topics.availability,
            topics=(topics.commands, "homeassistant/status"),
            on_message=lambda _topic, _payload: figures.add(PRESSED, time.monotonic() - self._pressed),
        )
        self._server = RemoteServer("127.0.0.1", server, skill.language)

    def begin(self) -> None:
        self._link.show(dict([self._entities.discovery("homeassistant")]))
        self._show(Doing.READY)
        self._link.start()

    def pressing(self) -> str:
        """The topic of a button that is pressed now."""
        self._pressed = time.monotonic()
        return f"{self._entities.base}/stop/set"

    def be_asked(self, question: Pcm, *, alert: bool) -> None:
        """Be spoken to, and answer."""
        try:
            self._show(Doing.LISTENING)
            text = self._hear(question)
            self._show(Doing.THINKING)
            with self._timed(ANSWERED):
                answer = asyncio.run(_turn(self._port, self.id, text))
            self._show(Doing.SPEAKING)
            with self._timed(SPOKEN):
                self._server.speak(next(iter(sentences(answer)), answer)).result()
            if alert:
                with self._timed(ALERTED):
                    self._link.deliver({self._entities.topics.alert: '{"event_type": "test"}'}, 10.0)
            self._show(Doing.READY)
        except (Fault, OSError):
            with self._figures.lock:
                self._figures.failed += 1

    def _hear(self, question: Pcm) -> str:
        utterance = self._server.listen()
        piece = round(_PIECE_SECONDS * HEARING_RATE)
        for begin in range(0, len(question), piece):
            time.sleep(_PIECE_SECONDS)
            utterance.hear(question[begin : begin + piece])
        with self._timed(HEARD):
            utterance.finish()
            return utterance.answer.result()

    def _show(self, doing: Doing) -> None:
        still = {"routine": None, "danger": False, "calls": False, "pain": None, "quiet": False}
        status = Status(doing, loudness=1, pace=1, attention="open", hears=True, **still)  # type: ignore[arg-type]
        self._link.show(self._entities.states(status))

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self._figures.add(what, time.monotonic() - begun)

    def close(self) -> None:
        self._link.close()
        self._server.close()


async def _turn(port: int, who: str, text: str) -> str:
    """What is said in return, asked as Home Assistant asks."""
    async with asyncio.timeout(60), AsyncTcpClient("127.0.0.1", port) as client:
        await client.write_event(Transcript(text, context={"satellite_id": who}).event())
        event = await client.read_event()
        return str(event.data["text"]) if event else ""


@contextmanager
def _serving(data: Path) -> Iterator[tuple[int, int]]:
    """The process and the port of a `voiceskill serve`."""
    command = [sys.executable, "-m", "voiceskill", "serve", "--wyoming", "tcp://127.0.0.1:0", "--data-dir", str(data)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        try:
            assert process.stderr is not None  # noqa: S101 - for the type checker
            found = re.search(r"tcp://127\.0\.0\.1:(\d+)", process.stderr.readline())
            if found is None:
                raise Fault("voiceskill serve did not start: try it by hand")
            yield process.pid, int(found[1])
        finally:
            process.terminate()


def measure_beds(home: Home, folder: Path, counts: Sequence[int], seconds: float, every: float) -> list[Table]:
    """At least `seconds` with each number of beds; each is asked something `every` so many seconds. `folder` is scratch."""
    skill = load_skill(home.intents)
    questions = [spoken(text, voice, folder) for voice, text in QUESTIONS]
    rows: list[tuple[str | float | int | None, ...]] = []
    with ExitStack() as stack:
        broker = stack.enter_context(Mosquitto(folder))
        server, port = stack.enter_context(_serving(home.data))
        _Bed(0, skill, broker.port, port, _Figures()).be_asked(questions[0], alert=False)
        for count in rich.progress.track(counts, "beds", transient=True):
            figures = _Figures()
            lasting = max(seconds, _FEWEST_QUESTIONS * every / count)
            busy = _processor(server), _processor(broker.pid)
            with ExitStack() as ward:
                beds = [ward.enter_context(closing(_Bed(number + 1, skill, broker.port, port, figures))) for number in range(count)]
                _live(beds, broker.port, questions, lasting, every)
            shares = [100 * (_processor(process) - before) / lasting for process, before in zip((server, broker.pid), busy, strict=True)]
            times = [1_000 * value for what in _SHOWN for value in (median(figures.seconds[what]), _late(figures.seconds[what]))]
            asked = len(figures.seconds[HEARD])
            rows.append((count, asked, figures.failed, *times, held_mb(str(server)), held_mb(str(broker.pid)), *shares, os.getloadavg()[0]))
    names = [name for what in _SHOWN.values() for name in (f"{what}, median ms", "95 % ms")]
    used = ("serve MB", "mosquitto MB", "serve % of a core", "mosquitto % of a core", "load of the machine")
    columns = ("beds", "questions", "failed", *names, *used)
    note = f"Each bed is asked something every {every:g} s on average; {seconds:g} s with each number of beds, or longer."
    turned = tuple((columns[at], *(row[at] for row in rows)) for at in range(1, len(columns)))
    return [Table("Beds that share one server and one broker", ("beds", *(str(row[0]) for row in rows)), turned, digits=1, note=note)]


def _live(beds: Sequence[_Bed], broker: int, questions: Sequence[Pcm], seconds: float, every: float) -> None:
    over = threading.Event()

    def lie(bed: _Bed, chance: random.Random) -> None:
        bed.begin()
        pause = chance.uniform(0, every)
        while not over.wait(pause):
            bed.be_asked(chance.choice(questions), alert=chance.random() < _ALERTS)
            pause = chance.uniform(0, 2 * every)

    chance = random.Random(1)
    threads = [threading.Thread(target=lie, args=(bed, random.Random(bed.id))) for bed in beds]
    for thread in threads:
        thread.start()
    with onlooker(broker) as house:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(_BUTTON_EVERY_SECONDS)
            house.publish(chance.choice(beds).pressing(), "PRESS")
    over.set()
    for thread in threads:
        thread.join()


def _late(values: Sequence[float]) -> float:
    """What 95 of a hundred stay under; not a number when there are no values."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1] if values else float("nan")


def _processor(process: int) -> float:
    """Seconds of processor that a process has used; none once it is gone."""
    with suppress(OSError):
        after_name = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")
    return float("nan")
