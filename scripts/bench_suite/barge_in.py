"""Speaking over its voice: in a simulated room, since the same tries must be heard at each loudness of the echo.

Synthetic people say a short command into our replies, in a room with 0.3 s of reverberation whose loudspeaker distorts. The reply counts
as silenced when nothing leaves the loudspeaker within a second of the word's end, and nothing of the reply comes after. Then our own
replies are spoken with nobody there: whatever silences them is a false stop.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import rich.progress

from scripts.bench_suite.people import VOICES, spoken
from scripts.bench_suite.tables import Table
from tests.room import Room, Sound, at_level
from voiceskill.app import App, Home
from voiceskill.core.actions import DuckSpeaking, PauseSpeaking, Say, StopSpeaking
from voiceskill.core.events import Heard, Hypothesis, Spoken
from voiceskill.core.skill import Kind
from voiceskill.edges.synthesisers.cache import Cached
from voiceskill.ports import Recogniser, Synthesiser
from voiceskill.recorded import RecordedDevice

ECHOES = (None, -6.0, 0.0, 6.0)
"""Loudness of our voice at the microphone, in dB relative to the person's; None is a microphone that does not hear it."""

COMMANDS = ("Stop.", "That hurts.", "Wait.", "Help.", "Hang on.", "Stop it!", "Please stop.", "How long should I do this for?")

QUESTIONS = (
    "should I use heat or ice",
    "how do I get out of bed",
    "what causes a back spasm",
    "how should I sleep with a bad back",
    "when should I see a doctor",
    "what should I do in the first minutes",
)

_ROUTINE_SECONDS = 60.0
"""How long each routine is listened to."""

_CACHE_BYTES = 2**30
_WARM_UP_SECONDS = 12.0
_WITHIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Try:
    """What came of a command: seconds from its end to silence, None if it did not come to that."""

    command: str
    silent_after: float | None


class _Bedside:
    """A device in a room."""

    def __init__(self, app: App, recogniser: Recogniser, synthesiser: Synthesiser, echo_db: float | None) -> None:
        self.room = Room(echo_db)
        self.device = RecordedDevice(
            app, self.room.clock, self.room.observe, recogniser=recogniser, synthesiser=synthesiser, echo=self.room.echo
        )
        self.skill = app.skill
        self._typed = 1_000_000

    def pass_time(self, seconds: float) -> None:
        self.room.pass_time(self.device.feed, seconds)

    def type(self, text: str) -> None:
        """What is typed is heard surely."""
        self._typed += 1
        self.device.post(Heard(self.room.clock.now(), self._typed, (Hypothesis(text),), typed=True))

    def settle(self, at_least: float = 0.0) -> None:
        """Until it has said all, and so many seconds have passed."""
        self.pass_time(max(0.5, at_least))
        while not self.device.idle:
            self.pass_time(0.5)

    def hush(self) -> None:
        """End whatever goes on."""
        self.type("stop")
        self.settle()

    def try_out(self, question: str, command: str, said: Sound, wait: float) -> _Try | None:
        """Speak over the answer to a question. None when there was none to speak over."""
        self.type(question)
        self.pass_time(wait)
        if self.device.idle:
            return None
        begun = self.room.clock.now()
        replies = {say.id for _, say in self.room.find(Say) if say.id not in {over.say for _, over in self.room.find(Spoken)}}
        end = self.room.say(said)
        self.pass_time(end - begun + 3.0)
        cut = [at for at, over in self.room.find(Spoken, begun) if over.say in replies and over.interrupted]
        paused = [at for at, _ in self.room.find(PauseSpeaking, begun)]
        silent = min(cut + paused, default=None) if cut else None
        self.hush()
        return _Try(command, None if silent is None or silent - end > _WITHIN_SECONDS else silent - end)


def measure_barge_in(home: Home, folder: Path, *, tries: int, minutes: float) -> list[Table]:
    """A table of commands spoken over our voice, and one of our voice alone. `folder` is kept for rendered speech."""
    with App(home) as app:
        recogniser = app.recogniser()
        synthesiser = Cached(app.synthesiser(), folder / "speech", _CACHE_BYTES)
        people = [(command, at_level(spoken(command, voice, folder))) for voice in VOICES for command in COMMANDS]
        rows = [_speak_over(_Bedside(app, recogniser, synthesiser, echo), echo, people, tries) for echo in ECHOES]
        columns = ("echo dB", "tries", "silenced %", "median s", "95th percentile s", "not silenced")
        over = Table(f"A command over its voice, {recogniser.name}", columns, tuple(rows), digits=2)
        alone = [
            _alone(_Bedside(app, recogniser, voiced, echo), name, echo, minutes)
            for name, voiced in (("usual", synthesiser), *_others(app))
            for echo in (0.0, 6.0)
        ]
    columns = ("voice", "echo dB", "minutes of speech", "ducked", "paused", "stopped")
    return [over, Table("Its own voice, nobody there", columns, tuple(alone), digits=1)]


def _others(app: App) -> list[tuple[str, Synthesiser]]:
    return [(voice, app.synthesiser(voice)) for voice in ("slt", "awb")]


def _speak_over(bed: _Bedside, echo: float | None, people: Sequence[tuple[str, Sound]], tries: int) -> tuple[str | float | int | None, ...]:
    chance = random.Random(1)
    bed.type(QUESTIONS[0])
    bed.pass_time(_WARM_UP_SECONDS)
    bed.hush()
    done: list[_Try] = []
    questions = cycle(QUESTIONS)
    for command, said in rich.progress.track(list(islice(cycle(people), tries)), f"echo {echo}", transient=True):
        while (result := bed.try_out(next(questions), command, said, 1.5 + 2 * chance.random())) is None:
            bed.hush()
        done.append(result)
    times = [one.silent_after for one in done if one.silent_after is not None]
    missed = ", ".join(sorted({one.command for one in done if one.silent_after is None}))
    return (
        "none" if echo is None else f"{echo:+.0f}",
        len(done),
        round(100 * len(times) / len(done), 1),
        statistics.median(times) if times else None,
        float(np.percentile(times, 95)) if times else None,
        missed or "-",
    )


def _alone(bed: _Bedside, name: str, echo: float, minutes: float) -> tuple[str | float | int, ...]:
    """Ask for everything there is to be said, in turn, and listen to it with nobody there."""
    asked = [intent for intent in bed.skill.intents.values() if intent.examples and intent.kind is not Kind.CONTROL]
    random.Random(2).shuffle(asked)
    kinds = (DuckSpeaking, PauseSpeaking, StopSpeaking)
    speech, counts = 0.0, dict.fromkeys(kinds, 0)
    for intent in cycle(asked):
        if speech > 60 * minutes:
            break
        bed.type(intent.examples[0])
        bed.pass_time(0.1)
        begun = bed.room.clock.now()
        bed.settle(_ROUTINE_SECONDS if intent.routine else 0.0)
        speech += bed.room.clock.now() - begun
        for kind in kinds:
            counts[kind] += sum(isinstance(happening, kind) for at, happening in bed.room.happened if at >= begun)
        bed.hush()
        bed.room.happened.clear()
        bed.device.speaker.forget()
    return (name, f"{echo:+.0f}", speech / 60, *counts.values())
