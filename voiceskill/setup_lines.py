"""The lines of the setting up, from setup.yaml in the folder of intents."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from voiceskill.core.setting_up.lines import SetupLines
from voiceskill.core.skill import Skill
from voiceskill.skill_files import SkillErrors
from voiceskill.skill_files.document import Problem, read

FILE = "setup.yaml"

_Text = Annotated[str, Field(min_length=1)]
_LINES = {field.name: (_Text, ...) for field in fields(SetupLines) if field.name not in {"keep", "places", "sound"}}
_Lines = create_model("_Lines", __config__=ConfigDict(extra="forbid"), **_LINES)  # type: ignore[call-overload] # fields made of names


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    lines: _Lines
    keep: list[_Text]
    places: dict[_Text, Annotated[list[_Text], Field(min_length=1)]]


def load_setup_lines(folder: Path, usual: Path, skill: Skill) -> SetupLines:
    """The lines in `folder`, or else in `usual`, with what `skill` says of the sound. Raises SkillErrors."""
    path = folder / FILE if (folder / FILE).is_file() else usual / FILE
    problems: list[Problem] = []
    document = read(path, problems.append)
    if document is None:
        raise SkillErrors(problems)
    try:
        file = _File.model_validate(document.content)
    except ValidationError as error:
        raise SkillErrors(document.problem(tuple(one["loc"]), f"{one['loc'][-1:]}: {one['msg']}") for one in error.errors()) from error
    return SetupLines(
        **file.lines.model_dump(),
        keep=tuple(file.keep),
        places={code: tuple(names) for code, names in file.places.items() if code in skill.countries},
        sound=asdict(skill.sound) if skill.sound else {},
    )
