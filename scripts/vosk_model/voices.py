"""Synthetic people: flite, festival and espeak-ng, as Debian packages bring them.

Some voices never speak to the model while it learns: `DEV_VOICES` are for tuning, `TEST_VOICES` for the figures.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from voiceskill.edges.wav import read_wav
from voiceskill.ports import Pcm


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody who speaks. `name` is the engine's own. `pace` stretches time: above 1 is slower. `pitch` is espeak-ng's, 0 to 99."""

    engine: Literal["flite", "festival", "espeak-ng"]
    name: str
    pace: float = 1.0
    pitch: int = 50

    @property
    def label(self) -> str:
        """How it is called in tables."""
        return f"{self.engine} {self.name}"


FLITE = ("rms", "slt", "kal16")
FESTIVAL = ("cmu_us_slt_arctic_hts", "kal_diphone")
ESPEAK_ACCENTS = ("en-us", "en-us", "en-gb", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029", "en-us-nyc")
_ESPEAK_VARIANTS = (
    "m1 m2 m3 m5 m6 m7 m8 f1 f2 f3 f5 Alex Alicia Andrea Annie adam anika antonio belinda benjamin boris caleb david ed edward Gene "
    "grandma Hugo iven iven3 john linda Lee Marco max Michael michel norbert pablo paul pedro quincy robert sandro shelby steph steph3 "
    "travis victor zac klatt2 klatt4"
)
ESPEAK_PEOPLE = tuple(_ESPEAK_VARIANTS.split())

DEV_VOICES = (Voice("espeak-ng", "en-us+Andy", pace=1.1), Voice("festival", "ked_diphone"))
TEST_VOICES = (
    Voice("flite", "awb"),
    Voice("espeak-ng", "en-gb-scotland+f4", pace=1.15),
    Voice("espeak-ng", "en-gb-scotland+m4", pace=1.05, pitch=40),
)

# Shares of the corpus: flite and festival were made from recordings of people, espeak-ng gives variety.
_FLITE_SHARE = 0.34
_FESTIVAL_SHARE = 0.16
_ESPEAK_WORDS_A_MINUTE = 160


def any_voice(chance: random.Random) -> Voice:
    """One of the voices to learn from."""
    throw = chance.random()
    pace = round(chance.uniform(0.85, 1.3), 2)
    if throw < _FLITE_SHARE:
        return Voice("flite", chance.choice(FLITE), pace)
    if throw < _FLITE_SHARE + _FESTIVAL_SHARE:
        return Voice("festival", chance.choice(FESTIVAL), pace)
    name = f"{chance.choice(ESPEAK_ACCENTS)}+{chance.choice(ESPEAK_PEOPLE)}"
    return Voice("espeak-ng", name, pace, pitch=chance.randint(25, 75))


def speak(said: Sequence[tuple[str, Voice]], folder: Path) -> list[Pcm]:
    """Each text in its voice, at HEARING_RATE. `folder` is scratch. Raises CalledProcessError when an engine fails."""
    files = [folder / f"{number}.wav" for number in range(len(said))]
    recitation = []
    for (text, voice), file in zip(said, files, strict=True):
        if voice.engine == "festival":
            recitation.append(_festival(text, voice, file))
        else:
            subprocess.run(_command(text, voice, file), check=True, capture_output=True)  # noqa: S603 - our own words
    if recitation:
        script = folder / "recitation.scm"
        script.write_text("\n".join(recitation), encoding="utf-8")
        subprocess.run(["festival", "-b", str(script)], check=True, capture_output=True)  # noqa: S603, S607 - our own script
    return [read_wav(file) for file in files]


def _command(text: str, voice: Voice, file: Path) -> list[str]:
    if voice.engine == "flite":
        return ["flite", "-voice", voice.name, "--setf", f"duration_stretch={voice.pace}", "-t", text, "-o", str(file)]
    rate = str(round(_ESPEAK_WORDS_A_MINUTE / voice.pace))
    return ["espeak-ng", "-v", voice.name, "-s", rate, "-p", str(voice.pitch), "-w", str(file), text]


def _festival(text: str, voice: Voice, file: Path) -> str:
    plain = text.replace('"', " ").replace("\\", " ")
    speaking = f'(utt.save.wave (utt.synth (Utterance Text "{plain}")) "{file}" \'riff)'
    return f"(voice_{voice.name}) (Parameter.set 'Duration_Stretch {voice.pace}) {speaking}"
