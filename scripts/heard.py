"""Make phrases as a recogniser mishears them: the judges of meaning learn from these that what is garbled is seldom danger.

    .venv/bin/python scripts/heard.py speak [--tuning] [--part 0 --of 2] [--minutes M]
    .venv/bin/python scripts/heard.py collect [--tuning]

`speak` lets synthetic people say phrases of intents/en/phrases (with --tuning, of tests/phrases/tuning.tsv) in noisy rooms, one, several
in a row, or several at once, and our own replies through an echo; it writes what Moonshine made of them to out/heard/. It goes on where it
was ended, and parts can run beside each other. `collect` decides what each still means, and writes scripts/training/heard-en.tsv, which
only scripts/train-understanding reads, or tests/phrases/tuning_heard.tsv, on which thresholds are set.

Voices and noises of scripts/bench that are kept out: espeak-ng en-gb altogether, mains hum, and all of the benchmarks' seeds; flite awb and
kal16 are for tuning only. tests/phrases/heldout.tsv is never read here, but to leave out what stands in it.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import tempfile
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from scripts.bench_suite.rooms import NOISES, Sound, loudness, mixed, recorded, reverberated
from scripts.bench_suite.voices import replies
from scripts.mishearing import denials, kept_share
from scripts.phrases import HEARD, JUDGED, learnt, listed, read_tsv
from voiceskill.core.understanding.judgement import Judgement
from voiceskill.core.understanding.normalise import normalise
from voiceskill.edges.encoder import OnnxEncoder
from voiceskill.edges.recognisers.moonshine_engine import MoonshineRecogniser
from voiceskill.edges.wav import read_wav
from voiceskill.ports import HEARING_RATE, Pcm
from voiceskill.skill_files import load_skill

ROOT = Path(__file__).resolve().parent.parent
RAW = ROOT / "out" / "heard"
TUNING = ROOT / "tests" / "phrases" / "tuning_heard.tsv"

_NONE, _NOT = "none", "not:"

_NOISE_KINDS = ("white", "fan", "babble", "music")
_QUIET_SHARE = 0.2
_CUT_SHARE = 0.12
_LONGEST_WORDS = 25
_BABBLERS = 16

# How many of each kind are planned; the order is mixed, so that whoever ends early has a fair sample.
_EACH_FLAG, _EACH_LOOK_ALIKE, _EACH_CONTROL, _EACH_OTHER, _UNRELATED = 60, 16, 26, 13, 900
_TALKS, _CROWDS, _ECHOES = 650, 750, 250
_TUNING_EACH, _TUNING_UNRELATED, _TUNING_TALKS, _TUNING_CROWDS = 9, 250, 160, 120

_KEPT_SHARE, _FLAG_KEPT_SHARE = 0.6, 0.8
"""Share of its weighty words from which a line means what it meant; a flag's few words must hardly be touched."""

_KEPT_IF_SEEN_SHARE = 0.34
"""The same where the judge that is shipped still sees the meaning."""

_MEANT_AT, _FLAG_SEEN_AT = 0.3, 0.15
"""Its probability of an intent, or of a flag, from which it does."""

_NOT_OURS_AT = 0.5
"""Its probability of "none" from which a line that lost all its words is taken for talk."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A command that speaks; `sizes` are how much the speaker is made smaller or larger, by turning up or down the pitch of everything."""

    command: tuple[str, ...]
    sizes: tuple[float, float] = (0.93, 1.1)

    def speak(self, text: str, chance: random.Random, folder: Path) -> Sound:
        """`text`, at HEARING_RATE."""
        file = folder / "spoken.wav"
        filled = {
            "text": text,
            "file": file,
            "stretch": chance.uniform(0.8, 1.25),
            "speed": chance.randint(125, 190),
            "pitch": chance.randint(25, 75),
        }
        subprocess.run([part.format(**filled) for part in self.command], check=True, stderr=subprocess.DEVNULL)  # noqa: S603 - our own words
        speech = read_wav(file).astype(np.float64)
        size = chance.uniform(*self.sizes)
        sized: Sound = soxr.resample(speech, HEARING_RATE * size, HEARING_RATE)
        return sized


def _flite(voice: str) -> Voice:
    return Voice(("flite", "-voice", voice, "--setf", "duration_stretch={stretch}", "-t", " {text}", "-o", "{file}"))


def _espeak(voice: str) -> Voice:
    return Voice(("espeak-ng", "-v", voice, "-s", "{speed}", "-p", "{pitch}", "-w", "{file}", " {text}"), (1.0, 1.0))


_VOICES = (
    *4 * (_flite("rms"), _flite("slt")),
    *(_espeak(name) for name in ("en-us", "en-us+f3", "en-gb-scotland", "en-gb-x-rp+f2", "en-us+m3", "en-029+f4")),
)
_TUNING_VOICES = (*2 * (_flite("awb"),), _flite("kal16"))
_OUR_VOICE = _flite("rms")


@dataclass(frozen=True, slots=True)
class Item:
    """What is said: a `line`, a `talk` (lines in a row), a `crowd` (lines at once) or an `echo` of ours; and what it means."""

    kind: str
    label: str
    texts: tuple[str, ...]


def plan(*, tuning: bool) -> list[Item]:
    """Everything that is to be said, in a fixed order."""
    chance = random.Random("heard, tuning" if tuning else "heard")
    source = read_tsv([JUDGED["tuning"]]) if tuning else learnt()
    items: list[Item] = []
    for label in sorted(source):
        fitting = [text for text in source[label] if 2 <= len(text.split()) <= _LONGEST_WORDS]
        chosen = chance.sample(fitting, min(_planned(label, tuning=tuning), len(fitting)))
        items += [Item("line", label, (text,)) for text in chosen]
    unrelated = [text for text in source[_NONE] if len(text.split()) <= _LONGEST_WORDS]
    talks, crowds = (_TUNING_TALKS, _TUNING_CROWDS) if tuning else (_TALKS, _CROWDS)
    items += [Item("talk", _NONE, tuple(chance.sample(unrelated, 4))) for _ in range(talks)]
    items += [Item("crowd", _NONE, tuple(chance.sample(unrelated, chance.randint(2, 5)))) for _ in range(crowds)]
    if not tuning:
        skill = load_skill(ROOT / "intents" / "en")
        escapes = [normalise(phrase) for intent in skill.intents.values() for phrase in intent.escape]
        ours = [text for text in replies(skill) if not any(f" {phrase} " in f" {normalise(text)} " for phrase in escapes)]
        items += [Item("echo", _NONE, (text,)) for text in chance.sample(ours, _ECHOES)]
    chance.shuffle(items)
    return items


def _planned(label: str, *, tuning: bool) -> int:
    if label == _NONE:
        return _TUNING_UNRELATED if tuning else _UNRELATED
    if tuning:
        return _TUNING_EACH
    if label.startswith(_NOT):
        return _EACH_LOOK_ALIKE
    if label.startswith(("redflag_", "safety_")):
        return _EACH_FLAG
    return _EACH_CONTROL if label.startswith("control_") else _EACH_OTHER


class Studio:
    """Lets synthetic people speak in rooms."""

    def __init__(self, voices: Sequence[Voice], babblers: Sequence[str], folder: Path) -> None:
        self._voices = voices
        self._folder = folder
        chance = random.Random("babble")
        self._babble = [recorded(chance.choice(voices).speak(text, chance, folder)) for text in babblers]

    def record(self, item: Item, number: int) -> Pcm:
        """What the microphone hears of it. The same `number` gives the same sound."""
        chance = random.Random(f"{number} {item.texts[0]}")
        seed = np.random.default_rng(zlib.crc32(f"{number} {item.texts[0]}".encode()))
        match item.kind:
            case "talk":
                voice = chance.choice(self._voices)
                speech = _window(np.concatenate([voice.speak(text, chance, self._folder) for text in item.texts]), 2.0, 9.0, chance)
            case "crowd":
                said = [self._anyone(text, chance) * 10 ** (-chance.uniform(0, 10) / 20) for text in item.texts]
                speech = _window(_at_once(said), 1.5, 8.0, chance)
            case "echo":
                speech = _window(_echoed(_OUR_VOICE.speak(item.texts[0], chance, self._folder), seed), 1.0, 4.0, chance)
            case _:
                speech = self._anyone(item.texts[0], chance)
                if chance.random() < _CUT_SHARE:
                    speech = speech[: round(len(speech) * chance.uniform(0.4, 0.85))]
        level = max(1.0, float(np.sqrt((speech**2).mean())))
        padded = np.concatenate([np.zeros(HEARING_RATE // 4), speech, np.zeros(HEARING_RATE // 3)])
        wet = reverberated(padded, chance.choice((0.0, 0.2, 0.3, 0.5, 0.7)), seed)
        if chance.random() >= _QUIET_SHARE:
            noise = NOISES[chance.choice(_NOISE_KINDS)](len(wet), self._babble, seed)
            wet = mixed(wet, noise, chance.uniform(0, 20), level)
        return recorded(wet * 10 ** (-chance.uniform(0, 25) / 20))

    def _anyone(self, text: str, chance: random.Random) -> Sound:
        return chance.choice(self._voices).speak(text, chance, self._folder)


def _at_once(said: Sequence[Sound]) -> Sound:
    total = np.zeros(max(map(len, said)))
    for one in said:
        total += np.resize(one, len(total))
    return total


def _window(sound: Sound, shortest: float, longest: float, chance: random.Random) -> Sound:
    """A stretch of so many seconds, from anywhere: the segmenter cuts long talk as it comes."""
    length = min(len(sound), round(chance.uniform(shortest, longest) * HEARING_RATE))
    start = chance.randrange(len(sound) - length + 1)
    return sound[start : start + length]


def _echoed(sound: Sound, seed: np.random.Generator) -> Sound:
    """What a canceller leaves of our voice: distorted by the loudspeaker, and suppressed by fits and starts."""
    driven = np.tanh(sound / max(1.0, loudness(recorded(sound))) / 2) * 3_000
    step = HEARING_RATE // 8
    gains = seed.choice([1.0, 0.4, 0.1, 0.03], len(sound) // step + 2)
    envelope = np.interp(np.arange(len(sound)), np.arange(len(gains)) * step, gains)
    left: Sound = driven * envelope
    return left


def speak(*, tuning: bool, part: int, of: int, minutes: float) -> None:
    """Speak and recognise every `of`-th item from number `part` on, for so many minutes at most."""
    items = plan(tuning=tuning)
    RAW.mkdir(parents=True, exist_ok=True)
    path = RAW / f"{'tuning' if tuning else 'learnt'}-{part}-of-{of}.tsv"
    done = {int(line.partition("\t")[0]) for line in path.read_text(encoding="utf-8").splitlines()} if path.exists() else set()
    voices = _TUNING_VOICES if tuning else _VOICES
    babblers = [item.texts[0] for item in items if item.label == _NONE][:_BABBLERS]
    began = time.monotonic()
    recogniser = MoonshineRecogniser()
    with tempfile.TemporaryDirectory() as folder, path.open("a", encoding="utf-8") as file:
        studio = Studio(voices, babblers, Path(folder))
        for number in range(part, len(items), of):
            if number in done:
                continue
            if time.monotonic() - began > 60 * minutes:
                break
            item = items[number]
            recogniser.start()
            recogniser.accept(studio.record(item, number))
            heard = " ".join(hypothesis.text for hypothesis in recogniser.hypotheses()[:1])
            file.write("\t".join((str(number), item.kind, item.label, " / ".join(item.texts), " ".join(heard.split()))) + "\n")
            file.flush()
    recogniser.close()


@dataclass(frozen=True, slots=True)
class Heard:
    """What was recognised of an item."""

    kind: str
    label: str
    said: str
    heard: str


def recognised(*, tuning: bool) -> list[Heard]:
    """All that `speak` wrote, in the order of the plan."""
    lines = [
        line.split("\t") for path in RAW.glob(f"{'tuning' if tuning else 'learnt'}-*.tsv") for line in path.read_text("utf-8").splitlines()
    ]
    return [Heard(*rest) for _, *rest in sorted(lines, key=lambda line: int(line[0]))]


def meaning(one: Heard, judgement: Judgement) -> str | None:
    """The label of what was heard, or None where nobody could tell."""
    if one.label == _NONE:
        return _NONE
    said, heard = normalise(one.said), normalise(one.heard)
    share, flag_seen = kept_share(said, heard), judgement.flags.get(one.label, 0.0)
    if share == 0:
        nothing_left = judgement.none >= _NOT_OURS_AT and max(judgement.flags.values()) < _FLAG_SEEN_AT
        return _NONE if nothing_left and len(heard.split()) > 1 else None
    seen = flag_seen >= _FLAG_SEEN_AT or judgement.intents.get(one.label, 0.0) >= _MEANT_AT
    enough = _KEPT_IF_SEEN_SHARE if seen else _FLAG_KEPT_SHARE if one.label in judgement.flags else _KEPT_SHARE
    return one.label if share >= enough and denials(said) == denials(heard) else None


def collect(*, tuning: bool) -> None:
    """Decide what was recognised means, and write it."""
    found = recognised(tuning=tuning)
    # For tuning everything keeps its meaning: what is lost by ear is to be counted as lost.
    lines = [(one.label, one.heard, one.said) for one in found] if tuning else list(_worth_learning(found))
    path = TUNING if tuning else HEARD
    path.parent.mkdir(parents=True, exist_ok=True)
    order = sorted(dict.fromkeys(lines))
    path.write_text("".join("\t".join(line) + "\n" for line in order if line[1]), encoding="utf-8")
    print(f"{len(order)} lines, {sum(label == _NONE for label, _, _ in order)} of them for nobody: {path.relative_to(ROOT)}")


def _worth_learning(heard: Sequence[Heard]) -> Iterator[tuple[str, str, str]]:
    """Label, what was heard and what was said, for what differs from everything that is listed, collected or judged on."""
    encoder = OnnxEncoder(ROOT / "models" / "understanding-en")
    everything: tuple[Mapping[str, Sequence[str]], ...] = (learnt(), listed(), read_tsv(JUDGED.values()))
    known = {normalise(phrase) for found in everything for phrases in found.values() for phrase in phrases}
    for one in heard:
        text = normalise(one.heard)
        if text and text not in known:
            label = meaning(one, encoder.judge(text))
            if label:
                known.add(text)
                yield label, one.heard, one.said


def main() -> None:
    """Run a command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    speaking = commands.add_parser("speak")
    speaking.add_argument("--part", type=int, default=0)
    speaking.add_argument("--of", type=int, default=1)
    speaking.add_argument("--minutes", type=float, default=60.0)
    collecting = commands.add_parser("collect")
    for command in (speaking, collecting):
        command.add_argument("--tuning", action="store_true")
    given = parser.parse_args()
    if given.command == "speak":
        speak(tuning=given.tuning, part=given.part, of=given.of, minutes=given.minutes)
    else:
        collect(tuning=given.tuning)


if __name__ == "__main__":
    main()
