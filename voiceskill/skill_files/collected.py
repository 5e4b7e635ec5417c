"""Phrases collected from many people, in plain text, one a line: `phrases/` inside the skill's folder.

`<id>.txt` holds what means an intent, `<id>.not.txt` what only sounds like a flag, `none.txt` talk that is not for the device. Empty lines
and lines beginning with # are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from voiceskill.skill_files.document import Problem, Report
from voiceskill.skill_files.phrases import normalised

FOLDER = "phrases"
_LOOK_ALIKES = ".not"
_UNRELATED = "none"


@dataclass(frozen=True, slots=True)
class Collected:
    """What people said, by intent; what only sounds like a flag, by flag; and what is not for us."""

    heard: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    look_alikes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unrelated: tuple[str, ...] = ()


def read_collected(folder: Path, known: Mapping[str, str], ids: frozenset[str], report: Report) -> Collected:
    """Read `folder`/phrases, if there is one. `known` says to which intent the phrases of the YAML files belong, normalised."""
    heard: dict[str, tuple[str, ...]] = {}
    look_alikes: dict[str, tuple[str, ...]] = {}
    unrelated: tuple[str, ...] = ()
    owner = dict(known)
    for path in sorted((folder / FOLDER).glob("*.txt")):
        name = path.stem
        lines = list(_lines(path, report))
        phrases = tuple(phrase for _, phrase in lines)
        if name == _UNRELATED:
            unrelated = phrases
        elif name.removesuffix(_LOOK_ALIKES) not in ids:
            report(
                Problem(
                    str(path), None, f'there is no intent "{name}"; call the file after one, or {_UNRELATED}.txt for what is not for it'
                )
            )
            continue
        elif name.endswith(_LOOK_ALIKES):
            look_alikes[name.removesuffix(_LOOK_ALIKES)] = phrases
        else:
            heard[name] = phrases
        for number, phrase in lines:
            other = owner.setdefault(normalised(phrase), name)
            if other != name:
                report(Problem(str(path), number, f'"{phrase}" belongs to {other} already; keep it in one'))
    return Collected(heard, look_alikes, unrelated)


def _lines(path: Path, report: Report) -> Iterator[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        report(Problem(str(path), None, f"cannot be read: {error.strerror}"))
        return
    except UnicodeDecodeError:
        report(Problem(str(path), None, "is not plain text in UTF-8; save it as that"))
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            yield number, line.strip()
