"""A skill package for Open Voice OS.

Format: https://openvoiceos.github.io/ovos-technical-manual/ (skill structure, intents, dialogs); the skill itself is `ovos_skill`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from importlib.resources import files

from voiceskill.core.skill import Intent, Skill
from voiceskill.export.ovos_templates import OvosTemplates
from voiceskill.export.replies import needs_a_conversation, replies
from voiceskill.ports import BadInput

_LOCALES = {"en": "en-US"}
"""The usual one of a language."""

_PYPROJECT = """\
[build-system]
requires = ["setuptools>=69"]
build-backend = "setuptools.build_meta"

[project]
name = "{package}"
version = "{version}"
description = "{about}, for Open Voice OS. Answers with the words of a voiceskill device."
requires-python = ">=3.10"
license = {{ text = "Apache-2.0" }}
dependencies = ["ovos-workshop>=8.0", "wyoming>=1.6"]

[project.entry-points."opm.skill"]
"{package}.voiceskill" = "{module}:BedsideSkill"

[tool.setuptools]
packages = ["{module}"]

[tool.setuptools.package-data]
{module} = ["locale/*/*"]
"""

_README = """\
# {about}, for Open Voice OS

Written by `voiceskill export ovos` ({version}). Everything here is written anew by the next export.

    pip install .

Then restart the skills service. Start `voiceskill serve` on the same machine, or name the other one in the settings of the skill
(`~/.config/mycroft/skills/{package}.voiceskill/settings.json`):

    {{"wyoming": "192.168.1.20:10500"}}

Without a device that answers, the listed sentences get their replies all the same, and nobody is alarmed. docs/exports.md of voiceskill
says more.
"""


def ovos_files(skill: Skill, version: str) -> dict[str, str]:
    """Text by path: a package for pip; `version` is ours. Raises BadInput as `replies` does, and for a name without letters."""
    slug = _slug(skill.name)
    if not slug:
        raise BadInput(f'the skill\'s name, "{skill.name}", holds no letters from a to z: give it another in its skill.yaml')
    package = f"ovos-skill-{slug}"
    module = package.replace("-", "_")
    locale = f"{module}/locale/{_LOCALES.get(skill.language, skill.language)}"
    about = re.sub(r'["\\\x00-\x1f]', "", skill.name)

    templates = OvosTemplates(skill.rules, skill.lists)
    said = replies(skill)
    told = [intent for intent in skill.intents.values() if not needs_a_conversation(intent)]
    return {
        "README.md": _README.format(about=about, package=package, version=version),
        "pyproject.toml": _PYPROJECT.format(about=about, package=package, module=module, version=version),
        f"{module}/__init__.py": files(__package__).joinpath("ovos_skill.py").read_text(encoding="utf-8"),
        **{f"{locale}/{intent.id}.intent": _lines(_sentences(intent, templates)) for intent in told},
        **{f"{locale}/{intent.id}.dialog": _lines(map(_dialog, said[intent.id])) for intent in told},
        **{f"{locale}/{slot}.entity": _lines(values) for slot, values in sorted(templates.entities.items())},
    }


def _sentences(intent: Intent, templates: OvosTemplates) -> list[str]:
    plain = (sentence.lower() for sentence in (*intent.examples, *intent.escape))
    return list(dict.fromkeys((*map(templates.line, intent.templates), *plain)))


def _dialog(text: str) -> str:
    """One line of a dialog file, which is a template of Python's `str.format`."""
    return " ".join(text.split()).replace("{", "{{").replace("}", "}}")


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _slug(name: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return "-".join(re.findall(r"[a-z0-9]+", ascii_only.lower()))
