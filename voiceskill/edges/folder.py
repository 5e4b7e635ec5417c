"""A folder of files that are written together, and together written anew."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from voiceskill.ports import BadInput, Fault

LIST = "voiceskill-export.txt"
"""The file that tells which of the folder's files are ours; without it a folder is somebody else's."""


def write_folder(folder: Path, kind: str, files: Mapping[str, str], *, force: bool = False) -> None:
    """Write `files`, text by path, into `folder`, each whole or not at all; those of the last time that are no more are deleted.

    A folder that holds anything is refused unless it was written here as the same `kind`, or `force`: then its other files stay, and those
    of the same names are replaced. Raises BadInput for a folder that is refused, and Fault where it cannot be written.
    """
    try:
        ours = _ours(folder, kind)
        if ours is None and not force:
            raise BadInput(f"{folder} holds files that are not from this export: choose an empty folder, or write among them with --force")
        listed = "".join(f"{line}\n" for line in [_first_line(kind), *sorted(files)])
        _write({**files, LIST: listed}, folder)
        for name in sorted((ours or set()) - files.keys()):
            (folder / name).unlink(missing_ok=True)
            _remove_empty((folder / name).parent, folder)
    except OSError as error:
        raise Fault(f"{folder} cannot be written ({error.strerror}): choose another place") from error


def _first_line(kind: str) -> str:
    return f"# What `voiceskill export {kind}` wrote here."


def _ours(folder: Path, kind: str) -> set[str] | None:
    """Paths of the files that we wrote; None for somebody else's folder."""
    if not folder.exists() or not any(folder.iterdir()):
        return set()
    try:
        first, *names = (folder / LIST).read_text(encoding="utf-8").splitlines() or [""]
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return {name for name in names if _inside(name)} if first == _first_line(kind) else None


def _inside(name: str) -> bool:
    """Whether the path leads nowhere but into the folder, whoever wrote the list."""
    return bool(name) and not Path(name).is_absolute() and ".." not in Path(name).parts


def _write(files: Mapping[str, str], folder: Path) -> None:
    """Everything is on the disk before the first file is replaced: one that is full leaves all as it was."""
    beside = {}
    try:
        for name, text in files.items():
            path = (folder / name).resolve()
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f".{path.name}.{os.getpid()}.part")
            beside[part] = path
            part.write_text(text, encoding="utf-8", newline="\n")
        for part, path in beside.items():
            part.replace(path)
    finally:
        for part in beside:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def _remove_empty(inner: Path, folder: Path) -> None:
    while inner != folder:
        with suppress(OSError):
            inner.rmdir()
        inner = inner.parent
