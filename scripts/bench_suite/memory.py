"""Peak memory of processes: VmHWM of /proc/PID/status.

Not getrusage's ru_maxrss: on Linux that outlives exec, so a small program started by a large one counts the large one's memory.
"""

from __future__ import annotations

import re
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

_PROC = Path("/proc")
_INTERVAL_SECONDS = 0.003


def held_mb(process: str = "self") -> float | None:
    """The memory that a process holds now, in MB (10^6 bytes); None when it is gone."""
    return _status_mb(process, "VmRSS")


def peak_mb(process: str = "self") -> float | None:
    """The most memory a process has held so far, in MB (10^6 bytes); None when it is gone."""
    return _status_mb(process, "VmHWM")


def _status_mb(process: str, name: str) -> float | None:
    try:
        found = re.search(rf"{name}:\s+(\d+) kB", (_PROC / process / "status").read_text())
    except OSError:
        return None
    return int(found[1]) * 1024 / 1e6 if found else None


class ChildrenWatched:
    """While its `with` block runs, watches the child processes begun in it. `peak` is the most that one of them held, in MB."""

    def __init__(self) -> None:
        self.peak = 0.0
        self._over = threading.Event()
        self._own = _command("self")
        self._older = _children()
        self._thread = threading.Thread(target=self._watch, name="watch children", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_INTERVAL_SECONDS):
            for child in _children() - self._older:
                # Between fork and exec a child still is a copy of this process.
                if _command(child) not in (b"", self._own):
                    self.peak = max(self.peak, peak_mb(child) or 0.0)


def _children() -> set[str]:
    found: set[str] = set()
    for task in (_PROC / "self" / "task").iterdir():
        try:
            found.update((task / "children").read_text().split())
        except OSError:
            continue
    return found


def _command(process: str) -> bytes:
    try:
        return (_PROC / process / "cmdline").read_bytes()
    except OSError:
        return b""
