"""How long it takes until the device listens, and until it answers."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice, pairwise
from pathlib import Path
from typing import Any

import rich.console
import rich.progress

from scripts.bench_suite.bedside import Device, Ear, ear, running
from scripts.bench_suite.measures import ending, median, onset
from scripts.bench_suite.people import QUESTIONS, spoken
from scripts.bench_suite.tables import Cell, Table
from tests.bedside.sound_server import SoundServer
from voiceskill.app import App, Home
from voiceskill.core.sentences import sentences
from voiceskill.ports import HEARING_RATE, Pcm
from voiceskill.settings import Settings

_STEADY_SECONDS = 10.0
"""When no reply was rendered for so long, all are."""

_TARGET_START, _TARGET_REPLY_MS = 2.0, 150.0


def measure_speed(home: Path, *, starts: int, turns: int) -> list[Table]:
    """Two tables: the start and the turns. `home` keeps rendered replies from run to run."""
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, SoundServer(Path(folder) / "sound") as server:
        environment = _plain(server.environment())
        _render_replies(environment, home)
        start = _start_table([_start(environment, home) for _ in rich.progress.track(range(starts), "starting", transient=True)])
        asked = list(islice(cycle(QUESTIONS), turns))
        with running(environment, home) as (device, _):
            time.sleep(_STEADY_SECONDS)  # what it does in the background after a start is over
            heard = [
                _turn(server, device, spoken(text, voice, Path(folder)))
                for voice, text in rich.progress.track(asked, "asking", transient=True)
            ]
        parts = _parts_in_process(home, [turn for turn in heard if turn is not None], Path(folder))
    return [start, _turn_table(heard), parts]


def _plain(environment: Mapping[str, str]) -> dict[str, str]:
    """As a user has it: a developer's variable that has Python compile everything at every start is left out."""
    return {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _render_replies(environment: Mapping[str, str], home: Path) -> None:
    """Run the device until it has rendered all fixed replies, as it has after its first minutes in a house."""
    with rich.console.Console(stderr=True).status("rendering replies ahead (minutes, the first time)"), running(environment, home):
        before = -1
        while (now := len(list((home / "cache" / "speech").glob("*.wav")))) != before:
            before = now
            time.sleep(_STEADY_SECONDS)


# Start to ready.


@dataclass(frozen=True, slots=True)
class _Start:
    command: float
    """Seconds from the command `voiceskill run` to its event `ready`."""
    parts: dict[str, tuple[float, float]]
    """Of another start right after: wall clock and processor seconds of each part."""


def _start(environment: Mapping[str, str], home: Path) -> _Start:
    with running(environment, home) as (_, seconds):
        pass
    return _Start(seconds, _split_start(environment, home))


def _split_start(environment: Mapping[str, str], home: Path) -> dict[str, tuple[float, float]]:
    command = [sys.executable, "-m", "scripts.bench_suite.start_child", str(home)]
    launched = time.monotonic()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:  # noqa: S603
        try:
            assert process.stdout is not None  # noqa: S101 - for the type checker
            found: dict[str, Any] = json.loads(process.stdout.readline())
        finally:
            process.kill()
    return {"interpreter": (found["began"] - launched, 0.0), **{part: (wall, cpu) for part, (wall, cpu) in found["parts"].items()}}


def _start_table(starts: list[_Start]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for part in starts[0].parts:
        wall = [one.parts[part][0] for one in starts]
        processor = None if part == "interpreter" else median(one.parts[part][1] for one in starts)
        rows.append((part, median(wall), max(wall), processor))
    totals = [sum(wall for wall, _ in one.parts.values()) for one in starts]
    rows.append(("all, in parts", median(totals), max(totals), median(sum(cpu for _, cpu in one.parts.values()) for one in starts)))
    rows.append(("voiceskill run", median(one.command for one in starts), max(one.command for one in starts), None))
    title = f"Start to ready, warm, {len(starts)} starts (target {_TARGET_START:g} s)"
    return Table(title, ("part", "median s", "worst s", "of processor, median s"), tuple(rows))


# End of speech to first sound.


@dataclass(frozen=True, slots=True)
class _Turn:
    """Milliseconds between the ends of the parts of one turn, and what was understood and answered."""

    question: Pcm
    intent: str | None
    reply: str
    silence: float
    decided: float
    understood: float
    handed_out: float
    sounded: float

    @property
    def total(self) -> float:
        return self.decided + self.understood + self.handed_out + self.sounded


def _turn(server: SoundServer, device: Device, question: Pcm) -> _Turn | None:
    """Ask, and listen to the whole reply; None when there was none."""
    environment = server.environment()
    with ear(environment, "room.monitor") as room, ear(environment, "loudspeaker.monitor") as person:
        began = time.monotonic()
        server.play_into_microphone(question, HEARING_RATE)
        try:
            events = device.until("said", since=began)
        except TimeoutError:
            return None
    spoke = _moment(ending(room.pcm(), room.rate), room)
    before = max(0, round((spoke - person.start) * person.rate))  # the last reply still sounds while the question begins
    answered = _moment(onset(person.pcm()[before:], person.rate), person) + before / person.rate
    moments = [spoke, *(events[name]["t"] for name in ("speech_end", "matched", "speaking")), answered]
    decided, understood, handed_out, sounded = (1000 * (after - before) for before, after in pairwise(moments))
    silence = 1000 * events["speech_end"]["silence"]
    return _Turn(question, events["matched"]["intent"], events["say"]["text"], silence, decided, understood, handed_out, sounded)


def _moment(seconds: float | None, heard_by: Ear) -> float:
    if seconds is None:
        raise RuntimeError("there was no sound where there should have been")
    return heard_by.start + seconds


def _turn_table(turns: list[_Turn | None]) -> Table:
    answered = [turn for turn in turns if turn is not None]
    wait = 1000 * Settings().end_of_speech
    parts: dict[str, list[float]] = {
        "end of speech -> sure that it was the end": [turn.decided for turn in answered],
        "  of that: silence counted": [turn.silence for turn in answered],
        "-> understood (rest of recognition, meaning)": [turn.understood for turn in answered],
        "-> reply handed to the loudspeaker": [turn.handed_out for turn in answered],
        "-> first sound": [turn.sounded for turn in answered],
        "all": [turn.total for turn in answered],
        f"all but the endpointing silence of {wait:g} ms": [turn.total - wait for turn in answered],
    }
    rows = tuple((part, median(values), max(values, default=float("nan"))) for part, values in parts.items())
    understood = sum(turn.intent is not None for turn in answered)
    title = f"End of speech to first sound, {len(turns)} turns (target: silence + {_TARGET_REPLY_MS:g} ms)"
    note = f"{len(answered)} answered, {understood} of them understood; replies rendered before"
    return Table(title, ("part", "median ms", "worst ms"), rows, digits=0, note=note)


# The parts of a turn, by themselves.


def _parts_in_process(home: Path, turns: list[_Turn], folder: Path) -> Table:
    """Time what happens inside a turn, one part after another, in this process."""
    recognition, understanding, synthesis = _Times(), _Times(), _Times()
    with App(Home.find(data=home, settings_file=_no_settings(folder))) as app:
        recogniser, synthesiser, interpreter = app.recogniser(), app.synthesiser(), app.interpreter()
        for turn in turns:
            recogniser.start()
            recogniser.accept(turn.question)
            with recognition.one():
                hypotheses = recogniser.hypotheses()
            with understanding.one():
                interpreter.interpret([one.text for one in hypotheses])
            with synthesis.one():
                synthesiser.render(sentences(turn.reply)[0])
    speech = sum(len(turn.question) for turn in turns) / HEARING_RATE
    rows = (
        recognition.row(f"recognition of {speech / max(1, len(turns)):.1f} s of speech"),
        understanding.row("understanding"),
        (*synthesis.row("synthesis of the first sentence, not rendered before")[:-1], None),  # in a process of its own
    )
    return Table("Parts of a turn by themselves", ("part", "median ms", "worst ms", "of processor, median ms"), rows, digits=0)


@dataclass(frozen=True, slots=True)
class _Times:
    """Milliseconds of wall clock and of this process's processor time."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Time the block."""
        wall, processor = time.perf_counter(), time.process_time()
        yield
        self.wall.append(1000 * (time.perf_counter() - wall))
        self.processor.append(1000 * (time.process_time() - processor))

    def row(self, name: str) -> tuple[Cell, ...]:
        """A row of the table."""
        return name, median(self.wall), max(self.wall, default=float("nan")), median(self.processor)


def _no_settings(folder: Path) -> Path:
    file = folder / "settings.toml"
    file.touch()
    return file
