"""The command line as programs and people use it: what it prints, where, and how it exits."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr

from voiceskill.cli import main
from voiceskill.edges.wav import read_wav, write_wav
from voiceskill.ports import HEARING_RATE, Clip, Pcm

QUESTIONS = Path(__file__).parent.parent / "scripts" / "questions"


@dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Done]


@pytest.fixture
def voiceskill(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run a command in this process, with a data folder of its own."""

    def run(*arguments: object) -> Done:
        command, *rest = map(str, arguments)
        monkeypatch.setattr(
            sys, "argv", ["voiceskill", command, *rest, *([] if command.startswith("-") else ["--data-dir", str(tmp_path / "data")])]
        )
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(bool(end.code))
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return run


def one_line(done: Done) -> str:
    """The only line on standard error."""
    (line,) = done.err.splitlines()
    assert line.startswith("voiceskill: ")
    assert "Traceback" not in done.err
    return line


# Understanding and conversation.


def test_match_answers_in_the_form_that_other_programs_rely_on(voiceskill: Run) -> None:
    (answer,) = voiceskill("match", "can I use a hot water bottle", "--json").json
    assert answer["intent"] == "relief_heat"
    assert set(answer) == {"text", "intent", "score", "runner_up", "slots", "reason"}


def test_match_answers_each_line_of_standard_input(voiceskill: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lines = ["should I use ice", "", "nice weather for the match on saturday"]
    (tmp_path / "in").write_text("\n".join(json.dumps({"text": line}) for line in lines))
    with (tmp_path / "in").open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        answers = voiceskill("match").json
    assert [answer["text"] for answer in answers] == lines
    assert [answer["intent"] for answer in answers] == ["relief_cold", None, None]
    assert [answer["reason"] for answer in answers] == [None, "empty", "unrelated"]


def test_a_line_that_is_not_json_is_named(voiceskill: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "in").write_text('{"text": "ice"}\nnot json\n')
    with (tmp_path / "in").open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        done = voiceskill("match")
    assert done.code == 1
    assert "line 2" in one_line(done)


@pytest.mark.parametrize("text", ["", " ", "x", "🙂", "стоп", "\u0007\u0000", "ow " * 10_000])
def test_odd_text_is_answered_and_never_an_error(voiceskill: Run, text: str) -> None:
    assert voiceskill("match", text, "--json").code == 0


def test_ask_prints_the_answer(voiceskill: Run) -> None:
    assert voiceskill("ask", "can I use a hot water bottle").out.startswith("Warmth is one of the best things to try.")


def test_ask_about_danger_prints_the_whole_line(voiceskill: Run) -> None:
    answer = voiceskill("ask", "I can't feel my legs").out
    assert "Both legs being affected needs a hospital now. Call your emergency number" in answer


def test_the_emergency_number_is_spoken_as_the_settings_say(voiceskill: Run, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('emergency_number = "nine nine nine"\n')
    assert "Call nine nine nine" in voiceskill("ask", "I can't feel my legs", "--config", tmp_path / "s.toml").out


def test_chat_holds_a_conversation_with_an_offer_and_tell_me_more(tmp_path: Path) -> None:
    typed = "I lifted something heavy\ntell me more\nsay that again\nstop\n"
    command = [sys.executable, "-m", "voiceskill", "chat", "--data-dir", str(tmp_path)]
    done = subprocess.run(command, input=typed, capture_output=True, text=True, check=True)
    greeting, answer, more, again, stopped = done.stdout.splitlines()
    assert "listening" in greeting
    assert "lifting" in answer
    assert more == again
    assert stopped == "Stopped."


# A recording instead of the microphone.


def speech() -> Pcm:
    return read_wav(QUESTIONS / "3-heat-or-ice.wav")


def save(path: Path, pcm: Pcm, rate: int = HEARING_RATE) -> Path:
    write_wav(path, Clip(pcm, rate))
    return path


def test_a_recording_is_answered_on_its_own_time_line(voiceskill: Run, tmp_path: Path) -> None:
    question = save(tmp_path / "in.wav", np.concatenate([np.zeros(HEARING_RATE, np.int16), speech()]))
    done = voiceskill("run", "--wav", question, "--out", tmp_path / "out.wav", "--events", "-")
    assert done.code == 0
    events = {event["event"]: event for event in done.json}
    assert events["matched"]["intent"] == "relief_heat_or_cold"
    answer = read_wav(tmp_path / "out.wav")
    first_sound = np.flatnonzero(np.abs(answer) > 300)[0] / HEARING_RATE
    assert first_sound >= events["speech_end"]["t"] - 0.032  # both are heard within the frame that ended the question
    assert events["speech_end"]["t"] > 1.0
    assert len(answer) / HEARING_RATE >= events["said"]["t"]


@pytest.mark.parametrize(("options", "answered"), [([], False), (["--no-wake"], True)])
def test_where_it_is_to_be_called_a_bare_question_is_answered_only_with_no_wake(
    voiceskill: Run, tmp_path: Path, options: list[str], *, answered: bool
) -> None:
    (tmp_path / "s.toml").write_text('attention = "wake"\n')
    question = QUESTIONS / "3-heat-or-ice.wav"
    done = voiceskill("run", "--wav", question, "--out", tmp_path / "out.wav", "--events", "-", "--config", tmp_path / "s.toml", *options)
    assert ("say" in {event["event"] for event in done.json}) == answered


def test_a_wake_phrase_that_everybody_says_is_refused_in_one_line(voiceskill: Run, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('wake_phrase = "Good morning"\n')
    done = voiceskill("ask", "does heat help", "--config", tmp_path / "s.toml")
    assert done.code == 2
    assert "choose words that nobody says otherwise" in one_line(done)


def test_it_tells_by_which_phrase_it_is_called(voiceskill: Run, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('wake_phrase = "listen maggie"\n')
    assert "To call me, say listen maggie." in voiceskill("ask", "who are you", "--config", tmp_path / "s.toml").out


def test_the_same_recording_gets_the_same_answer_to_the_sample(voiceskill: Run, tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        voiceskill("run", "--wav", QUESTIONS / "3-heat-or-ice.wav", "--out", tmp_path / name)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


@pytest.mark.parametrize(("rate", "channels", "bits"), [(8_000, 1, 16), (44_100, 2, 16), (48_000, 1, 24), (22_050, 1, 8)])
def test_recordings_of_any_kind_are_understood(voiceskill: Run, tmp_path: Path, rate: int, channels: int, bits: int) -> None:
    path = tmp_path / "in.wav"
    sound = soxr.resample(speech().astype(np.float32) / 32_768, HEARING_RATE, rate)
    subtype = {8: "PCM_U8", 16: "PCM_16", 24: "PCM_24"}[bits]
    soundfile.write(path, np.repeat(sound[:, None], channels, axis=1), rate, subtype=subtype)
    done = voiceskill("run", "--wav", path, "--out", tmp_path / "out.wav", "--events", "-")
    assert "relief_heat_or_cold" in [event.get("intent") for event in done.json]


def test_clipped_speech_is_still_understood(voiceskill: Run, tmp_path: Path) -> None:
    loud = np.clip(speech().astype(np.int32) * 12, -32_768, 32_767).astype(np.int16)
    done = voiceskill("run", "--wav", save(tmp_path / "in.wav", loud), "--out", tmp_path / "out.wav", "--events", "-")
    assert "relief_heat_or_cold" in [event.get("intent") for event in done.json]


@pytest.mark.parametrize("sound", ["silence", "noise"])
def test_what_holds_no_words_gets_silence(voiceskill: Run, tmp_path: Path, sound: str) -> None:
    noise = np.random.default_rng(1).normal(0, 2_000, 20 * HEARING_RATE).astype(np.int16)
    pcm = {"silence": np.zeros(600 * HEARING_RATE, np.int16), "noise": noise}[sound]
    done = voiceskill("run", "--wav", save(tmp_path / "in.wav", pcm), "--out", tmp_path / "out.wav", "--events", "-")
    assert done.code == 0
    assert "say" not in [event["event"] for event in done.json]
    assert not read_wav(tmp_path / "out.wav").any()


def truncated(path: Path) -> None:
    path.write_bytes((QUESTIONS / "3-heat-or-ice.wav").read_bytes()[:20])


def text(path: Path) -> None:
    path.write_text("this is not sound\n" * 50)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def soundless(path: Path) -> None:
    save(path, np.zeros(0, np.int16))


def folder(path: Path) -> None:
    path.mkdir()


def absent(_path: Path) -> None:
    pass


@pytest.mark.parametrize("make", [truncated, text, empty, soundless, folder, absent])
@pytest.mark.parametrize("command", ["run", "transcribe"])
def test_a_file_that_is_no_recording_is_named_in_one_line(
    voiceskill: Run, tmp_path: Path, command: str, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "in.wav"
    make(path)
    arguments = ["run", "--wav", path, "--out", tmp_path / "out.wav"] if command == "run" else ["transcribe", path]
    done = voiceskill(*arguments)
    assert done.code == 1
    assert str(path) in one_line(done)
    assert not (tmp_path / "out.wav").exists()


@pytest.mark.parametrize("option", ["--out", "--events"])
def test_a_place_that_cannot_be_written_is_named_in_one_line(voiceskill: Run, tmp_path: Path, option: str) -> None:
    nowhere = tmp_path / "no" / "such" / "folder"
    places = {"--out": tmp_path / "out.wav", option: nowhere}
    arguments = [str(part) for pair in places.items() for part in pair]
    done = voiceskill("run", "--wav", QUESTIONS / "3-heat-or-ice.wav", *arguments)
    assert done.code == 1
    assert str(nowhere) in one_line(done)


# Engines.


def test_transcribe_prints_one_json_line_a_file_and_what_match_makes_of_it(voiceskill: Run) -> None:
    files = [QUESTIONS / "1-lifting.wav", QUESTIONS / "3-heat-or-ice.wav"]
    answers = voiceskill("transcribe", *files, "--json", "--match").json
    assert [Path(answer["file"]) for answer in answers] == files
    assert [answer["match"]["intent"] for answer in answers] == ["cause_lifting", "relief_heat_or_cold"]


def test_say_writes_speech_to_a_file(voiceskill: Run, tmp_path: Path) -> None:
    assert voiceskill("say", "Breathe out slowly.", "--out", tmp_path / "say.wav").code == 0
    assert 1.0 < len(read_wav(tmp_path / "say.wav")) / HEARING_RATE < 4.0


def test_voices_are_listed_and_an_unknown_one_is_answered_with_them(voiceskill: Run) -> None:
    assert "rms" in voiceskill("say", "--voices").out
    assert "rms" in one_line(voiceskill("say", "hello", "--voice", "nobody"))


@pytest.mark.parametrize("kind", ["missing", "empty", "damaged"])
def test_a_vosk_model_that_cannot_be_used_is_named_with_exit_code_4(voiceskill: Run, tmp_path: Path, kind: str) -> None:
    model = tmp_path / "data" / "models" / "vosk-model-small-en-us-0.15"
    if kind != "missing":
        model.mkdir(parents=True)
    if kind == "damaged":
        (model / "am").mkdir()
        (model / "am" / "final.mdl").write_bytes(b"\0" * 100)
    (tmp_path / "s.toml").write_text(f'recogniser = "vosk"\nmodel = "{model.name}"\n')
    done = voiceskill("transcribe", QUESTIONS / "1-lifting.wav", "--config", tmp_path / "s.toml")
    assert done.code == 4
    assert model.name in one_line(done)


# Usage.


def test_a_broken_settings_file_stops_everything_with_its_line(voiceskill: Run, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('recogniser = "siri"\n')
    done = voiceskill("ask", "does heat help", "--config", tmp_path / "s.toml")
    assert done.code == 2
    assert f"{tmp_path / 's.toml'}:1:" in one_line(done)


def test_a_broken_folder_of_intents_stops_everything_with_file_and_line(voiceskill: Run, tmp_path: Path) -> None:
    (tmp_path / "skill.yaml").write_text("name: [\n")
    done = voiceskill("match", "hello", "--intents", tmp_path)
    assert done.code == 2
    assert "skill.yaml:" in done.err


@pytest.mark.parametrize(
    "arguments", [["fly"], ["run", "--wav", "x.wav"], ["run", "--realtime"], ["ask"], ["say"], ["match", "x", "--bogus"]], ids=" ".join
)
def test_wrong_usage_exits_2(voiceskill: Run, arguments: list[str]) -> None:
    done = voiceskill(*arguments)
    assert done.code == 2
    assert "Traceback" not in done.err


@pytest.mark.parametrize("command", ["run", "serve", "chat", "ask", "match", "transcribe", "say", "devices", "doctor", "setup"])
def test_every_command_explains_itself_with_an_example_and_the_common_options(voiceskill: Run, command: str) -> None:
    done = subprocess.run([sys.executable, "-m", "voiceskill", command, "--help"], capture_output=True, text=True, check=True)
    assert "Example" in done.stdout
    for option in ("--config", "--data-dir", "--intents", "--help"):
        assert option in done.stdout


def test_the_version_is_shown(voiceskill: Run) -> None:
    assert voiceskill("--version").out.strip()[0].isdigit()


def test_the_recorded_questions_are_what_their_list_says() -> None:
    listed = (QUESTIONS / "README.md").read_text()
    for file in QUESTIONS.glob("*.wav"):
        assert file.name in listed
        with wave.open(str(file)) as recording:
            assert recording.getnchannels() == 1
