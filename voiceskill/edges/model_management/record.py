"""What was installed, written beside it: where it came from, and the digest of each file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from voiceskill.edges.model_management.manifest import Kind
from voiceskill.edges.model_management.unpack import Content

FILE_NAME = "voiceskill.json"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Source(_Strict):
    """A file that it came as."""

    came_from: str
    """An address, or the name of a file."""
    sha256: str
    verified: bool
    """Whether the digest was known beforehand."""


class Record(_Strict):
    """What was installed."""

    version: Literal[1] = 1
    name: str
    kind: Kind = Field(strict=False)
    sources: Mapping[str, Source]
    files: Mapping[str, Content]

    def write(self, folder: Path) -> None:
        """Write it into the model's folder, through to the disk."""
        with (folder / FILE_NAME).open("w", encoding="utf-8") as stream:
            stream.write(self.model_dump_json(indent=1))
            stream.flush()
            os.fsync(stream.fileno())

    @property
    def bytes(self) -> int:
        """How much it takes on the disk."""
        return sum(file.bytes for file in self.files.values())

    def damage(self, folder: Path, advance: Callable[[int], None]) -> str | None:
        """What is not as it was installed, if anything: the first file that is missing, unreadable or changed."""
        for name, content in self.files.items():
            try:
                digest = digest_of(folder / name, advance)
            except FileNotFoundError:
                return f"{name} is missing"
            except OSError as error:
                return f"{name} cannot be read: {error.strerror}"
            if digest != content.sha256:
                return f"{name} has changed"
        return None


def read_record(folder: Path) -> Record | None:
    """What was written down when it was installed; None for a folder that somebody put there by hand."""
    try:
        return Record.model_validate_json((folder / FILE_NAME).read_text(encoding="utf-8"))
    except (OSError, ValidationError, UnicodeDecodeError):
        return None


def digest_of(path: Path, advance: Callable[[int], None]) -> str:
    """The SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while data := stream.read(2**20):
            digest.update(data)
            advance(len(data))
    return digest.hexdigest()
