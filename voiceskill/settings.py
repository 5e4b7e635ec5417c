"""The owner's settings: one TOML file, every key documented here with its unit."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails

from voiceskill.addresses import parse_address, parse_network, parse_server
from voiceskill.core.addresses import fault_of, may_be_home
from voiceskill.core.attention import DEFAULT_PHRASE, Attention, unfit
from voiceskill.ports import Fault
from voiceskill.profiles import MachineSettings, Name

TimeOfDay = Annotated[str, Field(pattern=r"^$|^([01]\d|2[0-3]):[0-5]\d$")]


def _callable(phrase: str) -> str:
    if fault := unfit(phrase):
        raise ValueError(fault)
    return phrase


def _screen(address: str) -> str:
    return address and f"http://{parse_address(address if '://' in address else f'http://{address}', 'http')}"


ServeAt = Annotated[str, AfterValidator(_screen)]
WakeText = Annotated[str, AfterValidator(_callable)]


def _listening(address: str) -> str:
    return address and f"tcp://{parse_address(address)}"


def _server(address: str) -> str:
    if address:
        host, _ = parse_server(address)
        if not may_be_home(host):
            raise ValueError("is not at home, and everybody between could listen; name a machine on your own network")
    return address


ServerAt = Annotated[str, AfterValidator(_server)]


def _network(network: str) -> str:
    return str(parse_network(network))


ListenAt = Annotated[str, AfterValidator(_listening)]
Networks = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], Field(strict=False)]


def _address(url: str) -> str:
    if fault := fault_of(url):
        raise ValueError(fault)
    return url


_MOST_WORDS = 5


def _few_words(people: str) -> str:
    if len(people.split()) > _MOST_WORDS:
        raise ValueError(f"is too long to be spoken each time; write {_MOST_WORDS} words at most")
    return people


WebAddress = Annotated[str, AfterValidator(_address)]
NonEmpty = Annotated[str, Field(min_length=1)]
People = Annotated[str, AfterValidator(_few_words)]


HOUSEHOLD = "household"
"""The name of the broker among those who are told of alerts."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Sink(_Table):
    name: NonEmpty = Field(description="your name for it, in messages about it; each name once")


class WebhookSettings(_Sink):
    """`[[alerts.webhook]]`: an address that is told of alerts."""

    url: WebAddress = Field(description="where each alert is posted: https, or http at home")
    secret: SecretStr = Field(SecretStr(""), description="what alerts are signed with; empty: they are not signed")


class CommandSettings(_Sink):
    """`[[alerts.command]]`: a program that is told of alerts."""

    run: Annotated[list[NonEmpty], Field(min_length=1)] = Field(
        description="the program and what it is started with, each in quotes; there is no shell"
    )


class AlertSettings(_Table):
    """`[alerts]`: who is told when somebody needs help."""

    device: NonEmpty = Field("voiceskill", description="name of the device in alerts: whose bed it stands at")
    people: People = Field("", description="who is told, as it is spoken, in five words at most: Anna and Tom; empty: the people you chose")
    countdown: Annotated[int, Field(ge=5, le=60)] = Field(
        10, description="seconds in which a call for help can be cancelled before it is sent; an emergency is sent at once"
    )
    household: bool = Field(
        default=False,
        description="whether the broker under [mqtt] is told, for Home Assistant or the like to pass on; somebody must listen there",
    )
    webhook: list[WebhookSettings] = Field([], description="addresses that are told")
    command: list[CommandSettings] = Field([], description="programs that are told")

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = self.names
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f'two of them have the name "{twice}"; give each its own')
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all that are told; none, where nobody is."""
        return (*(sink.name for sink in (*self.webhook, *self.command)), *([HOUSEHOLD] if self.household else []))


class MqttSettings(_Table):
    """`[mqtt]`: the broker of the household, for Home Assistant and its like."""

    host: str = Field("", description="address of the broker; empty: none")
    port: Annotated[int, Field(ge=0, le=65_535)] = Field(0, description="its port; 0: the usual one, 1883, or 8883 with tls")
    user: str = Field("", description="whom we are to it")
    password: SecretStr = Field(SecretStr(""), description="our password there")
    tls: bool = Field(default=False, description="whether the connection is encrypted; without, everybody on the network can read along")
    ca_file: str = Field("", description="a certificate to trust, where the broker has made its own")
    id: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")] = Field(
        "voiceskill", description="what tells this device from others in the house: letters, digits, - and _"
    )
    name: NonEmpty = Field("Bedside", description="its name in Home Assistant")
    prefix: NonEmpty = Field("homeassistant", description="where Home Assistant looks for devices")
    share_pain: bool = Field(default=False, description="whether the last pain score that was told is shown there")


class Settings(BaseModel):
    """All settings. Absent keys have the values given here."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    recogniser: Literal["auto", "vosk", "moonshine", "wyoming"] = Field(
        "auto",
        description="engine that turns speech into text; auto takes an installed Vosk model, else Moonshine; wyoming asks "
        "recogniser_server too, and goes on as auto where that does not answer",
    )
    recogniser_server: ServerAt = Field(
        "",
        description="where recogniser = wyoming finds a Wyoming speech-to-text server, such as tcp://192.168.1.5:10300; what is said in "
        "the room is sent there, not encrypted",
    )
    model: str = Field("", description="name of the Vosk model folder to use, or its path; empty: the best one installed")
    synthesiser: Literal["auto", "pyttsx3", "flite", "piper", "wyoming"] = Field(
        "auto",
        description="engine that speaks; auto takes the clearest one present; wyoming asks synthesiser_server, and goes on as auto where "
        "that does not answer",
    )
    synthesiser_server: ServerAt = Field(
        "", description="where synthesiser = wyoming finds a Wyoming text-to-speech server, such as tcp://192.168.1.5:10200"
    )
    server_voice: str = Field("", description="name of a voice of that server; empty: its own choice")
    server_patience: Annotated[float, Field(ge=0.2, le=10)] = Field(
        1.5, description="how long these servers are waited for, in seconds; then this device does it by itself"
    )
    voice: str = Field("", description="voice of the synthesiser; empty: the clearest one. `voiceskill say --voices` lists them")
    words_per_minute: Annotated[int, Field(ge=80, le=260)] = Field(140, description="pace of speech, in words a minute")
    pitch: Annotated[float, Field(ge=-12, le=12)] = Field(0.0, description="pitch of speech, in semitones above the voice's own")
    volume: Annotated[float, Field(ge=0.05, le=1.0)] = Field(1.0, description="loudness of speech, as a share of full scale")
    microphone: str = Field(
        "", description="name, or part of it, of the microphone, as `voiceskill devices` lists it; empty: the usual one"
    )
    loudspeaker: str = Field(
        "", description="name, or part of it, of the loudspeaker, as `voiceskill devices` lists it; empty: the usual one"
    )
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
    screen: ServeAt = Field(
        "",
        description="where `voiceskill run` serves the bedside screen: http://127.0.0.1:8480 for a browser on this machine alone, "
        "http://0.0.0.0:8480 for telephones in the house too, each after it was given a code; empty: nowhere",
    )
    led: Annotated[int, Field(ge=0, le=27)] = Field(
        0, description="GPIO pin of a Raspberry Pi at which a light shows how things stand, such as 17; 0: there is none"
    )
    country: str = Field("", description="two letters of the country, for the numbers to call: GB, IE, US, CA, AU; empty: none are named")
    emergency_number: str = Field(
        "", description="how the emergency number is spoken, in words: nine nine nine; empty: your emergency number"
    )
    crisis_line: str = Field("", description="how the crisis line is spoken, in words; empty: a crisis line")
    poison_line: str = Field("", description="how the poison line is spoken, in words; empty: a poison line")
    profile: Literal["auto", Name] = Field(
        "auto", description="how much of the machine's memory and processor is used; auto: by how much it has. `voiceskill doctor` shows it"
    )
    machine: MachineSettings = Field(MachineSettings(), description="single values that outrank the profile")
    mqtt: MqttSettings = Field(MqttSettings(), description="the broker of the household")
    alerts: AlertSettings = Field(AlertSettings(), description="who is told when somebody needs help")

    @property
    def own_recogniser(self) -> Literal["auto", "vosk", "moonshine"]:
        """The engine of this device, whatever server there is."""
        return "auto" if self.recogniser == "wyoming" else self.recogniser

    @property
    def own_synthesiser(self) -> Literal["auto", "pyttsx3", "flite", "piper"]:
        """The same for what speaks."""
        return "auto" if self.synthesiser == "wyoming" else self.synthesiser

    @model_validator(mode="after")
    def _servers_are_named(self) -> Self:
        for what in ("recogniser", "synthesiser"):
            if getattr(self, what) == "wyoming" and not getattr(self, f"{what}_server"):
                raise ValueError(f"{what}: there is no server to be asked; set {what}_server")
        return self

    @model_validator(mode="after")
    def _broker_is_named(self) -> Self:
        if self.alerts.household and not self.mqtt.host:
            raise ValueError("alerts.household: there is no broker to be told; set host under [mqtt]")
        return self


def network_needs(settings: Settings) -> tuple[str, ...]:
    """The settings for which a network is needed, by their names; none, where the device is best kept away from all networks."""
    needs = {
        "wyoming": settings.wyoming,
        "screen": settings.screen,
        "mqtt": settings.mqtt.host,
        "alerts.webhook": settings.alerts.webhook,
        "alerts.command": settings.alerts.command,  # what such a program needs nobody can tell
    }
    return tuple(name for name, needed in needs.items() if needed)


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
    message = "no such setting" if error["type"] == "extra_forbidden" else error["msg"].removeprefix("Value error, ")
    place = error["loc"][:-1] if error["type"] == "missing" else error["loc"]
    name = ".".join(str(part) for part in error["loc"] if isinstance(part, str))
    return _line_of(place, text), f"{name}: {message}" if name else message


def _line_of(place: tuple[str | int, ...], text: str) -> int:
    """The line of a setting, as far as it can be told from its place: that of its table where it stands in none of its own."""
    lines = text.splitlines()
    found = 0
    for depth, key in enumerate(place):
        if isinstance(key, int):
            continue
        nth = place[depth + 1] if depth + 1 < len(place) else 0
        table = ".".join(one for one in place[: depth + 1] if isinstance(one, str))
        names = rf"""(?:["']?{re.escape(key)}["']?|{re.escape(table)})"""
        pattern = re.compile(rf"""\s*\[*\s*{names}\s*[.=\]]""")
        hits = [number for number, line in enumerate(lines, 1) if number >= found and pattern.match(line)]
        found = hits[nth] if isinstance(nth, int) and nth < len(hits) else hits[0] if hits else found
    return found or 1
