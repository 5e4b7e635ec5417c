"""The child that speaks through pyttsx3 and espeak-ng: `python -m voiceskill.edges.synthesisers.pyttsx3_worker DESCRIPTOR`."""

from __future__ import annotations

import threading
import time
from typing import Any

from voiceskill.edges.synthesisers.worker import UnavailableError, serve


class Espeak:
    """pyttsx3's espeak driver, rendering to files."""

    def __init__(self) -> None:
        try:
            import pyttsx3
        except ImportError as error:
            raise UnavailableError("The Python package pyttsx3 is not installed: type `pip install pyttsx3`.") from error
        try:
            self._engine = pyttsx3.init("espeak")
        except (RuntimeError, OSError, ImportError) as error:
            raise UnavailableError("espeak-ng is not installed: type `sudo apt install espeak-ng`.") from error
        from pyttsx3.drivers import _espeak

        self._library = _espeak
        self._finished = threading.Event()
        self._completed = False
        self._engine.connect("finished-utterance", self._finish)
        # Only after its first loop does pyttsx3 apply settings when they are made; before, it does so in the middle of speaking.
        self._wait_until_idle()
        self._engine.runAndWait()

    def voices(self) -> list[list[str]]:
        """Return id, name and language of each voice."""
        return [[voice.id, voice.name, (voice.languages or [""])[0]] for voice in self._engine.getProperty("voices")]

    def render(self, request: dict[str, Any], path: str) -> None:
        """Say the text into a WAV file."""
        for setting in ("voice", "rate", "pitch"):
            self._engine.setProperty(setting, request[setting])
        # espeak-ng takes settings in on a thread of its own; pyttsx3 2.99 cancels what it is told to say while that goes on.
        self._wait_until_idle()
        self._finished.clear()
        self._engine.save_to_file(request["text"], path)
        self._engine.runAndWait()
        # runAndWait may return while that thread still renders.
        self._finished.wait()
        self._wait_until_idle()
        if not self._completed:
            raise RuntimeError("espeak-ng broke off")

    def _wait_until_idle(self) -> None:
        while self._library.IsPlaying():
            time.sleep(0.0005)

    def _finish(self, *, completed: bool, **_: object) -> None:
        self._completed = completed
        self._finished.set()


if __name__ == "__main__":
    serve(Espeak)
