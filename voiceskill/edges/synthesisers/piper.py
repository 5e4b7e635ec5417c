"""Piper, a neural synthesiser (https://github.com/OHF-Voice/piper1-gpl), for those who install it and a voice: the clearest there is.

A voice is two files in the voices folder, `NAME.onnx` and `NAME.onnx.json`. It is loaded in a child process.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path

from voiceskill.edges.synthesisers.child import RenderChild
from voiceskill.edges.synthesisers.pace import bounded
from voiceskill.edges.synthesisers.sound import pitch_ratio, shifted, spoken
from voiceskill.edges.synthesisers.voices import unknown_voice
from voiceskill.ports import Clip, Fault, ModelMissing, VoiceInfo

_MODULE = "voiceskill.edges.synthesisers.piper_worker"
_NATURAL_WPM = 165.0
"""About what Piper's English voices speak at length scale 1; voices differ by a tenth or so."""


def installed_voices(folder: Path | None) -> tuple[VoiceInfo, ...]:
    """List the voices in `folder` that have both their files, by name. A missing or unreadable folder has none."""
    if folder is None:
        return ()
    try:
        models = sorted(model for model in folder.glob("*.onnx") if _settings_file(model).is_file())
    except OSError:
        return ()
    return tuple(VoiceInfo(model.stem, model.stem, model.stem.partition("-")[0].replace("_", "-").lower()) for model in models)


def is_installed(folder: Path | None) -> bool:
    """Whether there is both the package and a voice."""
    return importlib.util.find_spec("piper") is not None and bool(installed_voices(folder))


class Piper:
    """The Synthesiser over Piper. Raises ModelMissing when there is no voice or a damaged one, Fault when the package is missing."""

    def __init__(
        self,
        voice: str | None = None,
        *,
        folder: Path | None,
        words_per_minute: float = 140,
        pitch: float = 0,
        start_limit_s: float = 60.0,
        render_limit_s: float = 30.0,
        command: Sequence[str] | None = None,
    ) -> None:
        self._folder = folder
        self._voice = _find(voice, folder)
        model = (folder or Path()) / f"{self._voice}.onnx"
        _check(model)
        if command is None and importlib.util.find_spec("piper") is None:
            raise Fault("Piper is not installed: type `pip install piper-tts`, or choose another speech engine.")
        self._pitch = pitch
        self._length = _NATURAL_WPM / words_per_minute * pitch_ratio(pitch)
        self._child = RenderChild(
            "piper",
            _MODULE,
            [str(model.resolve())],
            start_limit_s=start_limit_s,
            render_limit_s=render_limit_s,
            command=command,
        )
        try:
            self._child.voices()  # loads the voice, so that a damaged one is known now
        except BaseException:
            self._child.close()
            raise

    @property
    def name(self) -> str:
        """Engine and voice."""
        return f"piper {self._voice}"

    @property
    def fingerprint(self) -> str:
        """Everything but the text that the sound depends on."""
        return f"{self.name} {self._length:.4f} {self._pitch:g}"

    def render(self, text: str, pace: float = 1.0) -> Clip:
        """Speak one sentence, or more, into memory. Raises Fault."""
        length = self._length * bounded(pace)
        return spoken(text, lambda piece: shifted(self._child.render({"text": piece, "length": length}), self._pitch))

    def voices(self) -> tuple[VoiceInfo, ...]:
        """List the voices in the folder."""
        return installed_voices(self._folder)

    def close(self) -> None:
        """End the child."""
        self._child.close()


def _settings_file(model: Path) -> Path:
    return model.with_name(model.name + ".json")


def _find(wanted: str | None, folder: Path | None) -> str:
    present = installed_voices(folder)
    if not present:
        raise ModelMissing(f"No Piper voice is installed: put NAME.onnx and NAME.onnx.json into {folder or 'the voices folder'}.")
    if wanted is None:
        english = [voice.id for voice in present if voice.language.startswith("en")]
        return (english or [present[0].id])[0]
    if wanted not in {voice.id for voice in present}:
        raise unknown_voice(wanted, present, "piper")
    return wanted


def _check(model: Path) -> None:
    """Say what is wrong with a voice's files as far as can be told without loading it. Raises ModelMissing."""
    settings = _settings_file(model)
    way_out = "remove both files and install the voice again"
    try:
        int(json.loads(settings.read_text(encoding="utf-8"))["audio"]["sample_rate"])
        empty = model.stat().st_size == 0
    except OSError as error:
        raise ModelMissing(f"The voice {model.stem} cannot be read ({error.strerror}): {way_out}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelMissing(f"The voice settings {settings.name} are damaged: {way_out}.") from error
    if empty:
        raise ModelMissing(f"The voice {model.name} is empty: {way_out}.")
