"""How long work is shown: as a bar on a terminal, as a line now and then without one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

_LINES = 10
"""Without a terminal, a line comes with each tenth of the work."""


class Quiet:
    """Shows nothing."""

    def stage(self, what: str, total: int | None, done: int = 0) -> None:
        """A piece of work begins."""

    def advance(self, count: int) -> None:
        """So many bytes more."""

    def say(self, line: str) -> None:
        """Something to be read."""


class Lines:
    """Shows lines: what begins, how far it is at each tenth, and what is said."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._total: int | None = None
        self._done = self._shown = 0

    def stage(self, what: str, total: int | None, done: int = 0) -> None:
        """A piece of work begins."""
        self._total, self._done = total, done
        self._shown = self._tenths()
        self.say(f"{what}{f', from {10 * self._shown} % on' if self._shown else ''} ...")

    def advance(self, count: int) -> None:
        """So many bytes more."""
        self._done += count
        if self._tenths() > self._shown:
            self._shown = self._tenths()
            self.say(f"  {10 * self._shown} %")

    def say(self, line: str) -> None:
        """Something to be read."""
        print(line, file=self._out, flush=True)

    def _tenths(self) -> int:
        return min(_LINES, _LINES * self._done // self._total) if self._total else 0


class Bar:
    """Shows a bar, which goes away when all is done."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", visible=False)

    def stage(self, what: str, total: int | None, done: int = 0) -> None:
        """A piece of work begins."""
        self._progress.remove_task(self._task)
        self._task = self._progress.add_task(what, total=total, completed=done)

    def advance(self, count: int) -> None:
        """So many bytes more."""
        self._progress.advance(self._task, count)

    def say(self, line: str) -> None:
        """Something to be read."""
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def shown() -> Iterator[Bar | Lines]:
    """Show work on standard error, as suits it."""
    if not sys.stderr.isatty():
        yield Lines(sys.stderr)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield Bar(progress)
