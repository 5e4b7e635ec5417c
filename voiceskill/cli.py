"""The command line: the only place that prints and exits."""

from __future__ import annotations

import dataclasses
import json
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from voiceskill import __version__
from voiceskill.alert_commands import alert
from voiceskill.app import App, Home
from voiceskill.bedside_light import light_of
from voiceskill.bedside_screen import screen_beside_the_bed
from voiceskill.core.actions import Say
from voiceskill.core.interpret import Interpreter
from voiceskill.core.understanding.outcome import Match, Outcome
from voiceskill.diary_commands import diary
from voiceskill.doctor import examine
from voiceskill.edges.bounded import BoundedFile
from voiceskill.edges.clock import MonotonicClock
from voiceskill.edges.device_names import DeviceInfo, Direction, lasting_name
from voiceskill.edges.devices import list_all
from voiceskill.edges.supervisor import supervisor
from voiceskill.edges.wav import read_wav, write_wav
from voiceskill.export_commands import export
from voiceskill.heartbeat import Heartbeat
from voiceskill.household import household_of
from voiceskill.journal import Journal
from voiceskill.loop import Observe
from voiceskill.model_commands import models
from voiceskill.options import with_common_options
from voiceskill.ports import Fault, ModelMissing, NoAudioDevice
from voiceskill.recorded import run_recording
from voiceskill.rehearse import rehearse_lines
from voiceskill.running import announce, listening, stop_when_signalled
from voiceskill.serve import beside_the_bed
from voiceskill.serve_command import serve
from voiceskill.settings import BadSettings, load_settings, network_needs
from voiceskill.setup_command import setup
from voiceskill.skill_files import SkillErrors
from voiceskill.standby import await_sound
from voiceskill.typed import Rehearsal, TypedDevice
from voiceskill.watched import run_watched

EXIT_CODES: dict[type[Fault], int] = {BadSettings: 2, SkillErrors: 2, NoAudioDevice: 3, ModelMissing: 4}
"""Any other fault is 1, wrong usage 2, done 0."""

_WORST_FIRST: dict[type[Fault], int] = {NoAudioDevice: 3, ModelMissing: 4, Fault: 1}
"""What the doctor exits with: without ears and a voice the rest is of no use."""

_PAGE_WIDTH = 160
"""Columns of a table that nobody sees on a screen."""

app = typer.Typer(
    name="voiceskill",
    help="A voice-driven bedside helper for back spasms. It works offline, and it is a helper, not a doctor.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.add_typer(diary, name="diary")
app.add_typer(models, name="models")
app.add_typer(export, name="export")
app.command()(serve)
app.command()(setup)
app.add_typer(alert, name="alert")

_TICK_SECONDS = 0.05
"""How often a typed conversation looks at the time."""

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def main() -> None:
    """Run the command line."""
    try:
        app()
    except Fault as fault:
        for line in str(fault).splitlines():
            print(f"voiceskill: {line}", file=sys.stderr)
        sys.exit(next((code for kind, code in EXIT_CODES.items() if isinstance(fault, kind)), 1))
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone; there is nobody to tell
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(0)


@app.callback(invoke_without_command=True)
def _version(*, version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False) -> None:
    if version:
        print(__version__)
        raise typer.Exit


@app.command()
@with_common_options
def run(
    home: Home,
    *,
    wav: Annotated[Path | None, typer.Option(help="Hear this recording instead of the microphone.", metavar="IN.wav")] = None,
    out: Annotated[Path | None, typer.Option(help="Write what the loudspeaker would have played here.", metavar="OUT.wav")] = None,
    events: Annotated[
        str | None,
        typer.Option(
            help="Write what happens as JSON Lines to FILE, which at 8 MB becomes FILE.1 and is begun anew; - is standard output.",
            metavar="FILE",
        ),
    ] = None,
    realtime: Annotated[bool, typer.Option("--realtime", help="Pace the recording as it was spoken.")] = False,
    no_wake: Annotated[bool, typer.Option("--no-wake", help="Answer without being called, whatever the settings say.")] = False,
    record: Annotated[Path | None, typer.Option(help="Keep all that is heard and played in this folder.", metavar="DIR")] = None,
    wait_for_sound: Annotated[
        bool, typer.Option("--wait-for-sound", help="Without a microphone or a loudspeaker look for them, instead of ending.")
    ] = False,
) -> None:
    """Listen and answer until stopped: the main job.

    Example: `voiceskill run`, or `voiceskill run --wav question.wav --out answer.wav --events -`
    """
    if (wav is None) != (out is None):
        raise typer.BadParameter("--wav and --out go together: a recording to hear, and a file for the answer")
    if realtime and wav is None:
        raise typer.BadParameter("--realtime is for a recording: give --wav and --out")
    if wait_for_sound and wav is not None:
        raise typer.BadParameter("--wait-for-sound is for devices: a recording is there already")
    if record is not None and wav is not None:
        raise typer.BadParameter("--record is for the microphone: a recording is on the disk already")
    stop_when_signalled()
    with _journal(events) as observe, App(home, "open" if no_wake else None) as device:
        if wav is not None and out is not None:
            write_wav(out, run_recording(device, read_wav(wav), observe, realtime=realtime))
        else:
            watcher = supervisor()
            with (
                beside_the_bed(device),
                screen_beside_the_bed(device, announce) as screen,
                household_of(device) as household,
                light_of(device) as light,
            ):
                if wait_for_sound:
                    await_sound(device, watcher, announce)
                heart = Heartbeat(watcher, MonotonicClock())
                run_watched(device, observe, listening, screen=screen, household=household, light=light, record=record, heartbeat=heart)


@contextmanager
def _journal(where: str | None) -> Iterator[Observe]:
    if where is None:
        yield lambda _at, _happening: None
    elif where == "-":
        yield Journal(sys.stdout)
    else:
        with closing(_open_for_writing(Path(where))) as stream:
            yield Journal(stream)


def _open_for_writing(path: Path) -> BoundedFile:
    try:
        return BoundedFile(path)
    except OSError as error:
        raise Fault(f"{path}: cannot be written: {error.strerror}") from error


@app.command()
@with_common_options
def chat(home: Home) -> None:
    """The same conversation, typed. An empty line or Ctrl-D ends it.

    Example: `voiceskill chat`
    """
    with App(home) as device:
        print(device.skill.lines.greeting, flush=True)
        if sys.stdin.isatty():
            _chat_live(device)
            return
        rehearsal = Rehearsal(device.conversation(), device.store(), _now(), _print_said)
        while line := _typed(""):
            rehearsal.hear(line)
            rehearsal.settle()


def _chat_live(device: App) -> None:
    """Chat in real time: routines keep their pace."""
    typed = TypedDevice(device.conversation(), device.store(), MonotonicClock(), _now(), _print_said)
    over = threading.Event()

    def work() -> None:
        while not over.wait(_TICK_SECONDS):
            with typed.lock:
                typed.work()

    thread = threading.Thread(target=work, name="chat", daemon=True)
    thread.start()
    while line := _typed("> "):
        with typed.lock:
            typed.hear(line)
    over.set()
    thread.join()


def _now() -> datetime:
    return datetime.now().astimezone()


def _print_said(_at: float, happening: object) -> None:
    if isinstance(happening, Say):
        print(happening.text, flush=True)


def _typed(prompt: str) -> str:
    try:
        return input(prompt if sys.stdin.isatty() else "").strip()
    except EOFError:
        return ""


@app.command()
@with_common_options
def ask(home: Home, text: Annotated[str, typer.Argument(help="What to ask.")], *, as_json: Json = False) -> None:
    """Ask one question and print the answer.

    Example: `voiceskill ask "why does my back hurt when I sneeze"`
    """
    with App(home) as device:
        replies: list[str] = []

        def collect(_at: float, happening: object) -> None:
            if isinstance(happening, Say):
                replies.append(happening.text)

        store = device.store()
        rehearsal = Rehearsal(device.conversation(), store, _now(), collect, introduced=True)
        replies.clear()  # where we were is not what was asked
        rehearsal.hear(text)
        store.save_progress(None)  # nobody goes on with a routine that began in a single turn
        outcome = device.interpreter().interpret([text]).outcome
        if as_json:
            _print_json({**_as_json(text, outcome), "say": replies})
        else:
            print("\n".join(replies) if replies else "(silence: that does not seem to be for me)")


@app.command()
@with_common_options
def match(
    home: Home,
    text: Annotated[str | None, typer.Argument(help='What was said; without it, JSON Lines {"text": ...} on standard input.')] = None,
    *,
    as_json: Json = False,
) -> None:
    """Understand a sentence, and say no more.

    Example: `voiceskill match "I put my back out lifting a box" --json`
    """
    with App(home) as device:
        interpreter = device.interpreter()
        if text is None:
            for line in _lines_of_json(sys.stdin):
                _print_json(_matched(interpreter, line))
        elif as_json:
            _print_json(_matched(interpreter, text))
        else:
            outcome = interpreter.interpret([text]).outcome
            print(f"{outcome.intent} ({outcome.score:.2f})" if isinstance(outcome, Match) else f"no match: {outcome.reason}")


@app.command()
@with_common_options
def rehearse(home: Home) -> None:
    """Go through a conversation on a virtual clock: JSON Lines in, JSON Lines out.

    Each line in is one of `{"hear": "my back has gone"}`, `{"wait": 30}` (seconds) and `{"restart": true}` (a power cut;
    `"off": 60` beside it adds seconds without power). `{"clock": "2026-01-05T03:00:00"}` as the first line sets the time of day.
    Nothing is kept afterwards. Nobody is told of an alert: `{"alert": "sent"}`, `{"alert": "failed"}` and `{"alert": "seen", "by": "Anna"}`
    say what becomes of the one under way.

    Example: `echo '{"hear": "start breathing"}' | voiceskill rehearse`
    """
    with App(home) as device:
        for line in rehearse_lines(device.conversation(alerts=True), sys.stdin):
            _print_json(line)


def _lines_of_json(stream: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            text = json.loads(line)["text"]
        except (ValueError, KeyError, TypeError) as error:
            raise Fault(f'standard input, line {number}: is not JSON like {{"text": "my back hurts"}}') from error
        yield str(text)


def _matched(interpreter: Interpreter, *readings: str) -> dict[str, Any]:
    """What was understood; `also` is there only when one breath tells of several things."""
    meant = interpreter.interpret(readings)
    also = [{"intent": one.intent, "score": round(one.score, 3), "slots": dict(one.slots)} for one in meant.also]
    return {**_as_json(readings[0], meant.outcome), **({"also": also} if also else {})}


def _as_json(text: str, outcome: Outcome) -> dict[str, Any]:
    match outcome:
        case Match(intent=intent, score=score, runner_up=runner_up, slots=slots):
            other = runner_up.intent if runner_up else None
            return {"text": text, "intent": intent, "score": round(score, 3), "runner_up": other, "slots": dict(slots), "reason": None}
        case _:
            best = outcome.best
            score = round(best.score, 3) if best else 0.0
            return {
                "text": text,
                "intent": None,
                "score": score,
                "runner_up": best.intent if best else None,
                "slots": {},
                "reason": outcome.reason,
            }


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)


@app.command()
@with_common_options
def transcribe(
    home: Home,
    files: Annotated[list[Path], typer.Argument(help="Recordings.", metavar="FILE.wav...")],
    *,
    as_json: Json = False,
    match: Annotated[bool, typer.Option("--match", help="Add what `match` would say.")] = False,
) -> None:
    """Turn recordings into text.

    Example: `voiceskill transcribe question.wav --json --match`
    """
    with App(home) as device:
        recogniser, interpreter = device.recogniser(), device.interpreter()
        for file in files:
            recogniser.start()
            recogniser.accept(read_wav(file))
            readings = [hypothesis.text for hypothesis in recogniser.hypotheses()] or [""]
            heard: dict[str, Any] = {"file": str(file), "text": readings[0], "alternatives": readings[1:]}
            if match:
                heard |= {"match": _matched(interpreter, *readings)}
            if as_json or match:
                _print_json(heard)
            else:
                print(readings[0])


@app.command()
@with_common_options
def say(
    home: Home,
    text: Annotated[str | None, typer.Argument(help="What to say.")] = None,
    *,
    out: Annotated[Path | None, typer.Option(help="Write it to a file instead of speaking.", metavar="FILE.wav")] = None,
    voice: Annotated[str | None, typer.Option(help="Voice to speak with.")] = None,
    voices: Annotated[bool, typer.Option("--voices", help="List the voices.")] = False,
) -> None:
    """Speak a sentence.

    Example: `voiceskill say "Breathe out slowly." --out breathe.wav`
    """
    with App(home) as device:
        synthesiser = device.synthesiser(voice) if voice else device.voice()
        if voices:
            for one in synthesiser.voices():
                print(f"{one.id:28} {one.language:8} {one.name}")
        elif text is None:
            raise typer.BadParameter("give the text to say, or --voices")
        elif out is not None:
            write_wav(out, device.speech(synthesiser, text))
        else:
            device.speak(synthesiser, text)


@app.command()
@with_common_options
def devices(home: Home, *, as_json: Json = False) -> None:  # noqa: ARG001 - every command takes the common options
    """List microphones and loudspeakers, by the names that may stand in the settings; the usual ones are marked.

    Example: `voiceskill devices`
    """
    found = list_all()
    if as_json:
        _print_json([dataclasses.asdict(device) for device in found])
        return
    for direction in Direction:
        for device in found:
            if device.channels(direction):
                print(_listed(device, direction, found))
    if not found:
        raise NoAudioDevice("no audio devices were found; plug in a microphone and a loudspeaker, then run this again")


def _listed(device: DeviceInfo, direction: Direction, among: Sequence[DeviceInfo]) -> str:
    usual = " (the usual one)" if device.is_default(direction) else ""
    return f'{device.index:3}  {direction.value:11}  "{lasting_name(device, direction, among)}"  {device.host_api}{usual}'


@app.command()
@with_common_options
def network(home: Home) -> None:
    """Say which settings need the network, or `none`: then the service is kept away from it.

    Example: `voiceskill network`
    """
    print(" ".join(network_needs(load_settings(home.settings_file))) or "none")


@app.command()
@with_common_options
def doctor(home: Home, *, as_json: Json = False) -> None:
    """Look at every part, play a soft sound, and say what to do about each that ails.

    Exit code: 3 without a usable microphone and loudspeaker, else 4 where a model is missing or damaged, else 1 for any other fault.

    Example: `voiceskill doctor`
    """
    table = Table("part", "", "what was seen, and what to do", box=None, pad_edge=False)
    parts: dict[str, dict[str, Any]] = {}
    faults: list[Fault] = []
    with App(home) as device:
        for examined in examine(device, _ask_for_words):
            told = [*([examined.seen] if examined.seen else []), *([str(examined.fault)] if examined.fault else []), *examined.advice]
            table.add_row(examined.part, examined.health.value, Text("\n".join(told)))
            parts[examined.part] = {
                "health": examined.health.value,
                "seen": examined.seen,
                "fault": str(examined.fault) if examined.fault else None,
                "advice": list(examined.advice),
                **examined.figures,
            }
            faults += [examined.fault] if examined.fault else []
    code = next((code for kind, code in _WORST_FIRST.items() if any(isinstance(fault, kind) for fault in faults)), 0)
    if as_json:
        _print_json({"exit_code": code, "parts": parts})
    else:
        Console(width=None if sys.stdout.isatty() else _PAGE_WIDTH).print(table)
    sys.stdout.flush()
    raise typer.Exit(code)


def _ask_for_words() -> None:
    print("Say a few words now, then be quiet. A soft sound follows.", file=sys.stderr)
