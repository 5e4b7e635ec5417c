"""A skill: all that the device knows about its subject, as frozen values.

Laws of this module:
- The engine knows no subject. What is said and heard about backs stands in intents/, never in code.
- The code refers to an intent by what it does (`kind`, `control`), not by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum

from voiceskill.core.precautions import Precautions, Screen, Timed
from voiceskill.core.routines import Routine
from voiceskill.core.sound import Finding
from voiceskill.core.spoken_values import number


class Kind(StrEnum):
    """What an intent is for."""

    ANSWER = "answer"  # a question with a spoken answer
    FLAG = "flag"  # danger: a fixed line that outranks everything
    ROUTINE = "routine"  # a guided routine
    DIARY = "diary"  # something to remember or recall
    CONTROL = "control"  # steers the device itself


class Tier(StrEnum):
    """How urgent a flag is."""

    EMERGENCY = "emergency"  # call the emergency number now
    MATERNITY = "maternity"  # call the maternity unit now
    TODAY = "today"  # contact a doctor or health line today


class Control(StrEnum):
    """What a control intent does."""

    STOP = "stop"
    HURTS = "hurts"
    EASIER = "easier"
    PAUSE = "pause"
    RESUME = "resume"
    REPEAT = "repeat"
    NEXT = "next"
    BACK = "back"
    SLOWER = "slower"
    FASTER = "faster"
    LOUDER = "louder"
    QUIETER = "quieter"
    HOW_LONG = "how_long"
    HELP = "help"
    YES = "yes"
    NO = "no"
    NOT_SURE = "not_sure"
    CANCEL = "cancel"
    TIME = "time"
    GOOD_NIGHT = "good_night"
    HELLO = "hello"
    WHO_ARE_YOU = "who_are_you"
    CALL_SOMEONE = "call_someone"
    MORE = "more"
    CHECK_SOUND = "check_sound"
    VERSION = "version"


class Note(StrEnum):
    """What a diary intent does."""

    SCORE = "score"  # keeps how strong the pain is
    HELPED = "helped"  # keeps what helped or made it worse
    MEDICINE = "medicine"  # keeps that a medicine was taken, or recalls when
    RECALL = "recall"  # tells what was kept
    SCREENED = "screened"  # the safety questions were answered already, or are to be asked again
    FORGET = "forget"  # deletes everything


@dataclass(frozen=True, slots=True)
class Source:
    """Where a statement comes from."""

    organisation: str
    title: str
    year: str
    seen: str
    where: str


@dataclass(frozen=True, slots=True)
class ScaleSlot:
    """A number from `low` to `high`. `words` say a number in words of their own; before a word of `not_before`, a number counts things."""

    low: float
    high: float
    words: Mapping[str, float] = field(default_factory=dict)
    not_before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChoiceSlot:
    """One of some values, each with the phrases in which it is told, normalised."""

    values: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class DurationSlot:
    """A length of time, in seconds."""


@dataclass(frozen=True, slots=True)
class ClockSlot:
    """A time of day."""


Slot = ScaleSlot | ChoiceSlot | DurationSlot | ClockSlot


@dataclass(frozen=True, slots=True)
class Intent:
    """One thing that can be meant, and what is said in return.

    `title` names the intent inside a question: did you mean `title`?
    `templates` are sentences in hassil's syntax, `examples` plain ones; `collected` is what people said who meant
    it, `look_alikes` what only sounds like a flag. `answers` rotate. `then` follows a flag's line; `confirm` is whether
    a doubtful hearing of it may be asked about first.
    `invitation` is the yes/no question by which other intents offer this one; `offer` names the intent offered after an answer.
    `slots` name values that may be told along with it.
    `escape` words are heard in any sentence, in any state. `unverified` lists statements that rest on no source seen.
    Who says this has the conditions it `implies`, for the rest of the episode. `precautions` are taken before it is answered or begun. What
    is `timed` comes with the offer to keep the time.
    After a flag, `stay` is said to whatever comes, in place of its line again. An intent that `wakes` is heard after
    "good night" too; one that `alerts` has the household told. The alert of a flag that is `counted` is counted down aloud first.
    """

    id: str
    kind: Kind
    title: str | None = None
    templates: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    collected: tuple[str, ...] = ()
    look_alikes: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    more: str | None = None
    offer: str | None = None
    invitation: str | None = None
    control: Control | None = None
    note: Note | None = None
    routine: Routine | None = None
    precautions: Precautions | None = None
    timed: Timed | None = None
    implies: tuple[str, ...] = ()
    stay: str | None = None
    wakes: bool = False
    alerts: bool = False
    counted: bool = False
    tier: Tier | None = None
    confirm: bool = True
    then: str | None = None
    slots: tuple[str, ...] = ()
    escape: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()

    @property
    def moves(self) -> bool:
        """Whether it moves the body."""
        return self.precautions is not None and self.precautions.moves


@dataclass(frozen=True, slots=True)
class Lines:
    """What the device says about itself, whatever the subject. Each is spoken in turn where there are several."""

    greeting: str
    first_use: str
    not_understood: tuple[str, ...]
    nothing_to_repeat: str
    nothing_more: str
    yes_to_what: str
    declined: str
    go_on: str
    recording: str
    agreed: str
    did_you_mean: str
    severe: str | None = None
    two_signs: str | None = None
    tell_them: str | None = None
    nudge: str | None = None
    elsewhere: str | None = None
    cannot_hear: str | None = None
    hear_again: str | None = None
    too_loud: str | None = None
    sound_back: str | None = None
    hearing_off: str | None = None
    pairing: str | None = None
    unknown_time: str | None = None
    some_time: str | None = None


@dataclass(frozen=True, slots=True)
class GuideLines:
    """What is said around the steps of routines. Names in capitals are filled in when it is said."""

    carry_on: str
    pausing: str
    still_paused: str
    finished: str
    rest: str
    smallest: str
    easier_instead: str
    worse: str
    ready_again: str
    about_left: str
    nearly_done: str
    none_under_way: str
    not_for_you: str
    blocked: str
    left_for_today: str
    pain_up: str
    where_we_were: str
    hurt: str
    hurt_question: str
    steer: str


@dataclass(frozen=True, slots=True)
class DiaryLines:
    """What is said about the diary. Names in capitals are filled in when it is said."""

    saved_score: str
    strong: str
    ask_score: str
    beyond_scale: str
    taken_back: str
    ask_helped: str
    saved_helped: str
    saved_medicine: str
    recalled_medicine: str
    nothing_kept: str
    last_score: str
    earlier_score: str
    scores_between: str
    helped_most: str
    ask_forget: str
    forgotten: str
    kept: str
    cannot_remember: str
    not_noted: str
    not_forgotten: str


@dataclass(frozen=True, slots=True)
class TakingBack:
    """How people say that a score was misheard, normalised.

    `alone` says so by itself; `with_score` when the right score is in the same sentence, and `first` when the sentence begins so, too.
    """

    alone: tuple[str, ...] = ()
    with_score: tuple[str, ...] = ()
    first: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SoundLines:
    """What is said of the sound after a check: a line for each Finding, and `unchecked` where it could not be checked."""

    microphone_silent: str
    speech_soft: str
    speech_good: str
    clipped: str
    room_noisy: str
    room_quiet: str
    hum: str
    offset: str
    loudspeaker_unheard: str
    echo_loud: str
    echo_soft: str
    echo_late: str
    distorted: str
    unchecked: str

    def of(self, finding: Finding) -> str:
        """What is said of a finding."""
        line: str = getattr(self, finding.value)
        return line


@dataclass(frozen=True, slots=True)
class VisitorLines:
    """What is said to those who ask from elsewhere in the house, turn by turn (see `core.visiting`).

    `routine` answers a wish for a routine, followed by `begin` and its first step where anybody may do that by themselves; `diary` what is
    told or asked of the diary, `device` what can only be done at the bedside, `good_night` a good night, and `nothing` what is not for us.
    `alert_sent` tells that an alert has gone out. The last two are written, not spoken: that it was told of elsewhere in the house, and
    that it was called off there.
    """

    routine: str
    begin: str
    diary: str
    device: str
    good_night: str
    nothing: str
    alert_sent: str
    elsewhere: str
    ended: str


@dataclass(frozen=True, slots=True)
class HelpLines:
    """What is said while help is called. Names in capitals are filled in when it is said.

    The last three are written, not spoken: what an alert tells in words.
    """

    counted: str
    counted_after_flag: str
    still_counted: str
    at_once: str
    sending: str
    sent: str
    not_sent: str
    no_answer: str
    seen: str
    seen_by_somebody: str
    still_on: str
    not_begun: str
    called_off: str
    resumed: str
    unreached: str
    asked: str
    sign: str
    ended: str

    def in_seconds(self, line: str, seconds: int) -> str:
        """One of the lines, with how long is counted."""
        return line.replace("{SECONDS}", number(seconds))

    def fixed(self, seconds: int) -> tuple[str, ...]:
        """What can be said of these without knowing more than how long is counted."""
        spoken = (getattr(self, one.name) for one in fields(self) if one.name not in {"asked", "sign", "ended"})
        return tuple(line for line in (self.in_seconds(line, seconds) for line in spoken) if "{" not in line)


@dataclass(frozen=True, slots=True)
class Spotted:
    """Phrases that are listened for by themselves (see `core.spotting`): `commands`, and `answers` while a question is open.

    `dangers` are signs of danger, each with the id of its flag: they are listened for with the commands, and by their sound (see
    `core.sounds_like_danger`). `homophones` are words that sound like one which a recogniser may not know.
    """

    commands: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    dangers: Mapping[str, str] = field(default_factory=dict)
    homophones: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skill:
    """A loaded folder of intents.

    `lists` and `rules` are hassil's slot lists and expansion rules, by name; `slots` what intents may be told in free speech;
    `unrelated` is talk that is not for the device; `spelling` maps letters to those that they sound like (see `core.attention`).
    `conditions` says of each in words what is known of somebody who has it, `condition_words` how people tell of it, `passing`
    are those that last for hours only.
    Words of `call_off` call off an alert, those of `help_needed` only sound like it; after those of `badly_hurt` one is sent without
    counting first.
    `countries` are those, as two letters, whose numbers to call are known.
    Words of `severe_signs` make a sign of danger an emergency; words of `distress` ask for short and slow answers and the routine
    `calming`; words of `elsewhere` are about things that the device knows nothing of; nobody has finished who stops after one of
    `unfinished`. The intent `not_improving` is
    offered when the pain does not get less for days; `drowsy` are medicines, as slots name them, that make drowsy.
    """

    name: str
    language: str
    intents: Mapping[str, Intent]
    lines: Lines
    sources: Mapping[str, Source]
    lists: Mapping[str, tuple[str, ...]]
    rules: Mapping[str, str]
    unrelated: tuple[str, ...] = ()
    spelling: Mapping[str, str] = field(default_factory=dict)
    slots: Mapping[str, Slot] = field(default_factory=dict)
    conditions: Mapping[str, str] = field(default_factory=dict)
    passing: frozenset[str] = frozenset()
    condition_words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    countries: frozenset[str] = frozenset()
    severe_signs: tuple[str, ...] = ()
    distress: tuple[str, ...] = ()
    calming: str | None = None
    not_improving: str | None = None
    drowsy: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()
    spotted: Spotted = Spotted()
    screen: Screen | None = None
    guide: GuideLines | None = None
    diary: DiaryLines | None = None
    taking_back: TakingBack | None = None
    sound: SoundLines | None = None
    visitors: VisitorLines | None = None
    help: HelpLines | None = None
    call_off: tuple[str, ...] = ()
    help_needed: tuple[str, ...] = ()
    badly_hurt: tuple[str, ...] = ()

    def control(self, control: Control) -> Intent | None:
        """The intent that does `control`, if the skill has one."""
        return next((intent for intent in self.intents.values() if intent.control is control), None)
