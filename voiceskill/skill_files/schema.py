"""What the files of a skill may hold, and what pydantic's complaints mean in plain words.

The keys are those of `core.skill`, where they are explained; docs/adding-an-intent.md explains them to those who write the files.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from voiceskill.core.skill import Control, Kind, Tier
from voiceskill.skill_files.document import Document, Report

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Texts = tuple[Text, ...]
PlaceholderName = Annotated[str, StringConstraints(pattern=r"^[A-Z]+(_[A-Z]+)*$")]


class _Keys(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class IntentFile(_Keys):
    """`<id>.yaml`: one intent."""

    id: Text
    kind: Kind
    title: Text | None = None
    control: Control | None = None
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
    did_you_mean: Text
    speech_failed: Text


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
    lists: dict[str, Annotated[Texts, Field(min_length=1)]] = {}
    rules: dict[str, Text] = {}
    slots: dict[str, SlotEntry] = {}


class SourceEntry(_Keys):
    """One source in sources.yaml."""

    organisation: Text
    title: Text
    year: Text
    seen: Text
    where: Text


class SourcesFile(RootModel[dict[str, SourceEntry]]):
    """`sources.yaml`: source keys and what they stand for."""


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
        case "string_pattern_mismatch":
            return f'"{names[-2]}" must be written in capital letters, with _ between words'
        case _:
            return f'"{name}": {error["msg"]}'


def _suggestion(name: str, kind: type[BaseModel]) -> str:
    fields = (field for model in (kind, LinesSection, SlotEntry, SourceEntry) for field in model.model_fields.items())
    known = [field.alias or key for key, field in fields if key != "root"]
    near = get_close_matches(name, known, 1)
    return f'; did you mean "{near[0]}"?' if near else "; take it out, or see docs/adding-an-intent.md for the keys there are"
