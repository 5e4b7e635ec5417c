"""Folders put in place as one: whoever looks sees the old one or the new one, also after a power cut."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voiceskill.ports import Fault

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
"""Of renameat2(2): Linux 3.15, C library 2.28."""

_UNSUPPORTED = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Be the only program that changes what is in `folder`. Raises Fault when another one is at it. A program that dies lets go."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Fault("Another voiceskill is installing or removing a model: wait until it is done, then try again") from error
        yield


def put_in_place(new: Path, place: Path, aside: Path) -> None:
    """Make the folder `new` be `place`. What was there is deleted.

    Where the file system can't exchange two folders, what was there lies `aside` for a moment, and `restore` brings it back.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    if not os.path.lexists(place):
        new.rename(place)
    elif not _exchange(new, place):
        aside.parent.mkdir(parents=True, exist_ok=True)
        place.rename(aside)
        try:
            new.rename(place)
        except OSError:
            aside.rename(place)
            raise
    sync(place.parent)
    discard(aside)
    discard(new)


def restore(aside: Path, place: Path) -> None:
    """Bring back what an interrupted `put_in_place` left aside, if nothing took its place; else delete it."""
    if not os.path.lexists(place):
        aside.rename(place)
        sync(place.parent)
    discard(aside)


def discard(path: Path) -> None:
    """Delete a file, a link or a folder, if it is there."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def sync(folder: Path) -> None:
    """Put the names in a folder through to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_all(folder: Path) -> None:
    """Put the names in a folder, and in those inside of it, through to the disk."""
    for inside, _, _ in os.walk(folder):
        sync(Path(inside))


def free_bytes(folder: Path) -> int:
    """Bytes free where a folder is."""
    return shutil.disk_usage(folder).free


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step. False where the system or its file system can't."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return False
    if renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), str(other))
