"""Synthetic people: voices that ask, and what they say. Not the program's own synthesisers, so that neither hides the other's faults."""

from __future__ import annotations

import subprocess
from pathlib import Path

from voiceskill.edges.wav import read_wav
from voiceskill.ports import Pcm

VOICES: dict[str, list[str]] = {
    "flite rms": ["flite", "-voice", "rms", "-t", "{text}", "-o", "{file}"],
    "flite slt": ["flite", "-voice", "slt", "-t", "{text}", "-o", "{file}"],
    "flite awb": ["flite", "-voice", "awb", "-t", "{text}", "-o", "{file}"],
    "espeak-ng en-gb": ["espeak-ng", "-v", "en-gb", "-s", "140", "-w", "{file}", "{text}"],
}

UNHEARD_VOICES = {
    name: VOICES.get(name) or ["espeak-ng", "-v", name.removeprefix("espeak-ng "), "-s", "140", "-w", "{file}", "{text}"]
    for name in ("flite awb", "espeak-ng en-gb-scotland+f4", "espeak-ng en-gb-scotland+m4")
}
"""Those from which our own Vosk model never learnt."""

SENTENCES = (
    "Why does my back hurt when I sneeze?",
    "My back just went while I was tying my shoe.",
    "I can't stand up straight.",
    "It's gone again, the left side this time.",
    "Should I lie flat or curl up?",
    "Is it better to put ice on it or something warm?",
    "How long is this going to last?",
    "I was only picking up a sock.",
    "Can I take a bath with it like this?",
    "It grabs me every time I roll over.",
    "What's the easiest way to get out of bed?",
    "Talk me through the breathing again.",
    "Slow down a bit, please.",
    "Hang on, I need a minute.",
    "That hurts, I don't like that one.",
    "Stop.",
    "Carry on.",
    "Say that again?",
    "My pain is about a seven.",
    "It was an eight this morning and now it's a four.",
    "I can't feel my left foot properly.",
    "The pain runs down the back of my leg.",
    "Do I need to see a doctor about this?",
    "I've been stuck on the bathroom floor for an hour.",
    "Is it all right to sleep on my side?",
    "Where should the pillow go?",
    "My lower back is as stiff as a board.",
    "Did I slip a disc?",
    "I drove for five hours yesterday.",
    "Will walking make it worse?",
    "It feels like a knot next to my spine.",
    "I don't want to do that exercise.",
    "Is there an easier one?",
    "How much longer?",
    "I'm scared to move.",
    "Nothing like this has ever happened to me before.",
    "I coughed and it locked up completely.",
    "Could it be the new mattress?",
    "Tell me more about that.",
    "What did you say I should do with my knees?",
)
"""As people lying in bed say such things; written for this benchmark and used for nothing else."""

QUESTIONS = (
    ("flite rms", "Should I use heat or ice?"),
    ("flite slt", "How do I get out of bed?"),
    ("espeak-ng en-gb", "Why did my back go when I lifted a box?"),
    ("flite awb", "Should I use heat or ice?"),
    ("flite rms", "How do I get out of bed?"),
)
"""Who asks what when the time to an answer is measured."""


def spoken(text: str, voice: str, folder: Path) -> Pcm:
    """`text` in that voice, at HEARING_RATE."""
    file = folder / "spoken.wav"
    command = (VOICES | UNHEARD_VOICES)[voice]
    subprocess.run([part.format(text=text, file=file) for part in command], check=True)  # noqa: S603 - our own words
    return read_wav(file)
