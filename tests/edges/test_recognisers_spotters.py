"""Ears that know only a few phrases, on synthetic people: PocketSphinx by itself, Vosk beside its own dictation."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from voiceskill.app import shipped
from voiceskill.core.events import Hypothesis
from voiceskill.core.spotting import Expecting, believed
from voiceskill.edges.recognisers.choose import OWN_MODEL, build_spotter, with_second_opinion
from voiceskill.edges.recognisers.moonshine_engine import MoonshineRecogniser
from voiceskill.edges.recognisers.phrases import Phrases
from voiceskill.edges.recognisers.pocketsphinx_spotter import PocketSphinxSpotter
from voiceskill.edges.recognisers.vosk_engine import VoskRecogniser
from voiceskill.edges.recognisers.vosk_spotter import VoskSpotter
from voiceskill.edges.wav import read_wav
from voiceskill.ports import HEARING_RATE, Pcm, Spotter

COMMANDS = ("stop", "wait", "hang on", "that hurts", "help me", "pause")
EXPECTED = {Expecting.NOTHING: (), Expecting.COMMAND: COMMANDS, Expecting.ANSWER: (*COMMANDS, "yes", "no", "seven")}
TALK = ("my mother is at the door", "what a lovely garden", "turn the television over")
VOICES = ("slt", "awb")


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Pcm]:
    file = tmp_path_factory.mktemp("speech") / "said.wav"

    def say(text: str, voice: str) -> Pcm:
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(file)], check=True)
        return between_pauses(read_wav(file))

    return {(text, voice): say(text, voice) for text in (*EXPECTED[Expecting.ANSWER], *TALK) for voice in VOICES}


def between_pauses(pcm: Pcm) -> Pcm:
    """As the listener gives it: some quiet before and after."""
    hiss = np.random.default_rng(1).normal(0, 10, len(pcm) + HEARING_RATE // 2)
    hiss[HEARING_RATE // 4 : HEARING_RATE // 4 + len(pcm)] += pcm
    return hiss.clip(-32_768, 32_767).astype(np.int16)


@pytest.fixture(scope="module")
def sphinx() -> Iterator[PocketSphinxSpotter]:
    spotter = PocketSphinxSpotter(EXPECTED, {})
    yield spotter
    spotter.close()


@pytest.fixture(scope="module")
def vosk() -> Iterator[VoskRecogniser]:
    recogniser = VoskRecogniser(shipped("models") / OWN_MODEL)
    yield recogniser
    recogniser.close()


def test_short_words_are_found_in_voices_it_never_met(sphinx: Spotter, speech: dict[tuple[str, str], Pcm]) -> None:
    found = {said: sphinx.spot(speech[said], Expecting.COMMAND) for said in speech if said[0] in COMMANDS}
    right = [said for said, spotted in found.items() if spotted and spotted.text == said[0] and believed(spotted, ())]
    assert len(right) >= len(found) - 2, found


def test_other_talk_is_not_forced_into_a_phrase(sphinx: Spotter, speech: dict[tuple[str, str], Pcm]) -> None:
    for said in speech:
        if said[0] in TALK:
            assert not believed(sphinx.spot(speech[said], Expecting.COMMAND), [said[0]])


def test_answers_are_listened_for_only_while_there_is_a_question(sphinx: Spotter, speech: dict[tuple[str, str], Pcm]) -> None:
    said = speech["seven", "slt"]
    asked, unasked = sphinx.spot(said, Expecting.ANSWER), sphinx.spot(said, Expecting.COMMAND)
    assert asked is not None
    assert asked.text == "seven"
    assert unasked is None or unasked.text != "seven"
    assert sphinx.spot(said, Expecting.NOTHING) is None


@pytest.mark.parametrize("sound", [np.zeros(0, np.int16), np.zeros(HEARING_RATE, np.int16), np.full(HEARING_RATE, 32_767, np.int16)])
def test_silence_and_overload_are_no_phrase(sphinx: Spotter, sound: Pcm) -> None:
    assert not believed(sphinx.spot(sound, Expecting.COMMAND), ())


def test_what_takes_longer_than_a_phrase_is_left_to_dictation(sphinx: Spotter, speech: dict[tuple[str, str], Pcm]) -> None:
    assert sphinx.spot(np.tile(speech["stop", "slt"], 4), Expecting.COMMAND) is None


def test_a_word_without_a_pronunciation_is_replaced_by_one_of_the_same_sound_or_reported_once(
    speech: dict[tuple[str, str], Pcm], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        spotter = PocketSphinxSpotter(
            {Expecting.COMMAND: ("stawp", "frobnicate now", "wait"), Expecting.ANSWER: ("frobnicate",)}, {"stawp": "stop"}
        )
    spotted = spotter.spot(speech["stop", "slt"], Expecting.COMMAND)
    spotter.close()
    assert spotted is not None
    assert spotted.text == "stawp"
    assert [record.getMessage().count("frobnicate") for record in caplog.records] == [1]


def test_phrases_keep_their_own_words_where_those_are_known() -> None:
    phrases = Phrases.known(["ow it hurts", "slower"], {"ow", "it", "hurts", "slow", "her"}, {"ow": "how", "slower": "slow her"})
    assert phrases.spoken == {"ow it hurts": "ow it hurts", "slow her": "slower"}


def test_dictation_and_phrases_share_one_model_and_do_not_disturb_each_other(
    vosk: VoskRecogniser, speech: dict[tuple[str, str], Pcm]
) -> None:
    spotter = VoskSpotter(vosk, EXPECTED, {})
    said = speech["hang on", "slt"]

    def dictated() -> tuple[Hypothesis, ...]:
        vosk.start()
        vosk.accept(said)
        return vosk.hypotheses()

    alone = dictated()
    vosk.start()
    vosk.accept(said[: len(said) // 2])
    spotted = spotter.spot(said, Expecting.COMMAND)
    vosk.accept(said[len(said) // 2 :])
    assert vosk.hypotheses() == alone
    assert spotted == Hypothesis("hang on", 1.0)
    assert spotter.spot(speech["my mother is at the door", "slt"], Expecting.COMMAND) is None
    spotter.close()


def test_beside_moonshine_or_our_own_small_model_the_phrases_are_heard_by_one_that_learnt_from_people(vosk: VoskRecogniser) -> None:
    spotter = build_spotter(vosk, EXPECTED, {})
    assert spotter is not None
    assert spotter.name == "pocketsphinx en-us"
    spotter.close()


def test_a_model_made_from_peoples_voices_spots_phrases_itself(tmp_path: Path) -> None:
    official = tmp_path / "vosk-model-small-en-us-0.15"
    official.symlink_to(shipped("models") / OWN_MODEL)
    recogniser = VoskRecogniser(official)
    spotter = build_spotter(recogniser, EXPECTED, {})
    assert isinstance(spotter, VoskSpotter)
    spotter.close()
    recogniser.close()


def test_danger_told_to_our_own_small_model_is_read_by_the_other_engine_too() -> None:
    both = with_second_opinion(VoskRecogniser(shipped("models") / OWN_MODEL))
    alone = MoonshineRecogniser()
    said = read_wav(Path("scripts/questions/5-numb-legs.wav"))
    for recogniser in (both, alone):
        recogniser.start()
        recogniser.accept(said)
    readings = [one.text for one in both.hypotheses()]
    (expected,) = (one.text for one in alone.hypotheses())
    assert readings[-1] == expected
    assert len(readings) >= 2
    assert with_second_opinion(alone) is alone
    both.close()
    alone.close()
