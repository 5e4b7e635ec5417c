"""The computer itself: its disk, its memory, and whether anything keeps its time."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import tempfile
import time
from pathlib import Path

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
    try:
        told = re.search(r"^MemAvailable:\s+(\d+) kB$", Path("/proc/meminfo").read_text(encoding="ascii"), re.MULTILINE)
    except OSError:
        return None
    return int(told[1]) * 1024 if told else None


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
