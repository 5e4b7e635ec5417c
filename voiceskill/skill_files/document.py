"""One YAML file, read so that every part of it remembers its line.

Laws of this module:
- Every scalar is text. Nobody who writes `- yes` or `- no` among the phrases means true or false.
- Anchors, aliases and tags are refused: a file says what it says.
- It reads libyaml's events, not its nodes: as fast, and deep nesting cannot overflow the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Place = tuple[int | str, ...]
"""The way to a part of a file: keys and positions, outermost first."""

_Event = Any  # the type stubs keep the attributes of events to themselves
_DEEPEST = 10
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to put right. `line` counts from 1; None where what is wrong is not inside a file."""

    where: str
    line: int | None
    message: str

    def __str__(self) -> str:
        """Give it in one line, as compilers do."""
        place = self.where if self.line is None else f"{self.where}:{self.line}"
        return f"{place}: {self.message}"


Report = Callable[[Problem], None]
"""Takes a problem and goes on."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a file holds (mappings, lists and text only) and on which line each part stands."""

    path: Path
    content: object
    lines: Mapping[Place, int]

    def problem(self, place: Place, message: str) -> Problem:
        """Make a problem at `place`, or at the nearest enclosing part that has a line."""
        while place and place not in self.lines:
            place = place[:-1]
        return Problem(str(self.path), self.lines.get(place, 1), message)


def read(path: Path, report: Report) -> Document | None:
    """Read a file. None, with the problems reported, when it cannot be read or is not plain YAML."""
    text = _text(path, report)
    if text is None:
        return None
    builder = _Builder(path, report, yaml.parse(text, _LOADER))
    try:
        content = builder.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        hint = "look for a missing colon, quote or space on this line or the one before"
        report(Problem(str(path), mark.line + 1 if mark else 1, f"this is not YAML ({error.problem or error.context}); {hint}"))
    except yaml.YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        report(Problem(str(path), line, "there is a character near here that cannot be seen or printed; delete it"))
    else:
        return Document(path, content, builder.lines) if builder.sound else None
    return None


def _text(path: Path, report: Report) -> str | None:
    """Read the text of a file. Anything but a plain file (a pipe, say) could keep us waiting for ever, and is refused."""
    try:
        if not path.is_file():
            report(Problem(str(path), 1, "this is not a file, or a link that leads nowhere; remove it or put the file in its place"))
            return None
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        report(Problem(str(path), 1, f"this cannot be read ({error.strerror}); check its permissions"))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        report(Problem(str(path), line, "this is not UTF-8 text; save the file with the encoding UTF-8"))
    return None


@dataclass(slots=True)
class _Builder:
    """Builds mappings, lists and text from YAML events, and takes down the lines. Not `sound` once something was refused."""

    path: Path
    report: Report
    events: Iterator[_Event]
    lines: dict[Place, int] = field(default_factory=dict)
    sound: bool = True

    def document(self) -> object:
        content: object = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if content is not None:
                    self._refuse(event, 'a second document begins here; take out the line "---"')
                content = self._value(next(self.events), ())
            elif isinstance(event, yaml.StreamEndEvent) and content is None:
                self._refuse(event, "the file is empty; write the keys, or delete the file")
        return content

    def _value(self, event: _Event, place: Place) -> object:
        self.lines.setdefault(place, event.start_mark.line + 1)
        if event.anchor is not None:
            self._refuse(event, "anchors and aliases (& and *) are not used here; put quotes round the text, or write it out")
            if isinstance(event, yaml.AliasEvent):
                return None
        if event.tag is not None:
            self._refuse(event, f'the tag "{event.tag}" is not used here; put quotes round the text, or take the tag out')
        if len(place) > _DEEPEST:
            raise yaml.MarkedYAMLError(problem="lists in lists, too deep to follow", problem_mark=event.start_mark)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(place)
        if isinstance(event, yaml.SequenceStartEvent):
            return [self._value(item, (*place, index)) for index, item in enumerate(self._until(yaml.SequenceEndEvent))]
        return event.value

    def _mapping(self, place: Place) -> dict[str, object]:
        content: dict[str, object] = {}
        for key in self._until(yaml.MappingEndEvent):
            name = self._value(key, (*place, getattr(key, "value", "")))
            if not isinstance(name, str):
                self._refuse(key, "a key must be a word, followed by a colon; put quotes round text that begins with a bracket")
            elif name in content:
                first = self.lines[(*place, name)]
                self._refuse(key, f'the key "{name}" stands here for the second time (first on line {first}); keep one')
            content[str(name)] = self._value(next(self.events), (*place, str(name)))
        return content

    def _until(self, end: type[yaml.Event]) -> Iterator[_Event]:
        for event in self.events:
            if isinstance(event, end):
                return
            yield event

    def _refuse(self, event: _Event, message: str) -> None:
        self.sound = False
        self.report(Problem(str(self.path), event.start_mark.line + 1, message))
