"""The ear that knows only the wake phrase, on synthetic people in a room that hisses."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from voiceskill.core.attention import DEFAULT_PHRASE
from voiceskill.edges.recognisers.choose import build_wake_detector
from voiceskill.edges.recognisers.pocketsphinx_wake_phrase import PocketSphinxWakePhrase
from voiceskill.edges.wav import read_wav
from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, ModelMissing, Pcm

TALK = ("my mother is at the door", "he decided to stay in bed today", "turn the television over")


@pytest.fixture(scope="module")
def ear() -> Iterator[PocketSphinxWakePhrase]:
    detector = PocketSphinxWakePhrase(DEFAULT_PHRASE)
    yield detector
    detector.close()


def spoken(text: str, voice: str, folder: Path) -> Pcm:
    file = folder / "said.wav"
    subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(file)], check=True)
    said = read_wav(file)
    sound = np.random.default_rng(1).normal(0, 10, len(said) + HEARING_RATE // 2)
    sound[HEARING_RATE // 4 : HEARING_RATE // 4 + len(said)] += said
    return sound.clip(-32_768, 32_767).astype(np.int16)


def is_called(ear: PocketSphinxWakePhrase, pcm: Pcm) -> bool:
    ear.start()
    for start in range(0, len(pcm), FRAME_SAMPLES):
        ear.accept(pcm[start : start + FRAME_SAMPLES])
    return ear.called()


@pytest.mark.parametrize("voice", ["slt", "rms"])
def test_a_call_is_heard_alone_and_before_a_question(ear: PocketSphinxWakePhrase, voice: str, tmp_path: Path) -> None:
    assert is_called(ear, spoken("hey bedside", voice, tmp_path))
    assert is_called(ear, spoken("hey bedside, should I use heat or ice?", voice, tmp_path))


@pytest.mark.parametrize("text", TALK)
def test_other_talk_is_no_call(ear: PocketSphinxWakePhrase, text: str, tmp_path: Path) -> None:
    assert not is_called(ear, spoken(text, "slt", tmp_path))


def test_who_speaks_of_it_later_in_a_sentence_calls_nobody(ear: PocketSphinxWakePhrase, tmp_path: Path) -> None:
    assert not is_called(ear, spoken("you know that little box over there, my sister always says hey bedside", "slt", tmp_path))


def test_a_call_is_known_at_a_pause_and_forgotten_with_the_next_utterance(ear: PocketSphinxWakePhrase, tmp_path: Path) -> None:
    assert is_called(ear, spoken("hey bedside", "slt", tmp_path))
    ear.accept(np.zeros(FRAME_SAMPLES, np.int16))
    assert ear.called()
    ear.start()
    assert not ear.called()


@pytest.mark.parametrize("sound", [np.zeros(0, np.int16), np.zeros(HEARING_RATE, np.int16), np.full(HEARING_RATE, 32_767, np.int16)])
def test_no_sound_silence_and_a_broken_microphone_call_nobody(ear: PocketSphinxWakePhrase, sound: Pcm) -> None:
    assert not is_called(ear, sound)


def test_a_phrase_with_a_word_that_it_does_not_know_is_left_to_dictation(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ModelMissing, match="does not know the word zyxwort"):
        PocketSphinxWakePhrase("hello zyxwort")
    with caplog.at_level(logging.INFO):
        assert build_wake_detector("hello zyxwort") is None
    assert '"hello zyxwort" is heard by dictation alone' in caplog.text
