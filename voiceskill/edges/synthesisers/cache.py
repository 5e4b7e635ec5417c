"""Rendered sentences kept as files, so that what is often said, and what must be said whatever fails, sounds at once.

Only sentences given to `render_ahead` are ever kept, at each pace they are said at: the skill's own fixed ones. What is made up on the
spot may repeat what a person said or how their pain is, and is rendered each time and forgotten.

A file is a WAV followed by the SHA-256 of it, named by the SHA-256 of everything the sound depends on. A file that does not agree with
its sum is as good as absent. No fault of the disk reaches the caller: the worst it costs is a render.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from voiceskill.edges.synthesisers.fingerprint import fingerprint_of
from voiceskill.edges.synthesisers.pace import bounded
from voiceskill.edges.synthesisers.sound import clip_from_wav, wav_from_clip
from voiceskill.ports import Clip, Synthesiser, VoiceInfo

_log = logging.getLogger(__name__)

DEFAULT_LIMIT_BYTES = 200_000_000
"""About 100 minutes of flite's speech: room for every fixed reply of the skill."""
_FORMAT = "2"
"""Part of every key; raised when the same text and settings come to sound different."""
_SUM_BYTES = 32

_RECENTLY_SECONDS = 7 * 86_400
"""Which clips are used is noted on the disk once a week: each note costs an SD card some kilobytes."""


class Cached:
    """A Synthesiser that remembers, in `folder`, at most `limit_bytes` of what `synthesiser` said. Safe to use from several threads."""

    def __init__(self, synthesiser: Synthesiser, folder: Path, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self._synthesiser = synthesiser
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._own: set[str] = set()
        self._held: dict[str, Clip] = {}
        self._ended = threading.Event()
        self._used = self._tidy()

    @property
    def name(self) -> str:
        """Engine and voice."""
        return self._synthesiser.name

    def render(self, text: str, pace: float = 1.0) -> Clip:
        """Take the sentence from memory or disk, else render it. Raises Fault as the synthesiser does."""
        kept = self.kept(text, pace)
        if kept is not None:
            return kept
        clip = self._synthesiser.render(text, pace)
        if text in self._own:
            self._write(self._key(text, pace), clip, make_room=True)
        return clip

    def kept(self, text: str, pace: float = 1.0) -> Clip | None:
        """The sentence from memory or disk, if it is there."""
        key = self._key(text, pace)
        return self._held.get(key) or self._read(key)

    def render_ahead(
        self, texts: Iterable[str], *, hold: bool = False, share: float = 1.0, stopped: Callable[[], bool] = lambda: False
    ) -> int:
        """Render what is not yet kept, until done, `stopped()`, closed, or the folder is full. Returns how many were rendered.

        All at the usual pace. With `hold` the clips also stay in memory, safe from a dead engine and a dead disk alike, and are all
        rendered. With a `share` below 1 it rests after each, so that rendering takes no more than that of the time. Raises Fault at the
        first sentence that fails, with those before it kept.
        """
        wanted = {self._key(text): text for text in texts}
        with self._lock:
            self._own.update(wanted.values())
        rendered = 0
        for key, text in wanted.items():
            if stopped() or self._ended.is_set():
                break
            clip = self._held.get(key) or self._read(key)
            if clip is None:
                began = time.monotonic()
                clip = self._synthesiser.render(text)
                rendered += 1
                self._ended.wait((time.monotonic() - began) * (1 / share - 1))
                if not self._write(key, clip, make_room=hold) and not hold:
                    break
            if hold:
                self._held[key] = clip
        return rendered

    def voices(self) -> tuple[VoiceInfo, ...]:
        """List the voices of the engine."""
        return self._synthesiser.voices()

    def close(self) -> None:
        """Stop rendering ahead and end the engine."""
        self._ended.set()
        self._synthesiser.close()

    def _key(self, text: str, pace: float = 1.0) -> str:
        parts = "\0".join((_FORMAT, fingerprint_of(self._synthesiser), f"{bounded(pace):.3f}", text))
        return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.wav"

    def _read(self, key: str) -> Clip | None:
        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        sound, total = data[:-_SUM_BYTES], data[-_SUM_BYTES:]
        if hashlib.sha256(sound).digest() != total:
            _log.info("a rendered sentence on disk is damaged and is rendered again")
            self._remove(path, len(data))
            return None
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _RECENTLY_SECONDS:
                os.utime(path)
        return clip_from_wav(sound)

    def _write(self, key: str, clip: Clip, *, make_room: bool) -> bool:
        """Keep the clip. Returns whether it is kept."""
        sound = wav_from_clip(clip)
        data = sound + hashlib.sha256(sound).digest()
        with self._lock:
            if len(data) > self._limit_bytes:
                return False
            if self._used + len(data) > self._limit_bytes:
                if not make_room:
                    return False
                self._make_room(len(data))
            return self._put(self._path(key), data)

    def _put(self, path: Path, data: bytes) -> bool:
        part = path.with_name(f"{path.stem}.{secrets.token_hex(4)}.part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            part.write_bytes(data)
            before = path.stat().st_size if path.exists() else 0
            part.replace(path)
        except OSError as error:
            _log.info("a rendered sentence could not be kept: %s", error.strerror)
            with suppress(OSError):
                part.unlink(missing_ok=True)
            return False
        self._used += len(data) - before
        return True

    def _make_room(self, needed: int) -> None:
        """Remove the clips that were used longest ago."""
        for _, size, path in sorted(self._files()):
            if self._used + needed <= self._limit_bytes:
                break
            with suppress(OSError):
                path.unlink()
                self._used -= size

    def _remove(self, path: Path, size: int) -> None:
        with self._lock, suppress(OSError):
            path.unlink()
            self._used -= size

    def _tidy(self) -> int:
        """Clear away what a power cut left half written. Returns the bytes kept."""
        with suppress(OSError):
            for part in self._folder.glob("*.part"):
                part.unlink()
        self._used = sum(size for _, size, _ in self._files())
        if self._used > self._limit_bytes:
            self._make_room(0)
        return self._used

    def _files(self) -> list[tuple[int, int, Path]]:
        """When it was last used, its size, and the path of each clip."""
        found: list[tuple[int, int, Path]] = []
        with suppress(OSError):
            for path in self._folder.glob("*.wav"):
                with suppress(OSError):
                    about = path.stat()
                    found.append((about.st_mtime_ns, about.st_size, path))
        return found
