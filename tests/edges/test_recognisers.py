"""The real recognisers: Moonshine on synthetic speech, Vosk's decoder on a model that says nonsense."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rapidfuzz import fuzz

from tests.vosk_toy_model import LEXICON, write_toy_model
from voiceskill.edges.recognisers.choose import OWN_MODEL, build_recogniser
from voiceskill.edges.recognisers.moonshine_engine import MoonshineRecogniser
from voiceskill.edges.recognisers.vosk_engine import VoskRecogniser
from voiceskill.edges.wav import read_wav
from voiceskill.ports import HEARING_RATE, ModelMissing, Pcm, Recogniser

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


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy_model(tmp_path_factory.mktemp("models") / "toy")


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


class TestVosk:
    def test_it_says_what_is_inside_its_vocabulary(self, toy: Path) -> None:
        recogniser = VoskRecogniser(toy)
        words = read(recogniser, noise(2)).split()
        assert words
        assert set(words) <= set(LEXICON)
        assert recogniser.name == "vosk toy"

    def test_partial_texts_come_while_the_sound_does(self, toy: Path) -> None:
        recogniser = VoskRecogniser(toy)
        recogniser.start()
        partials = [recogniser.accept(noise(0.3, seed=i)) for i in range(5)]
        assert partials[-1]
        assert all(partial is not None for partial in partials)

    @pytest.mark.parametrize("layout", ["static", "lookahead"])
    def test_words_of_both_graph_layouts_lie_within_the_utterance(self, tmp_path: Path, layout: Any) -> None:
        recogniser = VoskRecogniser(write_toy_model(tmp_path / "toy", layout))
        for length in (0.51, 1.77, 0.93):
            read(recogniser, noise(length))
            for found in recogniser.hypotheses():
                assert [word.text for word in found.words] == found.text.split()
                times = [time for word in found.words for time in (word.start, word.end)]
                assert times == sorted(times)
                assert times[0] >= 0
                assert times[-1] <= length + 0.05

    def test_word_times_do_not_drift_over_many_utterances(self, toy: Path) -> None:
        recogniser = VoskRecogniser(toy)
        rng = np.random.default_rng(5)
        for seed in range(200):
            seconds = float(rng.uniform(0.01, 0.9))
            read(recogniser, noise(seconds, seed=seed), 4_000)
            for found in recogniser.hypotheses():
                assert found.words[-1].end <= seconds + 0.05

    def test_readings_come_best_first_with_confidences_that_add_up(self, toy: Path) -> None:
        recogniser = VoskRecogniser(toy, alternatives=5)
        read(recogniser, noise(2))
        confidences = [found.confidence or 0.0 for found in recogniser.hypotheses()]
        assert confidences == sorted(confidences, reverse=True)
        assert sum(confidences) == pytest.approx(1.0)
        texts = [found.text for found in recogniser.hypotheses()]
        assert len(texts) == len(set(texts)) <= 5

    def test_a_single_reading_has_a_confidence_for_each_word(self, toy: Path) -> None:
        recogniser = VoskRecogniser(toy, alternatives=0)
        read(recogniser, noise(2))
        (found,) = recogniser.hypotheses()
        assert all(word.confidence is not None and 0 <= word.confidence <= 1 for word in found.words)
        assert found.confidence is not None
        assert 0 <= found.confidence <= 1

    def test_asking_again_gives_the_same_and_more_sound_adds_to_it(self, toy: Path) -> None:
        recogniser = VoskRecogniser(toy)
        recogniser.start()
        recogniser.accept(noise(1))
        first = recogniser.hypotheses()
        assert recogniser.hypotheses() == first
        partial = recogniser.accept(noise(1, seed=1))
        assert partial is not None
        assert partial.startswith(first[0].text)
        assert recogniser.hypotheses()[0].text.startswith(first[0].text)
        assert len(recogniser.hypotheses()[0].words) > len(first[0].words)

    def test_a_new_utterance_forgets_the_last(self, toy: Path) -> None:
        recogniser = VoskRecogniser(toy)
        read(recogniser, noise(1))
        recogniser.start()
        assert recogniser.hypotheses() == ()
        recogniser.accept(noise(1))
        recogniser.start()
        assert recogniser.accept(np.zeros(0, np.int16)) == ""
        assert recogniser.hypotheses() == ()

    def test_an_unknown_word_is_no_word(self, tmp_path: Path) -> None:
        recogniser = VoskRecogniser(write_toy_model(tmp_path / "toy", unknown_only=True))
        recogniser.start()
        assert recogniser.accept(noise(1)) == ""
        assert recogniser.hypotheses() == ()

    @pytest.mark.parametrize("samples", [0, 1, 399, 400, 560, 16_000, 60 * HEARING_RATE])
    @pytest.mark.parametrize("level", [0, 3_000, 30_000])
    def test_any_length_of_silence_or_noise_does_no_harm(self, toy: Path, samples: int, level: int) -> None:
        read(VoskRecogniser(toy), noise(samples / HEARING_RATE, level), 8_000)

    def test_two_recognisers_on_one_model_do_not_disturb_each_other(self, toy: Path) -> None:
        first, second = VoskRecogniser(toy), VoskRecogniser(toy)
        alone = read(first, noise(1))
        first.start()
        second.start()
        for at in range(0, HEARING_RATE, 512):
            first.accept(noise(1)[at : at + 512])
            second.accept(noise(1, seed=1)[at : at + 512])
        assert first.hypotheses()[0].text == alone
        second.close()
        assert read(first, noise(1)) == alone

    def test_it_keeps_the_terminal_clean(self, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        recogniser = build_recogniser("vosk", tmp_path, write_toy_model(tmp_path / "toy").name)
        read(recogniser, noise(1))
        recogniser.close()
        assert capfd.readouterr() == ("", "")


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
