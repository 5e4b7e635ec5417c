"""A day at the bedside, faster than time: what it costs to lie in wait, and whether anything grows.

The device hears a quiet room, a question every ten minutes and, in one hour of six, talk that is not for it; all on the virtual clock.
"""

from __future__ import annotations

import gc
import os
import threading
import time
from pathlib import Path

import numpy as np
import rich.progress

from scripts.bench_suite.people import QUESTIONS, SENTENCES, spoken
from scripts.bench_suite.tables import Cell, Table
from tests.room import Room, at_level
from voiceskill.app import App, Home
from voiceskill.core.events import Heard
from voiceskill.edges.machine import save_memory
from voiceskill.edges.synthesisers.cache import Cached
from voiceskill.recorded import RecordedDevice

_ASKED_EVERY_SECONDS = 600
_CACHE_BYTES = 200 * 2**20


def measure_soak(home: Home, folder: Path, hours: float) -> list[Table]:
    """Memory, files and threads along the way, and the processor's share of an idle and of a busy hour. `folder` is scratch."""
    save_memory()  # as the device does
    with App(home) as app:
        synthesiser = Cached(app.synthesiser(), folder / "speech", _CACHE_BYTES)
        room = Room(None)
        device = RecordedDevice(app, room.clock, room.observe, synthesiser=synthesiser, echo=room.echo)
        asked = [at_level(spoken(text, voice, folder)) for voice, text in QUESTIONS]
        talk = np.concatenate([at_level(spoken(text, "flite awb", folder), 600) for text in SENTENCES])
        rows: list[tuple[Cell, ...]] = [("start", *_state(), None, 0)]
        for number in rich.progress.track(range(round(hours * 6)), "ten minutes at a time", transient=True):
            busy = number % 36 >= 30
            begun = time.process_time()
            room.say(talk if busy else asked[number % len(asked)])
            room.pass_time(device.feed, _ASKED_EVERY_SECONDS)
            share = 100 * (time.process_time() - begun) / _ASKED_EVERY_SECONDS
            heard = sum(1 for _ in room.find(Heard))
            room.happened.clear()
            device.speaker.forget()
            if number in (0, 1) or number % 6 == 5:
                rows.append((f"{(number + 1) / 6:.1f} h{', talk' if busy else ''}", *_state(), share, heard))
        room_alone = _share_of(room, device)
        name = f"{app.recogniser().name}; {synthesiser.name}"
    columns = ("after", "memory MB", "files", "threads", "% of a core", "utterances")
    idle = Table("Idle", ("what", "% of a core"), (("the room alone, nobody speaking", room_alone),), digits=1)
    return [Table(f"A long day, {name}", columns, tuple(rows), digits=1), idle]


def _share_of(room: Room, device: RecordedDevice) -> float:
    """The processor's share in five minutes of a room in which nobody speaks; what simulating the room costs is not counted."""
    begun = time.process_time()
    room.pass_time(lambda _frame: None, 300)
    simulating = time.process_time() - begun
    begun = time.process_time()
    room.pass_time(device.feed, 300)
    return 100 * (time.process_time() - begun - simulating) / 300


def _state() -> tuple[float, int, int]:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20, sum(1 for _ in Path("/proc/self/fd").iterdir()), threading.active_count()
