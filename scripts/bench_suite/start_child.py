"""The device, started with a stopwatch: `python -m scripts.bench_suite.start_child DATA_DIR`.

When it is ready it writes one JSON line: `began` and `ready` in monotonic seconds, and for each part of the start the seconds of wall clock
and of this process's processor time. What no other part accounts for is "devices and the rest".
"""

from __future__ import annotations

import time

BEGAN = time.monotonic()

import json  # noqa: E402 - the stopwatch comes first
import sys  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from contextlib import contextmanager  # noqa: E402
from pathlib import Path  # noqa: E402

import voiceskill.cli  # noqa: E402, F401 - as the command does
from voiceskill.app import App, Home  # noqa: E402
from voiceskill.core.conversation import Conversation  # noqa: E402
from voiceskill.live import run_live  # noqa: E402
from voiceskill.loop import Loop  # noqa: E402
from voiceskill.ports import Recogniser, Synthesiser  # noqa: E402

IMPORTED = (time.monotonic() - BEGAN, time.process_time())

_parts: dict[str, tuple[float, float]] = {}


@contextmanager
def _timed(part: str) -> Iterator[None]:
    wall, processor = time.monotonic(), time.process_time()
    yield
    _parts[part] = (time.monotonic() - wall, time.process_time() - processor)


class _TimedApp(App):
    """The same app; what its parts take is kept."""

    def __init__(self, home: Home) -> None:
        with _timed("intents"):
            super().__init__(home)

    def conversation(self, *, alerts: bool = False) -> Conversation:
        with _timed("understanding"):
            return super().conversation(alerts=alerts)

    def recogniser(self, speaking: Callable[[], bool] = lambda: False) -> Recogniser:
        with _timed("recogniser"):
            return super().recogniser(speaking)

    def synthesiser(self, voice: str | None = None) -> Synthesiser:
        with _timed("synthesiser"):
            return super().synthesiser(voice)


def main() -> None:
    """Start, report, and go on until killed."""

    def ready(_loop: Loop, _parts_in_use: str) -> None:
        at, processor = time.monotonic(), time.process_time()
        parts = {"imports": IMPORTED, **_parts}
        rest = (at - BEGAN - sum(wall for wall, _ in parts.values()), processor - sum(each for _, each in parts.values()))
        print(json.dumps({"began": BEGAN, "ready": at, "parts": {**parts, "devices and the rest": rest}}), flush=True)

    with _TimedApp(Home.find(data=Path(sys.argv[1]))) as app:
        run_live(app, lambda _at, _happening: None, ready)


if __name__ == "__main__":
    main()
