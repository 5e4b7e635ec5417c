"""The child that speaks through Piper: `python -m voiceskill.edges.synthesisers.piper_worker VOICE.onnx DESCRIPTOR`.

Piper (GPL-3.0-or-later) is loaded in this process only.
"""

from __future__ import annotations

import sys
import wave
from pathlib import Path
from typing import Any

from voiceskill.edges.synthesisers.worker import DamagedError, UnavailableError, serve


class PiperVoice:
    """One loaded voice."""

    def __init__(self) -> None:
        try:
            import piper
        except ImportError as error:
            raise UnavailableError("Piper is not installed: type `pip install piper-tts`.") from error
        model = Path(sys.argv[1])
        try:
            self._voice = piper.PiperVoice.load(model)
        except Exception as error:
            # onnxruntime and piper raise a dozen kinds, none with a common base.
            raise DamagedError(f"The voice {model.name} is damaged: remove it and install it again. ({type(error).__name__})") from error
        self._settings = piper.SynthesisConfig

    def voices(self) -> list[list[str]]:
        """Return none: the parent knows them from the folder."""
        return []

    def render(self, request: dict[str, Any], path: str) -> None:
        """Say the text into a WAV file. `length` stretches the voice's own pace."""
        own = self._voice.config.length_scale or 1.0
        with wave.open(path, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self._voice.config.sample_rate)
            self._voice.synthesize_wav(request["text"], file, syn_config=self._settings(length_scale=own * request["length"], volume=0.9))


if __name__ == "__main__":
    serve(PiperVoice)
