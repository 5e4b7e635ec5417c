"""The owner's settings: one TOML file, every key documented here with its unit."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from voiceskill.addresses import parse_address, parse_network
from voiceskill.core.attention import DEFAULT_PHRASE, Attention, unfit
from voiceskill.ports import Fault

TimeOfDay = Annotated[str, Field(pattern=r"^$|^([01]\d|2[0-3]):[0-5]\d$")]


def _callable(phrase: str) -> str:
    if fault := unfit(phrase):
        raise ValueError(fault)
    return phrase


WakeText = Annotated[str, AfterValidator(_callable)]


def _listening(address: str) -> str:
    return address and f"tcp://{parse_address(address)}"


def _network(network: str) -> str:
    return str(parse_network(network))


ListenAt = Annotated[str, AfterValidator(_listening)]
Networks = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], Field(strict=False)]


class Settings(BaseModel):
    """All settings. Absent keys have the values given here."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    recogniser: Literal["auto", "vosk", "moonshine"] = Field(
        "auto", description="engine that turns speech into text; auto takes an installed Vosk model, else Moonshine"
    )
    model: str = Field("", description="name of the Vosk model folder to use, or its path; empty: the best one installed")
    synthesiser: Literal["auto", "pyttsx3", "flite", "piper"] = Field(
        "auto", description="engine that speaks; auto takes the clearest one present"
    )
    voice: str = Field("", description="voice of the synthesiser; empty: the clearest one. `voiceskill say --voices` lists them")
    words_per_minute: Annotated[int, Field(ge=80, le=260)] = Field(140, description="pace of speech, in words a minute")
    pitch: Annotated[float, Field(ge=-12, le=12)] = Field(0.0, description="pitch of speech, in semitones above the voice's own")
    volume: Annotated[float, Field(ge=0.05, le=1.0)] = Field(1.0, description="loudness of speech, as a share of full scale")
    microphone: str = Field("", description="name, or part of the name, of the microphone; empty: the system's default")
    loudspeaker: str = Field("", description="name, or part of the name, of the loudspeaker; empty: the system's default")
    end_of_speech: Annotated[float, Field(ge=0.3, le=3.0)] = Field(
        0.7,
        description="silence that usually ends an utterance, in seconds; half of it after a command or a yes, more after an open sentence",
    )
    quiet_from: TimeOfDay = Field("", description="beginning of the quiet hours, HH:MM: we speak softly then, and say less; empty: none")
    quiet_until: TimeOfDay = Field("", description="end of the quiet hours, HH:MM")
    earcons: bool = Field(default=True, description="short soft sounds for: I heard you, I'm listening, that failed")
    attention: Attention = Field(
        "open",
        description="who is listened to when nothing is going on: wake, whoever says the wake phrase; open, also whoever says what is "
        "plainly for the device. Danger and calls for help are always heard",
    )
    wake_phrase: WakeText = Field(
        DEFAULT_PHRASE, description="what calls the device: two to four words that nobody says otherwise, none of them short"
    )
    wyoming: ListenAt = Field(
        "",
        description="where `voiceskill run` answers other devices in the house, such as Home Assistant: tcp://127.0.0.1:10500, or another "
        "address; empty: nowhere. `voiceskill serve` answers at any rate, where this is empty at that very address",
    )
    wyoming_allow: Networks = Field(
        (),
        description="networks whose devices may ask, such as 192.168.1.0/24; without one, only this machine may. "
        "Nobody who asks says who they are: name your own home's",
    )
    country: str = Field("", description="two letters of the country, for the numbers to call: GB, IE, US, CA, AU; empty: none are named")
    emergency_number: str = Field(
        "", description="how the emergency number is spoken, in words: nine nine nine; empty: your emergency number"
    )
    crisis_line: str = Field("", description="how the crisis line is spoken, in words; empty: a crisis line")
    poison_line: str = Field("", description="how the poison line is spoken, in words; empty: a poison line")


class BadSettings(Fault):
    """The settings file cannot be used. The message has one line for every error."""


def load_settings(path: Path | None) -> Settings:
    """Read the settings at `path`; all defaults when it is None. Raises BadSettings with every error, each with its line."""
    if path is None:
        return Settings()
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except OSError as error:
        raise BadSettings(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadSettings(f"{path}: is not a text file in UTF-8; write the settings anew") from error
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"{path}: is not valid TOML: {error}") from error
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        problems = sorted(_explain(text, one) for one in error.errors())
        raise BadSettings("\n".join(f"{path}:{line}: {message}" for line, message in problems)) from error


def _explain(text: str, error: ErrorDetails) -> tuple[int, str]:
    key = str(error["loc"][0]) if error["loc"] else ""
    message = "no such setting" if error["type"] == "extra_forbidden" else error["msg"].removeprefix("Value error, ")
    return _line_of(key, text), f"{key}: {message}"


def _line_of(key: str, text: str) -> int:
    pattern = re.compile(rf"""\s*\[*\s*["']?{re.escape(key)}["']?\s*[.=\]]""")
    return next((number for number, line in enumerate(text.splitlines(), 1) if pattern.match(line)), 1)
