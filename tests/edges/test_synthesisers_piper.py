"""Piper: what happens when it or its voice is missing or damaged, and, where the package is installed, that a voice sounds."""

from __future__ import annotations

import base64
import importlib.util
import json
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from voiceskill.edges.synthesisers.choose import SpeechSettings, build_synthesiser
from voiceskill.edges.synthesisers.piper import Piper, installed_voices, is_installed
from voiceskill.ports import Fault, ModelMissing

INSTALLED = importlib.util.find_spec("piper") is not None
needs_piper = pytest.mark.skipif(not INSTALLED, reason="the optional package piper-tts is not installed")

TONE = zlib.decompress(
    base64.b85decode(
        "c-mEv%}&BV6ot9d0>crsnP?=kn`KwR(!?0ig=utyal^(`87P6Y*q_vN<rDY}K9D|>-u|%gCO4Dwow+A>M#_s%3nR4G;Vw%REwz2)"
        "C#l<mNTVTrk-!OP3E{sh%5?83Ox`kM3WFn11}c;&3T-`PTbx3~=iFoNi4t+F+cQ6088{4LP|hr`ulAYbiZ<GMT!);*8K8}#NL$y7"
        "1%{vqA_-I{%2HlScV{LE{GCy>a+M^fJLP>mDOz>82M$fC@a#(TS@0(R)VNf4w~d;V>f@>&%RT$&`~K3^(kgS4z#CGNyFY)MnxE|d"
        "sSn7m>Oe?BYd*rD!p~b1uF@b;?6Pf__WT%~<kjDrno>ormoqePQw|Q9qKc~GrZ!s6;17VXPXG"
    )
)
"""An ONNX model with a Piper voice's inputs and output that sounds 800 samples of 127 Hz for every letter. Made for this test."""


def install(folder: Path, name: str, model: bytes = TONE, settings: object = None) -> None:
    letters = {letter: [number + 3] for number, letter in enumerate("abcdefghijklmnopqrstuvwxyz .,'")}
    (folder / f"{name}.onnx").write_bytes(model)
    (folder / f"{name}.onnx.json").write_text(
        json.dumps(
            settings
            if settings is not None
            else {
                "audio": {"sample_rate": 16_000},
                "espeak": {"voice": "en-us"},
                "phoneme_type": "text",
                "num_symbols": 40,
                "num_speakers": 1,
                "phoneme_id_map": {"_": [0], "^": [1], "$": [2], **letters},
            }
        )
    )


def test_no_voice_is_answered_with_what_to_install(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere", None):
        with pytest.raises(ModelMissing, match=r"put NAME.onnx and NAME.onnx.json"):
            Piper(folder=folder)


def test_a_voice_without_its_settings_is_not_a_voice(tmp_path: Path) -> None:
    (tmp_path / "en_US-half-low.onnx").write_bytes(TONE)
    assert installed_voices(tmp_path) == ()


def test_voices_are_listed_with_their_language(tmp_path: Path) -> None:
    install(tmp_path, "en_GB-alba-medium")
    (voice,) = installed_voices(tmp_path)
    assert (voice.id, voice.language) == ("en_GB-alba-medium", "en-gb")


def test_an_unknown_voice_is_answered_with_those_there_are(tmp_path: Path) -> None:
    install(tmp_path, "en_GB-alba-medium")
    with pytest.raises(Fault, match=r"no voice `nobody`. Choose one of: en_GB-alba-medium"):
        Piper("nobody", folder=tmp_path)


@pytest.mark.parametrize("settings", [[], {}, {"audio": {}}, {"audio": {"sample_rate": "fast"}}, "text"])
def test_damaged_settings_are_named_with_the_way_out(tmp_path: Path, settings: object) -> None:
    install(tmp_path, "en_GB-alba-medium", settings=settings)
    with pytest.raises(ModelMissing, match=r"en_GB-alba-medium.onnx.json holds no settings of a voice.*install it again"):
        Piper(folder=tmp_path)


def test_an_empty_model_is_named_with_the_way_out(tmp_path: Path) -> None:
    install(tmp_path, "en_GB-alba-medium", model=b"")
    with pytest.raises(ModelMissing, match=r"is empty.*install it again"):
        Piper(folder=tmp_path)


@pytest.mark.skipif(INSTALLED, reason="piper-tts is installed")
def test_the_missing_package_is_named_with_what_to_type(tmp_path: Path) -> None:
    install(tmp_path, "en_GB-alba-medium")
    with pytest.raises(Fault, match="pip install piper-tts"):
        Piper(folder=tmp_path)
    worker = [sys.executable, "-m", "voiceskill.edges.synthesisers.piper_worker"]
    with pytest.raises(Fault, match="pip install piper-tts"):
        Piper(folder=tmp_path, command=worker)


def test_a_damaged_voice_leaves_the_next_clearest_engine_to_speak(tmp_path: Path) -> None:
    install(tmp_path, "en_GB-alba-medium", model=b"not a model")
    engine = build_synthesiser(SpeechSettings(voices_dir=tmp_path))
    assert engine.name.startswith(("flite", "pyttsx3"))
    engine.close()


@needs_piper
def test_a_voice_sounds(tmp_path: Path) -> None:
    install(tmp_path, "en_GB-alba-medium")
    assert is_installed(tmp_path)
    engine = build_synthesiser(SpeechSettings(voices_dir=tmp_path))
    assert engine.name == "piper en_GB-alba-medium"
    clip = engine.render("rest now.")
    engine.close()
    assert clip.rate == 16_000
    assert 0.3 < clip.seconds < 3
    assert 5_000 < np.abs(clip.pcm.astype(np.int32)).max() < 32_767


LENGTHWISE = """
import wave
from voiceskill.edges.synthesisers.worker import serve

class Hum:
    def voices(self):
        return []

    def render(self, request, path):
        with wave.open(path, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            file.writeframes(b"\\x00\\x20" * round(16_000 * request["length"]))

serve(Hum)
"""
"""A child that hums for as many seconds as the length that a voice is asked for."""


def test_one_sentence_can_be_slower_or_quicker_than_the_settings_say(tmp_path: Path) -> None:
    install(tmp_path, "en_GB-alba-medium")
    engine = Piper(folder=tmp_path, words_per_minute=110, command=[sys.executable, "-c", LENGTHWISE])
    lengths = {pace: engine.render("rest now.", pace).seconds for pace in (0.1, 0.6, 1.0, 1.2, 9.0)}
    engine.close()
    assert lengths == pytest.approx({0.1: 0.9, 0.6: 0.9, 1.0: 1.5, 1.2: 1.8, 9.0: 3.75}, rel=0.01)


@needs_piper
def test_a_damaged_model_is_named_with_the_way_out(tmp_path: Path) -> None:
    install(tmp_path, "en_GB-alba-medium", model=b"not a model")
    with pytest.raises(ModelMissing, match="is damaged: remove it and install it again"):
        Piper(folder=tmp_path)
