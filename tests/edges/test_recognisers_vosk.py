"""Vosk's real decoder on our own small model, listening to voices from which that model never learnt."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import vosk

from scripts.vosk_model.voices import TEST_VOICES, speak
from tests.vosk_toy_model import write_toy_model
from voiceskill.app import shipped
from voiceskill.edges.models import try_vosk_model
from voiceskill.edges.recognisers.choose import OWN_MODEL, build_recogniser
from voiceskill.edges.recognisers.vosk_engine import VoskRecogniser
from voiceskill.ports import HEARING_RATE, Pcm, Recogniser

MODEL = shipped("models") / OWN_MODEL
AWB = TEST_VOICES[0]
COMMANDS = ("stop", "pause", "carry on", "that hurts", "help me", "yes", "no", "seven", "say that again", "how long left")
OTHERS = (
    "the train to the coast leaves from the other platform",
    "my cousin planted seventeen tomatoes behind the garage",
    "nobody told the orchestra about the broken window",
)
SENTENCES = ("how do i get out of bed", "my back is in spasm", "where should the pillow go")
GRAMMAR = (*COMMANDS, "[unk]")


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pcm]:
    texts = (*COMMANDS, *OTHERS, *SENTENCES)
    spoken = speak([(text, AWB) for text in texts], tmp_path_factory.mktemp("speech"))
    return {text: in_quiet(pcm) for text, pcm in zip(texts, spoken, strict=True)}


@pytest.fixture(scope="module")
def vosk_model() -> vosk.Model:
    vosk.SetLogLevel(-1)
    return vosk.Model(str(MODEL))


@pytest.fixture(scope="module")
def bedside() -> VoskRecogniser:
    return VoskRecogniser(MODEL)


def noise(seconds: float, level: float = 3_000, seed: int = 0) -> Pcm:
    return np.random.default_rng(seed).normal(0, level, round(seconds * HEARING_RATE)).clip(-32_768, 32_767).astype(np.int16)


def in_quiet(pcm: Pcm) -> Pcm:
    """Between two pauses in a quiet room."""
    sound = np.concatenate([np.zeros(HEARING_RATE // 2, np.int16), pcm, np.zeros(HEARING_RATE // 2, np.int16)])
    return sound + noise(len(sound) / HEARING_RATE, 8)


def read(recogniser: Recogniser, pcm: Pcm, chunk: int = 512) -> str:
    recogniser.start()
    for at in range(0, len(pcm), chunk):
        recogniser.accept(pcm[at : at + chunk])
    found = recogniser.hypotheses()
    return found[0].text if found else ""


def share_of_words(said: str, heard: str) -> float:
    """How many of the words said are among those heard."""
    words = heard.split()
    return sum(word in words for word in said.split()) / len(said.split())


class Bound:
    """The decoder with a grammar, or without."""

    def __init__(self, model: vosk.Model, *grammar: str) -> None:
        self.decoder = vosk.KaldiRecognizer(model, HEARING_RATE, *([json.dumps(grammar)] if grammar else []))

    def read(self, pcm: Pcm) -> str:
        """All that is heard, with [unk]."""
        ended = [self.decoder.Result() for at in range(0, len(pcm), 1_600) if self.decoder.AcceptWaveform(pcm[at : at + 1_600].tobytes())]
        texts = [json.loads(stretch)["text"] for stretch in (*ended, self.decoder.FinalResult())]
        return " ".join(filter(None, texts))


class TestGrammars:
    def test_commands_are_heard_word_for_word(self, vosk_model: vosk.Model, speech: dict[str, Pcm]) -> None:
        bound = Bound(vosk_model, *GRAMMAR)
        heard = {text: bound.read(speech[text]) for text in COMMANDS}
        assert sum(text == found for text, found in heard.items()) >= len(COMMANDS) - 2, heard

    def test_other_people_s_talk_is_unknown(self, vosk_model: vosk.Model, speech: dict[str, Pcm]) -> None:
        bound = Bound(vosk_model, *GRAMMAR)
        heard = {text: set(bound.read(speech[text]).split()) for text in OTHERS}
        assert sum(found == {"[unk]"} for found in heard.values()) >= len(OTHERS) - 1, heard

    def test_without_the_unknown_word_the_grammar_makes_a_command_of_anything(self, vosk_model: vosk.Model, speech: dict[str, Pcm]) -> None:
        heard = Bound(vosk_model, *COMMANDS).read(speech[OTHERS[0]]).split()
        assert heard
        assert set(heard) <= {word for text in COMMANDS for word in text.split()}

    def test_a_word_outside_the_vocabulary_does_not_stop_the_rest(self, vosk_model: vosk.Model, speech: dict[str, Pcm]) -> None:
        assert Bound(vosk_model, "xylophonic", *GRAMMAR).read(speech["stop"]) == "stop"

    def test_the_grammar_can_change_while_it_listens(self, vosk_model: vosk.Model, speech: dict[str, Pcm]) -> None:
        bound = Bound(vosk_model, "yes", "no", "[unk]")
        assert bound.read(speech["no"]) == "no"
        bound.decoder.SetGrammar(json.dumps(["stop", "pause", "[unk]"]))
        assert bound.read(speech["stop"]) == "stop"

    def test_dictation_and_a_grammar_live_on_one_model(self, vosk_model: vosk.Model, speech: dict[str, Pcm]) -> None:
        dictation, bound = Bound(vosk_model), Bound(vosk_model, *GRAMMAR)
        alone = dictation.read(speech[SENTENCES[0]])
        for at in range(0, len(speech["stop"]), 1_600):
            for each in (dictation, bound):
                each.decoder.AcceptWaveform(speech["stop"][at : at + 1_600].tobytes())
        assert json.loads(bound.decoder.FinalResult())["text"] == "stop"
        dictation.decoder.FinalResult()
        assert dictation.read(speech[SENTENCES[0]]) == alone


class TestDictation:
    def test_more_than_half_of_the_words_of_a_question_are_heard(self, bedside: VoskRecogniser, speech: dict[str, Pcm]) -> None:
        heard = {text: read(bedside, speech[text]) for text in SENTENCES}
        assert np.mean([share_of_words(text, found) for text, found in heard.items()]) > 0.5, heard
        assert bedside.name == f"vosk {OWN_MODEL}"

    def test_the_model_loads_and_hears_in_a_child_first(self, tmp_path: Path) -> None:
        try_vosk_model(MODEL, tmp_path)

    def test_partial_texts_grow_while_somebody_speaks(self, bedside: VoskRecogniser, speech: dict[str, Pcm]) -> None:
        pcm = speech[SENTENCES[0]]
        bedside.start()
        partials = [bedside.accept(pcm[at : at + 1_600]) or "" for at in range(0, len(pcm), 1_600)]
        lengths = [len(partial.split()) for partial in partials]
        assert lengths[0] == 0
        assert lengths[-1] >= 4
        assert sum(later < earlier for earlier, later in itertools.pairwise(lengths)) <= 2, partials

    @pytest.mark.parametrize("text", SENTENCES)
    def test_words_lie_where_they_were_said(self, bedside: VoskRecogniser, speech: dict[str, Pcm], text: str) -> None:
        pcm = speech[text]
        read(bedside, pcm)
        for found in bedside.hypotheses():
            assert [word.text for word in found.words] == found.text.split()
            times = [time for word in found.words for time in (word.start, word.end)]
            assert times == sorted(times)
            assert times[0] == pytest.approx(0.6, abs=0.2), "half a second of quiet comes before, and a little of the voice's own"
            assert times[-1] == pytest.approx(len(pcm) / HEARING_RATE - 0.5, abs=0.25), "and half a second after"

    def test_word_times_do_not_drift_over_many_utterances(self, bedside: VoskRecogniser, speech: dict[str, Pcm]) -> None:
        read(bedside, speech["stop"])
        first = bedside.hypotheses()[0].words
        random = np.random.default_rng(5)
        for seed in range(60):
            read(bedside, noise(float(random.uniform(0.01, 0.9)), 8, seed), 4_000)
        read(bedside, speech["stop"])
        later = bedside.hypotheses()[0].words
        assert [word.text for word in later] == [word.text for word in first]
        assert [word.start for word in later] == pytest.approx([word.start for word in first], abs=0.05)

    def test_readings_come_best_first_with_confidences_that_add_up(self, speech: dict[str, Pcm]) -> None:
        recogniser = VoskRecogniser(MODEL, alternatives=5)
        read(recogniser, speech[SENTENCES[0]])
        found = recogniser.hypotheses()
        confidences = [one.confidence or 0.0 for one in found]
        assert len(found) > 1
        assert confidences == sorted(confidences, reverse=True)
        assert sum(confidences) == pytest.approx(1.0)
        texts = [one.text for one in found]
        assert len(texts) == len(set(texts)) <= 5

    def test_a_single_reading_has_a_confidence_for_each_word(self, speech: dict[str, Pcm]) -> None:
        recogniser = VoskRecogniser(MODEL, alternatives=0)
        read(recogniser, speech[SENTENCES[0]])
        (found,) = recogniser.hypotheses()
        assert all(word.confidence is not None and 0 <= word.confidence <= 1 for word in found.words)
        assert found.confidence is not None
        assert 0 <= found.confidence <= 1

    def test_the_same_sound_gives_the_same_words_in_pieces_of_any_size(self, bedside: VoskRecogniser, speech: dict[str, Pcm]) -> None:
        texts = {read(bedside, speech[SENTENCES[1]], chunk) for chunk in (160, 512, 4_000, 100_000)}
        assert len(texts) == 1

    def test_asking_again_gives_the_same_and_more_speech_adds_to_it(self, bedside: VoskRecogniser, speech: dict[str, Pcm]) -> None:
        bedside.start()
        bedside.accept(speech["stop"])
        first = bedside.hypotheses()
        assert bedside.hypotheses() == first
        partial = bedside.accept(speech["carry on"])
        assert partial is not None
        assert partial.startswith(first[0].text)
        assert bedside.hypotheses()[0].text.startswith(first[0].text)
        assert len(bedside.hypotheses()[0].words) > len(first[0].words)

    def test_a_new_utterance_forgets_the_last(self, bedside: VoskRecogniser, speech: dict[str, Pcm]) -> None:
        read(bedside, speech["stop"])
        bedside.start()
        assert bedside.hypotheses() == ()
        bedside.accept(speech["stop"])
        bedside.start()
        assert bedside.accept(np.zeros(0, np.int16)) == ""
        assert bedside.hypotheses() == ()


class TestEndpoints:
    def test_a_pause_ends_a_stretch_and_what_follows_is_another(self, vosk_model: vosk.Model, speech: dict[str, Pcm]) -> None:
        decoder = Bound(vosk_model, *GRAMMAR).decoder
        pcm = np.concatenate([speech["stop"], noise(1.5, 8), speech["carry on"], noise(1.5, 8)])
        ended = [
            json.loads(decoder.Result())["text"] for at in range(0, len(pcm), 800) if decoder.AcceptWaveform(pcm[at : at + 800].tobytes())
        ]
        assert [text for text in ended if text] == ["stop", "carry on"]

    def test_the_stretches_of_one_utterance_are_joined(self, bedside: VoskRecogniser, speech: dict[str, Pcm]) -> None:
        alone = [read(bedside, speech[text]) for text in SENTENCES[:2]]
        pcm = np.concatenate([speech[SENTENCES[0]], noise(2, 8), speech[SENTENCES[1]]])
        joined = read(bedside, pcm)
        assert share_of_words(" ".join(alone), joined) > 0.8
        assert bedside.hypotheses()[0].words[-1].end == pytest.approx(len(pcm) / HEARING_RATE - 0.5, abs=0.25)


class TestNoSpeech:
    @pytest.mark.parametrize("level", [0, 1, 8, 100])
    def test_it_hears_no_words_in_a_quiet_room(self, bedside: VoskRecogniser, level: float) -> None:
        assert read(bedside, noise(6, level)) == ""

    @pytest.mark.parametrize("samples", [0, 1, 399, 400, 560, 16_000])
    @pytest.mark.parametrize("level", [0, 3_000, 30_000])
    def test_any_length_of_silence_or_noise_does_no_harm(self, bedside: VoskRecogniser, samples: int, level: int) -> None:
        read(bedside, noise(samples / HEARING_RATE, level), 8_000)

    def test_a_word_is_heard_after_a_minute_of_noise_and_silence(self, bedside: VoskRecogniser, speech: dict[str, Pcm]) -> None:
        assert read(bedside, np.concatenate([noise(30, 300), np.zeros(30 * HEARING_RATE, np.int16), speech["stop"]]), 8_000).endswith(
            "stop"
        )

    def test_a_faint_voice_is_heard(self, vosk_model: vosk.Model, speech: dict[str, Pcm]) -> None:
        faint = (speech["stop"] * 0.05).astype(np.int16) + noise(len(speech["stop"]) / HEARING_RATE, 3)
        assert Bound(vosk_model, *GRAMMAR).read(faint) == "stop"


class TestSideBySide:
    def test_two_recognisers_do_not_disturb_each_other(self, speech: dict[str, Pcm]) -> None:
        first, second = VoskRecogniser(MODEL), VoskRecogniser(MODEL)
        alone = read(first, speech[SENTENCES[0]])
        first.start()
        second.start()
        for at in range(0, len(speech[SENTENCES[0]]), 512):
            first.accept(speech[SENTENCES[0]][at : at + 512])
            second.accept(speech[SENTENCES[2]][at : at + 512])
        assert first.hypotheses()[0].text == alone
        second.close()
        assert read(first, speech[SENTENCES[0]]) == alone

    def test_it_keeps_the_terminal_clean(self, tmp_path: Path, speech: dict[str, Pcm], capfd: pytest.CaptureFixture[str]) -> None:
        recogniser = build_recogniser("vosk", tmp_path, OWN_MODEL, shipped_dir=MODEL.parent)
        read(recogniser, speech["stop"])
        recogniser.close()
        assert capfd.readouterr() == ("", "")


class TestOtherModels:
    """What our own model is not: another layout of the graph, or one that knows nothing."""

    def test_a_model_with_one_graph_gives_words_within_the_utterance(self, tmp_path: Path) -> None:
        recogniser = VoskRecogniser(write_toy_model(tmp_path / "toy", "static"))
        for length in (0.51, 1.77, 0.93):
            read(recogniser, noise(length))
            for found in recogniser.hypotheses():
                assert [word.text for word in found.words] == found.text.split()
                assert found.words[0].start >= 0
                assert found.words[-1].end <= length + 0.05

    def test_an_unknown_word_is_no_word(self, tmp_path: Path) -> None:
        recogniser = VoskRecogniser(write_toy_model(tmp_path / "toy", unknown_only=True))
        recogniser.start()
        assert recogniser.accept(noise(1)) == ""
        assert recogniser.hypotheses() == ()
