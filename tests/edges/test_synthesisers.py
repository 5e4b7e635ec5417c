"""The speech engines themselves: what they say is understood, and nothing that goes wrong with them outlives a sentence."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soxr

from voiceskill.edges.synthesisers.choose import SpeechSettings, build_synthesiser
from voiceskill.edges.synthesisers.flite import Flite
from voiceskill.edges.synthesisers.pyttsx3_engine import Pyttsx3
from voiceskill.ports import Clip, Fault, Synthesiser

WORKER = "voiceskill.edges.synthesisers.pyttsx3_worker"


@pytest.fixture(scope="module")
def pyttsx3() -> Iterator[Pyttsx3]:
    engine = Pyttsx3()
    yield engine
    engine.close()


@pytest.fixture(scope="module", params=["pyttsx3", "flite"])
def engine(request: pytest.FixtureRequest) -> Iterator[Synthesiser]:
    made = build_synthesiser(SpeechSettings(engine=request.param))
    yield made
    made.close()


@pytest.fixture(scope="module")
def understand() -> Callable[[Clip], str]:
    from moonshine_voice import ModelArch, Transcriber, get_model_path

    transcriber = Transcriber(str(get_model_path("tiny-en")), ModelArch.TINY)

    def text_of(clip: Clip) -> str:
        sound = soxr.resample(clip.pcm.astype(np.float32) / 32768, clip.rate, 16_000)
        padded = np.pad(sound, 4_000)
        return " ".join(line.text for line in transcriber.transcribe_without_streaming(padded.tolist(), 16_000).lines).lower()

    return text_of


def children(pid: int) -> list[str]:
    """The state letter of each process whose parent is `pid`."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(fields[0])
    return found


def silence_at_the_ends(clip: Clip) -> tuple[float, float]:
    loud = np.flatnonzero(np.abs(clip.pcm.astype(np.int32)) > np.abs(clip.pcm.astype(np.int32)).max() * 0.003)
    return float(loud[0]) / clip.rate, float(len(clip.pcm) - loud[-1]) / clip.rate


@pytest.mark.parametrize("sentence", ["Put a pillow under your knees and rest for a while.", "The pain should ease in a few days."])
def test_an_independent_listener_understands_most_words(engine: Synthesiser, understand: Callable[[Clip], str], sentence: str) -> None:
    words = sentence.lower().strip(".").split()
    heard = understand(engine.render(sentence))
    assert sum(word in heard for word in words) >= len(words) * 0.6, heard


def test_speech_is_mono_loud_and_not_clipped(engine: Synthesiser) -> None:
    clip = engine.render("Lie on your side, and let your shoulders go loose.")
    level = np.abs(clip.pcm.astype(np.int32))
    assert clip.pcm.dtype == np.int16
    assert clip.pcm.ndim == 1
    assert 2 < clip.seconds < 6
    assert level.max() > 5_000
    assert np.mean(level >= 32_767) < 0.001


def test_speech_starts_and_ends_without_a_wait(engine: Synthesiser) -> None:
    before, after = silence_at_the_ends(engine.render("Stopped."))
    assert before <= 0.06
    assert after <= 0.06


@pytest.mark.parametrize("text", ["", "   ", "...", "?!", "\U0001f600", "\x00\x07", "<speak></speak>", "\u00ab\u00bb"])
def test_a_text_without_words_is_a_moment_of_silence(engine: Synthesiser, text: str) -> None:
    clip = engine.render(text)
    assert 0 < clip.seconds < 0.2
    assert not clip.pcm.any()


@pytest.mark.parametrize(
    "text",
    [
        "-o /dev/null -voice nothing",
        "--help",
        'It\'s "fine" `id` $(id) ; id | id',
        "<speak>Rest <break time='30s'/> now</speak>",
        "[[h@'loU]] rest",
        "rest\x00\x1b[31m now\x07\r\nplease",
        "Rest \U0001f600 now",
        "caf\u00e9, na\u00efve \u2014 and \u201cquoted\u201d\u2026",
        "%s %n {0} \\n",
        "\ud800 rest",
        "pneumonoultramicroscopicsilicovolcanoconiosis" * 6,
    ],
)
def test_odd_text_is_spoken_as_words(engine: Synthesiser, text: str) -> None:
    clip = engine.render(text)
    assert clip.seconds > 0.2
    assert np.abs(clip.pcm.astype(np.int32)).max() > 3_000


def test_markup_is_neither_obeyed_nor_read_out(engine: Synthesiser) -> None:
    marked = engine.render("<speak>Rest <break time='30s'/> <emphasis>now</emphasis></speak>")
    assert marked.seconds == pytest.approx(engine.render("Rest now").seconds, abs=0.2)


@pytest.mark.parametrize("build", [lambda: Pyttsx3(words_per_minute=400), lambda: Flite("kal", words_per_minute=400)])
def test_five_thousand_words_are_all_spoken(build: Callable[[], Synthesiser]) -> None:
    engine = build()
    try:
        assert engine.render("rest on your side " * 1_250).seconds > 400
    finally:
        engine.close()


@pytest.mark.parametrize("kind", [Pyttsx3, Flite])
def test_pace_and_pitch_are_obeyed(kind: type[Pyttsx3 | Flite]) -> None:
    sentence = "Breathe out slowly, and let your back sink into the bed."
    clips: dict[str, Clip] = {}
    for name, pace, pitch in (("plain", 140, 0), ("slow", 100, 0), ("fast", 200, 0), ("high", 140, 5)):
        engine = kind(words_per_minute=pace, pitch=pitch)
        clips[name] = engine.render(sentence)
        engine.close()
    assert clips["slow"].seconds > 1.2 * clips["plain"].seconds
    assert clips["fast"].seconds < 0.85 * clips["plain"].seconds
    assert clips["high"].seconds == pytest.approx(clips["plain"].seconds, rel=0.15)
    assert melody(clips["high"]) / melody(clips["plain"]) == pytest.approx(2 ** (5 / 12), rel=0.1)


@pytest.mark.parametrize("kind", [Pyttsx3, Flite])
def test_one_sentence_can_be_slower_or_quicker_than_the_settings_say(kind: type[Pyttsx3 | Flite]) -> None:
    sentence = "Breathe out slowly, and let your back sink into the bed."
    engine = kind(words_per_minute=160, pitch=3)
    usual = engine.render(sentence).seconds
    for pace in (0.6, 0.8, 1.2, 1.8):
        assert engine.render(sentence, pace).seconds == pytest.approx(pace * usual, rel=0.06)
    assert engine.render(sentence).seconds == pytest.approx(usual, rel=0.01)
    engine.close()


def test_an_absurd_pace_is_the_nearest_that_can_be_followed(engine: Synthesiser) -> None:
    sentence = "Rest on your side."
    assert engine.render(sentence, 100).seconds == pytest.approx(engine.render(sentence, 2.5).seconds, rel=0.01)
    assert engine.render(sentence, 0).seconds == pytest.approx(engine.render(sentence, 0.6).seconds, rel=0.01)


def melody(clip: Clip) -> float:
    """The median pitch of the voice, in Hz, by autocorrelation over the louder half of 40 ms frames."""
    size, shortest, longest = clip.rate // 25, clip.rate // 300, clip.rate // 60
    frames = clip.pcm[: len(clip.pcm) // size * size].reshape(-1, size).astype(float)
    loud = frames[(frames**2).sum(axis=1) >= np.median((frames**2).sum(axis=1))]
    lags = [shortest + int(np.argmax(np.correlate(frame, frame, "full")[size - 1 :][shortest:longest])) for frame in loud]
    return clip.rate / float(np.median(lags))


def test_two_threads_can_speak_at_once(engine: Synthesiser) -> None:
    texts = ["Rest now.", "Bend your knees, one at a time, and breathe out.", "Stopped."]
    alone = {text: engine.render(text).seconds for text in texts}
    lengths: list[tuple[str, float]] = []

    def speak() -> None:
        lengths.extend((text, engine.render(text).seconds) for text in texts * 3)

    threads = [threading.Thread(target=speak) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lengths) == 18
    assert all(seconds == pytest.approx(alone[text], abs=0.1) for text, seconds in lengths)


@pytest.mark.parametrize("name", ["pyttsx3", "flite"])
def test_an_unknown_voice_is_answered_with_those_there_are(name: str) -> None:
    with pytest.raises(Fault, match=r"no voice `nobody`. Choose one of: .*(rms|en-us)"):
        build_synthesiser(SpeechSettings(engine=name, voice="nobody"))  # type: ignore[arg-type] # a name from the parameters
    assert "Z" not in children(os.getpid())


def test_a_voice_can_be_named_by_its_language() -> None:
    engine = Pyttsx3("en-us+f3")
    assert engine.name == "pyttsx3 gmw/en-us+f3"
    assert engine.render("Rest now.").seconds > 0.3
    engine.close()


def test_the_clearest_engine_present_speaks() -> None:
    engine = build_synthesiser(SpeechSettings())
    assert engine.name == "flite rms"
    engine.close()


def test_a_voice_decides_the_engine_when_none_is_asked_for() -> None:
    engine = build_synthesiser(SpeechSettings(voice="en-us"))
    assert engine.name.startswith(("flite", "pyttsx3"))
    engine.close()
    french = build_synthesiser(SpeechSettings(voice="fr-fr"))
    assert french.name == "pyttsx3 roa/fr"
    french.close()


@pytest.mark.parametrize("settings", [SpeechSettings(words_per_minute=0), SpeechSettings(pitch=40), SpeechSettings(engine="sam")])  # type: ignore[arg-type] # wrong on purpose
def test_impossible_settings_are_refused(settings: SpeechSettings) -> None:
    with pytest.raises(Fault, match=r"set|Choose"):
        build_synthesiser(settings)


def test_a_missing_flite_is_named_with_what_to_type() -> None:
    with pytest.raises(Fault, match="sudo apt install flite"):
        Flite(program="flite-that-is-not-there")


def test_a_flite_that_hangs_is_stopped(tmp_path: Path) -> None:
    engine = Flite(program=script(tmp_path, "case $1 in -lv) echo 'Voices available: rms' ;; *) exec sleep 60 ;; esac"), render_limit_s=0.1)
    with pytest.raises(Fault, match="took longer"):
        engine.render("Rest now.")
    assert children(os.getpid()).count("Z") == 0


@pytest.mark.parametrize("ending", ["exit 1", "exit 0", "kill -9 $$"])
def test_a_flite_that_fails_is_reported(tmp_path: Path, ending: str) -> None:
    engine = Flite(program=script(tmp_path, f"case $1 in -lv) echo 'Voices available: rms' ;; *) {ending} ;; esac"))
    with pytest.raises(Fault, match="flite"):
        engine.render("Rest now.")


def script(folder: Path, body: str) -> str:
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def test_a_killed_child_is_replaced_for_the_next_sentence(pyttsx3: Pyttsx3) -> None:
    pyttsx3.render("Rest now.")
    first = pyttsx3.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    with pytest.raises(Fault, match="it died"):
        pyttsx3.render("Rest now.")
    assert pyttsx3.render("Rest now.").seconds > 0.3
    assert pyttsx3.pid != first
    assert "Z" not in children(os.getpid())


def test_a_hung_child_is_killed_and_replaced() -> None:
    engine = Pyttsx3(render_limit_s=0.5)
    hung = engine.pid
    assert hung is not None
    os.kill(hung, signal.SIGSTOP)
    with pytest.raises(Fault, match=r"longer than 0.5 seconds"):
        engine.render("Rest now.")
    assert not Path(f"/proc/{hung}").exists()
    assert engine.render("Rest now.").seconds > 0.3
    engine.close()


def test_closing_ends_a_render_that_hangs() -> None:
    engine = Pyttsx3(render_limit_s=60)
    assert engine.pid is not None
    os.kill(engine.pid, signal.SIGSTOP)
    faults: list[Fault] = []

    def speak() -> None:
        try:
            engine.render("Rest now.")
        except Fault as fault:
            faults.append(fault)

    speaking = threading.Thread(target=speak)
    speaking.start()
    engine.close()
    speaking.join(timeout=20)
    assert len(faults) == 1
    with pytest.raises(Fault, match="closed"):
        engine.render("Rest now.")
    engine.close()


def test_a_missing_espeak_is_named_with_what_to_type() -> None:
    hidden = (
        "import ctypes, runpy\n"
        "def gone(name): raise OSError(name)\n"
        "ctypes.cdll.LoadLibrary = gone\n"
        f"runpy.run_module({WORKER!r}, run_name='__main__')"
    )
    with pytest.raises(Fault, match="sudo apt install espeak-ng"):
        Pyttsx3(command=[sys.executable, "-c", hidden])


@pytest.mark.parametrize("program", ["raise SystemExit(1)", "print('chatter', flush=True)", "import time; time.sleep(60)"])
def test_a_child_that_cannot_start_is_a_fault(program: str) -> None:
    with pytest.raises(Fault, match="does not start"):
        Pyttsx3(command=[sys.executable, "-c", program], start_limit_s=1)
    assert "Z" not in children(os.getpid())


def test_the_child_leaves_when_its_parent_is_killed() -> None:
    program = (
        "import os, signal\n"
        "from voiceskill.edges.synthesisers.pyttsx3_engine import Pyttsx3\n"
        "print(Pyttsx3().pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    parent = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert parent.returncode == -signal.SIGKILL
    try:
        child = os.pidfd_open(int(parent.stdout))
    except ProcessLookupError:
        return
    try:
        assert select.select([child], [], [], 20)[0], "the child outlived its parent"
    finally:
        os.close(child)
