"""Models, for whoever has no terminal: what there is, and installing one while the device goes on."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from voiceskill.app import Home, shipped
from voiceskill.edges.model_management.download import Downloader
from voiceskill.edges.model_management.library import Library
from voiceskill.edges.model_management.manifest import INSTALLABLE, Kind, Manifest, Model, load_manifest
from voiceskill.edges.model_management.watch import Watch, readable
from voiceskill.edges.models import try_vosk_model
from voiceskill.edges.synthesisers.piper import try_voice
from voiceskill.ports import Fault


def known_models(file: Path | None = None) -> Manifest:
    """The list of models in `file`, or the one that comes with the program. Raises Fault."""
    return load_manifest(file or shipped("models") / "manifest.toml")


def open_library(home: Home, known: Manifest, watch: Watch) -> Library:
    """The owner's models, each tried with its engine before it takes its place."""

    def try_vosk(path: Path, place: Path) -> None:
        try_vosk_model(path, home.cache, place)

    def try_piper(path: Path, _place: Path) -> None:
        try_voice(path)

    return Library(home.models, known, {Kind.VOSK: try_vosk, Kind.PIPER: try_piper}, watch, Downloader(watch))


class ModelDesk:
    """Lists models, and installs one at a time in a thread of its own. A `Watch` of that work."""

    def __init__(self, home: Home, known: Manifest) -> None:
        self._home = home
        self._known = known
        self._lock = threading.Lock()
        self._busy = False
        self._words = ""
        self._done = 0
        self._total: int | None = None

    def models(self) -> list[Mapping[str, Any]]:
        """Those that are listed, each with its `name`, what it is `about`, its `size`, its `state`, and whether it can be installed."""
        library = open_library(self._home, self._known, self)
        return [_shown(model, library) for model in self._known.models]

    def install(self, name: str) -> bool:
        """Begin to install a listed model. False where there is none of that name, or another is being installed."""
        model = self._known.find(name)
        if model is None or model.kind not in INSTALLABLE:
            return False
        with self._lock:
            if self._busy:
                return False
            self._busy = True
        self.stage(f"Installing {name}", None)
        threading.Thread(target=self._install, args=(model,), name="install", daemon=True).start()
        return True

    @property
    def progress(self) -> Mapping[str, Any] | None:
        """How far it is: `words`, the bytes `done` of `total`, if known, and whether it is still `busy`. None before the first."""
        words = self._words
        return {"words": words, "done": self._done, "total": self._total, "busy": self._busy} if words else None

    def stage(self, what: str, total: int | None, done: int = 0) -> None:
        """See Watch."""
        self._words, self._total, self._done = what, total, done

    def advance(self, count: int) -> None:
        """See Watch."""
        self._done += count

    def say(self, line: str) -> None:
        """See Watch."""
        self._words = line

    def _install(self, model: Model) -> None:
        try:
            open_library(self._home, self._known, self).install(model)
        except Fault as fault:
            self.stage(str(fault), None)
        else:
            self.stage(f"{model.name} is installed, and used from the next start on, if the settings leave the choice.", None)
        finally:
            self._busy = False


def _shown(model: Model, library: Library) -> Mapping[str, Any]:
    installable = model.kind in INSTALLABLE
    there = installable and library.find(model.name) is not None
    state = "installed" if there else "not installed" if installable else "comes with the program"
    size = readable(model.bytes) if model.bytes else ""
    return {"name": model.name, "about": model.about, "size": size, "state": state, "can_install": installable and not there}
