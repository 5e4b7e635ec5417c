"""A process under a limit of memory that the kernel enforces: a control group of version 2 or 1, whichever this machine has.

Not RLIMIT_AS: that counts what is only reserved.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from voiceskill.ports import Fault

_ROOT = Path("/sys/fs/cgroup")
_NAME = "voiceskill-bench"


@dataclass(frozen=True, slots=True)
class Group:
    """A control group of version 2 or 1."""

    folder: Path
    version: int

    @property
    def kind(self) -> str:
        """For the table."""
        return f"control group, version {self.version}"

    @property
    def peak(self) -> int:
        """The most bytes that it held, pages of files that were only kept at hand included."""
        return int(self._read("memory.peak" if self.version == 2 else "memory.max_usage_in_bytes"))

    @property
    def own(self) -> int:
        """Bytes that could not be read from a file again: what a limit must leave room for."""
        found = re.search(r"^(?:anon|rss) (\d+)$", self._read("memory.stat"), re.MULTILINE)
        return int(found[1]) if found else 0

    @property
    def killed(self) -> int:
        """Processes that were ended for want of memory."""
        found = re.search(r"^oom_kill (\d+)$", self._read("memory.events" if self.version == 2 else "memory.oom_control"), re.MULTILINE)
        return int(found[1]) if found else 0

    def enter(self) -> None:
        """Put the calling process into it; for a child, before its program begins."""
        (self.folder / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")

    def _read(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="ascii").strip()


@contextmanager
def limited(limit: int) -> Iterator[Group]:
    """A control group with so many bytes, and no swap. Raises Fault where this machine lets us make none."""
    version = 2 if "memory" in _controllers() else 1
    folder = (_ROOT if version == 2 else _ROOT / "memory") / f"{_NAME}-{os.getpid()}"
    try:
        if version == 2:
            (_ROOT / "cgroup.subtree_control").write_text("+memory", encoding="ascii")
        folder.mkdir()
        for name in ("memory.max",) if version == 2 else ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"):
            if (folder / name).exists():
                (folder / name).write_text(str(limit), encoding="ascii")
        if version == 2:
            (folder / "memory.swap.max").write_text("0", encoding="ascii")
    except OSError as error:
        raise Fault(
            f"A control group is needed ({error.strerror}): run this as root, where the kernel has the memory controller"
        ) from error
    try:
        yield Group(folder, version)
    finally:
        _remove(folder)


def _controllers() -> str:
    try:
        return (_ROOT / "cgroup.controllers").read_text(encoding="ascii")
    except OSError:
        return ""


def _remove(folder: Path) -> None:
    """Once its processes are gone, which takes the kernel a moment."""
    for _ in range(100):
        try:
            folder.rmdir()
        except OSError:
            time.sleep(0.1)
        else:
            return
