"""What a day at the bedside writes to the SD card: the real diary and the real store of rendered replies, on a file system of their own.

That is an ext4 on a loop device, mounted as Raspberry Pi OS mounts its own (noatime), whose count of written sectors holds everything:
data, journal and metadata. Time is simulated, so what nobody waits for is written each half minute of it, as the kernel does. How often the
card itself rewrites whole blocks for that, nobody outside of it can see.
"""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import rich.progress

from scripts.bench_suite.tables import Cell, Table
from voiceskill.app import App, Home
from voiceskill.core.actions import Say
from voiceskill.core.sentences import sentences
from voiceskill.edges.bounded import BoundedFile
from voiceskill.edges.synthesisers.cache import Cached
from voiceskill.journal import Journal
from voiceskill.live import render_ahead
from voiceskill.ports import Fault
from voiceskill.typed import Rehearsal

_BEGINNING = datetime.fromisoformat("2026-11-02T06:00:00+00:00")
_FLUSHED_EVERY_SECONDS = 30.0
_SECTOR = 512
_CARD_BYTES = 1024**3
_HOUR = 3600.0

_DAY: tuple[tuple[float, str], ...] = (
    (0.5, "my pain is seven"),
    (0.6, "it's locked i can't move"),
    (0.61, "yes"),
    (1.5, "i took my ibuprofen"),
    (2.0, "start breathing"),
    (4.0, "my pain is six"),
    (4.1, "why does my back spasm when i sneeze"),
    (4.2, "tell me more"),
    (6.0, "the heat helped"),
    (7.0, "start breathing"),
    (9.0, "my pain is five"),
    (9.1, "can i use ice"),
    (9.2, "how should i lie"),
    (12.0, "i took my ibuprofen"),
    (13.0, "relax my muscles"),
    (14.0, "my pain is four"),
    (15.0, "how has my back been"),
    (16.0, "good night"),
    (21.0, "i can't sleep"),
    (21.1, "start breathing"),
)
"""Hours after six in the morning, and what is said: a bad day, with five routines, four scores and two nights' worth of questions."""


def measure_writes(scratch: Path) -> list[Table]:
    """One table: what the first start writes, a busy day, and a day on which nobody says anything."""
    with _card() as (folder, written), App(Home.find(_no_settings(scratch), folder / "data")) as app:
        new = written()
        synthesiser = Cached(app.synthesiser(), app.home.cache / "speech", app.speech_cache_bytes)
        render_ahead(synthesiser, app.skill, (), app.profile)
        rows: list[tuple[Cell, ...]] = [("the first start: all replies rendered, once", (written() - new) / 1e6, None)]
        with closing(BoundedFile(folder / "events.jsonl")) as stream, closing(app.store()) as store:
            journal = Journal(stream)
            said: list[str] = []

            def observe(at: float, happening: object) -> None:
                journal(at, happening)  # type: ignore[arg-type] # an event or an action
                if isinstance(happening, Say):
                    said.append(happening.text)
                    for sentence in sentences(happening.text):
                        synthesiser.render(sentence, happening.pace)

            rehearsal = Rehearsal(app.conversation(), store, _BEGINNING, observe)
            for name, day in (("a bad day, all kept", _DAY), ("a day without a word", ())):
                before, replies = written(), len(said)
                _live(rehearsal, day, written)
                rows.append((name, (written() - before) / 1e6, len(said) - replies))
    note = "with --events to a file on the card; the card's own rewriting of blocks comes on top"
    return [Table("Written to the card", ("what", "MB", "replies"), tuple(rows), digits=2, note=note)]


def _live(rehearsal: Rehearsal, day: tuple[tuple[float, str], ...], flush: Callable[[], float]) -> None:
    begun = rehearsal.now
    words = list(day)
    for tick in rich.progress.track(range(round(24 * _HOUR / _FLUSHED_EVERY_SECONDS)), "a day", transient=True):
        while words and words[0][0] * _HOUR <= tick * _FLUSHED_EVERY_SECONDS:
            rehearsal.hear(words.pop(0)[1])
        rehearsal.wait(begun + (tick + 1) * _FLUSHED_EVERY_SECONDS - rehearsal.now)
        flush()


@contextmanager
def _card() -> Iterator[tuple[Path, Callable[[], float]]]:
    """A file system of its own, and what tells the bytes written to it so far. Raises Fault where it cannot be made."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as memory, tempfile.TemporaryDirectory() as place:
        image = Path(memory) / "card"
        with image.open("wb") as file:
            file.truncate(_CARD_BYTES)
        try:
            _run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image))
            _run("mount", "-o", "loop,noatime", str(image), place)
        except (OSError, subprocess.CalledProcessError) as error:
            raise Fault("A file system of its own is needed, which root can mount: sudo scripts/bench writes") from error
        try:
            device = re.search(r"/dev/(loop\d+)", _run("findmnt", "--noheadings", "--output", "SOURCE", place))
            assert device is not None  # noqa: S101 - for the type checker: it was mounted by loop
            yield Path(place), lambda: _written(Path(place), device[1])
        finally:
            _run("umount", place)


def _written(place: Path, device: str) -> float:
    """Bytes that the device was asked to write, once all that waits is written."""
    handle = os.open(place, os.O_RDONLY)
    try:
        ctypes.CDLL(None).syncfs(handle)
    finally:
        os.close(handle)
    return int(Path(f"/sys/block/{device}/stat").read_text(encoding="ascii").split()[6]) * _SECTOR


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603


def _no_settings(folder: Path) -> Path:
    file = folder / "settings.toml"
    file.touch()
    return file
