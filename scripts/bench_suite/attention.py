"""Attention: how often it takes talk that is not for it as a call or a question, and how often it misses who calls.

Lines of tests/phrases that are for nobody, spoken by synthetic people near and far, in rooms that echo and are not quiet, go one after
another through the device's own hearing. What was heard is then said to two devices, one in each mode of attention. The same hearing is
given the wake phrase, and questions with and without it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import numpy as np
import rich.progress

from scripts.bench_suite.people import SENTENCES, VOICES, spoken
from scripts.bench_suite.rooms import NOISES, loudness, mixed, recorded, reverberated
from scripts.bench_suite.tables import Cell, Table
from scripts.bench_suite.understanding import PHRASES, read_lines
from voiceskill.app import App, Home
from voiceskill.core.actions import Action, Alert, Say
from voiceskill.core.attention import DEFAULT_PHRASE, Attention, WakePhrase
from voiceskill.core.conversation import Conversation, Manners, State
from voiceskill.core.events import Event, Heard, Started
from voiceskill.core.interpret import Interpreter
from voiceskill.core.skill import Kind
from voiceskill.edges.alerts import NoAlerts
from voiceskill.edges.echo import NoEcho
from voiceskill.edges.recognisers.pocketsphinx_wake_phrase import PocketSphinxWakePhrase
from voiceskill.edges.recording import VirtualClock
from voiceskill.edges.store import MemoryStore
from voiceskill.edges.vad import SileroVad
from voiceskill.keep import Keeper
from voiceskill.listen import FRAME_SECONDS, Listener
from voiceskill.loop import Loop
from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, Frame, Pcm, Recogniser
from voiceskill.typed import SilentMouth

PHRASES_TRIED = (DEFAULT_PHRASE, "hello lighthouse", "listen maggie")

_Item = TypeVar("_Item")
_ATTENTIONS: tuple[Attention, ...] = ("wake", "open")
_NOON = datetime.fromisoformat("2026-01-05T12:00:00+00:00")
_LONGEST_WORDS = 25
_BEFORE_SECONDS, _AFTER_SECONDS = 0.5, 1.2
_BABBLERS = 12
_NOISE_SECONDS = 120
_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody speaks: how much softer than near by, how long the room echoes, and the noise so many decibels below the speech."""

    gain: float = 0.0
    reverberation: float = 0.0
    noise: str | None = None
    decibels: float = 0.0

    @property
    def name(self) -> str:
        """For a table."""
        if self.noise:
            return f"{self.noise} at {self.decibels:.0f} dB, echo {self.reverberation} s"
        return f"{self.gain:.0f} dB, echo {self.reverberation} s" if self.reverberation else "near, quiet"


FAR = (Place(), Place(-10, 0.3), Place(-20, 0.3), Place(-30, 0.6))
NOISY = tuple(
    Place(0, 0.6 if decibels < 10 else 0.3, noise, decibels)
    for noise in ("white", "hum", "babble", "music")
    for decibels in (20.0, 12.0, 6.0)
)


class _Callers:
    """A WakeDetector for each phrase tried; heeded is the first."""

    name = "all"

    def __init__(self) -> None:
        self._ears = {phrase: PocketSphinxWakePhrase(phrase) for phrase in PHRASES_TRIED}

    def start(self) -> None:
        for ear in self._ears.values():
            ear.start()

    def accept(self, pcm: Pcm) -> None:
        for ear in self._ears.values():
            ear.accept(pcm)

    def called(self) -> bool:
        return self.hears(DEFAULT_PHRASE)

    def hears(self, phrase: str) -> bool:
        """Whether it was that phrase."""
        return self._ears[phrase].called()

    def close(self) -> None:
        for ear in self._ears.values():
            ear.close()


@dataclass(frozen=True, slots=True)
class _Told:
    """An event, and by which phrases whoever was heard calls."""

    event: Event
    phrases: frozenset[str] = frozenset()


class _Ear:
    """The device's own hearing, listening on and on. `seconds` is how much it heard."""

    def __init__(self, recogniser: Recogniser, app: App) -> None:
        self._told: list[_Told] = []
        self._recogniser = recogniser
        self._app = app
        self._callers = _Callers()
        self._phrases = {phrase: WakePhrase(phrase, app.skill.spelling) for phrase in PHRASES_TRIED}
        self.seconds = 0.0
        self.forget()

    def forget(self) -> None:
        """Know nothing of how long those pause who spoke before."""
        self._listener = Listener(NoEcho(), SileroVad(), self._recogniser, self._app.segmenter(), self._note, caller=self._callers)

    def _note(self, event: Event) -> None:
        called = (phrase for phrase in PHRASES_TRIED if isinstance(event, Heard) and self._calls(event, phrase))
        self._told.append(_Told(event, frozenset(called)))

    def _calls(self, event: Heard, phrase: str) -> bool:
        return self._phrases[phrase].question(event.text) is not None or self._callers.hears(phrase)

    def hear(self, pcm: Pcm) -> list[_Told]:
        """What becomes of so much sound."""
        self._told.clear()
        for start in range(0, len(pcm) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
            self.seconds += FRAME_SECONDS
            self._listener.feed(Frame(pcm[start : start + FRAME_SAMPLES], self.seconds))
        return list(self._told)


class _Studio:
    """Lets synthetic people speak in rooms."""

    def __init__(self, folder: Path, babblers: Sequence[str]) -> None:
        self._folder = folder
        self._voices = list(VOICES)
        self._seed = np.random.default_rng(1)
        self.babble = [spoken(text, self._voices[number % len(VOICES)], folder) for number, text in enumerate(babblers)]

    def record(self, text: str, number: int, place: Place) -> Pcm:
        """`text` by voice `number`, with the room's noise before and after."""
        dry = spoken(text, self._voices[number % len(VOICES)], self._folder)
        silence = [np.zeros(round(HEARING_RATE * seconds)) for seconds in (_BEFORE_SECONDS, _AFTER_SECONDS)]
        sound = reverberated(np.concatenate([silence[0], dry.astype(np.float64), silence[1]]), place.reverberation, self._seed)
        if place.noise:
            noise = NOISES[place.noise](len(sound), self.babble, self._seed)
            sound = mixed(sound, noise, place.decibels, loudness(dry))
        return recorded(sound * 10 ** (place.gain / 20))

    def noise(self, kind: str, seconds: float) -> Pcm:
        """Noise alone, as loud as somebody who speaks."""
        sound = NOISES[kind](round(HEARING_RATE * seconds), self.babble, self._seed)
        return recorded(sound * (loudness(self.babble[0]) / np.sqrt((sound**2).mean())))


class _Bystander:
    """A device that takes part in what was heard, and counts how often it spoke and raised an alert."""

    def __init__(self, app: App, interpreter: Interpreter, attention: Attention, phrase: str = DEFAULT_PHRASE) -> None:
        self.spoke = self.alarmed = 0
        self._clock = VirtualClock()
        manners = Manners(attention=attention, wake_phrase=WakePhrase(phrase, app.skill.spelling))
        self._mouth = SilentMouth(self._clock, self._post)
        keeper = Keeper(MemoryStore(), clock=self._clock, post=self._post, submit=lambda job: job())
        self._loop = Loop(
            Conversation(app.skill, interpreter, manners),
            State(introduced=True),
            voice=self._mouth,
            keeper=keeper,
            alerts=NoAlerts(),
            clock=self._clock,
            observe=self._observe,
        )
        self.take(Started(0.0, _NOON))

    def _post(self, event: Event) -> None:
        self._loop.post(event)

    def _observe(self, _at: float, happening: Event | Action) -> None:
        match happening:
            case Say():
                self.spoke += 1
            case Alert():
                self.alarmed += 1

    def take(self, event: Event) -> None:
        """Let time pass until then, and take it in."""
        while (due := min((one for one in (self._mouth.due, self._loop.due) if one is not None), default=event.at)) < event.at:
            self._clock.advance(max(0.0, due - self._clock.now()) + 1e-6)
            self._work()
        self._clock.advance(max(0.0, event.at - self._clock.now()))
        self._post(event)
        self._work()

    def _work(self) -> None:
        self._mouth.work()
        self._loop.catch_up()


def measure_attention(home: Home, folder: Path, sample: int) -> list[Table]:
    """The tables. `folder` is scratch; `sample` is how many lines of talk are heard."""
    unrelated = [line.text for line in read_lines(PHRASES / "heldout.tsv") if line.label == "none"]
    talk = [text for text in unrelated if len(text.split()) <= _LONGEST_WORDS]
    random.Random(1).shuffle(talk)
    with App(home) as app:
        ear, studio = _Ear(app.recogniser(), app), _Studio(folder, talk[-_BABBLERS:])
        interpreter = app.interpreter()
        flags = frozenset(intent.id for intent in app.skill.intents.values() if intent.kind is Kind.FLAG)
        asked = [line.text for line in read_lines(PHRASES / "heldout.tsv") if line.label in app.skill.intents.keys() - flags]
        asked = random.Random(1).sample([text for text in asked if 3 <= len(text.split()) <= _LONGEST_WORDS], max(1, sample // 5))
        return [
            *_unasked(app, interpreter, ear, studio, talk[: min(sample, len(talk) - _BABBLERS)]),
            _misses(ear, studio),
            _answered(app, interpreter, ear, studio, asked),
        ]


def _shown(items: Sequence[_Item], what: str) -> Iterable[_Item]:
    return rich.progress.track(items, what, transient=True)


def _unasked(app: App, interpreter: Interpreter, ear: _Ear, studio: _Studio, talk: Sequence[str]) -> tuple[Table, Table]:
    places = (*FAR, *(place for place in NOISY if place.decibels > 10))
    speech = [studio.record(text, number, places[number % len(places)]) for number, text in enumerate(_shown(talk, "speaking"))]
    sounds = {"talk": speech, **{f"{kind} alone": [studio.noise(kind, _NOISE_SECONDS)] for kind in ("white", "hum", "music", "babble")}}
    hours = {name: _hours(app, interpreter, ear, _shown(recordings, name)) for name, recordings in sounds.items()}
    called: tuple[tuple[Cell, ...], ...] = tuple((name, one.hours, one.utterances, *one.called) for name, one in hours.items())
    spoke: tuple[tuple[Cell, ...], ...] = tuple((name, *one.spoke) for name, one in hours.items())
    return (
        Table("Called an hour, with nobody calling", ("sound", "hours", "utterances", *PHRASES_TRIED), called),
        Table("Sayings an hour, with nobody talking to it", ("sound", "wake", "of that alarms", "open", "of that alarms"), spoke, digits=0),
    )


@dataclass(frozen=True, slots=True)
class _Hours:
    """What came of some `hours` of sound: `utterances` an hour, calls an hour by each phrase, sayings and alarms an hour in each mode."""

    hours: float
    utterances: float
    called: tuple[float, ...]
    spoke: tuple[float, ...]


def _hours(app: App, interpreter: Interpreter, ear: _Ear, sounds: Iterable[Pcm]) -> _Hours:
    ear.forget()
    before = ear.seconds
    told = [one for sound in sounds for one in ear.hear(sound)]
    hours = (ear.seconds - before) / _HOUR
    heard = sum(isinstance(one.event, Heard) for one in told)
    called = tuple(sum(phrase in one.phrases for one in told) / hours for phrase in PHRASES_TRIED)
    spoke = []
    for attention in _ATTENTIONS:
        device = _Bystander(app, interpreter, attention)
        for one in told:
            device.take(one.event)
        spoke += [device.spoke / hours, device.alarmed / hours]
    return _Hours(hours, heard / hours, called, tuple(spoke))


def _misses(ear: _Ear, studio: _Studio) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for place in _shown((*FAR, *NOISY), "misses"):
        shares: list[float] = []
        for phrase in PHRASES_TRIED:
            ear.forget()
            hits = []
            for number in range(len(VOICES) * 2):
                text = f"{phrase}." if number < len(VOICES) else f"{phrase}, {SENTENCES[number]}"
                hits.append(any(phrase in one.phrases for one in ear.hear(studio.record(text, number, place))))
            shares.append(100 * (1 - sum(hits) / len(hits)))
        rows.append((place.name, *shares))
    columns = ("where", *(f'"{phrase}" missed %' for phrase in PHRASES_TRIED))
    return Table(f"The wake phrase, said {len(VOICES) * 2} times in each place", columns, tuple(rows), digits=0)


def _answered(app: App, interpreter: Interpreter, ear: _Ear, studio: _Studio, questions: Sequence[str]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    places = {"near, quiet": FAR[:1], "far, quiet": FAR[1:], "noise at 12 dB": [place for place in NOISY if place.decibels == 12.0]}
    for name, among in places.items():
        shares = []
        for attention, before in zip(_ATTENTIONS, (f"{DEFAULT_PHRASE}, ", ""), strict=True):
            ear.forget()
            said = [
                _is_answered(app, interpreter, attention, ear.hear(studio.record(f"{before}{text}", number, among[number % len(among)])))
                for number, text in enumerate(_shown(questions, f"{name}, {attention}"))
            ]
            shares.append(100 * sum(said) / len(said))
        rows.append((name, *shares))
    columns = ("where", "wake, after the phrase %", "open, bare %")
    return Table(f"{len(questions)} questions by writers never seen: got a word in reply", columns, tuple(rows), digits=0)


def _is_answered(app: App, interpreter: Interpreter, attention: Attention, told: Sequence[_Told]) -> bool:
    device = _Bystander(app, interpreter, attention)
    start = told[0].event.at if told else 0.0
    for one in told:
        device.take(replace(one.event, at=one.event.at - start))
    return device.spoke > 0
