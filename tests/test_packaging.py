"""What is installed from a wheel, far from the checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)], check=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_intents_the_models_what_is_exported_and_the_licence(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "voiceskill/data/intents/en/skill.yaml" in names
    assert "voiceskill/data/models/README.md" in names
    assert "voiceskill/data/models/manifest.toml" in names
    for name in ("help_at_the_bedside.yaml", "homeassistant.md", "ovos_skill.py"):
        assert f"voiceskill/export/{name}" in names
    assert {"voiceskill/edges/web/templates/now.html", "voiceskill/edges/web/static/now.js"} <= set(names)
    assert any(name.endswith("LICENSE") for name in names)
    assert not any(name.startswith(("tests/", "scripts/")) for name in names)


@pytest.mark.long
def test_the_wheel_works_in_an_empty_environment_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    program = tmp_path / "venv" / "bin" / "voiceskill"
    subprocess.run([str(program.with_name("python")), "-m", "pip", "install", "--quiet", str(wheel)], check=True)
    question = ROOT / "scripts" / "questions" / "3-heat-or-ice.wav"
    for arguments in (["ask", "does heat help"], ["run", "--wav", str(question), "--out", "out.wav"]):
        subprocess.run([str(program), *arguments, "--data-dir", str(tmp_path / "data")], check=True, cwd=tmp_path)
    assert (tmp_path / "out.wav").stat().st_size > 100_000


def test_nothing_names_a_host_of_a_package_registry_or_a_place_on_a_machine() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, tracked):
        path = ROOT / name
        if path.suffix in {".wav", ".png", ".onnx"} or path == Path(__file__):
            continue
        content = path.read_text(encoding="utf-8", errors="replace")
        for forbidden in ("files.pythonhosted", "pypi.org", "deb.debian.org", "registry.npmjs", "/work/", "/root/"):
            assert forbidden not in content, f"{name} names {forbidden}"
