"""When an utterance is taken to be over: how often people are cut off, how long they wait, and what music and talk in the room cost.

Synthetic people say lines that nothing was trained on (and commands that are listed), through the real voice detector and recogniser, frame
by frame. Pauses are put between the clauses of what they say, some after "um", some filled with a breath; some groan first. Each speaks
several lines in a row, unanswered, so that the listener can get used to them. A fixed silence needs no words: there the recogniser is
spared.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import rich.progress
from numpy.typing import NDArray

from scripts.bench_suite.measures import ending, median, onset
from scripts.bench_suite.people import VOICES, spoken
from scripts.bench_suite.tables import Cell, Table
from scripts.bench_suite.understanding import PHRASES, Line, read_lines
from voiceskill.app import App, Home
from voiceskill.core.events import Event, Hypothesis, SpeechEnded, SpeechStarted
from voiceskill.core.patience import PatienceJudge
from voiceskill.core.segmenter import Patience, SegmenterSettings
from voiceskill.core.spotting import Expecting
from voiceskill.edges.echo import NoEcho
from voiceskill.edges.vad import SileroVad
from voiceskill.listen import FRAME_SECONDS, Listener
from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, Frame, Pcm, Recogniser

_JOINTS = frozenset({"and", "but", "because", "when", "if", "so", "since", "while", "or", "with", "after"})
"""Words before which people pause."""

_GAP_SECONDS = 4.0
"""Silence between the lines of one person: more than anybody is waited for."""

_BEFORE_UM_SECONDS = 0.1

_HISS = 10.0
"""The level (RMS, of 32,768) of the room."""

_ROOM_SECONDS = 30

Sound = NDArray[np.float64]


def _fixed(seconds: float) -> SegmenterSettings:
    """The same silence, whatever is said, and a reading at every pause."""
    never = float("inf")
    return SegmenterSettings(
        end_after=seconds, complete_share=1, unfinished_share=1, habit_share=0, look_after=never, cheap=never, resumed_within=0
    )


_PATIENT = SegmenterSettings()
_ANSWERED = replace(_PATIENT, resumed_within=0)
"""Whoever is cut off is answered at once, so that nothing is learnt from it."""

_WAYS = (("fixed 0.7 s", _fixed(0.7)), ("fixed 1.2 s", _fixed(1.2)), ("patient", _PATIENT))
_WAYS_FOR_SLOW = (*_WAYS, ("patient, cut off is answered", _ANSWERED))


@dataclass(frozen=True, slots=True)
class _Manner:
    """How somebody speaks: pauses at joints, in seconds; the share of them after "um", and with a breath; of lines, after a groan."""

    pauses: tuple[float, float]
    most_pauses: int
    hesitant: float = 0.0
    breathless: float = 0.0
    groans: float = 0.0


_MANNERS = {
    "quick speakers": _Manner((0.1, 0.4), 1),
    "slow speakers": _Manner((0.3, 1.5), 3, hesitant=0.5, breathless=0.5, groans=0.25),
    "listed commands": _Manner((0.0, 0.0), 0),
    "commands in other words": _Manner((0.0, 0.0), 0),
}
_COMMANDS = frozenset({"listed commands", "commands in other words"})
"""Said while a routine runs; yes, no and the like, while a question is open."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A line in sound, at HEARING_RATE. The words are between `start` and `end`, in seconds."""

    expected: Expecting
    pcm: Pcm
    start: float
    end: float


@dataclass(slots=True)
class _Counting:
    """A Recogniser that counts the seconds it reads; without an engine it hears a word in everything."""

    engine: Recogniser | None
    name: str = "counting"
    seconds: float = 0.0
    _kept: float = field(default=0.0, init=False)
    _read: float = field(default=0.0, init=False)

    def start(self) -> None:
        self._kept = self._read = 0.0
        if self.engine:
            self.engine.start()

    def accept(self, pcm: Pcm) -> str | None:
        self._kept += len(pcm) / HEARING_RATE
        return self.engine.accept(pcm) if self.engine else None

    def hypotheses(self) -> tuple[Hypothesis, ...]:
        if self._read != self._kept:
            self.seconds += self._kept
            self._read = self._kept
        return self.engine.hypotheses() if self.engine else (Hypothesis("something"),)

    def close(self) -> None:
        pass


def measure_endpointing(home: Home, folder: Path, sample: int) -> list[Table]:
    """Three tables: people cut off and silence waited; the judgement of text alone; sounds that are not for us. `folder` is scratch."""
    with App(home) as app:
        judge, recogniser = PatienceJudge(app.skill), app.recogniser()
        lines = read_lines(PHRASES / "heldout.tsv")
        listed = [Line(intent.id, phrase) for intent in app.skill.intents.values() if intent.control for phrase in intent.examples]
        people = {
            manner: _people(manner, listed if manner == "listed commands" else lines, folder, sample)
            for manner in rich.progress.track(_MANNERS, "speaking", transient=True)
        }
        rows: list[tuple[Cell, ...]] = []
        for manner, sessions in people.items():
            for way, settings in _WAYS_FOR_SLOW if manner == "slow speakers" else _WAYS:
                engine = recogniser if way.startswith("patient") else None
                heard = [
                    _in_session(sayings, settings, judge, _Counting(engine))
                    for sayings in rich.progress.track(sessions, f"{manner}, {way}", transient=True)
                ]
                rows.append((manner, way, *_figures(list(itertools.chain(*heard)))))
        rooms = [_room_row(name, sound, judge, recogniser) for name, sound in _rooms(lines, folder)]
        name = recogniser.name
    columns = ("who", "end of speech", "lines", "cut off %", "waited after the end, median s", "90 % s")
    room_columns = ("sound", "utterances", "longest s", "seconds read for 1 s, rationed", "at every pause")
    return [
        Table(f"Endpointing, {name}, {len(VOICES)} voices", columns, tuple(rows)),
        _by_text(lines, judge),
        Table(f"Half a minute of sound that is not for us, {name}", room_columns, tuple(rooms)),
    ]


def _figures(heard: Sequence[tuple[bool, float]]) -> tuple[Cell, ...]:
    waited = sorted(silence for cut, silence in heard if not cut)
    return len(heard), 100 * sum(cut for cut, _ in heard) / len(heard), median(waited), waited[int(0.9 * (len(waited) - 1))]


# People.


def _people(manner: str, lines: Sequence[Line], folder: Path, sample: int) -> list[list[_Said]]:
    """A session of lines for each voice: `sample` lines in all."""
    chance = random.Random(7)
    fitting = [line for line in lines if (_is_command(line) if manner in _COMMANDS else _is_breakable(line))]
    chosen = iter(chance.sample(fitting, min(sample, len(fitting))))
    each = -(-sample // len(VOICES))
    return [[_say(line, voice, _MANNERS[manner], chance, folder) for line in itertools.islice(chosen, each)] for voice in VOICES]


def _is_command(line: Line) -> bool:
    return line.label.startswith("control_") and len(line.text.split()) <= 5


def _is_breakable(line: Line) -> bool:
    return not line.label.startswith("control_") and 6 <= len(line.text.split()) <= 18 and len(_clauses(line.text)) > 1


def _clauses(text: str) -> list[str]:
    """The parts of a line between its commas and before its joints, each of two words or more."""
    parts: list[list[str]] = [[]]
    for word in text.split():
        if word.lower().strip(",.?!") in _JOINTS and len(parts[-1]) > 1:
            parts.append([])
        parts[-1].append(word)
        if word.endswith(",") and len(parts[-1]) > 1:
            parts.append([])
    return [" ".join(part) for part in parts if part]


def _say(line: Line, voice: str, manner: _Manner, chance: random.Random, folder: Path) -> _Said:
    parts = _clauses(line.text)
    while len(parts) > manner.most_pauses + 1:
        at = chance.randrange(len(parts) - 1)
        parts[at : at + 2] = [f"{parts[at]} {parts[at + 1]}"]
    noise = np.random.default_rng(chance.randrange(2**32))
    before = [_groan(chance.uniform(0.6, 1.5), noise), np.zeros(HEARING_RATE * 4)] if chance.random() < manner.groans else []
    words: list[Sound] = []
    for number, part in enumerate(parts):
        last = number + 1 == len(parts)
        words.append(_trimmed(spoken(part, voice, folder)))
        if not last and chance.random() < manner.hesitant:
            words += [np.zeros(round(_BEFORE_UM_SECONDS * HEARING_RATE)), _trimmed(spoken("um,", voice, folder))]
        if not last:
            pause = np.zeros(round(chance.uniform(*manner.pauses) * HEARING_RATE))
            words.append(_with_breath(pause, noise) if chance.random() < manner.breathless else pause)
    lead, speech = np.concatenate([*before, np.zeros(HEARING_RATE // 2)]), np.concatenate(words)
    sound = np.concatenate([lead, speech, np.zeros(round(_GAP_SECONDS * HEARING_RATE))])
    sound += noise.normal(0, _HISS, len(sound))
    answers = {"control_yes", "control_no", "control_not_sure"}
    expected = Expecting.ANSWER if line.label in answers else Expecting.COMMAND if _is_command(line) else Expecting.NOTHING
    start = len(lead) / HEARING_RATE
    return _Said(expected, _pcm(sound), start, start + len(speech) / HEARING_RATE)


def _trimmed(pcm: Pcm) -> Sound:
    start, end = onset(pcm, HEARING_RATE) or 0.0, ending(pcm, HEARING_RATE) or 0.0
    return pcm[round(start * HEARING_RATE) : round(end * HEARING_RATE)].astype(np.float64)


def _pcm(sound: Sound) -> Pcm:
    return np.rint(sound).clip(-32_768, 32_767).astype(np.int16)


def _with_breath(pause: Sound, noise: np.random.Generator) -> Sound:
    """A breath in the middle of a pause: noise round 1.5 kHz that swells and dies away."""
    length = len(pause) * 2 // 3
    breath = _shaped(noise.normal(size=length), ((1_500, 900), (4_000, 1_500)))
    breath *= 500 * np.hanning(length) / max(1e-9, float(breath.std()))
    out = pause.copy()
    first = (len(pause) - length) // 2
    out[first : first + length] += breath
    return out


def _groan(seconds: float, noise: np.random.Generator) -> Sound:
    """A falling voice through the formants of an open mouth, with breath in it."""
    length = round(seconds * HEARING_RATE)
    phase = 2 * np.pi * np.cumsum(np.linspace(160, 95, length)) / HEARING_RATE
    source = sum(np.sin(n * phase) / n for n in range(1, 30)) + 0.3 * noise.normal(size=length)
    groan = _shaped(source, ((450, 80), (900, 90), (2_400, 150)))
    return groan * 2_500 * np.hanning(length) / float(groan.std())


def _shaped(sound: Sound, formants: Iterable[tuple[float, float]]) -> Sound:
    """Through resonances at (frequency, width), both in Hz."""
    frequencies = np.fft.rfftfreq(len(sound), 1 / HEARING_RATE)
    gain = sum(1 / (1 + ((frequencies - centre) / width) ** 2) for centre, width in formants)
    shaped: Sound = np.fft.irfft(np.fft.rfft(sound) * gain, len(sound))
    return shaped


def _in_session(
    sayings: Sequence[_Said], settings: SegmenterSettings, judge: PatienceJudge, counting: _Counting
) -> list[tuple[bool, float]]:
    """For each line of one person: whether it was cut off, and the silence from the end of the words to being sure, in seconds."""
    ends: list[float] = []
    expected = Expecting.NOTHING

    def post(event: Event) -> None:
        if isinstance(event, SpeechEnded):
            ends.append(event.at)

    def judged(text: str) -> Patience:
        return judge.judge(text, expected)

    listener = Listener(NoEcho(), SileroVad(), counting, settings, post, judged if counting.engine else lambda _: Patience.USUAL)
    found = []
    for said in sayings:
        expected = said.expected
        ends.clear()
        _feed(listener, said.pcm)
        last = [end for end in ends if end >= said.end]
        if last:
            found.append((any(said.start < end < said.end for end in ends), last[0] - said.end))
    return found


def _feed(listener: Listener, pcm: Pcm) -> None:
    for number in range(len(pcm) // FRAME_SAMPLES):
        listener.feed(Frame(pcm[number * FRAME_SAMPLES : (number + 1) * FRAME_SAMPLES], (number + 1) * FRAME_SECONDS))


# The judgement of text alone.


def _by_text(lines: Sequence[Line], judge: PatienceJudge) -> Table:
    whole = [(line.text, Expecting.COMMAND if line.label.startswith("control_") else Expecting.NOTHING) for line in lines]
    broken = [
        (" ".join(parts[:number]), Expecting.NOTHING)
        for line in lines
        for parts in [_clauses(line.text)]
        for number in range(1, len(parts))
    ]
    hesitant = [(f"{text} um", expected) for text, expected in broken]
    rows: list[tuple[Cell, ...]] = []
    for name, texts in (("whole lines", whole), ("up to a clause", broken), ("the same and um", hesitant)):
        judged = [judge.judge(text, expected) for text, expected in texts]
        rows.append((name, len(texts), *(100 * judged.count(patience) / len(judged) for patience in Patience)))
    return Table("Judged by the words alone, %", ("text", "texts", *(patience.value for patience in Patience)), tuple(rows), digits=1)


# Sound that is not for us.


def _rooms(lines: Sequence[Line], folder: Path) -> Iterator[tuple[str, Pcm]]:
    noise = np.random.default_rng(3)
    yield "fan", _pcm(1_500 * noise.normal(size=_ROOM_SECONDS * HEARING_RATE))
    yield "music, chords", _pcm(_music(noise))
    yield "singing without words", _pcm(_singing(noise))
    yield "somebody on the television", _pcm(_television(lines, noise, folder))


def _music(noise: np.random.Generator) -> Sound:
    """Chords of decaying tones, two a second."""
    time = np.arange(HEARING_RATE // 2) / HEARING_RATE

    def tone(semitone: int) -> Sound:
        frequency = 220 * 2 ** (semitone / 12)
        return np.asarray(sum(np.sin(2 * np.pi * frequency * n * time) / n for n in range(1, 8)) * np.exp(-time / 0.6))

    return np.concatenate([1_500 * sum(map(tone, noise.choice([0, 3, 4, 7, 10, 12], 3))) for _ in range(2 * _ROOM_SECONDS)])


def _singing(noise: np.random.Generator) -> Sound:
    """Vowels on changing notes, with vibrato, without a breath."""
    vowels = (((700, 80), (1_100, 90), (2_500, 120)), ((300, 60), (2_200, 100), (2_900, 120)), ((500, 70), (900, 90), (2_400, 120)))
    time = np.arange(round(0.6 * HEARING_RATE)) / HEARING_RATE

    def note(pitch: float, vowel: Sequence[tuple[float, float]]) -> Sound:
        phase = 2 * np.pi * np.cumsum(pitch * (1 + 0.02 * np.sin(2 * np.pi * 5 * time))) / HEARING_RATE
        sung = _shaped(np.asarray(sum(np.sin(n * phase) / n for n in range(1, 30))), vowel)
        return 2_500 * sung / float(sung.std())

    return np.concatenate(
        [note(float(noise.choice([180, 200, 225, 240, 270])), vowels[noise.integers(3)]) for _ in range(_ROOM_SECONDS * 10 // 6)]
    )


def _television(lines: Sequence[Line], noise: np.random.Generator, folder: Path) -> Sound:
    """Unrelated lines one after the other, with short breaths between."""
    pieces: list[Sound] = []
    unrelated = (line.text for line in lines if line.label == "none")
    while sum(map(len, pieces)) < _ROOM_SECONDS * HEARING_RATE:
        pieces += [_trimmed(spoken(next(unrelated), "flite awb", folder)), np.zeros(round(noise.uniform(0.1, 0.6) * HEARING_RATE))]
    return np.concatenate(pieces)[: _ROOM_SECONDS * HEARING_RATE]


def _room_row(name: str, sound: Pcm, judge: PatienceJudge, recogniser: Recogniser) -> tuple[Cell, ...]:
    events: list[Event] = []
    rationed, eager = _Counting(recogniser), _Counting(None)
    _feed(Listener(NoEcho(), SileroVad(), rationed, _PATIENT, events.append, lambda text: judge.judge(text, Expecting.NOTHING)), sound)
    begun, ended = ([event.at for event in events if isinstance(event, kind)] for kind in (SpeechStarted, SpeechEnded))
    lengths = [end - start for start, end in zip(begun, ended, strict=False)]
    _feed(Listener(NoEcho(), SileroVad(), eager, _fixed(_PATIENT.end_after), lambda _: None), sound)
    return name, len(lengths), max(lengths, default=0.0), rationed.seconds / _ROOM_SECONDS, eager.seconds / _ROOM_SECONDS
