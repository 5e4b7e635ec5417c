"""Piper, a neural synthesiser (https://github.com/OHF-Voice/piper1-gpl), for those who install it and a voice: the clearest there is.

A voice is two files, `NAME.onnx` and `NAME.onnx.json`, in the voices folder or in a folder NAME there. It is loaded in a child process.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path

from voiceskill.edges.models import DamagedModel
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
    return tuple(VoiceInfo(name, name, name.partition("-")[0].replace("_", "-").lower()) for name in sorted(_models(folder)))


def _models(folder: Path | None) -> dict[str, Path]:
    """The voices by name; one in a folder of its own before one without."""
    if folder is None:
        return {}
    try:
        in_folders = [model for model in folder.glob("*/*.onnx") if model.stem == model.parent.name]
        return {model.stem: model for model in (*folder.glob("*.onnx"), *in_folders) if _settings_file(model).is_file()}
    except OSError:
        return {}


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
        self._voice = choose_voice(voice, folder)
        model = _models(folder)[self._voice]
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


def choose_voice(wanted: str | None, folder: Path | None) -> str:
    """The name of the voice that would speak: `wanted`, or the first English one. Raises ModelMissing, and Fault for an unknown one."""
    present = installed_voices(folder)
    if not present:
        raise ModelMissing(
            "No Piper voice is installed: see `voiceskill models list` for one, "
            f"or put NAME.onnx and NAME.onnx.json into {folder or 'the voices folder'}."
        )
    if wanted is None:
        english = [voice.id for voice in present if voice.language.startswith("en")]
        return (english or [present[0].id])[0]
    if wanted not in {voice.id for voice in present}:
        raise unknown_voice(wanted, present, "piper")
    return wanted


def try_voice(model: Path) -> None:
    """Look at a voice's files, and load its network where that can be done. Raises ModelMissing."""
    _check(model)
    if importlib.util.find_spec("onnxruntime") is None:
        return
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library has errors of its own, down to bare Exception
        raise DamagedModel(model.stem, f"{model.name} does not load") from error


def _check(model: Path) -> None:
    """Say what is wrong with a voice's files as far as can be told without loading it. Raises ModelMissing."""
    settings = _settings_file(model)
    try:
        int(json.loads(settings.read_text(encoding="utf-8"))["audio"]["sample_rate"])
        empty = model.stat().st_size == 0
    except OSError as error:
        raise DamagedModel(model.stem, f"{Path(error.filename or model).name} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedModel(model.stem, f"{settings.name} holds no settings of a voice") from error
    if empty:
        raise DamagedModel(model.stem, f"{model.name} is empty")
