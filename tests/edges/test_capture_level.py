"""Turning a microphone up and down: at a card of ALSA by amixer, which a script stands in for here, and at a real sound server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bedside.conftest import fragile_sound_server as fragile_sound_server
from tests.bedside.sound_server import PATIENCE_SECONDS, SoundServer
from voiceskill.edges.capture_level import CaptureLevel, capture_control
from voiceskill.edges.device_names import DeviceInfo

CONTENTS = """\
Simple mixer control 'Speaker',0
  Capabilities: pvolume pswitch pswitch-joined
  Playback channels: Front Left - Front Right
  Limits: Playback 0 - 37
  Front Left: Playback 17 [46%] [-20.13dB] [on]
Simple mixer control 'Mic',0
  Capabilities: pvolume pvolume-joined cvolume cvolume-joined pswitch pswitch-joined cswitch cswitch-joined
  Playback channels: Mono
  Capture channels: Mono
  Limits: Playback 0 - 35 Capture 0 - 35
  Mono: Playback 23 [66%] [0.00dB] [off] Capture 24 [69%] [12.00dB] [on]
Simple mixer control 'Auto Gain Control',0
  Capabilities: pswitch pswitch-joined
  Mono: Playback [on]
"""
"""What a common USB microphone says."""

AMIXER = """#!{python}
import pathlib, sys
log = pathlib.Path(__file__).with_name("calls")
level = pathlib.Path(__file__).with_name("level")
assert sys.argv[1:3] == ["--card", "2"]
if sys.argv[3] == "sset":
    level.write_text(sys.argv[5].rstrip("%"))
    print("set")
else:
    print(pathlib.Path(__file__).with_name("contents").read_text().replace("[69%]", f"[{{level.read_text()}}%]"))
"""


def microphone(name: str, node: str = "") -> DeviceInfo:
    return DeviceInfo(0, name, "ALSA", 1, 0, 48_000, is_default_input=True, is_default_output=False, node=node)


def test_the_control_of_the_microphone_is_found_among_others() -> None:
    assert capture_control(CONTENTS) == ("Mic", 69)
    assert capture_control("") is None


@pytest.fixture
def amixer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "amixer").write_text(AMIXER.format(python=sys.executable))
    (tmp_path / "amixer").chmod(0o700)
    (tmp_path / "contents").write_text(CONTENTS)
    (tmp_path / "level").write_text("69")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "level"


def test_a_card_is_turned_as_far_as_it_goes_and_back_to_where_it_was(amixer: Path) -> None:
    level = CaptureLevel(microphone("USB Audio: - (hw:2,0)"))
    assert level.turn(-6.0)
    assert amixer.read_text() == "57"
    assert all(level.turn(6.0) for _ in range(4))
    assert amixer.read_text() == "100"
    assert not level.turn(6.0)
    level.restore()
    assert amixer.read_text() == "69"


def test_a_card_without_such_a_control_or_a_system_without_amixer_is_left_to_hands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    level = CaptureLevel(microphone("USB Audio: - (hw:2,0)"))
    assert not level.turn(6.0)
    level.restore()


TURN = """
from tests.edges.test_capture_level import microphone
from voiceskill.edges.capture_level import CaptureLevel
level = CaptureLevel(microphone("Mic", "microphone"))
print(level.turn(-6.0), level.turn(-6.0), flush=True)
input()
level.restore()
print("restored", level.turn(6.0))
"""


def test_a_microphone_of_the_sound_server_is_turned_and_restored(fragile_sound_server: SoundServer) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", TURN],
        env=fragile_sound_server.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent.parent,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True True\n"
        assert fragile_sound_server.microphone_volume() == pytest.approx(-12.0, abs=0.2)
        out, _ = process.communicate("\n", timeout=PATIENCE_SECONDS)
        assert out == "restored False\n"  # it was at its end already
    assert fragile_sound_server.microphone_volume() == pytest.approx(0.0, abs=0.1)
