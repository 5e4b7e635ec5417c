"""How things stand in a conversation.

Laws of this module:
- The state is one value. What question is open is one member of a union, never several booleans; so is what a routine waits for.
- The diary in the state is what was told; whether it is on the disk already is the store's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from voiceskill.core.actions import Alert, Say
from voiceskill.core.attention import Attention
from voiceskill.core.diary import Entry, Memory
from voiceskill.core.events import DeviceKind
from voiceskill.core.routines import Cursor, Manner
from voiceskill.core.skill import Control
from voiceskill.core.understanding.outcome import Match

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for the time of day until it is known."""

# What question is open.


@dataclass(frozen=True, slots=True)
class Idle:
    """None."""


@dataclass(frozen=True, slots=True)
class Offered:
    """We offered `intent` and wait for yes or no."""

    intent: str


@dataclass(frozen=True, slots=True)
class Flagged:
    """We raised the flag `intent`, asked whether to say it again or what it says after its line, and wait for yes or no.

    `told` counts how often its line was said.
    """

    intent: str
    told: int = 1


@dataclass(frozen=True, slots=True)
class Confirming:
    """We may have heard the flag `intent`, asked, and wait for an answer. Anything but a clear no counts as yes."""

    intent: str


@dataclass(frozen=True, slots=True)
class Clarifying:
    """We asked which of two intents was meant."""

    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Screening:
    """We are asking the safety questions `names`; the first is open, or its `part`. They are asked for the intent `then`.

    `answered` are those before, `told` is whether one of the parts got a yes, `asked` counts how often the open question was put.
    """

    names: tuple[str, ...]
    then: str | None
    answered: tuple[str, ...] = ()
    part: int | None = None
    told: bool = False
    asked: int = 1


@dataclass(frozen=True, slots=True)
class Hurt:
    """`routine` hurt and was ended; we asked whether the pain went down a leg or came with numbness."""

    routine: str
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class OfferedEasier:
    """We offered to go on with `routine` from `cursor` on, with less."""

    routine: str
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class Scoring:
    """We asked how strong the pain is."""


@dataclass(frozen=True, slots=True)
class AskingWhatHelped:
    """We asked what helped."""


@dataclass(frozen=True, slots=True)
class Forgetting:
    """We asked whether to delete the diary."""


@dataclass(frozen=True, slots=True)
class CarryOn:
    """We asked whether to carry on with the routine that is held."""


@dataclass(frozen=True, slots=True)
class OfferedTime:
    """We offered to keep the time for `intent`."""

    intent: str


@dataclass(frozen=True, slots=True)
class Checking:
    """We asked whether the heat or cold of `intent` burns."""

    intent: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """Somebody cut us short, we did not understand why, and asked whether to go on. `rest` is what was not heard."""

    rest: str


@dataclass(frozen=True, slots=True)
class CheckingSound:
    """We said with the reply `say` that we check the sound, and do so after it. The question `before` was open."""

    say: str
    before: Phase


Phase = (
    Idle
    | Offered
    | Flagged
    | Confirming
    | Clarifying
    | Screening
    | Hurt
    | OfferedEasier
    | Scoring
    | AskingWhatHelped
    | Forgetting
    | CarryOn
    | OfferedTime
    | Checking
    | Interrupted
    | CheckingSound
)

# Whose turn it is to speak.


@dataclass(frozen=True, slots=True)
class Ours:
    """Nobody speaks over us. `in_vain` counts how often somebody did for nothing, since we last understood anything: a television, say."""

    in_vain: int = 0


@dataclass(frozen=True, slots=True)
class Ducked:
    """Somebody speaks over us in this utterance, and we go on softly."""

    utterance: int
    in_vain: int = 0


@dataclass(frozen=True, slots=True)
class Yielded:
    """Somebody goes on speaking in this utterance, and we are silent until it is over."""

    utterance: int
    in_vain: int = 0


@dataclass(frozen=True, slots=True)
class Obeyed:
    """We did what an escape word of this utterance asks for before it was over."""

    utterance: int
    control: Control


Floor = Ours | Ducked | Yielded | Obeyed

# What a routine under way waits for.


@dataclass(frozen=True, slots=True)
class Telling:
    """That the instruction is over, which is the reply `say`."""

    say: str


@dataclass(frozen=True, slots=True)
class Counting:
    """The next second; `number` was counted last."""

    number: int


@dataclass(frozen=True, slots=True)
class Resting:
    """The end of the rest."""


@dataclass(frozen=True, slots=True)
class Listening:
    """An answer. `asked` counts how often it was asked for; `ready` is whether only readiness is waited for now."""

    asked: int = 0
    ready: bool = False


@dataclass(frozen=True, slots=True)
class Aside:
    """That a word in passing is over, which is the reply `say`; then the step goes on."""

    say: str


@dataclass(frozen=True, slots=True)
class Held:
    """That we are told to carry on. It is so since `at`; `reminded` is whether we said so again."""

    at: float
    reminded: bool = False


Moment = Telling | Counting | Resting | Listening | Aside | Held


@dataclass(frozen=True, slots=True)
class Guided:
    """A routine under way. `beat` numbers what was waited for, so that late timers are known as such."""

    routine: str
    cursor: Cursor
    moment: Moment
    manner: Manner
    score_before: float | None = None
    beat: int = 0

    @property
    def timer(self) -> str:
        """The id of the timer of what is waited for now."""
        return f"guide-{self.beat}"


# Whether help is called.


@dataclass(frozen=True, slots=True)
class Uncalled:
    """It is not."""


@dataclass(frozen=True, slots=True)
class CountingDown:
    """We said that we send the `alert`, and do so unless it is called off. `left` are the seconds still to be counted aloud."""

    alert: Alert
    left: int


@dataclass(frozen=True, slots=True)
class Calling:
    """The `alert` was sent, last at `sent`, and is sent anew until somebody has seen it.

    It was `asked` for, and no sign of danger. `reached` is whether it has reached anybody, `failing` whether we said that it does not.
    `silent` is how often it was sent anew since somebody here last spoke of it.
    """

    alert: Alert
    sent: float
    asked: bool
    reached: bool = False
    failing: bool = False
    silent: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """These have seen the `alert`, the first of them at `at`; without a name where it is not known."""

    alert: Alert
    at: float
    by: tuple[str, ...]


Help = Uncalled | CountingDown | Calling | Answered


@dataclass(frozen=True, slots=True)
class Pending:
    """What is said when something is kept for good: `kept`, and `rest`, which is said at any rate.

    `question` follows unless another one is open by then, and `asks` waits for its answer. What else was meant in the same breath,
    `also`, is turned to after all this. `forgets` is whether all is deleted.
    """

    kept: str = ""
    rest: str = ""
    question: str = ""
    asks: Phase = Idle()
    also: tuple[Match, ...] = ()
    forgets: bool = False


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with microphone and loudspeaker.

    `away` are the devices of no use now, and `hearing` if it was switched off by hand; `holds` is whether a routine is held for their
    sake, `unheard` what was to be said meanwhile.
    `complained` is when we last said that we hear nothing, `retract` whether to say that we hear again.
    """

    away: frozenset[DeviceKind | Literal["hearing"]] = frozenset()
    holds: bool = False
    unheard: tuple[Say, ...] = ()
    complained: float = float("-inf")
    retract: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """How things stand.

    `phase` is the question that is open, `guided` the routine under way. `topic` is the intent answered last, `last` the reply given
    last, `repeats` how often it was repeated, `speaking` the replies not yet over, `said_until` when the last one was over, `waiting` the
    timers that start when a reply is over, each with the reply and its seconds. `began` is the utterance that began last, and when;
    `floor` is whose turn it is to speak, and `aloud` are our last sentences, each with the time at which it began to sound. `told`
    counts the answers given for each intent (they rotate), `misses` the utterances in a row not understood, `sayings` and `savings` all
    replies and entries (for their ids), `introduced` is whether the line of first use was said, `denied` are the flags that we asked
    about and that were denied: nobody is asked twice. `clock` ties the time of events to the time of day;
    while the computer's clock is `unset`, to a wrong one. `boot` names this run of the computer. `pending` are the replies to be given when
    an entry is saved, `unkept` the entries that are not on the disk, yet or at all. `forgetful` is whether we said
    that nothing can be kept, `asleep` whether good night was said, `nudged` the day on which we last said that it is not getting
    better, `timed` the intent that we keep the time for. `gain` is the loudness asked for, `hushed` whether to
    be soft and short at any hour, `called` whether somebody called us who has said nothing since, `attention` who is listened to, if not
    as the owner's settings have it; `trouble` is what is wrong with the devices, `help` whether somebody is called.
    """

    phase: Phase = Idle()
    guided: Guided | None = None
    memory: Memory = field(default_factory=Memory)
    topic: str | None = None
    last: str | None = None
    repeats: int = 0
    speaking: tuple[Say, ...] = ()
    said_until: float = float("-inf")
    attending: float = float("-inf")
    waiting: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    began: tuple[int, float] = (0, float("-inf"))
    floor: Floor = Ours()
    aloud: tuple[tuple[float, str], ...] = ()
    told: Mapping[str, int] = field(default_factory=dict)
    misses: int = 0
    sayings: int = 0
    savings: int = 0
    introduced: bool = False
    denied: frozenset[str] = frozenset()
    clock: tuple[float, datetime] = (0.0, _EPOCH)
    boot: str = ""
    unset: bool = False
    pending: Mapping[str, Pending] = field(default_factory=dict)
    unkept: Mapping[str, Entry] = field(default_factory=dict)
    forgetful: bool = False
    asleep: bool = False
    nudged: date | None = None
    timed: str | None = None
    gain: float = 1.0
    hushed: bool = False
    called: bool = False
    attention: Attention | None = None
    trouble: Trouble = Trouble()
    help: Help = Uncalled()

    @property
    def asked(self) -> bool:
        """Whether a question of ours is open, apart from those of a routine."""
        return not isinstance(self.phase, Idle)

    @property
    def busy(self) -> bool:
        """Whether there is anything to stop."""
        return bool(self.speaking or self.guided or self.timed) or self.asked or isinstance(self.help, CountingDown)

    def wall(self, at: float) -> datetime:
        """The time of day at the time of an event."""
        return self.clock[1] + timedelta(seconds=at - self.clock[0])
