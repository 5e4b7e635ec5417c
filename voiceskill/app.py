"""The composition root: builds everything from the settings, starts it, stops it in reverse."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import platformdirs

from voiceskill import __version__
from voiceskill.addresses import parse_server
from voiceskill.alarms import Alarms
from voiceskill.core.actions import Say
from voiceskill.core.attention import DEFAULT_PHRASE, Attention, WakePhrase, said_anyway
from voiceskill.core.conversation import Conversation, Manners
from voiceskill.core.diary import Memory
from voiceskill.core.events import Event, Failed, SoundChecked, Spoken
from voiceskill.core.interpret import Interpreter
from voiceskill.core.patience import PatienceJudge, expecting
from voiceskill.core.segmenter import SegmenterSettings
from voiceskill.core.skill import Skill
from voiceskill.core.spoken_values import MOST, number
from voiceskill.core.spotting import expected_phrases
from voiceskill.core.triage import Triage
from voiceskill.core.understanding.matcher import Matcher
from voiceskill.core.understanding.normalise import normalise
from voiceskill.edges.alerting.outbox import FolderOutbox
from voiceskill.edges.clock import MonotonicClock
from voiceskill.edges.encoder import OnnxEncoder
from voiceskill.edges.machine import this_machine
from voiceskill.edges.recognisers.choose import build_recogniser, build_spotter, build_wake_detector, with_second_opinion
from voiceskill.edges.recognisers.with_server import WithServer as RecogniserWithServer
from voiceskill.edges.recording import VirtualClock
from voiceskill.edges.speaker import SoundDeviceSpeaker
from voiceskill.edges.store import SqliteStore
from voiceskill.edges.synthesisers.cache import Cached
from voiceskill.edges.synthesisers.choose import SpeechSettings, build_synthesiser
from voiceskill.edges.synthesisers.lexicon import Respelling, load_lexicon
from voiceskill.edges.synthesisers.with_server import ServerVoice
from voiceskill.edges.synthesisers.with_server import WithServer as SynthesiserWithServer
from voiceskill.edges.vad import SileroVad, SpareDetector
from voiceskill.listen import Listener
from voiceskill.loop import Loop
from voiceskill.ports import Clip, Clock, EchoCanceller, Fault, ModelMissing, Pcm, Recogniser, Spotter, Synthesiser, WakeDetector
from voiceskill.profiles import Machine, Name, Profile, fitted, profile_for
from voiceskill.settings import BadSettings, Settings, load_settings
from voiceskill.skill_files import load_skill
from voiceskill.sound_check.checker import SoundChecker
from voiceskill.sound_check.verdict import SoundCheck
from voiceskill.speak import Voice

if TYPE_CHECKING:
    from voiceskill.edges.wyoming.remote import RemoteServer

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
"""How often it is looked whether the loudspeaker still plays."""

OUT_RATE = 22_050
"""Samples per second of a recording of our speech."""

_SHIPPED = Path(__file__).parent / "data"
_CHECKOUT = Path(__file__).parent.parent


def shipped(name: str) -> Path:
    """A folder that comes with the program: inside the installed package, or beside it in a checkout."""
    return _SHIPPED / name if (_SHIPPED / name).is_dir() else _CHECKOUT / name


@dataclass(frozen=True, slots=True)
class Home:
    """Where things are: the owner's settings file, the folder for what is kept, the folder of intents."""

    settings_file: Path | None
    data: Path
    intents: Path

    @property
    def models(self) -> Path:
        """Models that the owner installed."""
        return self.data / "models"

    @property
    def cache(self) -> Path:
        """What can be made again."""
        return self.data / "cache"

    @classmethod
    def find(cls, settings_file: Path | None = None, data: Path | None = None, intents: Path | None = None) -> Home:
        """Fill what is not given with the usual places."""
        usual_file = Path(platformdirs.user_config_dir("voiceskill")) / "settings.toml"
        return cls(
            settings_file=settings_file or (usual_file if _may_be_there(usual_file) else None),
            data=data or Path(platformdirs.user_data_dir("voiceskill")),
            intents=intents or shipped("intents") / "en",
        )


def profile_name(settings: Settings, machine: Machine) -> Name:
    """The profile that the settings name, or the one that suits the machine."""
    return profile_for(machine) if settings.profile == "auto" else settings.profile


def profile_of(settings: Settings, machine: Machine | None = None) -> Profile:
    """What a machine, or else this one, can bear, and what its owner wants."""
    machine = machine or this_machine()
    return fitted(profile_name(settings, machine), machine, settings.machine)


def _may_be_there(file: Path) -> bool:
    """Whether a file is there, as far as we are allowed to look: reading it says what is wrong."""
    try:
        return file.is_file()
    except OSError:
        return True


class App:
    """Everything that follows from the settings. Parts are made when they are first asked for; `close` ends them in reverse."""

    def __init__(self, home: Home, attention: Attention | None = None, machine: Machine | None = None) -> None:
        """Read the settings and the skill. `attention` outranks the settings. Raises BadSettings and SkillErrors.

        `machine` is what we run on; this one, if not given.
        """
        self.home = home
        settings = load_settings(home.settings_file)
        self.settings: Settings = settings.model_copy(update={"attention": attention}) if attention else settings
        self.skill: Skill = load_skill(home.intents, _spoken_names(self.settings), self.settings.country)
        if self.settings.wake_phrase != DEFAULT_PHRASE and said_anyway(self.settings.wake_phrase, self.skill):
            raise BadSettings(
                f'{home.settings_file}: wake_phrase: "{self.settings.wake_phrase}" is said in ordinary talk too; choose words that nobody '
                f"says otherwise, such as {DEFAULT_PHRASE}"
            )
        self.machine: Machine = machine or this_machine()
        self._stack = ExitStack()

    @property
    def profile_name(self) -> Name:
        """The profile in use: the owner's, or the one that suits the machine."""
        return profile_name(self.settings, self.machine)

    @cached_property
    def profile(self) -> Profile:
        """What this machine can bear, and what its owner wants."""
        return profile_of(self.settings, self.machine)

    @property
    def speech_cache_bytes(self) -> int:
        """Room on the disk for replies as sound."""
        return self.profile.speech_cache * 2**20

    def __enter__(self) -> Self:
        """The app itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End all parts in reverse."""
        self._stack.close()

    def interpreter(self) -> Interpreter:
        """What finds the meaning of an utterance."""
        encoder = self.encoder()
        return Interpreter(self.skill, Matcher(self.skill, encoder), encoder)

    def encoder(self) -> OnnxEncoder | None:
        """The trained judge, if there is one for this skill and this machine. There is one for all who ask it, in any thread."""
        return self._encoder

    @cached_property
    def _encoder(self) -> OnnxEncoder | None:
        folder = shipped("models") / f"understanding-{self.skill.language}"
        if not folder.is_dir() or not self.profile.trained_judge:
            return None
        try:
            encoder = OnnxEncoder(folder)
        except ModelMissing as fault:
            _log.warning("%s; until then only listed phrases are understood", fault)
            return None
        if not set(encoder.intents) <= self.skill.intents.keys():
            _log.info("the trained judge was taught another skill than %s; only listed phrases are understood", self.home.intents)
            return None
        return encoder

    def conversation(self, *, alerts: bool = False) -> Conversation:
        """The rules of the conversation. With `alerts`, those are told whom the settings name; else it says that it can alert nobody."""
        return Conversation(self.skill, self.interpreter(), self.manners(alerts=alerts))

    def manners(self, *, alerts: bool = False) -> Manners:
        """How the owner wants it."""
        begin, end = self.settings.quiet_from, self.settings.quiet_until
        return Manners(
            quiet=(time.fromisoformat(begin), time.fromisoformat(end)) if begin and end else None,
            attention=self.settings.attention,
            wake_phrase=WakePhrase(self.settings.wake_phrase, self.skill.spelling),
            countdown=self.settings.alerts.countdown if alerts and self.settings.alerts.names else None,
        )

    @cached_property
    def alarms(self) -> Alarms:
        """Those who are told of alerts, and what tells them."""
        return self._stack.enter_context(closing(Alarms(self.settings, self.outbox())))

    def outbox(self) -> FolderOutbox:
        """Where alerts are kept until somebody has seen them."""
        return FolderOutbox(self.home.data)

    def store(self) -> SqliteStore:
        """Where the diary is kept."""
        return self._stack.enter_context(closing(SqliteStore(self.home.data)))

    def recogniser(self, speaking: Callable[[], bool] = lambda: False) -> Recogniser:
        """What turns speech into text: the engine of this device, and a server beside it, if the settings name one and we don't speak."""
        settings = self.settings
        if settings.recogniser != "wyoming":
            return self.own_recogniser()
        triage = Triage(self.skill, self.encoder())

        def decisive(text: str) -> bool:
            return triage.escape([text]) is not None or any(flag.sure for flag in triage.flags([text]))

        server = self._server(settings.recogniser_server)
        return RecogniserWithServer(
            self.own_recogniser(),
            server,
            clock=MonotonicClock(),
            patience=settings.server_patience,
            speaking=speaking,
            decisive=decisive,
        )

    def own_recogniser(self) -> Recogniser:
        """The engine of this device that turns speech into text."""
        settings = self.settings
        built = build_recogniser(
            settings.own_recogniser,
            self.home.models,
            settings.model or None,
            shipped_dir=shipped("models"),
            cache_dir=self.home.cache,
            profile=self.profile,
        )
        return self._stack.enter_context(closing(with_second_opinion(built, self.profile)))

    def _server(self, address: str, voice: str = "") -> RemoteServer:
        from voiceskill.edges.wyoming.remote import RemoteServer  # here, so that who asks nobody need not wait for it at the start

        host, port = parse_server(address)
        return self._stack.enter_context(closing(RemoteServer(host, port, self.skill.language, voice)))

    def voice(self) -> Cached | SynthesiserWithServer:
        """What speaks, with what it said before: the engine of this device, or a server with that beside it, if the settings name one."""
        settings = self.settings
        own = self._stack.enter_context(closing(Cached(self.synthesiser(), self.home.cache / "speech", self.speech_cache_bytes)))
        if settings.synthesiser != "wyoming":
            return own
        server = self._server(settings.synthesiser_server, settings.server_voice)
        theirs = ServerVoice(server, clock=MonotonicClock(), patience=settings.server_patience)
        return SynthesiserWithServer(own, theirs, Cached(theirs, self.home.cache / "speech of a server", self.speech_cache_bytes))

    def spotter(self, recogniser: Recogniser) -> Spotter | None:
        """The ear beside `recogniser` that knows only what may be said as things stand."""
        own = recogniser.own if isinstance(recogniser, RecogniserWithServer) else recogniser
        built = build_spotter(own, expected_phrases(self.skill), self.skill.spotted.homophones)
        return self._stack.enter_context(closing(built)) if built else None

    def wake_detector(self) -> WakeDetector | None:
        """The ear that hears nothing but the wake phrase."""
        built = build_wake_detector(normalise(self.settings.wake_phrase))
        return self._stack.enter_context(closing(built)) if built else None

    def synthesiser(self, voice: str | None = None) -> Synthesiser:
        """The engine of this device that speaks, with the skill's pronunciations. `voice` overrides the settings."""
        return self._stack.enter_context(closing(self.new_synthesiser(voice)))

    def new_synthesiser(self, voice: str | None = None, words_per_minute: int | None = None) -> Synthesiser:
        """The same, for whoever closes it themselves, in any thread; at that pace, or at that of the settings."""
        speech = SpeechSettings(
            engine=self.settings.own_synthesiser,
            voice=voice or self.settings.voice or None,
            words_per_minute=words_per_minute or self.settings.words_per_minute,
            pitch=self.settings.pitch,
            voices_dir=self.home.models / "piper",
        )
        pronunciation = self.home.intents / "pronunciation.yaml"
        table = load_lexicon(pronunciation) if pronunciation.is_file() else {}
        return Respelling(build_synthesiser(speech), table)

    def segmenter(self) -> SegmenterSettings:
        """How patient the listener is."""
        return SegmenterSettings(end_after=self.settings.end_of_speech)

    def listener(self, recogniser: Recogniser, loop: Loop, echo: EchoCanceller, watched: Callable[[], bool] = lambda: False) -> Listener:
        """What hears for the conversation of `loop`, in any thread: how things stand there is one value, read whole."""
        judge = PatienceJudge(self.skill)
        spotter = self.spotter(recogniser)
        return Listener(
            echo,
            SpareDetector(SileroVad()),
            recogniser,
            self.segmenter(),
            loop.post,
            judge=lambda text: judge.judge(text, expecting(loop.state)),
            speaking=lambda: bool(loop.state.speaking),
            spot=lambda pcm: spotter.spot(pcm, expecting(loop.state)) if spotter else None,
            watched=watched,
            caller=self.wake_detector(),
        )

    def speech(self, synthesiser: Synthesiser, text: str) -> Clip:
        """`text` as it would be spoken, sentence by sentence."""
        voice = Voice(synthesiser, rate=OUT_RATE, volume=self.settings.volume, clock=VirtualClock(), post=_raise_failure, submit=at_once)
        voice.say(Say("say", text))
        pieces: list[Pcm] = []
        while not voice.silent:
            pieces.append(voice.pull(OUT_RATE // 10))
        return Clip(np.concatenate(pieces) if pieces else np.zeros(0, np.int16), OUT_RATE)

    def speak(self, synthesiser: Synthesiser, text: str) -> None:
        """Say `text` on the loudspeaker, and return when it is over. Raises NoAudioDevice."""
        clock = MonotonicClock()
        over: queue.SimpleQueue[Event] = queue.SimpleQueue()
        with closing(SoundDeviceSpeaker(self.settings.loudspeaker or None, clock)) as speaker:
            voice = Voice(synthesiser, rate=speaker.rate, volume=self.settings.volume, clock=clock, post=over.put, submit=at_once)
            voice.say(Say("say", text))
            speaker.start(voice.pull)
            while not isinstance(event := _next(over, speaker), Spoken):
                _raise_failure(event)


def _next(events: queue.SimpleQueue[Event], speaker: SoundDeviceSpeaker) -> Event:
    """What happens next. Raises NoAudioDevice when nothing will, for the loudspeaker has gone."""
    while True:
        with suppress(queue.Empty):
            return events.get(timeout=_LOOK_SECONDS)
        if speaker.fault:
            raise speaker.fault


def _raise_failure(event: Event) -> None:
    if isinstance(event, Failed):
        raise Fault(event.message)


def _spoken_names(settings: Settings) -> dict[str, str]:
    names = {
        "EMERGENCY": settings.emergency_number,
        "CRISIS_LINE": settings.crisis_line,
        "POISONS": settings.poison_line,
        "WAKE_PHRASE": settings.wake_phrase,
        "HELPERS": settings.alerts.people,
        "VERSION": spoken_version(__version__),
    }
    return {name: spoken for name, spoken in names.items() if spoken}


def spoken_version(version: str) -> str:
    """A version as it is said: one point two point zero."""
    return " point ".join(number(int(part)) if part.isdecimal() and int(part) <= MOST else part for part in version.split("."))


def build_checker(voice: Voice, rate: int, volume: float, clock: Clock, post: Callable[[Event], None]) -> SoundChecker:
    """What checks the sound that `voice` and the microphone share; it hears what the device gave, before anything is taken from that."""

    def report(check: str, found: SoundCheck) -> None:
        post(SoundChecked(clock.now(), check, found.findings()))

    return SoundChecker(voice.pull, rate=rate, volume=volume, clock=clock, report=report)


def kept(store: SqliteStore) -> Memory:
    """What was kept. A diary that cannot be read is no reason not to help."""
    try:
        memory = store.load()
    except Fault as fault:
        _log.warning("%s; until then nothing is remembered", fault)
        return Memory()
    if store.warning:
        _log.warning("%s", store.warning)
    return memory


def at_once(job: Callable[[], None]) -> None:
    """Run a job here and now."""
    job()
