"""A speech engine in a child process, so that one that hangs or crashes can be killed and started afresh.

Sound comes back through a file without a name (memfd): nothing is left on disk, however either process dies.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from voiceskill.edges.synthesisers.sound import clip_from_wav
from voiceskill.ports import Clip, Fault, ModelMissing, VoiceInfo


class _LostError(Exception):
    """The child died, fell silent or talks nonsense."""


class _Process:
    """One running child. Every method but `kill` is called under the RenderChild's lock."""

    def __init__(self, command: Sequence[str]) -> None:
        self.sound = os.memfd_create("speech")
        try:
            self._popen = subprocess.Popen(  # noqa: S603 - our own module
                [*command, str(self.sound)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                pass_fds=[self.sound],
                start_new_session=True,  # Ctrl-C is the parent's to handle
            )
        except OSError:
            os.close(self.sound)
            raise
        self.pid = self._popen.pid
        self._partial = b""

    def ask(self, request: dict[str, Any]) -> None:
        """Send one request. Raises _LostError."""
        assert self._popen.stdin is not None  # noqa: S101 - for the type checker
        try:
            self._popen.stdin.write(json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise _LostError("it died") from error

    def answer(self, number: int, limit_s: float) -> dict[str, Any]:
        """Wait for the answer to request `number`. Raises _LostError."""
        assert self._popen.stdout is not None  # noqa: S101 - for the type checker
        deadline = time.monotonic() + limit_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._popen.stdout, selectors.EVENT_READ)
            while True:
                while b"\n" in self._partial:
                    line, _, self._partial = self._partial.partition(b"\n")
                    answer = _decoded(line)
                    if answer.get("id") == number:
                        return answer
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise _LostError(f"it took longer than {limit_s:g} seconds")
                received = os.read(self._popen.stdout.fileno(), 65536)
                if not received:
                    raise _LostError("it died")
                self._partial += received

    def take_sound(self) -> bytes:
        """Return what was rendered, as WAV, and give its memory back."""
        data = b""
        while part := os.pread(self.sound, 1 << 24, len(data)):
            data += part
        os.ftruncate(self.sound, 0)
        return data

    def kill(self) -> None:
        """End it now, whatever it does; may be called from another thread."""
        self._popen.kill()

    def bury(self) -> None:
        """Kill it and leave no trace."""
        self.kill()
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                pipe.close()
        os.close(self.sound)


def _decoded(line: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(line)
    except ValueError as error:
        raise _LostError("it answered nonsense") from error
    return answer if isinstance(answer, dict) else {}


class RenderChild:
    """Renders through a child that is started when first needed. Safe to use from several threads, one sentence at a time.

    `module` is run with `python -m`. `start_limit_s` and `render_limit_s` bound the wait for its start and for one piece of text;
    a child that is late or dead is killed, the call raises Fault, and the next call starts a new one.
    """

    def __init__(
        self,
        engine: str,
        module: str,
        arguments: Sequence[str] = (),
        *,
        start_limit_s: float = 30.0,
        render_limit_s: float = 10.0,
        command: Sequence[str] | None = None,
    ) -> None:
        self._engine = engine
        self._command = [*(command or [sys.executable, "-m", module]), *arguments]
        self._start_limit_s = start_limit_s
        self._render_limit_s = render_limit_s
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._closed = False
        self._asked = 0
        self._voices: tuple[VoiceInfo, ...] = ()

    @property
    def pid(self) -> int | None:
        """The running child's process number."""
        process = self._process
        return process.pid if process else None

    def voices(self) -> tuple[VoiceInfo, ...]:
        """Return what the child can speak with; it is started for that if it never was. Raises Fault."""
        with self._lock:
            if not self._voices:
                self._running()
            return self._voices

    def render(self, request: dict[str, Any]) -> Clip:
        """Have one piece said. Raises Fault."""
        with self._lock:
            process = self._running()
            self._asked += 1
            try:
                process.ask({**request, "id": self._asked})
                answer = process.answer(self._asked, self._render_limit_s)
                if "error" not in answer:
                    return clip_from_wav(process.take_sound())
            except _LostError as error:
                self._discard()
                raise Fault(f"The speech engine {self._engine} failed: {error}. It is started again for the next sentence.") from error
            except ValueError as error:
                self._discard()
                raise Fault(f"The speech engine {self._engine} made no usable sound ({error}). It is started again.") from error
            self._discard()
            raise self._fault(answer)

    def close(self) -> None:
        """End the child, also in the middle of a render; may be called from any thread, more than once."""
        self._closed = True
        process = self._process
        if process is not None:
            process.kill()
        with self._lock:
            self._discard()

    def _running(self) -> _Process:
        if self._closed:
            raise Fault(f"The speech engine {self._engine} has been closed.")
        if self._process is None:
            try:
                self._process = _Process(self._command)
                greeting = self._process.answer(0, self._start_limit_s)
            except (_LostError, OSError) as error:
                self._discard()
                raise Fault(f"The speech engine {self._engine} does not start: {error}. Try `voiceskill doctor`.") from error
            if "error" in greeting:
                self._discard()
                raise self._fault(greeting)
            self._voices = tuple(VoiceInfo(*voice) for voice in greeting["voices"])
        return self._process

    def _discard(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.bury()

    def _fault(self, answer: dict[str, Any]) -> Fault:
        match answer.get("kind"):
            case "damaged":
                return ModelMissing(answer["error"])
            case "unavailable":
                return Fault(answer["error"])
            case _:
                return Fault(f"The speech engine {self._engine} failed: {answer['error']}. It is started again for the next sentence.")
