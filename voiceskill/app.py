"""The composition root: builds everything from the settings, starts it, stops it in reverse."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Self

import numpy as np
import platformdirs

from voiceskill.core.actions import Say
from voiceskill.core.attention import DEFAULT_PHRASE, Attention, WakePhrase, said_anyway
from voiceskill.core.conversation import Conversation, Manners, State
from voiceskill.core.diary import Memory
from voiceskill.core.events import ClockSet, Event, Failed, SoundChecked, Spoken, Started
from voiceskill.core.interpret import Interpreter
from voiceskill.core.patience import PatienceJudge, expecting
from voiceskill.core.segmenter import SegmenterSettings
from voiceskill.core.sentences import sentences
from voiceskill.core.skill import Intent, Kind, Skill
from voiceskill.core.spoken_values import number
from voiceskill.core.understanding.matcher import Matcher
from voiceskill.edges.alerts import NoAlerts
from voiceskill.edges.clock import MonotonicClock, TimeOfDay
from voiceskill.edges.echo import build_echo_canceller
from voiceskill.edges.encoder import OnnxEncoder
from voiceskill.edges.microphone import SoundDeviceMicrophone
from voiceskill.edges.recognisers.choose import build_recogniser
from voiceskill.edges.recording import VirtualClock
from voiceskill.edges.speaker import SoundDeviceSpeaker
from voiceskill.edges.store import SqliteStore
from voiceskill.edges.synthesisers.cache import Cached
from voiceskill.edges.synthesisers.choose import SpeechSettings, build_synthesiser
from voiceskill.edges.synthesisers.lexicon import Respelling, load_lexicon
from voiceskill.edges.vad import SileroVad, SpareDetector
from voiceskill.keep import Keeper
from voiceskill.listen import Listener
from voiceskill.loop import Loop, Observe
from voiceskill.ports import Clip, Clock, EchoCanceller, Fault, ModelMissing, NoAudioDevice, Pcm, Recogniser, Synthesiser
from voiceskill.settings import BadSettings, Settings, load_settings
from voiceskill.skill_files import load_skill
from voiceskill.sound_check.checker import SoundChecker
from voiceskill.sound_check.verdict import SoundCheck
from voiceskill.speak import Voice

_log = logging.getLogger(__name__)

_FIRST_SOUND_SECONDS = 10.0
"""How long a microphone may take to give its first sound; a sound server that dies meanwhile keeps us waiting for ever."""

_FRAMES_BETWEEN_LOOKS = 300
"""How often it is looked whether the time of day was set: about every ten seconds."""

OUT_RATE = 22_050
"""Samples per second of a recording of our speech."""

_SPEECH_CACHE_BYTES = 200 * 2**20
"""Room for all replies of a skill in two voices."""

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
            settings_file=settings_file or (usual_file if usual_file.is_file() else None),
            data=data or Path(platformdirs.user_data_dir("voiceskill")),
            intents=intents or shipped("intents") / "en",
        )


class App:
    """Everything that follows from the settings. Parts are made when they are first asked for; `close` ends them in reverse."""

    def __init__(self, home: Home, attention: Attention | None = None) -> None:
        """Read the settings and the skill. `attention` outranks the settings. Raises BadSettings and SkillErrors."""
        self.home = home
        settings = load_settings(home.settings_file)
        self.settings: Settings = settings.model_copy(update={"attention": attention}) if attention else settings
        self.skill: Skill = load_skill(home.intents, _spoken_names(self.settings), self.settings.country)
        if self.settings.wake_phrase != DEFAULT_PHRASE and said_anyway(self.settings.wake_phrase, self.skill):
            raise BadSettings(
                f'{home.settings_file}: wake_phrase: "{self.settings.wake_phrase}" is said in ordinary talk too; choose words that nobody '
                f"says otherwise, such as {DEFAULT_PHRASE}"
            )
        self._stack = ExitStack()

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
        """The trained judge, if there is one for this skill and this machine."""
        folder = shipped("models") / f"understanding-{self.skill.language}"
        if not folder.is_dir():
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

    def conversation(self) -> Conversation:
        """The rules of the conversation."""
        return Conversation(self.skill, self.interpreter(), self.manners())

    def manners(self) -> Manners:
        """How the owner wants it."""
        begin, end = self.settings.quiet_from, self.settings.quiet_until
        return Manners(
            quiet=(time.fromisoformat(begin), time.fromisoformat(end)) if begin and end else None,
            attention=self.settings.attention,
            wake_phrase=WakePhrase(self.settings.wake_phrase, self.skill.spelling),
        )

    def store(self) -> SqliteStore:
        """Where the diary is kept."""
        return self._stack.enter_context(closing(SqliteStore(self.home.data)))

    def recogniser(self) -> Recogniser:
        """The engine that turns speech into text."""
        settings = self.settings
        built = build_recogniser(settings.recogniser, self.home.models, settings.model or None, cache_dir=self.home.cache)
        return self._stack.enter_context(closing(built))

    def synthesiser(self, voice: str | None = None) -> Synthesiser:
        """The engine that speaks, with the skill's pronunciations. `voice` overrides the settings."""
        speech = SpeechSettings(
            engine=self.settings.synthesiser,
            voice=voice or self.settings.voice or None,
            words_per_minute=self.settings.words_per_minute,
            pitch=self.settings.pitch,
            voices_dir=self.home.models / "piper",
        )
        pronunciation = self.home.intents / "pronunciation.yaml"
        table = load_lexicon(pronunciation) if pronunciation.is_file() else {}
        return self._stack.enter_context(closing(Respelling(build_synthesiser(speech), table)))

    def segmenter(self) -> SegmenterSettings:
        """How patient the listener is."""
        return SegmenterSettings(end_after=self.settings.end_of_speech)

    def listener(self, recogniser: Recogniser, loop: Loop, echo: EchoCanceller) -> Listener:
        """What hears for the conversation of `loop`, in any thread: how things stand there is one value, read whole."""
        judge = PatienceJudge(self.skill)
        return Listener(
            echo,
            SpareDetector(SileroVad()),
            recogniser,
            self.segmenter(),
            loop.post,
            judge=lambda text: judge.judge(text, expecting(loop.state)),
            speaking=lambda: bool(loop.state.speaking),
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
            while not isinstance(event := over.get(), Spoken):
                _raise_failure(event)


def _raise_failure(event: Event) -> None:
    if isinstance(event, Failed):
        raise Fault(event.message)


def _spoken_names(settings: Settings) -> dict[str, str]:
    names = {
        "EMERGENCY": settings.emergency_number,
        "CRISIS_LINE": settings.crisis_line,
        "POISONS": settings.poison_line,
        "WAKE_PHRASE": settings.wake_phrase,
    }
    return {name: spoken for name, spoken in names.items() if spoken}


# The device: microphone to loudspeaker.


def run_live(app: App, observe: Observe, on_ready: Callable[[Loop, str], None]) -> None:
    """Hear and answer until the loop is stopped. Raises NoAudioDevice and ModelMissing.

    `on_ready` is given the loop, to stop it, and a line about the engines and devices in use.
    """
    clock = MonotonicClock()
    settings = app.settings
    failure: list[Fault] = []
    with ExitStack() as stack:
        microphone = stack.enter_context(closing(SoundDeviceMicrophone(settings.microphone or None, clock)))
        speaker = stack.enter_context(closing(SoundDeviceSpeaker(settings.loudspeaker or None, clock)))
        recogniser = app.recogniser()
        synthesiser = stack.enter_context(closing(Cached(app.synthesiser(), app.home.cache / "speech", _SPEECH_CACHE_BYTES)))
        renderer = stack.enter_context(_worker("render"))
        inbox: list[Loop] = []

        def post(event: Event) -> None:
            inbox[0].post(event)

        voice = Voice(
            synthesiser,
            rate=speaker.rate,
            volume=settings.volume,
            clock=clock,
            post=post,
            submit=renderer.submit,
            earcons=settings.earcons,
        )
        store = app.store()
        keeper = Keeper(store, clock=clock, post=post, submit=stack.enter_context(_worker("keep", finish=True)).submit)
        checker = build_checker(voice, speaker.rate, settings.volume, clock, post)
        loop = Loop(
            app.conversation(),
            State(memory=kept(store)),
            voice=voice,
            keeper=keeper,
            alerts=NoAlerts(),
            clock=clock,
            observe=observe,
            checker=checker,
        )
        inbox.append(loop)
        echo = build_echo_canceller(speaker.rate, clock)
        listener = app.listener(recogniser, loop, echo)

        hearing_begun = threading.Event()
        time_of_day = TimeOfDay(clock)

        def hear() -> None:
            try:
                for number, frame in enumerate(microphone.frames()):
                    hearing_begun.set()
                    if number % _FRAMES_BETWEEN_LOOKS == 0 and time_of_day.was_set():
                        post(ClockSet(clock.now(), time_of_day.now()))
                    listener.feed(frame)
                    checker.hear(frame, listener.probability)
                    if speaker.fault:
                        raise speaker.fault
            except Fault as fault:
                failure.append(fault)
            hearing_begun.set()
            loop.stop()

        def play(samples: int) -> Pcm:
            pcm = checker.pull(samples)
            echo.played(pcm)
            return pcm

        speaker.start(play)
        hearing = threading.Thread(target=hear, name="hear", daemon=True)
        hearing.start()
        stack.callback(hearing.join, timeout=1.0)
        stack.callback(microphone.close)
        if not hearing_begun.wait(_FIRST_SOUND_SECONDS):
            raise NoAudioDevice(
                "The microphone was opened but gives no sound. Unplug it and plug it in again, then check: voiceskill devices"
            )
        threading.Thread(target=_render_ahead, args=(synthesiser, app.skill), name="render ahead", daemon=True).start()
        on_ready(loop, f"{recogniser.name}; {synthesiser.name}; {microphone.name}; {speaker.name}")
        post(Started(clock.now(), time_of_day.now()))
        loop.run()
    if failure:
        raise failure[0]


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


def _render_ahead(synthesiser: Cached, skill: Skill) -> None:
    """Have all that may be said ready as sound: flags first, in memory, so that they are spoken even if the synthesiser dies."""
    flags = [intent for intent in skill.intents.values() if intent.kind is Kind.FLAG]
    rest = [intent for intent in skill.intents.values() if intent.kind is not Kind.FLAG]
    with suppress(Fault):  # what cannot be rendered now is tried again, and reported, when it is to be said
        synthesiser.render_ahead(_spoken(flags), hold=True)
        synthesiser.render_ahead([f"{number(value).capitalize()}." for value in range(1, 11)])
        synthesiser.render_ahead(_spoken(rest))


def _spoken(intents: Iterable[Intent]) -> list[str]:
    lines = [line for intent in intents for line in (*intent.answers, intent.then, intent.stay, intent.invitation, intent.more) if line]
    steps = [step for intent in intents if intent.routine for part in intent.routine.parts for step in part.steps]
    lines += [line for step in steps for line in (step.say, step.again, step.otherwise, step.easier) if line]
    return list(dict.fromkeys(sentence for line in lines for sentence in sentences(line)))


@contextmanager
def _worker(name: str, *, finish: bool = False) -> Iterator[ThreadPoolExecutor]:
    """One thread that does jobs in order. At the end it is to `finish` those that wait, or to drop them."""
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
    try:
        yield executor
    finally:
        executor.shutdown(wait=finish, cancel_futures=not finish)


def at_once(job: Callable[[], None]) -> None:
    """Run a job here and now."""
    job()
