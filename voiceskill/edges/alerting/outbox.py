"""Alerts that nobody has seen yet, on the disk: one small file each, so that another program can say that somebody has.

Laws of this module:
- A file is written beside and moved into its place: whatever ends the program, it is there whole, or as it was before.
- What is over leaves no file behind.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from voiceskill.ports import Fault, Notice, Unfinished

_log = logging.getLogger(__name__)

_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_LEVELS = ("emergency", "maternity", "today")
_LONGEST_NAME = 200


class FolderOutbox:
    """An Outbox in the folder `alerts` of `data`: `<id>.json` is an alert, `<id>.seen` beside it the name of somebody who has seen it."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "alerts"

    def keep(self, unfinished: Unfinished) -> None:
        """See ports.Outbox."""
        notice = unfinished.notice
        written = {
            "id": notice.id,
            "kind": notice.kind,
            "level": notice.level,
            "title": notice.title,
            "device": notice.device,
            "raised": notice.raised.isoformat(),
            "attempt": notice.attempt,
            "reached": unfinished.reached,
        }
        self._write(self._file(notice.id, "json"), json.dumps(written))

    def drop(self, alert: str) -> None:
        """See ports.Outbox."""
        with self._at_work():
            for ending in ("json", "seen"):
                self._file(alert, ending).unlink(missing_ok=True)

    def unfinished(self) -> tuple[Unfinished, ...]:
        """See ports.Outbox. What cannot be read is moved aside, once."""
        found = []
        with self._at_work():
            for path in self._folder.glob("*.json"):
                with suppress(FileNotFoundError):  # it was dropped meanwhile
                    one = _read(path)
                    if one is None:
                        path.replace(path.with_suffix(".damaged"))
                        _log.warning("an alert that was kept cannot be read, and was moved to %s", path.with_suffix(".damaged"))
                    else:
                        found.append(one)
        return tuple(sorted(found, key=lambda one: (one.notice.raised, one.notice.id)))

    def mark_seen(self, alert: str, by: str) -> None:
        """Note that somebody has seen an alert, for the device to find. Raises Fault where there is no such alert."""
        if not _ID.fullmatch(alert) or not self._file(alert, "json").exists():
            raise Fault(f'there is no alert "{alert}" that waits to be seen; see: voiceskill alert list')
        self._write(self._file(alert, "seen"), by[:_LONGEST_NAME])

    def _file(self, alert: str, ending: str) -> Path:
        return self._folder / f"{alert}.{ending}"

    def _write(self, path: Path, text: str) -> None:
        beside = path.with_name(f".{path.name}.{os.getpid()}.part")
        with self._at_work():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                beside.touch(mode=0o600)
                with beside.open("w", encoding="utf-8") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                beside.replace(path)
            finally:
                beside.unlink(missing_ok=True)
            handle = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Fault(f"Alerts cannot be kept in {self._folder} ({error.strerror}): make room, or let this user write there") from error


def _read(path: Path) -> Unfinished | None:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        notice = Notice(
            id=told["id"],
            kind=str(told["kind"]),
            level=_LEVELS[_LEVELS.index(told["level"])],  # type: ignore[arg-type]
            title=str(told["title"]),
            device=str(told["device"]),
            raised=datetime.fromisoformat(told["raised"]),
            attempt=int(told["attempt"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if notice.id != path.stem or not _ID.fullmatch(notice.id) or notice.raised.tzinfo is None:
        return None
    seen = path.with_suffix(".seen")
    try:
        by: str | None = seen.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        by = None
    return Unfinished(notice, reached=bool(told.get("reached")), seen_by=by)
