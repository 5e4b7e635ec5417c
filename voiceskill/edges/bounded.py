"""A text file that only grows, kept to its last part: nobody empties it on a device that runs for months."""

from __future__ import annotations

from pathlib import Path

MOST_BYTES = 8 * 2**20
"""About a month of the event stream, if it is spoken with every quarter of an hour."""


class BoundedFile:
    """Lines go into `path`. When that has `most_bytes` it becomes `path`.1, in place of the one before, and is begun anew.

    What is no plain file, such as a pipe, is never begun anew. Raises OSError where it cannot be opened or written.
    """

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._file = path.open("wb", buffering=0)

    def write(self, line: str) -> int:
        """Add a line, which is with the system when this returns."""
        written = self._file.write(line.encode())
        if self._path.is_file() and self._file.tell() >= self._most_bytes:
            self._file.close()
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))
            self._file = self._path.open("wb", buffering=0)
        return written

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """End it."""
        self._file.close()
