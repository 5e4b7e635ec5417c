"""What the files of a skill may hold, and what pydantic's complaints mean in plain words.

The keys are those of `core.skill`, where they are explained; docs/adding-an-intent.md explains them to those who write the files.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from voiceskill.core.routines import Breath, Listen
from voiceskill.core.skill import Control, Kind, Note, Tier
from voiceskill.skill_files.document import Document, Report

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Texts = tuple[Text, ...]
PlaceholderName = Annotated[str, StringConstraints(pattern=r"^[A-Z]+(_[A-Z]+)*$")]

Spelling = Annotated[str, StringConstraints(pattern=r"^_?[a-z]+_?$")]
"""Letters, with _ for the beginning or the end of a word."""


class _Keys(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StepEntry(_Keys):
    """One of `steps:` of a routine: a step, or steps to be repeated."""

    say: Text | None = None
    again: Text | None = None
    count: Annotated[int, Field(ge=0, le=20)] = 0
    seconds: Annotated[float, Field(ge=0, le=600)] = 0.0
    listen: Listen | None = None
    otherwise: Text | None = None
    easier: Text | None = None
    easier_count: Annotated[int | None, Field(ge=0, le=20)] = None
    harder: bool = False
    in_rounds: tuple[Annotated[int, Field(ge=1)], ...] = ()
    only_if: Text | None = None
    breath: Breath | None = None
    rounds: Annotated[int | None, Field(ge=1, le=50)] = None
    easier_rounds: Annotated[int | None, Field(ge=1, le=50)] = None
    steps: tuple[StepEntry, ...] = ()


class RoutineSection(_Keys):
    """`routine:` of an intent."""

    name: Text
    steps: Annotated[tuple[StepEntry, ...], Field(min_length=1)]
    stop_rule: Text | None = None
    warning: Text | None = None
    ends_quietly: bool = False


class PrecautionsSection(_Keys):
    """`precautions:` of an intent."""

    screen: Texts = ()
    moves: bool = False
    not_for: Texts = ()
    instead: Text | None = None
    warning: Text | None = None


class TimedSection(_Keys):
    """`timed:` of an intent."""

    offer: Text
    minutes: Annotated[float, Field(gt=0, le=20)]
    over: Text
    check_minutes: Annotated[float, Field(gt=0, le=20)]
    check: Text
    check_answer: Text


class IntentFile(_Keys):
    """`<id>.yaml`: one intent."""

    id: Text
    kind: Kind
    title: Text | None = None
    control: Control | None = None
    note: Note | None = None
    routine: RoutineSection | None = None
    precautions: PrecautionsSection | None = None
    timed: TimedSection | None = None
    implies: Texts = ()
    stay: Text | None = None
    wakes: bool = False
    alerts: bool = False
    counted: bool = False
    tier: Tier | None = None
    confirm: bool = True
    examples: Texts = ()
    templates: Texts = ()
    slots: Texts = ()
    escape: Texts = ()
    answers: Texts = ()
    then: Text | None = None
    more: Text | None = None
    offer: Text | None = None
    invitation: Text | None = None
    sources: Texts = ()
    unverified: Texts = ()


class LinesSection(_Keys):
    """`lines:` in skill.yaml."""

    greeting: Text
    first_use: Text
    not_understood: Annotated[Texts, Field(min_length=1)]
    nothing_to_repeat: Text
    nothing_more: Text
    yes_to_what: Text
    declined: Text
    go_on: Text
    recording: Text
    agreed: Text = "All right."
    did_you_mean: Text
    severe: Text | None = None
    two_signs: Text | None = None
    tell_them: Text | None = None
    nudge: Text | None = None
    elsewhere: Text | None = None
    cannot_hear: Text | None = None
    hear_again: Text | None = None
    too_loud: Text | None = None
    sound_back: Text | None = None
    hearing_off: Text | None = None
    pairing: Text | None = None
    unknown_time: Text | None = None
    some_time: Text | None = None


class ScreenPartEntry(_Keys):
    """One of `parts:` of a safety question."""

    ask: Text
    flag: Text | None = None
    condition: Text | None = None
    only_if: Text | None = None


class ScreenQuestionEntry(_Keys):
    """One of `questions:` of the screen."""

    ask: Text
    parts: Annotated[tuple[ScreenPartEntry, ...], Field(min_length=1)]


class ScreenSection(_Keys):
    """`screen:` in skill.yaml: the safety questions before movement."""

    questions: Annotated[dict[Text, ScreenQuestionEntry], Field(min_length=1)]
    intro: Text
    intro_one: Text
    clear: Text
    unsure: Text
    which: Text
    later: Text


class TakingBackSection(_Keys):
    """`taking_back:` in skill.yaml: how people say that a score was misheard."""

    alone: Texts = ()
    with_score: Texts = ()
    first: Texts = ()


class PatienceSection(_Keys):
    """`patience:` in skill.yaml: words by which it is known that somebody has not finished."""

    unfinished: Texts = ()


class SpottedSection(_Keys):
    """`spotted:` in skill.yaml: phrases that are listened for by themselves."""

    commands: Texts = ()
    answers: Texts = ()
    dangers: dict[Text, Annotated[Texts, Field(min_length=1)]] = {}
    homophones: dict[Text, Text] = {}


class SlotEntry(_Keys):
    """One of `slots:` in skill.yaml: one of the kinds there are, and what belongs to it."""

    scale: tuple[float, float] | None = None
    words: dict[Text, float] = {}
    not_before: Texts = ()
    values: dict[Text, Annotated[Texts, Field(min_length=1)]] = {}
    of_list: Annotated[Text | None, Field(alias="list")] = None
    duration: bool = False
    clock: bool = False


class SkillFile(_Keys):
    """`skill.yaml`: what belongs to the skill as a whole."""

    name: Text
    language: Text
    lines: LinesSection
    placeholders: dict[PlaceholderName, Text] = {}
    countries: dict[Text, dict[PlaceholderName, Text]] = {}
    lists: dict[str, Annotated[Texts, Field(min_length=1)]] = {}
    rules: dict[str, Text] = {}
    spelling: dict[Spelling, Spelling] = {}
    slots: dict[str, SlotEntry] = {}
    conditions: dict[str, Text] = {}
    passing: Texts = ()
    condition_words: dict[str, Texts] = {}
    severe_signs: Texts = ()
    distress: Texts = ()
    calming: Text | None = None
    not_improving: Text | None = None
    drowsy: Texts = ()
    elsewhere: Texts = ()
    patience: PatienceSection = PatienceSection()
    spotted: SpottedSection = SpottedSection()
    screen: ScreenSection | None = None
    guide: dict[str, Text] = {}
    diary: dict[str, Text] = {}
    taking_back: TakingBackSection | None = None
    sound: dict[str, Text] = {}
    visitors: dict[str, Text] = {}
    help: dict[str, Text] = {}
    call_off: Texts = ()
    help_needed: Texts = ()
    badly_hurt: Texts = ()


class SourceEntry(_Keys):
    """One source in sources.yaml."""

    organisation: Text
    title: Text
    year: Text
    seen: Text
    where: Text


class SourcesFile(RootModel[dict[str, SourceEntry]]):
    """`sources.yaml`: source keys and what they stand for."""


_INNER = (
    LinesSection,
    PatienceSection,
    SlotEntry,
    SourceEntry,
    StepEntry,
    RoutineSection,
    PrecautionsSection,
    TimedSection,
    ScreenSection,
    ScreenQuestionEntry,
    ScreenPartEntry,
    TakingBackSection,
)

File = TypeVar("File", bound=BaseModel)


def validate(document: Document, kind: type[File], report: Report) -> File | None:
    """Take the content as a `kind` of file. None, with every problem reported, when it is not one."""
    try:
        return kind.model_validate(document.content)
    except ValidationError as invalid:
        for error in invalid.errors():
            report(document.problem(error["loc"], _in_words(error, kind)))
        return None


def _in_words(error: ErrorDetails, kind: type[BaseModel]) -> str:
    names = [part for part in error["loc"] if isinstance(part, str)]
    name = names[-1] if names else "the file"
    match error["type"]:
        case "extra_forbidden":
            return f'"{name}" is not a key that belongs here{_suggestion(name, kind)}'
        case "missing":
            return f'the key "{name}" is missing; add it'
        case "string_too_short" | "too_short":
            return f'"{name}" is empty; write something after it, or take it out'
        case "string_type":
            return f'"{name}" must be a piece of text here, not a list or more keys'
        case "tuple_type":
            return f'"{name}" must be a list: one line for each, beginning with "- "'
        case "model_type" | "dict_type":
            return f'"{name}" must hold keys, each with a colon and a value'
        case "enum":
            return f'"{name}" cannot be "{error["input"]}"; it is one of {error["ctx"]["expected"]}'
        case "float_parsing" | "float_type":
            return f'"{name}" must be a number here, in digits'
        case "too_long":
            return f'"{name}" holds too much; {error["ctx"]["max_length"]} is the most'
        case "bool_parsing" | "bool_type":
            return f'"{name}" can only be true; write "{name}: true", or take it out'
        case "string_pattern_mismatch" if "spelling" in names:
            return f'"{error["input"]}" must be small letters, with _ for the beginning or the end of a word'
        case "string_pattern_mismatch":
            return f'"{names[-2]}" must be written in capital letters, with _ between words'
        case _:
            return f'"{name}": {error["msg"]}'


def _suggestion(name: str, kind: type[BaseModel]) -> str:
    fields = (field for model in (kind, *_INNER) for field in model.model_fields.items())
    known = [field.alias or key for key, field in fields if key != "root"]
    near = get_close_matches(name, known, 1)
    return f'; did you mean "{near[0]}"?' if near else "; take it out, or see docs/adding-an-intent.md for the keys there are"
