"""The architecture: who may import whom."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "voiceskill"

ORDER = [
    *("core", "ports", "addresses", "profiles", "edges"),
    *("listen", "earcons", "speak", "keep", "alerting", "hearing_check", "tend", "journal", "loop", "heartbeat", "sound_check"),
    *("status", "homeassistant", "screen", "light", "diary_files", "diary_chart"),
    *("settings", "settings_file", "skill_files", "export", "alarms", "app", "household", "recorded", "live", "standby", "doctor", "typed"),
    *("rehearse", "visitors", "serve", "alert_test", "model_desk", "bedside_screen", "bedside_light", "watched"),
    *("setup_lines", "setup_sound", "guided_setup"),
    *("options", "running", "progress", "diary_commands", "alert_commands", "export_commands", "model_commands"),
    *("serve_command", "setup_command", "cli", "__main__"),
]
"""From the inside out: a module may import only what stands before its own layer, or its own layer."""

LOOSE = {
    *("profiles", "listen", "earcons", "speak", "keep", "alerting", "hearing_check", "tend", "loop", "heartbeat", "journal"),
    *("sound_check", "status", "homeassistant", "settings", "settings_file", "skill_files", "export", "progress", "screen", "light"),
    *("diary_files", "diary_chart"),
}
"""What works on the core and the ports, and knows no edge."""


def layer(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_inwards_only(path: Path) -> None:
    name = ".".join(["voiceskill", *path.relative_to(PACKAGE).with_suffix("").parts])
    own = layer(name)
    assert own in ORDER, f"{own} has no place in the architecture yet: give it one here and in docs/architecture.md"
    for imported in imports(path):
        other = layer(imported)
        if not imported.startswith("voiceskill.") or other not in ORDER or other == own:
            continue
        assert ORDER.index(other) < ORDER.index(own), f"{name} imports {imported}, which lies outside of it"
        assert not (own in LOOSE and other == "edges"), f"{name} imports an edge; only app may"


@pytest.mark.parametrize("path", [p for p in MODULES if "edges" in p.parts], ids=lambda path: str(path.relative_to(PACKAGE)))
def test_edges_of_different_kinds_do_not_know_each_other(path: Path) -> None:
    family = path.relative_to(PACKAGE / "edges").parts[0]
    shared = {"devices", "device_names", "pulse", "framing", "models", "wav"}  # what several edges of one kind stand on
    for imported in imports(path):
        parts = imported.split(".")
        if parts[:2] == ["voiceskill", "edges"] and len(parts) > 2:
            assert parts[2] in {family.removesuffix(".py"), *shared}, f"{path.name} imports {imported}"


FORBIDDEN_IN_CORE = {"time", "threading", "queue", "random", "os", "pathlib", "socket", "subprocess", "logging", "asyncio"}


@pytest.mark.parametrize("path", [p for p in MODULES if "core" in p.parts], ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_core_touches_no_clock_thread_or_file(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & FORBIDDEN_IN_CORE
    calls = (node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    assert not any(isinstance(call, ast.Attribute) and call.attr in {"now", "today", "utcnow"} for call in calls)
