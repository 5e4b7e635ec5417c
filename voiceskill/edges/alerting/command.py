"""A program of the owner's that is told of alerts: JSON on its standard input, no shell."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

from voiceskill.edges.alerting.body import as_json
from voiceskill.ports import Fault, Notice

LIMIT_SECONDS = 20.0
"""How long the program may take; then it is killed, with all that it started. What it leaves running when it ends in time goes on."""

_LOOK_SECONDS = 0.1
_MOST_BYTES = 4_096


class Command:
    """An AlertSink that runs a program once for each notice.

    Exit code 0 says that the notice was passed on. The first line of its standard output, where it has one, is then the name of somebody
    who has seen it.
    """

    def __init__(self, name: str, arguments: Sequence[str], limit_seconds: float = LIMIT_SECONDS) -> None:
        self.name = name
        self._arguments = list(arguments)
        self._limit = limit_seconds

    def send(self, notice: Notice) -> str | None:
        """See ports.AlertSink."""
        try:
            process = subprocess.Popen(  # noqa: S603 - the owner's own program, named in the settings
                self._arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            raise Fault(f'The command "{self.name}" cannot be run ({error.strerror}): correct it in the settings') from error
        with process:
            try:
                output = self._talk(process, as_json(notice))
            except BaseException:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise
        if process.returncode:
            raise Fault(f'The command "{self.name}" failed with exit code {process.returncode}: try it by hand')
        first = output.decode("utf-8", "replace").partition("\n")[0].strip()
        return first or None

    def _talk(self, process: subprocess.Popen[bytes], said: bytes) -> bytes:
        """Give it the notice, and take the beginning of what it says until it ends. What it leaves running is not waited for."""
        assert process.stdin is not None  # noqa: S101 - for the type checker
        assert process.stdout is not None  # noqa: S101
        with suppress(BrokenPipeError):  # it need not read
            process.stdin.write(said)  # fits into the pipe: nobody has to take it first
            process.stdin.close()
        os.set_blocking(process.stdout.fileno(), False)
        deadline = time.monotonic() + self._limit
        output = b""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while time.monotonic() < deadline:
                ended = process.poll() is not None  # before reading: what it said last is there by then
                piece = process.stdout.read(_MOST_BYTES) if selector.select(0 if ended else _LOOK_SECONDS) else None
                output = (output + (piece or b""))[:_MOST_BYTES]
                if ended and not piece:
                    return output
                if piece == b"":
                    break
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired as error:
            raise Fault(f'The command "{self.name}" took longer than {self._limit:.0f} seconds and was ended: try it by hand') from error
        return output
