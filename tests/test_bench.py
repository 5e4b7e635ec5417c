"""The arithmetic of the benchmarks: a figure in docs/benchmarks.md is as good as this."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from scripts.bench_suite.__main__ import cli
from scripts.bench_suite.measures import WordErrors, ending, error_rate, onset, uncertainty, with_noise, word_errors
from scripts.bench_suite.people import SENTENCES
from scripts.bench_suite.rooms import NOISES, loudness, mixed, reverberated
from scripts.bench_suite.tables import Table, report

RATE = 16_000


@pytest.mark.parametrize(
    ("said", "heard", "edits"),
    [
        ("Stop.", "stop", 0),
        ("Wait two minutes.", "Wait 2 minutes", 0),
        ("a twenty-minute walk", "a 20 minute walk", 0),
        ("It\u2019s locked.", "it's locked", 0),
        ("lie on your side", "lie on side", 1),
        ("lie on your side", "lie down on his side", 2),
        ("lie on your side", "", 4),
    ],
)
def test_word_errors_are_what_a_person_would_count(said: str, heard: str, edits: int) -> None:
    assert word_errors(said, heard).edits == edits


def test_the_error_rate_is_over_all_words_not_over_sentences() -> None:
    assert error_rate([WordErrors(1, 1), WordErrors(0, 9)]) == pytest.approx(0.1)


def test_without_a_word_there_is_no_error_rate() -> None:
    with pytest.raises(ValueError, match="words"):
        error_rate([WordErrors(2, 0)])


def test_more_sentences_make_a_figure_more_certain() -> None:
    mixed = [WordErrors(0, 5), WordErrors(3, 5)]
    assert uncertainty(mixed * 200) < uncertainty(mixed * 5) / 3
    assert uncertainty([WordErrors(1, 5)] * 9) == 0.0


def tone(before: float, during: float, after: float) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    sound = 8_000 * np.sin(2 * np.pi * 440 * np.arange(round(during * RATE)) / RATE)
    return np.concatenate([np.zeros(round(before * RATE)), sound, np.zeros(round(after * RATE))]).astype(np.int16)


@pytest.mark.parametrize("before", [0.0, 0.2, 1.003])
def test_sound_begins_and_ends_where_it_does_to_within_a_window(before: float) -> None:
    sound = tone(before, 0.5, 0.3)
    assert onset(sound, RATE) == pytest.approx(before, abs=0.005)
    assert ending(sound, RATE) == pytest.approx(before + 0.5, abs=0.005)


def test_silence_neither_begins_nor_ends() -> None:
    for silence in (np.zeros(RATE, np.int16), np.zeros(0, np.int16)):
        assert onset(silence, RATE) is None
        assert ending(silence, RATE) is None


def test_noise_is_as_loud_as_it_is_called() -> None:
    sound = tone(0.0, 2.0, 0.0)
    noise = with_noise(sound, 12.0, seed=1).astype(float) - sound
    assert 10 * np.log10((sound.astype(float) ** 2).mean() / (noise**2).mean()) == pytest.approx(12.0, abs=0.2)


@pytest.mark.parametrize("kind", NOISES)
@pytest.mark.parametrize("decibels", [20.0, 6.0])
def test_a_room_is_as_noisy_as_it_is_called(kind: str, decibels: float) -> None:
    speech = tone(0.0, 2.0, 0.0)
    seed = np.random.default_rng(1)
    noise = NOISES[kind](len(speech), [speech[: RATE // 2]], seed)
    added = mixed(speech.astype(float), noise, decibels, loudness(speech)) - speech
    assert 20 * np.log10(loudness(speech) / np.sqrt((added**2).mean())) == pytest.approx(decibels, abs=0.1)


def test_an_echo_dies_away_by_sixty_decibels_in_its_time_and_leaves_the_direct_sound() -> None:
    click = np.zeros(RATE)
    click[0] = 1.0
    wet = reverberated(click, 0.5, np.random.default_rng(1))
    early, late = (np.sqrt((wet[start : start + 400] ** 2).mean()) for start in (1, RATE // 2 - 400))
    assert wet[0] == pytest.approx(1.0)
    assert 20 * np.log10(early / late) == pytest.approx(60.0, abs=6.0)
    assert not wet[RATE // 2 + 1 :].round(9).any()


def test_a_dry_room_leaves_the_sound_alone() -> None:
    sound = tone(0.0, 0.1, 0.0).astype(float)
    assert (reverberated(sound, 0.0, np.random.default_rng(1)) == sound).all()


def test_the_list_of_sentences_is_sound() -> None:
    assert len(set(SENTENCES)) == len(SENTENCES) == 40


def test_a_table_is_printed_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("Voices", ("voice", "ms"), (("rms", 12.345), ("kal", None)), digits=1)
    report([table], tmp_path / "figures.json")
    shown = capsys.readouterr().out
    assert "12.3" in shown
    assert "-" in shown
    assert json.loads((tmp_path / "figures.json").read_text())["tables"][0]["rows"] == [["rms", 12.345], ["kal", None]]


def test_there_is_a_command_for_each_kind_of_figure() -> None:
    assert {command.callback.__name__ for command in cli.registered_commands if command.callback} >= {
        *("speed", "recognisers", "voices", "attention", "memory", "cost", "writes"),
    }
