"""A file that is being fetched: what has come so far, and what it is a part of. It outlives the program."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Self

_SYNC_EVERY = 4 * 2**20
"""Bytes between two times when what came is put through to the disk. After a power cut only what came before the last of them counts."""


class PartialFile:
    """The bytes so far, in `NAME.part`, and in `NAME.part.json` what they are of. Every method raises OSError as the disk does.

    `validator` is what the server calls this edition of the file (an entity tag or a date); `total` the size it announced.
    """

    def __init__(self, path: Path, url: str) -> None:
        self.path = path.with_name(f"{path.name}.part")
        self._about = path.with_name(f"{path.name}.part.json")
        self._url = url
        self._stream = self.path.open("ab", buffering=0)
        self.size = 0
        self.validator = ""
        self.total: int | None = None
        self._safe = 0
        try:
            self._recall()
        except BaseException:
            self._stream.close()
            raise

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Keep what came, as far as the disk lets us."""
        try:
            with suppress(OSError):
                self.keep()
        finally:
            self._stream.close()

    def restart(self, validator: str = "", total: int | None = None) -> None:
        """Forget what came: it is no part of what comes now."""
        self._about.unlink(missing_ok=True)
        self._stream.truncate(0)
        self.size, self._safe = 0, 0
        self.validator, self.total = validator, total

    def write(self, data: bytes) -> None:
        """Add what came."""
        view = memoryview(data)
        while view:  # an unbuffered file may take a part only
            taken = self._stream.write(view)
            self.size += taken
            view = view[taken:]
        if self.size - self._safe >= _SYNC_EVERY:
            self.keep()

    def keep(self) -> None:
        """Put what came through to the disk."""
        if self.size == self._safe:
            return
        os.fsync(self._stream.fileno())
        self._safe = self.size
        about = {"url": self._url, "validator": self.validator, "total": self.total, "safe": self._safe}
        beside = self._about.with_name(f"{self._about.name}.new")
        beside.write_text(json.dumps(about), encoding="utf-8")
        beside.replace(self._about)

    def become(self, path: Path) -> None:
        """It is whole: give it its name."""
        os.fsync(self._stream.fileno())
        self.path.replace(path)
        self._safe = self.size  # nothing is left to be kept
        self._about.unlink(missing_ok=True)

    def _recall(self) -> None:
        try:
            about = json.loads(self._about.read_text(encoding="utf-8"))
            url, validator, total, safe = about["url"], about["validator"], about["total"], about["safe"]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            self._stream.truncate(0)
            return
        known = url == self._url and isinstance(validator, str) and isinstance(total, int | None) and isinstance(safe, int)
        if not known or not 0 < safe <= self.path.stat().st_size:
            self._stream.truncate(0)
            return
        self._stream.truncate(safe)
        self.size = self._safe = safe
        self.validator, self.total = validator, total
