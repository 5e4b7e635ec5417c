"""Installing as a service: what can be looked at without changing this machine. The rest is done by scripts/test-install."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.bundle import SYSTEMS, Target, debian_packages, lock_of, requirements_for, sums_of
from voiceskill import __version__
from voiceskill.app import spoken_version
from voiceskill.settings import Settings, network_needs

ROOT = Path(__file__).parent.parent
SERVICE = ROOT / "service"
INSTALL = ROOT / "scripts" / "install-pi"


def run(*command: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, env={**os.environ, **more})


def needs(program: str) -> str:
    if not shutil.which(program) and "CI" not in os.environ:
        pytest.skip(f"needs {program}: scripts/setup --dev installs it")
    return program


# The script.


def test_a_dry_run_prints_every_step_and_changes_nothing() -> None:
    done = run(INSTALL, "--dry-run", "--name", "bedroom", "--country", "GB")
    assert done.returncode == 0, done.stderr
    said = done.stdout
    steps = [
        "useradd",
        "python3 -m venv",
        "--require-hashes",
        "settings.toml",
        "bedroom.local",
        "systemctl --quiet enable",
        "systemctl start",
    ]
    places = [said.index(step) for step in steps]
    assert places == sorted(places)
    assert said.rstrip().endswith("Nothing was changed.")
    assert not Path("/opt/voiceskill").exists()


@pytest.mark.parametrize("arguments", [("--uninstall",), ("--uninstall", "--purge")])
def test_a_dry_run_of_uninstalling_says_whether_the_diary_would_go(arguments: tuple[str, ...]) -> None:
    done = run(INSTALL, *arguments, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert ("rm -rf /var/lib/voiceskill /etc/voiceskill" in done.stdout) is ("--purge" in arguments)


@pytest.mark.parametrize(
    "arguments",
    [("--faster",), ("--purge",), ("--undo", "--uninstall"), ("--name",), ("--name", "My Pi"), ("--country", "XX"), ("--dry-run", "now")],
)
def test_what_it_does_not_understand_it_does_not_do(arguments: tuple[str, ...]) -> None:
    done = run(INSTALL, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("install-pi: ")
    assert len(done.stderr.splitlines()) == 1


def test_going_back_where_nothing_was_before_is_refused() -> None:
    done = run(INSTALL, "--undo", "--dry-run")
    assert done.returncode == 1
    assert "no version before" in done.stderr


def test_its_help_tells_how_it_is_used() -> None:
    for script in ("install-pi", "make-bundle"):
        assert "Usage" in run(ROOT / "scripts" / script, "--help").stdout.capitalize() or script == "make-bundle"


def test_the_shell_scripts_are_clean() -> None:
    scripts = [file for file in (ROOT / "scripts").iterdir() if file.is_file() and file.read_bytes().startswith(b"#!/usr/bin/env bash")]
    done = run(needs("shellcheck"), *scripts, SERVICE / "apply-settings", SERVICE / "voiceskill")
    assert done.returncode == 0, done.stdout


# The units.


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units as they are installed, but for programs that are not there."""
    for file in SERVICE.glob("voiceskill*.*"):
        text = re.sub(r"/opt/voiceskill\S*", "/bin/true", file.read_text(encoding="utf-8"))
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("drop_ins", [(), ("network.conf",)])
def test_systemd_finds_no_mistake_in_the_units_and_little_that_they_may_do(units: Path, drop_ins: tuple[str, ...]) -> None:
    folder = units / "voiceskill.service.d"
    folder.mkdir()
    for drop_in in drop_ins:
        shutil.copy(SERVICE / drop_in, folder)
    analyse = needs("systemd-analyze")
    done = run(analyse, "verify", *sorted(units.glob("voiceskill*.*e")), *units.glob("*.path"))
    assert (done.returncode, done.stderr) == (0, "")
    done = run(
        analyse, "security", "--offline=true", "--threshold=30", "--no-pager", units / "voiceskill.service", SYSTEMD_UNIT_PATH=f"{units}:"
    )
    assert done.returncode == 0, done.stdout[-500:]
    exposure = re.search(r"Overall exposure level for voiceskill.service: ([0-9.]+)", done.stdout)
    assert exposure
    assert float(exposure[1]) <= 3.0


def test_the_unit_starts_a_command_that_there_is() -> None:
    (command,) = re.findall(r"^ExecStart=(.*)$", (SERVICE / "voiceskill.service").read_text(encoding="utf-8"), re.MULTILINE)
    for option in re.findall(r"--[a-z-]+", command):
        assert option in run(ROOT / ".venv" / "bin" / "voiceskill", "run", "--help", COLUMNS="200").stdout


# Whether the network is needed.


def test_a_device_that_serves_nobody_needs_no_network() -> None:
    assert network_needs(Settings()) == ()


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"screen": "http://127.0.0.1:8480"}, "screen"),
        ({"wyoming": "tcp://127.0.0.1:10500"}, "wyoming"),
        ({"mqtt": {"host": "broker"}}, "mqtt"),
        ({"alerts": {"webhook": [{"name": "a", "url": "https://example.org"}]}}, "alerts.webhook"),
        ({"alerts": {"command": [{"name": "a", "run": ["/bin/true"]}]}}, "alerts.command"),
    ],
)
def test_what_needs_the_network_is_named(settings: dict[str, object], name: str) -> None:
    assert network_needs(Settings.model_validate(settings)) == (name,)


# A bundle.

LOCK = """\
numpy==2.4.6 ; python_full_version < '3.12' and sys_platform == 'linux' \\
    --hash=sha256:aa \\
    --hash=sha256:bb
numpy==2.5.5 ; python_full_version >= '3.12' and sys_platform == 'linux' \\
    --hash=sha256:cc
onnxruntime==1.32.0 ; platform_machine == 'aarch64' \\
    --hash=sha256:dd
colour==1.0 ; sys_platform == 'win32' \\
    --hash=sha256:ee
"""


def test_a_bundle_has_what_the_target_needs_and_not_what_this_machine_does() -> None:
    pi = requirements_for(LOCK, Target("aarch64", SYSTEMS["bookworm"]).markers)
    assert pi["numpy"] == "numpy==2.4.6 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb"
    assert set(pi) == {"numpy", "onnxruntime"}
    assert requirements_for(LOCK, Target("x86_64", SYSTEMS["trixie"]).markers) == {"numpy": "numpy==2.5.5 \\\n    --hash=sha256:cc"}


def test_every_requirement_of_ours_is_found_in_the_lock() -> None:
    lock = (ROOT / "requirements" / "run.lock").read_text(encoding="utf-8")
    names = set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))
    for system in SYSTEMS.values():
        assert set(requirements_for(lock, Target("aarch64", system).markers)) == names


def test_its_digests_are_those_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "soxr-1.1.0-cp312-abi3-manylinux_2_28_aarch64.whl").write_bytes(b"wheel")
    known = hashlib.sha256(b"wheel").hexdigest()
    assert lock_of(tmp_path / "wheels") == f"soxr==1.1.0 --hash=sha256:{known}\n"
    (tmp_path / "SHA256SUMS").write_text(sums_of(tmp_path))
    checked = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert checked.stdout == "wheels/soxr-1.1.0-cp312-abi3-manylinux_2_28_aarch64.whl: OK\n"


def test_remarks_in_the_list_of_debian_packages_are_no_packages() -> None:
    assert debian_packages("# what\nflite # a voice\n\npython3\n") == ["flite", "python3"]


# Which version this is.


def test_the_changelog_begins_with_this_version() -> None:
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == __version__


def test_the_version_is_told_on_the_command_line_and_by_voice(tmp_path: Path) -> None:
    program = ROOT / ".venv" / "bin" / "voiceskill"
    assert run(program, "--version").stdout == f"{__version__}\n"
    said = run(program, "ask", "what version are you", "--data-dir", tmp_path).stdout
    assert said == f"I'm version {spoken_version(__version__)}.\n"


@pytest.mark.parametrize(("version", "said"), [("0.1.0", "zero point one point zero"), ("12.40", "twelve point forty")])
def test_a_version_is_spoken_number_by_number(version: str, said: str) -> None:
    assert spoken_version(version) == said


def test_the_service_gets_all_debian_packages_that_running_needs() -> None:
    listed = set((ROOT / "service" / "debian-packages").read_text(encoding="utf-8").splitlines())
    (needed,) = re.findall(r"^debian_packages=\((.*)\)$", (ROOT / "scripts" / "setup").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(needed.split()) <= listed
