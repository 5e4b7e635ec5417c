"""The models that the owner installed, in one folder.

- `NAME/`: a Vosk model. `piper/NAME/`: a voice; a voice put there by hand may also lie in `piper/` as it is.
- `NAME/voiceskill.json`: where it came from, and the digest of each file.
- `.downloads/NAME/`: what was fetched so far. It stays until the model is installed, or removed.
- `.staging/`: where a model is made ready. It moves to its place as one, when it has been tried; whatever ends the program before that,
  what was there is there. What is left in it is deleted the next time.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from voiceskill.edges.model_management.download import Downloader
from voiceskill.edges.model_management.folders import alone, discard, free_bytes, put_in_place, restore, sync, sync_all
from voiceskill.edges.model_management.manifest import INSTALLABLE, SAFE_NAME, Kind, Manifest, Model, RemoteFile
from voiceskill.edges.model_management.record import FILE_NAME, Record, Source, digest_of, read_record
from voiceskill.edges.model_management.unpack import Archive, Content
from voiceskill.edges.model_management.watch import Watch, readable
from voiceskill.edges.models import DamagedModel
from voiceskill.ports import Fault, ModelMissing

VOICES = "piper"
"""The folder of voices, among the folders of Vosk models."""

_DOWNLOADS, _STAGING = ".downloads", ".staging"
_GROWS_TO = 2
"""A Vosk model takes about twice the size of its zip; until it is unpacked, that is all we know."""

_LEAVE_FREE = 20_000_000
_FULL = {errno.ENOSPC, errno.EDQUOT}
_BARRED = {errno.EACCES, errno.EPERM, errno.EROFS}

Try = Callable[[Path, Path], None]
"""Try a Vosk model's folder, or a voice's .onnx; the second path is where that lies in the end. Raises ModelMissing if it can't be used."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A model in its place. Without a record, somebody put it there by hand."""

    name: str
    kind: Kind
    path: Path
    """Its folder; the .onnx of a voice that has no folder."""
    record: Record | None = None


class Library:
    """The models in `folder`, those that `manifest` lists and others. `tries` has a way to try each kind; `free` tells the free bytes.

    What changes the folder raises Fault with what to do: for a full or read-only disk, a network that fails, a file that is no model.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        tries: Mapping[Kind, Try],
        watch: Watch,
        downloader: Downloader,
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        self._folder = folder
        self._manifest = manifest
        self._tries = tries
        self._watch = watch
        self._downloader = downloader
        self._free = free

    # What is there.

    def installed(self) -> tuple[Installed, ...]:
        """All that is installed, by name; recognisers before voices. Empty where the folder is missing or may not be read."""
        voices = self._folder / VOICES
        found = [Installed(path.name, Kind.VOSK, path, read_record(path)) for path in _folders(self._folder) if path != voices]
        folders = [path for path in _folders(voices) if (path / f"{path.name}.onnx").exists() or read_record(path)]
        found += [Installed(path.name, Kind.PIPER, path, read_record(path)) for path in folders]
        try:
            alone_there = sorted(path for path in voices.glob("*.onnx") if path.stem not in {one.name for one in found})
        except OSError:
            alone_there = []
        return (*found, *(Installed(path.stem, Kind.PIPER, path) for path in alone_there))

    def find(self, name: str) -> Installed | None:
        """The installed model of this name."""
        return next((one for one in self.installed() if one.name == name), None)

    def fetched(self, name: str) -> int:
        """Bytes of a model that were fetched, and not installed so far."""
        try:
            return sum(path.stat().st_size for path in (self._folder / _DOWNLOADS / name).iterdir() if path.suffix != ".json")
        except OSError:
            return 0

    def check(self, one: Installed) -> None:
        """Compare every file with what was installed, then try the model. Raises ModelMissing, naming what is at fault."""
        if one.record is not None:
            self._watch.stage(f"Checking {one.name}", one.record.bytes)
            if damage := one.record.damage(one.path, self._watch.advance):
                raise DamagedModel(one.name, damage)
        else:
            self._watch.stage(f"Checking {one.name}", None)
        self._try(one.kind, one.path, one.path)

    # Changing it.

    def install(self, model: Model) -> bool:
        """Fetch a listed model, and put it in its place. False when it was there, and whole."""
        with self._at_work():
            if self._is_there(model):
                return False
            self._need_room(self._to_fetch(model), f"Installing {model.name}")
            fetched = {file.name: self._fetch(model, file) for file in model.files}
            downloads = self._folder / _DOWNLOADS / model.name
            try:
                self._put(model.name, model.kind, {downloads / name: source for name, source in fetched.items()})
            except Fault:
                if not model.verified:  # it may be what came that is at fault, and nothing else would tell
                    discard(downloads)
                raise
            discard(downloads)
            return True

    def install_from(self, path: Path, name: str | None = None) -> str:
        """Install a model from a file: a Vosk zip, or a voice's .onnx with its .onnx.json beside it. Returns its name.

        Where the name is that of a listed model whose digest is known, the file must have that digest. `name`, if given, must be its name.
        """
        paths = [path, path.with_name(f"{path.name}.json")] if path.suffix == ".onnx" else [path]
        if path.suffix not in (".zip", ".onnx"):
            raise Fault(f"{path} is neither a .zip with a Vosk model nor the .onnx of a Piper voice")
        with self._at_work():
            self._need_room(sum(map(_size, paths)) * (_GROWS_TO + 1 if path.suffix == ".zip" else 1), f"Installing {path.name}")
            copies = self._staging("copies")
            sources: dict[Path, Source] = {}
            for one in paths:
                self._watch.stage(f"Reading {one.name}", _size(one))
                digest = _copy(one, copies / one.name, self._watch)
                sources[copies / one.name] = Source(came_from=one.name, sha256=digest, verified=False)
            found = Archive(copies / path.name).top if path.suffix == ".zip" else path.stem
            if name is not None and name != found:
                raise Fault(f"{path} holds {found}, not {name}: give another file, or leave the name out")
            kind = Kind.VOSK if path.suffix == ".zip" else Kind.PIPER
            self._put(found, kind, self._compared(found, kind, sources))
            return found

    def remove(self, one: Installed) -> None:
        """Delete an installed model, and what was fetched of it. It is gone as one."""
        with self._at_work():
            gone = self._staging("gone")
            for path in (one.path.with_name(f"{one.path.name}.json"), one.path):  # without its .json, a voice is none
                if os.path.lexists(path):
                    path.rename(gone / path.name)
            sync(one.path.parent)
            discard(gone)
            discard(self._folder / _DOWNLOADS / one.name)

    def forget_fetched(self, name: str) -> None:
        """Delete what was fetched of a model."""
        with self._at_work():
            discard(self._folder / _DOWNLOADS / name)

    # How.

    def _is_there(self, model: Model) -> bool:
        one = self.find(model.name)
        if one is None or one.record is None:
            return False
        have = {name: source.sha256 for name, source in one.record.sources.items()}
        if any(file.name not in have or (file.sha256 and have[file.name] != file.sha256) for file in model.files):
            return False
        try:
            self.check(one)
        except ModelMissing as fault:
            self._watch.say(f"{fault}. Installing it anew")
            return False
        return True

    def _to_fetch(self, model: Model) -> int:
        """Bytes that installing it takes beside what was fetched."""
        return max(0, model.bytes - self.fetched(model.name)) + (_GROWS_TO * model.bytes if model.kind is Kind.VOSK else 0)

    def _fetch(self, model: Model, file: RemoteFile) -> Source:
        path = self._folder / _DOWNLOADS / model.name / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = ""
        if path.is_file():
            self._watch.stage(f"Checking {file.name}", path.stat().st_size)
            digest = digest_of(path, self._watch.advance)
            if file.sha256 not in (None, digest):
                path.unlink()
        if not path.is_file():
            digest = self._downloader.fetch(file, path)
        if file.sha256 is None:
            self._watch.say(f"{file.name} is not verified: nobody has told its digest. The SHA-256 of what came is {digest}")
        return Source(came_from=file.url, sha256=digest, verified=file.sha256 is not None)

    def _compared(self, name: str, kind: Kind, sources: Mapping[Path, Source]) -> Mapping[Path, Source]:
        """What came from files, compared with the list. Raises Fault for a file that is not the one it is called after."""
        listed = self._manifest.find(name)
        if listed is not None and listed.kind is not kind:
            raise Fault(f"{name} is the name of a model that comes with this program: give the other one another name")
        known = [file.sha256 for file in listed.files] if listed else [None] * len(sources)
        for (path, source), digest in zip(sources.items(), known, strict=True):
            if digest is None:
                self._watch.say(f"{path.name} is not verified: nobody has told its digest. Its SHA-256 is {source.sha256}")
            elif digest != source.sha256:
                raise Fault(
                    f"{path.name} is not the {name} that it is called after: its SHA-256 is {source.sha256}, not {digest}. "
                    "Fetch or copy it again; a model of your own needs a name of its own"
                )
        verified = zip(sources.items(), known, strict=True)
        return {path: source.model_copy(update={"verified": digest is not None}) for (path, source), digest in verified}

    def _put(self, name: str, kind: Kind, sources: Mapping[Path, Source]) -> None:
        """Make the model ready beside its place, try it there, and put it in its place."""
        if not SAFE_NAME.fullmatch(name) or name.casefold() == VOICES:
            raise Fault(f"{name!r} is no name for a model: call the file, or the folder in the zip, otherwise")
        ready, place = self._staging("new", kind) / name, self._place(kind, name)
        ready.mkdir()
        files = self._unpack(name, next(iter(sources)), ready) if kind is Kind.VOSK else self._gather(sources, ready)
        Record(name=name, kind=kind, sources={path.name: source for path, source in sources.items()}, files=files).write(ready)
        self._watch.stage(f"Trying {name}", None)
        try:
            self._try(kind, ready, place)
        except DamagedModel as fault:
            raise Fault(f"{name} was not installed, for what came is damaged ({fault.what}): fetch or copy it again") from fault
        except ModelMissing as fault:
            raise Fault(f"{name} was not installed: {fault}") from fault
        sync_all(ready)
        put_in_place(ready, place, self._aside(kind, name))
        if kind is Kind.PIPER:  # the same voice without a folder
            discard(place.with_name(f"{name}.onnx.json"))
            discard(place.with_name(f"{name}.onnx"))

    def _try(self, kind: Kind, path: Path, place: Path) -> None:
        if kind is Kind.PIPER and path.is_dir():
            path, place = path / f"{path.name}.onnx", place / f"{place.name}.onnx"
        self._tries[kind](path, place)

    def _unpack(self, name: str, path: Path, ready: Path) -> Mapping[str, Content]:
        archive = Archive(path)
        if archive.top != name:
            raise Fault(f"{path.name} holds {archive.top}, not {name}: it is another file. Nothing was installed")
        self._need_room(archive.unpacked, f"Unpacking {path.name}")
        files = archive.unpack(ready, self._watch)
        return {path: content for path, content in files.items() if path != FILE_NAME}

    def _gather(self, sources: Mapping[Path, Source], ready: Path) -> Mapping[str, Content]:
        """Move files that were fetched or copied to where they are made ready."""
        return {path.name: Content(path.rename(ready / path.name).stat().st_size, source.sha256) for path, source in sources.items()}

    def _place(self, kind: Kind, name: str) -> Path:
        return self._folder / name if kind is Kind.VOSK else self._folder / VOICES / name

    def _aside(self, kind: Kind, name: str) -> Path:
        return self._folder / _STAGING / "old" / kind / name

    def _staging(self, *parts: str) -> Path:
        """An empty folder on the same file system."""
        folder = self._folder.joinpath(_STAGING, *parts)
        discard(folder)
        folder.mkdir(parents=True)
        return folder

    def _need_room(self, count: int, what: str) -> None:
        free = self._free(self._folder)
        if free < count + _LEAVE_FREE:
            raise Fault(
                f"{what} needs {readable(count + _LEAVE_FREE)} in {self._folder}, and {readable(free)} are free: "
                "delete what you don't need there, or give another folder with --data-dir"
            )

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """Be the only one at work, on a folder without leftovers. Raises Fault for all that the disk refuses."""
        try:
            with alone(self._folder):
                for kind in INSTALLABLE:
                    for aside in _folders(self._folder / _STAGING / "old" / kind):
                        restore(aside, self._place(kind, aside.name))
                discard(self._folder / _STAGING)
                try:
                    yield
                finally:
                    with suppress(OSError):
                        discard(self._folder / _STAGING)
        except OSError as error:
            raise self._refusal(error) from error

    def _refusal(self, error: OSError) -> Fault:
        told = error.strerror or str(error)
        if error.errno in _FULL:
            return Fault(f"The disk with {self._folder} is full: delete what you don't need there, then type the same command again")
        if error.errno in _BARRED:
            return Fault(f"{self._folder} cannot be written ({told}): see who owns it, or give another folder with --data-dir")
        return Fault(f"{error.filename or self._folder}: {told}. Put that right, then type the same command again")


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError:
        return []


def _size(path: Path) -> int:
    """The size of a file that we were given. Raises Fault."""
    if path.is_dir():
        raise Fault(f"{path} is a folder: give the file itself")
    try:
        return path.stat().st_size
    except OSError as error:
        raise Fault(f"{path} cannot be read ({error.strerror}): is the stick in?") from error


def _copy(path: Path, copy: Path, watch: Watch) -> str:
    """Copy a file that we were given. Returns its SHA-256. Raises Fault where it can't be read, OSError where it can't be written."""

    def more() -> bytes:
        try:
            return source.read(2**20)
        except OSError as error:
            raise Fault(f"{path} cannot be read ({error.strerror}): put the stick in again, or copy the file anew") from error

    try:
        source = path.open("rb")
    except OSError as error:
        raise Fault(f"{path} cannot be read ({error.strerror}): is the stick in?") from error
    with source, copy.open("xb") as target:
        while data := more():
            target.write(data)
            watch.advance(len(data))
        target.flush()
        os.fsync(target.fileno())
    return digest_of(copy, lambda _: None)
