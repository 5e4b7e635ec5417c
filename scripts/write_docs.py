"""Write the documents that are made from the code: docs/settings.md. With --check, only say whether they are up to date."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from voiceskill.profiles import PROFILES, UNITS, Profile
from voiceskill.settings import AlertSettings, CommandSettings, MqttSettings, Settings, WebhookSettings

ROOT = Path(__file__).resolve().parent.parent

_WAKE_PHRASE = """\
## Choosing a wake phrase

The phrase calls the device when nothing is going on. While it speaks, while a routine runs or is held, while a question of its own is open,
and for eight seconds after its last word, nobody needs it. "Help me", signs of danger, and the first words of a spasm ("it's locked, I
can't move") need it never.

- Two to four words, eight letters or more. Longer is surer: "hello lighthouse" is told from other talk better than "hey bea".
- Real words that are seldom said together: of three that were measured in a quiet room, near and far, hardly a call was missed.
  A made-up name is found by its sound, but not as well, and by one ear less: the one that knows only this phrase knows the words of a
  dictionary.
- Nothing that is said in the house anyway, and not the name of somebody who lives there. What stands in ordinary talk is refused.
- Say it as it suits you: before the question ("hey bedside, why did my back go?"), after it, or alone; then a short rising sound answers,
  and the question can follow. At the end of a sentence it must be said more clearly.

`voiceskill run --events -` shows what is heard, and `wake` where it was taken for a call. [benchmarks.md](benchmarks.md#attention) says how
often that fails.
"""


_ALERTS = """\
## Who is told when somebody needs help

A table of its own, `[alerts]`, and one more for each who is told. [alerts.md](alerts.md) explains what is sent, when, and how to try it.

`[alerts]`:
"""


_MQTT = """\
## The broker of the household

A table of its own, `[mqtt]`. [home-assistant.md](home-assistant.md#buttons-and-states-over-mqtt) shows what comes of it.
"""


_MACHINE = """\
## Small machines

`profile` says how much of the machine is used, and is named after the smallest one that it is for. `"auto"` goes by memory and processor:
`pi-zero2` below 0.9 GB or with one core, `pi5` from 1.8 GB on with a processor as quick as the Pi 5's (any 64-bit x86), else `pi4`. Where
the system limits our memory, that limit counts. `voiceskill doctor` shows which it is.

A table of its own, `[machine]`, holds values that outrank the profile:
"""


def settings_page() -> str:
    """The page of all settings."""
    lines = [
        "# Settings",
        "",
        "One file in TOML, `~/.config/voiceskill/settings.toml`, or the one given with `--config`. What it leaves out is as shown here.",
        "A mistake in it is reported with its line, and nothing starts until it is mended.",
        "",
        *_table(Settings, without=("alerts", "mqtt", "machine")),
        "",
        _WAKE_PHRASE,
        _ALERTS,
        *_table(AlertSettings, without=("webhook", "command")),
        "",
        "`[[alerts.webhook]]`, once for each address:",
        "",
        *_table(WebhookSettings),
        "",
        "`[[alerts.command]]`, once for each program:",
        "",
        *_table(CommandSettings),
        "",
        _MQTT,
        *_table(MqttSettings),
        "",
        _MACHINE,
        *_profiles(),
        "",
    ]
    return "\n".join(lines)


def _table(settings: type[BaseModel], without: tuple[str, ...] = ()) -> list[str]:
    lines = ["| setting | usual value | may be | what it does |", "| --- | --- | --- | --- |"]
    for name, field in settings.model_fields.items():
        if name not in without:
            usual = "must be given" if field.is_required() else f"`{json.dumps(field.default, default=str)}`"
            lines.append(f"| `{name}` | {usual} | {_range(settings, name)} | {field.description} |")
    return lines


def _profiles() -> list[str]:
    lines = [f"| setting | {' | '.join(PROFILES)} | may be | what it does |", f"| --- | {'--- | ' * len(PROFILES)}--- | --- |"]
    for name, field in Profile.model_fields.items():
        values = (json.dumps(getattr(profile, name)) for profile in PROFILES.values())
        usual = " | ".join(f"`{value}`{f' {UNITS[name]}' if name in UNITS else ''}" for value in values)
        lines.append(f"| `{name}` | {usual} | {_range(Profile, name)} | {field.description} |")
    return lines


def _range(settings: type[BaseModel], name: str) -> str:
    schema = settings.model_json_schema()["properties"][name]
    if schema["type"] == "array":
        names = schema["items"].get("enum")
        return f"a list of {', '.join(f'`{one}`' for one in names)}" if names else "a list of texts"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "minimum" in schema:
        return f"{schema['minimum']} to {schema['maximum']}"
    return "any text" if schema["type"] == "string" else str(schema["type"])


PAGES = {ROOT / "docs" / "settings.md": settings_page}


def main() -> int:
    """Write or check."""
    stale = [path for path, page in PAGES.items() if not path.exists() or path.read_text(encoding="utf-8") != page()]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is out of date: run .venv/bin/python scripts/write_docs.py")
        return 1 if stale else 0
    for path in stale:
        path.write_text(PAGES[path](), encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
