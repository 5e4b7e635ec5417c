"""What `voiceskill export` writes, says and refuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.export.said import LAMPS
from tests.test_cli import Run, one_line, voiceskill  # noqa: F401 - a fixture

KINDS = ["homeassistant", "ovos"]


def content(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", KINDS)
def test_it_writes_the_files_says_where_to_read_on_and_writes_the_same_again(voiceskill: Run, tmp_path: Path, kind: str) -> None:  # noqa: F811
    folder = tmp_path / "out"
    done = voiceskill("export", kind, folder)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{len(content(folder)) - 1} files were written. What to do with them: {folder / 'README.md'}\n"
    first = content(folder)
    assert voiceskill("export", kind, folder).code == 0
    assert content(folder) == first


def test_the_emergency_number_is_the_one_in_the_settings(voiceskill: Run, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "s.toml").write_text('emergency_number = "nine nine nine"\n')
    voiceskill("export", "homeassistant", tmp_path / "out", "--config", tmp_path / "s.toml")
    scripts = yaml.safe_load((tmp_path / "out" / "packages" / "voiceskill.yaml").read_text())["intent_script"]
    assert "Call nine nine nine now" in scripts["voiceskill_redflag_chest_pain"]["speech"]["text"]


@pytest.mark.parametrize("kind", KINDS)
def test_another_folder_of_intents_is_exported_as_well(voiceskill: Run, tmp_path: Path, kind: str) -> None:  # noqa: F811
    assert voiceskill("export", kind, tmp_path / "out", "--intents", LAMPS).code == 0
    assert any(b"desk lamp" in text for text in content(tmp_path / "out").values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_of_somebody_else_is_refused_in_one_line(voiceskill: Run, tmp_path: Path, kind: str) -> None:  # noqa: F811
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "configuration.yaml").write_text("mine")
    done = voiceskill("export", kind, folder)
    assert done.code == 1
    assert str(folder) in one_line(done)
    assert "--force" in one_line(done)
    assert list(content(folder)) == [folder / "configuration.yaml"]
    assert voiceskill("export", kind, folder, "--force").code == 0
    assert (folder / "configuration.yaml").read_text() == "mine"


def test_a_place_that_cannot_be_written_is_named_in_one_line(voiceskill: Run, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "file").write_text("mine")
    done = voiceskill("export", "ovos", tmp_path / "file" / "out")
    assert done.code == 1
    assert "choose another place" in one_line(done)


def test_broken_intents_stop_it_with_file_and_line_and_nothing_is_written(voiceskill: Run, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "intents").mkdir()
    (tmp_path / "intents" / "skill.yaml").write_text("name: [\n")
    done = voiceskill("export", "ovos", tmp_path / "out", "--intents", tmp_path / "intents")
    assert done.code == 2
    assert "skill.yaml:" in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [["export", "alexa", "x"], ["export", "ovos"], ["export", "ovos", "x", "--bogus"]], ids=" ".join)
def test_wrong_usage_exits_2(voiceskill: Run, arguments: list[str]) -> None:  # noqa: F811
    done = voiceskill(*arguments)
    assert done.code == 2
    assert "Traceback" not in done.err


@pytest.mark.parametrize("command", [[], *([kind] for kind in KINDS)], ids=" ".join)
def test_every_command_explains_itself_with_an_example(command: list[str]) -> None:
    arguments = [sys.executable, "-m", "voiceskill", "export", *command, "--help"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert "Example" in done.stdout
    for option in ("--config", "--data-dir", "--intents", "--force") if command else ():
        assert option in done.stdout
