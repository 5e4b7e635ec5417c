"""The computer itself: its processor, its disk, its memory, and whether anything keeps its time."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import shutil
import struct
import tempfile
import time
from pathlib import Path

from voiceskill.profiles import Machine

_MEMORY = Path("/proc/meminfo")
_GROUPS = Path("/sys/fs/cgroup")

_NOT_SYNCHRONISED = 5
"""TIME_ERROR of adjtimex(2)."""

_NO_BATTERY = 1_700_000_000
"""November 2023: a clock that says it is earlier has lost the time."""

_AGREES_SECONDS = 60.0

_TIMEX_BYTES = 512
"""More than the struct takes on any processor."""


_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""Options of mallopt(3)."""


def save_memory() -> None:
    """Have the C library keep less of what is freed, where it is glibc: 5 % of the whole. To be called before there are threads."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 2)
        mallopt(_M_TRIM_THRESHOLD, 2**20)
        mallopt(_M_MMAP_THRESHOLD, 2**17)


def free_disk(folder: Path) -> int:
    """Bytes free where the folder is, or would be made."""
    return shutil.disk_usage(next(place for place in (folder, *folder.resolve().parents) if place.exists())).free


def try_to_write(folder: Path) -> None:
    """Make the folder if need be, and write to it and through to the disk. Raises OSError where that fails; leaves no file behind."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as file:
        file.write(b"0")
        file.flush()
        os.fsync(file.fileno())


def free_memory() -> int | None:
    """Bytes that programs may still take without swapping; None where the system does not tell."""
    return _number_in(_MEMORY, r"^MemAvailable:\s+(\d+) kB$", 1024)


def boot_id() -> str:
    """What names this run of the computer, since it was switched on; nothing where the system does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _battery_clock_is_right(folder: Path = Path("/sys/class/rtc")) -> bool:
    """Whether a clock with a battery, of which `folder` holds a folder each, goes as ours does.

    A Pi 5 has the clock, but seldom the battery: then it tells 1970, until it is told better.
    """
    for told in folder.glob("rtc*/since_epoch"):
        try:
            seconds = int(told.read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
        if seconds > _NO_BATTERY and abs(seconds - time.time()) < _AGREES_SECONDS:
            return True
    return False


def keeps_time() -> bool:
    """Whether the time of day is right after the power was off: by a clock with a battery, or because the network has just told it.

    Where the system does not tell, it is taken to be.
    """
    if _battery_clock_is_right():
        return True
    try:
        return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))) != _NOT_SYNCHRONISED
    except (OSError, AttributeError):
        return True


def this_machine() -> Machine:
    """What this computer is. Where a limit is set on the memory of our control group, that is all the memory there is."""
    limits = [free for free in (_number_in(_MEMORY, r"^MemTotal:\s+(\d+) kB$", 1024), *_group_limits()) if free is not None]
    return Machine(
        memory=min(limits, default=None),
        cores=len(os.sched_getaffinity(0)),
        quick=platform.machine() in {"x86_64", "AMD64"} or " asimddp" in _text(Path("/proc/cpuinfo")),
        bits=struct.calcsize("P") * 8,
    )


def _group_limits() -> list[int | None]:
    """Bytes that our control group may take, and those that it is in."""
    found: list[int | None] = []
    for line in _text(Path("/proc/self/cgroup")).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers in {"", "memory"}:
            root, name = (_GROUPS / "memory", "memory.limit_in_bytes") if controllers else (_GROUPS, "memory.max")
            group = root / path.lstrip("/")
            found += [_number_in(folder / name, r"^(\d+)$", 1) for folder in (group, *group.parents) if folder.is_relative_to(root)]
    return found


def _number_in(file: Path, pattern: str, factor: int) -> int | None:
    told = re.search(pattern, _text(file), re.MULTILINE)
    return int(told[1]) * factor if told else None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
