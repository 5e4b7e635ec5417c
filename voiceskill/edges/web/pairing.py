"""Pairing: a code that somebody at the device reads out or reads off connects one browser, which gets a token of its own.

Laws of this module:
- Tokens are kept as hashes. Whoever reads the file cannot come in with what stands there.
- A code serves once, for ten minutes, and is void after too many wrong ones.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from voiceskill.ports import Fault

CODE_FIGURES = 8
CODE_SECONDS = 600.0
_WRONG_AT_MOST = 20
_PAIRED_AT_MOST = 32
_FILE = "screen.json"
_CODE_FILE = "screen-code.json"


@dataclass(frozen=True, slots=True)
class Paired:
    """A browser that may come in: its `id` for people, the hash of its token, what it is called, and since when (ISO 8601)."""

    id: str
    hash: str
    name: str
    since: str


@dataclass(frozen=True, slots=True)
class Code:
    """A code that connects one browser until `until`, in seconds since 1970; `wrong` ones were tried instead."""

    figures: str
    until: float
    wrong: int = 0


def _now() -> datetime:
    return datetime.now(UTC)


class Pairing:
    """Who may come in, kept in `folder` in files that only their owner may read. Safe to use from several threads.

    The code stands in a file of its own, so that a command may make one while the screen is served. Raises Fault where `folder` cannot be
    written.
    """

    def __init__(self, folder: Path, now: Callable[[], datetime] = _now) -> None:
        self._file = folder / _FILE
        self._code_file = folder / _CODE_FILE
        self._now = now
        self._lock = threading.Lock()
        kept = _read(self._file)
        self._secret, self._paired = secrets.token_bytes(32), dict[str, Paired]()
        with suppress(KeyError, TypeError, ValueError, AttributeError):  # damaged: everybody pairs anew
            paired = {one["id"]: Paired(**one) for one in kept["paired"]}
            self._secret, self._paired = bytes.fromhex(kept["secret"]), paired

    @property
    def paired(self) -> tuple[Paired, ...]:
        """Those who may come in, the latest last."""
        with self._lock:
            return tuple(self._paired.values())

    def sign(self, visit: str) -> str:
        """The token against forged forms of a visit; the same after a restart, so that a page left open goes on working."""
        return hmac.new(self._secret, visit.encode(), hashlib.sha256).hexdigest()

    def keep_secret(self) -> None:
        """Keep what tokens are signed with. Raises Fault."""
        with self._lock:
            self._write()

    def new_code(self) -> str:
        """Make a code, in the place of any other. Raises Fault."""
        code = Code("".join(secrets.choice("0123456789") for _ in range(CODE_FIGURES)), self._now().timestamp() + CODE_SECONDS)
        _write(self._code_file, asdict(code))
        return code.figures

    def pair(self, figures: str, name: str) -> str | None:
        """The token for a browser that gave the right code; None where it is wrong or over."""
        with self._lock:
            code = self._code()
            if code is None:
                return None
            if not hmac.compare_digest(code.figures.encode(), figures.encode()):
                self._count_wrong(code)
                return None
            self._code_file.unlink(missing_ok=True)
            token = secrets.token_urlsafe(32)
            one = Paired(secrets.token_hex(8), _hash(token), name, self._now().isoformat(timespec="seconds"))
            while len(self._paired) >= _PAIRED_AT_MOST:
                del self._paired[next(iter(self._paired))]
            self._paired[one.id] = one
            self._write()
            return token

    def knows(self, token: str) -> bool:
        """Whether this is the token of a browser that may come in."""
        hashed = _hash(token)
        with self._lock:
            return hashed in {one.hash for one in self._paired.values()}  # how long that takes tells of the hash, not of the token

    def revoke(self, paired: str) -> None:
        """Let a browser in no more; one that is not known is no error. Raises Fault."""
        with self._lock:
            if self._paired.pop(paired, None):
                self._write()

    def _code(self) -> Code | None:
        with suppress(TypeError):
            code = Code(**_read(self._code_file))
            if self._now().timestamp() < code.until:
                return code
        return None

    def _count_wrong(self, code: Code) -> None:
        if code.wrong + 1 >= _WRONG_AT_MOST:
            self._code_file.unlink(missing_ok=True)
        else:
            _write(self._code_file, asdict(replace(code, wrong=code.wrong + 1)))

    def _write(self) -> None:
        _write(self._file, {"secret": self._secret.hex(), "paired": [asdict(one) for one in self._paired.values()]})


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _read(file: Path) -> dict[str, Any]:
    """What a file of ours holds; nothing where it is missing or damaged."""
    with suppress(OSError, ValueError):
        kept = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(kept, dict):
            return kept
    return {}


def _write(file: Path, content: dict[str, Any]) -> None:
    part = file.with_name(f".{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
            json.dump(content, stream)
        part.replace(file)
    except OSError as error:
        raise Fault(f"{file} cannot be written ({error.strerror}): see who owns the folder, or give another with --data-dir") from error
