"""The child's side of a RenderChild: read requests, render, answer. One JSON line each way; the sound goes to a file the parent opened.

The engine's own printing cannot reach the pipe, for the first thing done here is to move standard output away from it. When standard
input ends the parent is gone, and so is this process at once, even in the middle of a render that hangs.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol


class Engine(Protocol):
    """A speech engine inside the child."""

    def voices(self) -> list[list[str]]:
        """Return id, name and language of each voice."""
        ...

    def render(self, request: dict[str, Any], path: str) -> None:
        """Say `request["text"]` into a mono 16-bit WAV at `path`."""
        ...


class UnavailableError(Exception):
    """The engine cannot be had on this machine. The message is one line for the user."""


class DamagedError(Exception):
    """A model is missing or broken. The message is one line for the user."""


def serve(open_engine: Callable[[], Engine]) -> None:
    """Answer requests until standard input ends. The last argument of the command line is the descriptor for the sound."""
    pipe = os.dup(1)
    os.dup2(2, 1)
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(requests,), daemon=True).start()
    path = f"/proc/self/fd/{int(sys.argv[-1])}"
    try:
        engine = open_engine()
        _answer(pipe, {"id": 0, "voices": engine.voices()})
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent must hear of it
        _answer(pipe, _failure(0, error))
        return
    while True:
        request: dict[str, Any] = json.loads(requests.get())
        try:
            engine.render(request, path)
            _answer(pipe, {"id": request["id"]})
        except Exception as error:  # noqa: BLE001 - as above
            _answer(pipe, _failure(request["id"], error))


def _read(requests: queue.SimpleQueue[bytes]) -> None:
    for line in sys.stdin.buffer:
        requests.put(line)
    os._exit(0)


def _failure(number: int, error: Exception) -> dict[str, Any]:
    kind = {UnavailableError: "unavailable", DamagedError: "damaged"}.get(type(error), "failed")
    return {"id": number, "error": " ".join(str(error).split())[:500] or type(error).__name__, "kind": kind}


def _answer(pipe: int, answer: dict[str, Any]) -> None:
    os.write(pipe, json.dumps(answer).encode() + b"\n")
