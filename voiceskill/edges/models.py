"""Checks of a Vosk model directory before the library may touch it.

The library trusts its files: a damaged one can end the whole process (a failed Kaldi assertion aborts, a bad graph faults). So the files
are looked at first, and a model that has not been seen before is tried in a child process, where it can do no harm.

Layout of a model: https://alphacephei.com/vosk/models (section "Model structure"); FST header: OpenFst `fst/fst.h`, class FstHeader.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import re
import signal
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from voiceskill.ports import HEARING_RATE, ModelMissing

TRIED_FILE = "vosk-models-tried.json"
"""In the cache directory: model path -> fingerprint of the files that loaded well."""

_TRIAL_SECONDS = 300
_REFUSED = 3
_FST_MAGIC = 2_125_659_606
_HAS_OUTPUT_SYMBOLS = 2
_IVECTOR_FILES = ("final.dubm", "final.ie", "final.mat", "global_cmvn.stats", "online_cmvn.conf", "splice.conf")
_BOUNDARY = re.compile(r"\d+ (nonword|begin|end|internal|singleton)")
_WORD = re.compile(r"\S+\s+\d+")
_OPTION = re.compile(r"--[\w.-]+=\S+")


class DamagedModel(ModelMissing):
    """The files of a model are not what they must be. `what` is wrong with them."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"The model {name} is damaged ({what}): install it again with `voiceskill models`, or remove it")
        self.what = what


def check_vosk_model(path: Path) -> None:
    """Look at the files of a model without loading it: presence, sizes, headers, text that can be read.

    Raises ModelMissing with one line that names the model and the file at fault.
    """
    if not path.is_dir():
        raise ModelMissing(
            f"The speech model {path.name} is not in {path.parent}: type `voiceskill models install {path.name}`, or put its folder there"
        )
    try:
        if not any(path.iterdir()):
            raise _damaged(path, "its folder is empty")
        _check_acoustic_model(path)
        _check_lines(path, "conf/mfcc.conf", _OPTION)
        _check_lines(path, "conf/model.conf", _OPTION)
        _check_lines(path, "graph/phones/word_boundary.int", _BOUNDARY)
        if not _check_graph(path):
            _check_lines(path, "graph/words.txt", _WORD)
        if (path / "ivector").is_dir():
            for name in _IVECTOR_FILES:
                _content(path, f"ivector/{name}", 1)
    except OSError as error:
        raise _damaged(path, f"{error.filename} cannot be read ({error.strerror})") from error


def try_vosk_model(path: Path, cache_dir: Path, place: Path | None = None) -> None:
    """Check the files, then load the model and let it hear a second of sound in a child process, unless it did well before.

    A good verdict is kept in `cache_dir` until a file of the model, or Vosk itself, changes; without a writable `cache_dir` the model is
    tried at each start. It is kept for `place`, if the folder will be moved there as it is. Raises ModelMissing when the child dies,
    refuses the model or never ends.
    """
    check_vosk_model(path)
    known_as = str((place or path).resolve())
    fingerprint = _fingerprint(path)
    tried = _load_tried(cache_dir)
    if tried.get(known_as) == fingerprint:
        return
    _trial(path)
    with suppress(OSError):
        cache_dir.mkdir(parents=True, exist_ok=True)
        beside = cache_dir / f".{TRIED_FILE}.{os.getpid()}"
        beside.write_text(json.dumps({**tried, known_as: fingerprint}, indent=1), encoding="utf-8")
        beside.replace(cache_dir / TRIED_FILE)


def _damaged(path: Path, what: str) -> DamagedModel:
    return DamagedModel(path.name, what)


def _content(path: Path, name: str, most: int) -> bytes:
    """Read the first bytes of a file of the model, at most `most`; at least one."""
    file = path / name
    if not file.is_file():
        raise _damaged(path, f"{name} is missing")
    with file.open("rb") as opened:
        content = opened.read(most)
    if not content:
        raise _damaged(path, f"{name} is empty")
    return content


def _check_lines(path: Path, name: str, form: re.Pattern[str]) -> None:
    """Text of one entry a line; all of it is decoded, and the first and last entries must have the form."""
    try:
        text = _content(path, name, -1).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _damaged(path, f"{name} is unreadable") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines or not all(form.match(line) for line in (lines[0], lines[-1])):
        raise _damaged(path, f"{name} is unreadable")


def _check_acoustic_model(path: Path) -> None:
    head = _content(path, "am/final.mdl", 64)
    if not head.removeprefix(b"\0B").startswith(b"<TransitionModel>"):
        raise _damaged(path, "am/final.mdl is no acoustic model")


def _check_graph(path: Path) -> bool:
    """Either graph/HCLG.fst or graph/HCLr.fst with Gr.fst. Tells whether the words are inside, so that words.txt is not needed."""
    if (path / "graph/HCLG.fst").exists():
        return _check_fst(path, "graph/HCLG.fst")
    if not (path / "graph/HCLr.fst").exists() and not (path / "graph/Gr.fst").exists():
        raise _damaged(path, "graph/HCLG.fst is missing")
    _check_fst(path, "graph/HCLr.fst")
    _content(path, "graph/disambig_tid.int", 1)
    return _check_fst(path, "graph/Gr.fst")


def _check_fst(path: Path, name: str) -> bool:
    """Read the header of an FST; tells whether it holds its output symbols."""
    head = _content(path, name, 256)
    try:
        (magic,) = struct.unpack_from("<i", head)
        at = 4
        types: list[bytes] = []
        for _ in range(2):
            (length,) = struct.unpack_from("<i", head, at)
            types.append(head[at + 4 : at + 4 + length])
            at += 4 + max(0, length)
        _, flags, _, _, states, arcs = struct.unpack_from("<iiQqqq", head, at)
    except struct.error as error:
        raise _damaged(path, f"{name} is cut short") from error
    if magic != _FST_MAGIC:
        raise _damaged(path, f"{name} is no FST")
    # On disk a state of a vector FST takes 12 bytes and an arc 16.
    if types[0] == b"vector" and (path / name).stat().st_size < at + 40 + 12 * max(0, states) + 16 * max(0, arcs):
        raise _damaged(path, f"{name} is cut short")
    return bool(flags & _HAS_OUTPUT_SYMBOLS)


def _fingerprint(path: Path) -> str:
    digest = hashlib.sha256(importlib.metadata.version("vosk").encode())
    for file in sorted(path.rglob("*")):
        state = file.stat()
        digest.update(f"{file.relative_to(path)}\0{state.st_size}\0{state.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def _load_tried(cache_dir: Path) -> dict[str, str]:
    try:
        kept = json.loads((cache_dir / TRIED_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(place): str(fingerprint) for place, fingerprint in kept.items()} if isinstance(kept, dict) else {}


def _trial(path: Path) -> None:
    command = [sys.executable, "-m", "voiceskill.edges.models", str(path.resolve())]
    try:
        child = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TRIAL_SECONDS, check=False)  # noqa: S603 - our own module
    except subprocess.TimeoutExpired as error:
        raise _damaged(path, "it never finishes loading") from error
    match child.returncode:
        case 0:
            return
        case code if code == -signal.SIGKILL:
            raise ModelMissing(
                f"The speech model {path.name} was killed while loading, most likely for want of memory: choose a smaller model"
            )
        case code if code == _REFUSED or code < 0:
            raise _damaged(path, "it does not load")
        case _:
            last = child.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            raise ModelMissing(f"The speech model {path.name} could not be tried ({last}): run scripts/setup again")


def _hear_something(path: str) -> int:
    """In the child: load the model and decode a second of noise, then of silence. Exit code 0, or _REFUSED."""
    import resource

    import numpy as np
    import vosk

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    vosk.SetLogLevel(-1)
    try:
        recogniser = vosk.KaldiRecognizer(vosk.Model(path), HEARING_RATE)
        recogniser.SetWords(True)  # noqa: FBT003 - Vosk's own signature
        noise = np.random.default_rng(0).normal(0, 3_000, HEARING_RATE).astype("<i2")
        for sound in (noise, np.zeros_like(noise)):
            recogniser.AcceptWaveform(sound.tobytes())
            json.loads(recogniser.PartialResult())
            json.loads(recogniser.FinalResult())
    except Exception:  # noqa: BLE001 - Vosk raises bare Exception
        return _REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(_hear_something(sys.argv[1]))
