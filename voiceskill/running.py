"""Running until somebody says stop: what a signal does, and the line that tells that we are ready."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

import typer

from voiceskill.loop import Loop


def stop_when_signalled() -> None:
    """End at once while things are still being made ready; the exit stacks see to the rest."""
    when_signalled(lambda: sys.exit(0))


def when_signalled(stop: Callable[[], object]) -> None:
    """Call `stop` when we are told to end."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop())


def announce(line: str) -> None:
    """Tell whoever started us."""
    typer.echo(line, err=True)


def listening(loop: Loop, parts: str) -> None:
    """Say that we listen, and end `loop` when told to."""
    when_signalled(loop.stop)
    typer.echo(f"Listening ({parts}). Ctrl-C stops.", err=True)
