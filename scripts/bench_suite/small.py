"""How much memory each profile needs: the whole device over virtual sound devices, under limits that the kernel enforces."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import rich.progress

from scripts.bench_suite.bedside import Device, running
from scripts.bench_suite.limited import Group, limited
from scripts.bench_suite.people import spoken
from scripts.bench_suite.tables import Cell, Table
from tests.bedside.sound_server import SoundServer
from voiceskill.ports import HEARING_RATE

_MEGABYTE = 2**20
_LIMITS = (1024, 512, 256)
"""MB. A Zero 2 W has 512, of which the kernel and the graphics keep some 90, and a system without a desktop takes about 100."""

_SETTINGS: Mapping[str, str] = {
    "pi5": 'profile = "pi5"\n',
    "pi4": 'profile = "pi4"\n',
    "pi-zero2": 'profile = "pi-zero2"\n',
    "pi-zero2, small Vosk model of the program": 'profile = "pi-zero2"\nrecogniser = "vosk"\n',
}

_CONVERSATION = ("Why does my back spasm when I sneeze?", "Can I use heat?", "How should I lie down?", "Start breathing.")
_ROUTINE_SECONDS = 40.0
_AFTERWARDS = ("Stop.", "My pain is six.")
_HEARD_OUT = frozenset({*_CONVERSATION[:-1], _AFTERWARDS[-1]})
"""Questions whose answer is heard to its end."""

_TRIES = 3
_PATIENCE_SECONDS = 30.0
_LOOKED_AT_EVERY_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class _Lived:
    """What came of one conversation. In bytes: what was its own when ready and at most, and all that the kernel counted at most."""

    ready_seconds: float
    answered: int
    own_ready: int
    own_most: int
    peak: int
    killed: int
    kind: str


def measure_memory(home: Path) -> list[Table]:
    """One table: each profile under each limit. `home` keeps rendered replies from run to run."""
    rows: list[tuple[Cell, ...]] = []
    kind = ""
    with tempfile.TemporaryDirectory() as folder, SoundServer(Path(folder) / "sound") as server:
        plan = [(name, limit) for name in _SETTINGS for limit in _LIMITS]
        for name, limit in rich.progress.track(plan, "talking", transient=True):
            settings = Path(folder) / "settings.toml"
            settings.write_text(_SETTINGS[name], encoding="utf-8")
            lived = _live(server, home, settings, limit * _MEGABYTE, Path(folder))
            kind = lived.kind
            asked = len(_CONVERSATION) + len(_AFTERWARDS)
            sizes = (size / _MEGABYTE for size in (lived.own_ready, lived.own_most, lived.peak))
            rows.append((name, limit, f"{lived.answered} of {asked}", lived.ready_seconds, *sizes, lived.killed))
    columns = ("profile", "limit MB", "answered", "ready s", "own MB, ready", "own MB, at most", "with files MB", "killed")
    return [
        Table(
            "Memory", columns, tuple(rows), digits=0, note=f"{kind}; no swap; files that are read again when needed count only at the end"
        )
    ]


def _live(server: SoundServer, home: Path, settings: Path, limit: int, scratch: Path) -> _Lived:
    """Several questions and a routine."""
    with limited(limit) as group:
        most = _Most(group)
        ready_seconds, answered, own_ready = 0.0, 0, 0
        with suppress(TimeoutError, EOFError), running(server.environment(), home, settings, group.enter) as (device, seconds), most:
            ready_seconds, own_ready = seconds, group.own
            for text in _CONVERSATION:
                answered += _ask(server, device, text, scratch)
            time.sleep(_ROUTINE_SECONDS)
            for text in _AFTERWARDS:
                answered += _ask(server, device, text, scratch)
        return _Lived(ready_seconds, answered, own_ready, most.own, group.peak, group.killed, group.kind)


def _ask(server: SoundServer, device: Device, text: str, scratch: Path) -> bool:
    """Whether it was understood, said three times at most: a busy machine loses sound. Raises EOFError where the device has ended."""
    for _ in range(_TRIES):
        began = time.monotonic()
        server.play_into_microphone(spoken(text, "flite slt", scratch), HEARING_RATE)
        with suppress(TimeoutError):
            if device.until("matched", since=began, seconds=_PATIENCE_SECONDS)["matched"]["intent"] is None:
                continue
            if text in _HEARD_OUT:
                device.until("said", since=began, seconds=_PATIENCE_SECONDS)
            return True
    return False


class _Most:
    """While its `with` block runs, looks at a group. `own` is the most that was its own, in bytes."""

    def __init__(self, group: Group) -> None:
        self.own = 0
        self._group = group
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="look at memory", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_LOOKED_AT_EVERY_SECONDS):
            self.own = max(self.own, self._group.own)
