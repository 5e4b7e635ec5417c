"""Setting the device up with whoever stands or lies before it: does what core/setting_up decides, and tells it what came of that.

One thread, which waits for one inbox: what is typed, a line at a time, and what is heard.
"""

from __future__ import annotations

import queue
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import platformdirs

from voiceskill.app import App, Home, shipped
from voiceskill.core import actions as conversation
from voiceskill.core.attention import DEFAULT_PHRASE, said_anyway, unfit
from voiceskill.core.events import Event as Happening
from voiceskill.core.events import Heard, NotHeard, SpeechStarted
from voiceskill.core.interpret import Interpreter
from voiceskill.core.setting_up import values as v
from voiceskill.core.setting_up.walk import Rules
from voiceskill.core.skill import Control, Skill
from voiceskill.core.understanding.outcome import Match
from voiceskill.doctor import told_of_sound
from voiceskill.edges.store import MemoryStore
from voiceskill.ports import Clock, NoAudioDevice
from voiceskill.settings import Settings
from voiceskill.settings_file import Value, change_settings
from voiceskill.setup_lines import load_setup_lines
from voiceskill.setup_sound import ECHO_SECONDS, SetupSound
from voiceskill.typed import Rehearsal

_SEARCH_SECONDS = 12.0
_CHECK_SECONDS = 15.0
_SAYING_SECONDS = 40.0
"""How long to wait for somebody to speak, for a check, and for the longest line: a sound system that hangs must not keep us."""

_LOOK_SECONDS = 0.1

_LISTENING = "  (listening)"

_REPLIES: Mapping[Control, v.Reply] = {
    Control.YES: v.Reply.YES,
    Control.NO: v.Reply.NO,
    Control.LOUDER: v.Reply.LOUDER,
    Control.QUIETER: v.Reply.SOFTER,
    Control.REPEAT: v.Reply.REPEAT,
    Control.STOP: v.Reply.STOP,
    Control.CANCEL: v.Reply.STOP,
}
_KEYS = {"": v.Reply.YES, "y": v.Reply.YES, "n": v.Reply.NO, "+": v.Reply.LOUDER, "-": v.Reply.SOFTER, "q": v.Reply.STOP}
"""What a key alone stands for."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A line that was typed; None at the end: nobody can type any more."""

    line: str | None


Inbox = queue.SimpleQueue[Happening | Typed]


def begun_with(settings: Settings) -> v.Choices:
    """What is set already."""
    return v.Choices(volume=settings.volume, wake_phrase=settings.wake_phrase, country=settings.country.upper())


def may_call_us(phrase: str, skill: Skill) -> bool:
    """Whether a phrase is fit to call us by."""
    return unfit(phrase) is None and (phrase == DEFAULT_PHRASE or not said_anyway(phrase, skill))


class Answers:
    """What an answer amounts to: a key, words for going on, or what the skill takes it for."""

    def __init__(self, skill: Skill, interpreter: Interpreter, keeps: Callable[[str], bool]) -> None:
        self._skill = skill
        self._interpreter = interpreter
        self._keeps = keeps

    def answered(self, readings: tuple[str, ...], *, typed: bool) -> v.Answered:
        """An answer with these readings, best first."""
        text = readings[0]
        if typed and (key := _KEYS.get(text.strip().casefold())):
            return v.Answered(text, key, typed)
        if self._keeps(text):
            return v.Answered(text, v.Reply.KEEP, typed)
        meant = self._interpreter.interpret(readings, busy=True)
        if meant.flags and meant.flags[0].sure:
            return v.Answered(text, v.Reply.OTHER, typed, warning=meant.flags[0].intent.answers[0])
        control = self._skill.intents[meant.outcome.intent].control if isinstance(meant.outcome, Match) else None
        return v.Answered(text, _REPLIES.get(control, v.Reply.OTHER) if control else v.Reply.OTHER, typed)


class GuidedSetup:
    """One setting up of the device whose settings are, or are to be, in `file`. `show` prints a line."""

    def __init__(self, app: App, file: Path, sound: SetupSound, inbox: Inbox, clock: Clock, show: Callable[[str], None]) -> None:
        """Raises what App raises, and SkillErrors where its own lines cannot be used."""
        self._app = app
        self._file = file
        self._sound = sound
        self._inbox = inbox
        self._clock = clock
        self._show = show
        lines = load_setup_lines(app.home.intents, shipped("intents") / "en", app.skill)
        self._rules = Rules(lines, lambda phrase: may_call_us(phrase, app.skill))
        self._answers = Answers(app.skill, app.interpreter(), lines.keeps)
        self._pending: deque[str] = deque()
        self._typing = True

    def run(self) -> v.End:
        """Go through all of it. What was chosen is in the settings when this returns, unless they stopped. Raises Fault."""
        sound = self._sound
        walk, steps = self._rules.begin(begun_with(self._app.settings), len(sound.microphones), len(sound.loudspeakers))
        while True:
            event: v.Event | None = None
            for action in steps:
                if isinstance(action, v.End):
                    return action
                try:
                    event = self._perform(action) or event
                except NoAudioDevice as fault:  # one that cannot be opened is not heard
                    self._show(str(fault))
                    event = v.Silence()
                    break
            walk, steps = self._rules.step(walk, event or v.Silence())

    def _perform(self, action: v.Action) -> v.Event | None:
        sound = self._sound
        match action:
            case v.Say(text=text):
                self._say(text)
            case v.SoundTone():
                sound.tone()
            case v.UseMicrophone(number=number):
                sound.use_microphone(number)
            case v.UseLoudspeaker(number=number):
                sound.use_loudspeaker(number)
            case v.SetVolume(volume=volume):
                sound.set_volume(volume)
            case v.Keep(choices=choices):
                self._keep(choices)
            case v.FindVoice():
                return self._find_voice()
            case v.Hear(seconds=seconds):
                return self._hear(seconds)
            case v.CheckSound():
                return self._check()
            case v.TurnMicrophone(decibels=decibels):
                return v.Turned(sound.turn_microphone(decibels))
            case v.AnswerQuestion(text=text, choices=choices):
                return self._answer(text, choices)
            case v.End():
                pass
        return None

    # Speaking and hearing.

    def _say(self, text: str) -> None:
        """Say it, to its end or until somebody types."""
        self._show(text)
        self._sound.say(text)
        end = self._clock.now() + _SAYING_SECONDS
        while not self._sound.silent and self._clock.now() < end:
            self._take_in(self._next(_LOOK_SECONDS))
            if self._pending:
                self._sound.hush()
                return

    def _find_voice(self) -> v.Event:
        search = self._sound.begin_search()
        self._settle()
        end = self._clock.now() + _SEARCH_SECONDS
        while not search.over and self._clock.now() < end:
            self._take_in(self._next(_LOOK_SECONDS))
            if self._pending:
                self._sound.end_search()
                return self._typed()
        self._sound.end_search()
        return v.VoiceFound(search.best())

    def _hear(self, seconds: float) -> v.Event:
        """The next answer, typed or spoken. Somebody who speaks is heard to the end."""
        sound = self._sound
        sound.begin_hearing()
        if sound.hears:
            self._settle()
        try:
            speaking = False
            end = self._clock.now() + seconds
            while self._pending or speaking or self._clock.now() < end:
                if self._pending:
                    return self._typed()
                if not sound.hears and not self._typing:
                    break
                match self._next(_LOOK_SECONDS):
                    case Typed() as typed:
                        self._take_in(typed)
                    case SpeechStarted():
                        speaking = True
                    case NotHeard():
                        speaking, end = False, self._clock.now() + seconds
                    case Heard(hypotheses=hypotheses):
                        readings = tuple(one.text for one in hypotheses)
                        self._show(f"  {readings[0]}")
                        return self._answers.answered(readings, typed=False)
                    case _:
                        speaking = speaking and sound.hears
            return v.Silence()
        finally:
            sound.end_hearing()

    def _settle(self) -> None:
        """Until our own last word is over in the room, too."""
        end = self._clock.now() + ECHO_SECONDS
        while not self._pending and (left := end - self._clock.now()) > 0:
            self._take_in(self._next(left))
        self._show(_LISTENING)

    def _typed(self) -> v.Answered:
        return self._answers.answered((self._pending.popleft(),), typed=True)

    def _next(self, seconds: float) -> Happening | Typed | None:
        try:
            return self._inbox.get(timeout=seconds)
        except queue.Empty:
            return None

    def _take_in(self, happening: Happening | Typed | None) -> None:
        match happening:
            case Typed(line=None):
                self._typing = False
            case Typed(line=str(line)):
                self._pending.append(line)
            case _:
                pass

    def _check(self) -> v.Event:
        checked = self._sound.check()
        if checked is None:
            return v.Silence()
        try:
            found = checked.get(timeout=_CHECK_SECONDS)
        except queue.Empty:
            return v.Silence()
        self._show(f"  {told_of_sound(found).seen}")
        return v.Checked(found.findings(), found.quieter())

    # Keeping, and the first question.

    def _changes(self, choices: v.Choices) -> dict[str, Value]:
        """The settings that differ from those there are."""
        settings, sound = self._app.settings, self._sound
        wanted: dict[str, Value] = {"volume": choices.volume, "wake_phrase": choices.wake_phrase, "country": choices.country}
        if choices.microphone is not None:
            wanted["microphone"] = sound.microphones[choices.microphone].setting
        if choices.loudspeaker is not None:
            wanted["loudspeaker"] = sound.loudspeakers[choices.loudspeaker].setting
        now = begun_with(settings)
        there = {**settings.model_dump(include={"microphone", "loudspeaker"}), "volume": now.volume}
        there |= {"wake_phrase": now.wake_phrase, "country": now.country}
        return {name: value for name, value in wanted.items() if value != there[name]}

    def _keep(self, choices: v.Choices) -> None:
        if changes := self._changes(choices):
            change_settings(self._file, changes, self._could_start)

    def _could_start(self, file: Path) -> None:
        with App(replace(self._app.home, settings_file=file)):
            pass

    def _answer(self, text: str, choices: v.Choices) -> v.Replied:
        """Answer a question with the settings as they are to be; nothing of it is remembered."""
        replies: list[str] = []

        def collect(_at: float, happening: object) -> None:
            if isinstance(happening, conversation.Say):
                replies.append(happening.text)

        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "settings.toml"
            if self._file.exists():
                shutil.copy(self._file, file)
            change_settings(file, self._changes(choices))
            with App(replace(self._app.home, settings_file=file)) as device:
                now = datetime.now().astimezone()
                rehearsal = Rehearsal(device.conversation(), MemoryStore(), now, collect, introduced=True)
                rehearsal.hear(text)
        for reply in replies:
            self._say(reply)
        return v.Replied(bool(replies))


def settings_file(home: Home) -> Path:
    """Where the settings are, or are to be."""
    return home.settings_file or Path(platformdirs.user_config_dir("voiceskill")) / "settings.toml"
