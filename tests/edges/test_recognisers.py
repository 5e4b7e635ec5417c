"""Moonshine on synthetic speech, and which recogniser is chosen. Vosk: test_recognisers_vosk.py."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from rapidfuzz import fuzz

from tests.vosk_toy_model import write_toy_model
from voiceskill.edges.recognisers import choose
from voiceskill.edges.recognisers.choose import OWN_MODEL, build_recogniser
from voiceskill.edges.recognisers.moonshine_engine import MoonshineRecogniser
from voiceskill.edges.wav import read_wav
from voiceskill.ports import HEARING_RATE, ModelMissing, Pcm, Recogniser

ENGINES: tuple[Literal["auto", "vosk"], ...] = ("auto", "vosk")

SPOKEN = {
    "legs": "I can't feel my legs.",
    "pain": "My pain is seven.",
    "stop": "Stop.",
}


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pcm]:
    folder = tmp_path_factory.mktemp("speech")
    for name, text in SPOKEN.items():
        subprocess.run(["flite", "-voice", "rms", "-t", text, "-o", str(folder / name)], check=True)
    return {name: read_wav(folder / name) for name in SPOKEN}


@pytest.fixture(scope="session")
def moonshine() -> Iterator[MoonshineRecogniser]:
    recogniser = MoonshineRecogniser()
    yield recogniser
    recogniser.close()


def noise(seconds: float, level: float = 3_000, seed: int = 0) -> Pcm:
    return np.random.default_rng(seed).normal(0, level, int(seconds * HEARING_RATE)).clip(-32_768, 32_767).astype(np.int16)


def read(recogniser: Recogniser, pcm: Pcm, chunk: int = 512) -> str:
    recogniser.start()
    for at in range(0, len(pcm), chunk):
        recogniser.accept(pcm[at : at + chunk])
    found = recogniser.hypotheses()
    return found[0].text if found else ""


class TestMoonshine:
    def test_it_hears_what_was_said(self, moonshine: MoonshineRecogniser, speech: dict[str, Pcm]) -> None:
        assert {name: read(moonshine, pcm) for name, pcm in speech.items()} == SPOKEN
        assert moonshine.name == "moonshine tiny-en"

    def test_it_hears_a_faint_voice(self, moonshine: MoonshineRecogniser, speech: dict[str, Pcm]) -> None:
        quiet = (speech["legs"] * 0.02).astype(np.int16)
        assert read(moonshine, quiet) == SPOKEN["legs"]

    def test_pauses_do_not_lose_what_follows(self, moonshine: MoonshineRecogniser, speech: dict[str, Pcm]) -> None:
        pause = noise(1.5, 3)
        assert read(moonshine, np.concatenate([speech["stop"], pause, speech["legs"]])) == f"{SPOKEN['stop']} {SPOKEN['legs']}"

    def test_one_word_in_a_long_silence_is_heard(self, moonshine: MoonshineRecogniser, speech: dict[str, Pcm]) -> None:
        heard = read(moonshine, np.concatenate([noise(9, 3), speech["stop"], noise(9, 3)]))
        assert fuzz.ratio(heard, SPOKEN["stop"]) >= 75, f"{heard}: one synthetic word in noise may be off by a letter, not more"

    def test_bounded_for_a_small_machine_it_hears_the_same_but_only_the_end_of_what_is_long(self, speech: dict[str, Pcm]) -> None:
        small = MoonshineRecogniser(threads=1, longest_seconds=5)
        assert "MOONSHINE_ORT_SINGLE_THREAD" not in os.environ
        assert read(small, speech["legs"]) == SPOKEN["legs"]
        assert "legs" not in read(small, np.concatenate([speech["legs"], noise(4, 3), speech["pain"]])).lower()
        small.close()

    def test_more_sound_after_a_reading_is_read_with_the_rest(self, moonshine: MoonshineRecogniser, speech: dict[str, Pcm]) -> None:
        moonshine.start()
        moonshine.accept(speech["stop"])
        early = moonshine.hypotheses()
        assert moonshine.hypotheses() is early
        moonshine.accept(noise(0.5, 3))
        moonshine.accept(speech["pain"])
        assert moonshine.hypotheses()[0].text.split()[-1] == "seven."

    def test_the_caller_may_use_its_frame_again(self, moonshine: MoonshineRecogniser, speech: dict[str, Pcm]) -> None:
        moonshine.start()
        frame = np.empty(512, np.int16)
        for at in range(0, len(speech["legs"]) - 512, 512):
            frame[:] = speech["legs"][at : at + 512]
            moonshine.accept(frame)
        assert moonshine.hypotheses()[0].text == SPOKEN["legs"]

    @pytest.mark.parametrize("level", [0, 0.5, 5, 100, 3_000])
    @pytest.mark.parametrize("seconds", [0.25, 1, 3])
    def test_it_hears_no_words_in_silence_or_noise_after_speech(
        self, moonshine: MoonshineRecogniser, speech: dict[str, Pcm], level: float, seconds: float
    ) -> None:
        read(moonshine, speech["pain"])
        assert read(moonshine, noise(seconds, level)) == ""

    def test_it_hears_no_words_in_mains_hum_or_a_constant(self, moonshine: MoonshineRecogniser) -> None:
        time = np.arange(2 * HEARING_RATE) / HEARING_RATE
        hum = (1_500 * np.sin(2 * np.pi * 50 * time)).astype(np.int16)
        for sound in (hum, np.full_like(hum, 5_000), np.full_like(hum, -32_768)):
            assert read(moonshine, sound) == ""

    @pytest.mark.parametrize("samples", [0, 1, 160, 1_000, 3_199])
    def test_too_little_sound_has_no_words(self, moonshine: MoonshineRecogniser, speech: dict[str, Pcm], samples: int) -> None:
        assert read(moonshine, speech["stop"][2_000 : 2_000 + samples]) == ""

    def test_of_a_very_long_utterance_the_end_is_read(self, moonshine: MoonshineRecogniser, speech: dict[str, Pcm]) -> None:
        assert read(moonshine, np.concatenate([speech["pain"], noise(40, 5), speech["legs"]]), 16_000) == SPOKEN["legs"]

    def test_full_scale_noise_does_no_harm(self, moonshine: MoonshineRecogniser) -> None:
        read(moonshine, noise(2, 30_000))


def no_moonshine(**_: object) -> Recogniser:
    raise ModelMissing("no wheel for this machine")


class TestChoice:
    def test_the_model_named_in_the_settings_comes_first(self, tmp_path: Path) -> None:
        write_toy_model(tmp_path / "vosk-model-small-en-us-0.15")
        write_toy_model(tmp_path / "mine")
        assert build_recogniser("auto", tmp_path, "mine").name == "vosk mine"

    def test_a_large_official_model_comes_before_a_small_one(self, tmp_path: Path) -> None:
        write_toy_model(tmp_path / "vosk-model-small-en-us-0.15")
        large = write_toy_model(tmp_path / "vosk-model-en-us-0.22")
        (large / "README").write_bytes(b"x" * 10_000)
        write_toy_model(tmp_path / "vosk-model-de-0.21")
        assert build_recogniser("auto", tmp_path, None).name == "vosk vosk-model-en-us-0.22"

    def test_our_own_small_model_comes_after_moonshine(self, tmp_path: Path) -> None:
        write_toy_model(tmp_path / OWN_MODEL)
        assert build_recogniser("auto", tmp_path, None).name == "moonshine tiny-en"
        assert build_recogniser("vosk", tmp_path, None).name == f"vosk {OWN_MODEL}"

    def test_the_one_that_comes_with_the_program_is_taken_last_and_said_to_be_a_demonstration(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        shipped_dir = tmp_path / "with the program"
        write_toy_model(shipped_dir / OWN_MODEL)
        assert build_recogniser("auto", tmp_path, None, shipped_dir=shipped_dir).name == "moonshine tiny-en"
        assert not caplog.text
        monkeypatch.setattr(choose, "MoonshineRecogniser", no_moonshine)
        assert build_recogniser("auto", tmp_path, None, shipped_dir=shipped_dir).name == f"vosk {OWN_MODEL}"
        assert "put the folder of an official Vosk model into" in caplog.text
        write_toy_model(tmp_path / "vosk-model-small-en-us-0.15")
        for engine in ENGINES:
            assert build_recogniser(engine, tmp_path, None, shipped_dir=shipped_dir).name == "vosk vosk-model-small-en-us-0.15"

    def test_the_one_that_comes_with_the_program_can_be_asked_for_by_name(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        write_toy_model(tmp_path / "with the program" / OWN_MODEL)
        for engine in ENGINES:
            assert build_recogniser(engine, tmp_path, OWN_MODEL, shipped_dir=tmp_path / "with the program").name == f"vosk {OWN_MODEL}"
        assert not caplog.text

    def test_a_damaged_model_is_passed_over_with_a_warning(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        write_toy_model(tmp_path / "vosk-model-small-en-us-0.15")
        (tmp_path / "vosk-model-small-en-us-0.15/am/final.mdl").write_bytes(b"")
        assert build_recogniser("auto", tmp_path, None).name == "moonshine tiny-en"
        assert "am/final.mdl is empty" in caplog.text

    def test_a_model_asked_for_by_name_is_never_replaced(self, tmp_path: Path) -> None:
        write_toy_model(tmp_path / "vosk-model-small-en-us-0.15")
        with pytest.raises(ModelMissing, match=r"vosk-model-en-us-0\.22 .*put its folder there"):
            build_recogniser("vosk", tmp_path, "vosk-model-en-us-0.22")

    def test_without_any_model_the_way_out_is_named(self, tmp_path: Path) -> None:
        for models_dir in (tmp_path, tmp_path / "not there"):
            with pytest.raises(ModelMissing, match="put the folder of a Vosk model there"):
                build_recogniser("vosk", models_dir, None)

    def test_moonshine_has_one_model(self, tmp_path: Path) -> None:
        assert build_recogniser("moonshine", tmp_path, "tiny-en").name == "moonshine tiny-en"
        with pytest.raises(ModelMissing, match="tiny-en"):
            build_recogniser("moonshine", tmp_path, "base")
