"""Changing the owner's settings file: a line for each setting, the rest of the file as its owner wrote it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from voiceskill.ports import Fault
from voiceskill.settings import load_settings

Value = str | int | float | bool


def change_settings(path: Path, changes: Mapping[str, Value], check: Callable[[Path], object] = load_settings) -> None:
    """Set the settings of these names in the file at `path`, made if there is none. Only those outside of any [table] can be set.

    `check` looks at the file with them, and raises where it could not be used: then nothing is changed. Raises Fault where it cannot be
    written.
    """
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        part = path.with_name(f".{path.name}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(changed(text, changes), encoding="utf-8")
        try:
            check(part)
            if path.exists():
                os.chmod(part, path.stat().st_mode)  # noqa: PTH101 - its owner decided who may read it
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except UnicodeEncodeError as error:
        raise Fault("This has a character that cannot be written: leave it out") from error
    except OSError as error:
        raise Fault(f"{path} cannot be written ({error.strerror}): see who owns it") from error


def changed(text: str, changes: Mapping[str, Value]) -> str:
    """The text of a settings file with these settings changed, each on its own line, or added before the first [table]."""
    lines = text.splitlines()
    top = next((number for number, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
    for name, value in changes.items():
        written = f"{name} = {_toml(value)}"
        here = next((number for number, line in enumerate(lines[:top]) if re.match(rf"\s*{re.escape(name)}\s*=", line)), None)
        if here is None:
            lines.insert(top, written)
            top += 1
        else:
            lines[here] = written
    return "".join(f"{line}\n" for line in lines)


def _toml(value: Value) -> str:
    """A value as TOML. Strings of JSON are strings of TOML, once their surrogates are none."""
    return json.dumps(value, ensure_ascii=False)
