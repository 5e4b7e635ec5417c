"""What is heard and what is played, on the disk: only for an owner who asks for it, to find out why something was not understood."""

from __future__ import annotations

import logging
import wave
from collections import deque
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import numpy as np

from voiceskill.ports import HEARING_RATE, BadInput, Pcm

_log = logging.getLogger(__name__)

_PAGE_SECONDS = 1.0
"""How much is written at once: a card wears out by writing often."""


class Tape:
    """Two WAV files in a folder, named after when they begin: `heard-...` at HEARING_RATE and `played-...` at the loudspeaker's rate.

    They are whole whenever a page was written, so that a power cut costs a second. What cannot be written ends the recording, with
    a warning, and nothing else.
    """

    def __init__(self, folder: Path, rate: int, begun: datetime) -> None:
        """Begin both. Raises BadInput where they cannot be written."""
        self._files = ExitStack()
        self._rate = rate
        self._pages: dict[str, list[Pcm]] = {"heard": [], "played": []}
        self._inbox: deque[Pcm] = deque()
        self._writers: dict[str, wave.Wave_write] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for kind, samples in (("heard", HEARING_RATE), ("played", rate)):
                file = str(folder / f"{kind}-{begun:%Y%m%d-%H%M%S}.wav")
                writer = self._files.enter_context(wave.open(file, "wb"))  # noqa: SIM115 - closed by the stack
                writer.setnchannels(1)
                writer.setsampwidth(2)
                writer.setframerate(samples)
                self._writers[kind] = writer
        except OSError as error:
            self._files.close()
            raise BadInput(f"{folder} cannot be recorded into ({error.strerror}): choose another folder") from error

    def played(self, pcm: Pcm) -> None:
        """Take in what is played; may be called from the loudspeaker's thread, and touches no disk."""
        if self._writers:
            self._inbox.append(pcm.copy())

    def heard(self, pcm: Pcm) -> None:
        """Take in what is heard, and write what makes a page."""
        if not self._writers:
            return
        self._pages["heard"].append(pcm)
        while self._inbox:
            self._pages["played"].append(self._inbox.popleft())
        if sum(map(len, self._pages["heard"])) >= _PAGE_SECONDS * HEARING_RATE:
            self._write()

    def close(self) -> None:
        """Write the rest; may be called more than once."""
        if self._writers:
            self._write()
        self._end()

    def _write(self) -> None:
        try:
            for kind, pieces in self._pages.items():
                self._writers[kind].writeframes(np.concatenate([np.zeros(0, np.int16), *pieces]).astype("<i2").tobytes())
                pieces.clear()
        except OSError as error:
            _log.warning("the recording ends here: it cannot be written (%s). Make room, then start again.", error.strerror)
            self._end()

    def _end(self) -> None:
        self._writers = {}
        self._inbox.clear()
        try:
            self._files.close()
        except OSError as error:
            _log.info("the recording is not whole: %s", error)
