"""Unpacking a zip that nobody vouches for: whatever is in it, nothing is written outside of the folder, and no more than fits.

Refused are: names that lead elsewhere or mean different things on different systems, links and devices, two entries of one name,
encrypted entries, and more or larger files than any model has: the official ones have some twenty, and unpack to twice their size.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from voiceskill.edges.model_management.manifest import SAFE_NAME
from voiceskill.edges.model_management.watch import Watch
from voiceskill.ports import Fault

MOST_FILES = 1_000
MOST_BYTES = 6_000_000_000
"""The largest official English model unpacks to 2.7 GB."""

MOST_GROWTH = 20
ALWAYS_ALLOWED = 20_000_000
"""A zip may unpack to so many times its size, and always to this many bytes: small text packs well."""

_MOST_DEPTH = 10
_LONGEST_NAME = 150
_ENCRYPTED = 0x1
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class Content:
    """A file as it lies on the disk."""

    bytes: int
    sha256: str


class Archive:
    """A zip with one folder in it, looked through before anything is unpacked. Raises Fault when it must not be."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._opened() as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            self.unpacked = sum(entry.file_size for entry in entries)
            self._look_at_size(len(archive.infolist()))
            for entry in archive.infolist():
                self._look_at(entry)
            self.top = self._top_folder([entry.filename for entry in archive.infolist()])
            self._look_for_doubles([entry.filename for entry in entries])

    def unpack(self, folder: Path, watch: Watch) -> Mapping[str, Content]:
        """Unpack what is in the top folder into `folder`, which must be empty, down to the disk. Returns the files by their names in it.

        Raises Fault when the zip is damaged, OSError as the disk does.
        """
        found: dict[str, Content] = {}
        watch.stage(f"Unpacking {self.top}", self.unpacked)
        with self._opened() as archive:
            for entry in archive.infolist():
                name = entry.filename.partition("/")[2]
                if entry.is_dir() or not name:
                    (folder / name).mkdir(parents=True, exist_ok=True)
                    continue
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                found[name] = self._unpack_one(archive, entry, folder / name, watch)
        return found

    def _unpack_one(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, watch: Watch) -> Content:
        digest, size = hashlib.sha256(), 0
        with archive.open(entry) as source, path.open("xb") as target:
            while data := source.read(_CHUNK):
                size += len(data)
                digest.update(data)
                target.write(data)
                watch.advance(len(data))
            if size != entry.file_size:
                raise self._damaged(f"{entry.filename} is cut short")
            target.flush()
            os.fsync(target.fileno())
        return Content(size, digest.hexdigest())

    @contextmanager
    def _opened(self) -> Iterator[zipfile.ZipFile]:
        try:
            with zipfile.ZipFile(self._path) as archive:
                yield archive
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, struct.error) as error:
            raise self._damaged(_not_a_zip(self._path) or str(error)) from error

    def _damaged(self, what: str) -> Fault:
        return Fault(f"{self._path.name} is damaged ({what}): fetch or copy it again")

    def _refused(self, what: str) -> Fault:
        return Fault(f"{self._path.name} is no model: {what}. Nothing was installed")

    def _look_at_size(self, count: int) -> None:
        if count > MOST_FILES:
            raise self._refused(f"it holds {count} files")
        if self.unpacked > min(MOST_BYTES, max(ALWAYS_ALLOWED, MOST_GROWTH * self._path.stat().st_size)):
            raise self._refused(f"it would unpack to {self.unpacked / 1e9:.1f} GB")

    def _look_at(self, entry: zipfile.ZipInfo) -> None:
        name = entry.filename
        # zipfile cuts a name at a zero byte and turns the system's separator into a slash: what stands in the file counts.
        parts = entry.orig_filename.removesuffix("/").split("/")
        if any(part in ("", ".", "..") or len(part) > _LONGEST_NAME or _has_strange_letters(part) for part in parts):
            raise self._refused(f"it holds a file with the name {name!r}")
        if len(parts) > _MOST_DEPTH:
            raise self._refused(f"{name!r} lies too deep")
        kind = stat.S_IFDIR if entry.is_dir() else stat.S_IFREG
        if stat.S_IFMT(entry.external_attr >> 16) not in (0, kind):  # 0: whoever made the zip wrote down no kind
            raise self._refused(f"{name!r} is a link or a device")
        if entry.flag_bits & _ENCRYPTED:
            raise self._refused("it is locked with a password")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise self._refused(f"{name!r} is packed in an unusual way")

    def _top_folder(self, names: list[str]) -> str:
        tops = {name.partition("/")[0] for name in names}
        if len(tops) != 1 or not all("/" in name for name in names):
            raise self._refused("there must be one folder in it, and nothing else")
        (top,) = tops
        if not SAFE_NAME.fullmatch(top):
            raise self._refused(f"{top!r} is no name of a model")
        return top

    def _look_for_doubles(self, files: list[str]) -> None:
        """No two files with one name, and none with the name of a folder, on a file system that takes A for a too."""
        plain = [unicodedata.normalize("NFC", name).casefold() for name in files]
        folders = {name.rsplit("/", depth)[0] for name in plain for depth in range(1, name.count("/") + 1)}
        if len(set(plain)) < len(plain) or folders & set(plain):
            raise self._refused("it holds two files of one name")


def _has_strange_letters(part: str) -> bool:
    return any(letter in '\\:*?"<>|' or unicodedata.category(letter).startswith("C") for letter in part)


def _not_a_zip(path: Path) -> str:
    """What a file that is no zip seems to be."""
    with path.open("rb") as stream:
        head = stream.read(512).lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html", b"<?xml")):
        return "it is a web page, not a zip"
    return "" if head.startswith(b"pk\x03\x04") else "it is not a zip"
