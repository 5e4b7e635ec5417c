"""Measure how soon a tap on Stop silences the loudspeaker, of a device that runs: python -m tests.screen.measure_stop [TAPS]."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.bedside.sound_server import SoundServer
from tests.bedside.test_screen import device, seconds_to_silence
from tests.screen.browser import chromium, page_of


def main(taps: int) -> None:
    """Print them in milliseconds, with their median."""
    with (
        tempfile.TemporaryDirectory() as made,
        SoundServer(Path(made) / "sound") as sound,
        chromium() as browser,
        device(sound, Path(made), Path(made) / "data") as running,
        page_of(browser, running.address) as page,
    ):
        times = sorted(round(1_000 * seconds_to_silence(sound, page)) for _ in range(taps))
    within = sum(time <= 300 for time in times)
    sys.stdout.write(f"{times}\nmedian {np.median(times):.0f} ms, the worst {times[-1]} ms, {within} of {taps} within 300 ms\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
