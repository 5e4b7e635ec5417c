"""Whether all that a lock pins comes as a wheel for another machine: what scripts/check-wheels runs.

pip chooses the wheels, as it will on that machine; the markers of the lock are judged here, since pip takes its own machine's values.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCKS = (ROOT / "requirements" / "run.lock", ROOT / "requirements" / "dev.lock")

EXCEPTIONS: Mapping[str, str] = {"srt": "published as source only; pure Python, so scripts/setup makes its wheel on the device"}
"""Packages without a wheel that are known, and why that does no harm."""

_OLDEST_GLIBC = 17
_NOT_THERE = re.compile(r"No matching distribution found for ([A-Za-z0-9._-]+)==")


@dataclass(frozen=True, slots=True)
class Target:
    """A machine that is not this one. `glibc` is the minor version of its C library."""

    machine: str
    python: str
    glibc: int

    @property
    def environment(self) -> dict[str, str]:
        """What markers are judged by."""
        return {
            "implementation_name": "cpython",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }

    @property
    def platforms(self) -> list[str]:
        """Platform tags, in the order in which pip there prefers them."""
        tags = [f"manylinux_2_{minor}_{self.machine}" for minor in range(self.glibc, _OLDEST_GLIBC - 1, -1)]
        return [*tags, f"manylinux2014_{self.machine}", f"linux_{self.machine}"]


GLIBC_OF_PYTHON = {"3.11": 36, "3.13": 41}
"""The C library beside each Python: Debian 12 (Bookworm) and 13 (Trixie)."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of a lock, with the digests of all its files."""

    name: str
    version: str
    digests: frozenset[str]

    def __str__(self) -> str:
        """As pip takes it."""
        return f"{self.name}=={self.version}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a lock on a machine: file names of wheels; packages without one, not vouched for by the lock, not for that Python."""

    wheels: tuple[str, ...]
    missing: tuple[str, ...] = ()
    unvouched: tuple[str, ...] = ()
    refusing: tuple[str, ...] = ()

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong, a line each."""
        missing = (f"{name}: no wheel, and not on the list of exceptions" for name in self.missing if name not in EXCEPTIONS)
        unvouched = (f"{name}: its digest is not in the lock" for name in self.unvouched)
        refusing = (f"{name}: is not for this Python" for name in self.refusing)
        return (*missing, *unvouched, *refusing)


def pins_of(lock: str, target: Target) -> list[Pin]:
    """What the text of a lock pins on that machine."""
    found: list[Pin] = []
    for block in re.split(r"\n(?=\S)", lock.replace("\\\n", " ")):
        line, *hashes = block.strip().split("--hash=sha256:")
        if not line or line.startswith("#"):
            continue
        requirement = Requirement(line.strip())
        if requirement.marker is None or requirement.marker.evaluate(target.environment):
            (version,) = (one.version for one in requirement.specifier)
            found.append(Pin(requirement.name, version, frozenset(digest.strip() for digest in hashes)))
    return found


def missing_in(complaint: str) -> list[str]:
    """The packages that pip found no file of, from what it wrote."""
    return _NOT_THERE.findall(complaint)


def judged(pins: Iterable[Pin], target: Target, installed: Sequence[Mapping[str, Any]], missing: Iterable[str]) -> Verdict:
    """Compare what pip would install (`install` of its report) with the lock."""
    digests = {canonicalize_name(pin.name): pin.digests for pin in pins}
    unvouched: list[str] = []
    refusing: list[str] = []
    for one in installed:
        name = canonicalize_name(one["metadata"]["name"])
        if one["download_info"]["archive_info"]["hashes"]["sha256"] not in digests.get(name, frozenset()):
            unvouched.append(name)
        # pip compares this with its own Python, so it is told to look away.
        if f"{target.python}.0" not in SpecifierSet(one["metadata"].get("requires_python", "")):
            refusing.append(name)
    wheels = sorted(one["download_info"]["url"].rsplit("/", 1)[1] for one in installed)
    return Verdict(tuple(wheels), tuple(sorted(missing)), tuple(sorted(unvouched)), tuple(sorted(refusing)))


def check(lock: Path, target: Target) -> Verdict:
    """Ask the index. Raises SystemExit where pip fails for another reason than a missing wheel."""
    pins = pins_of(lock.read_text(encoding="utf-8"), target)
    missing: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        while True:
            wanted = [str(pin) for pin in pins if pin.name not in missing]
            asked = ["install", "--dry-run", "--ignore-installed", "--ignore-requires-python", "--target", folder, "--report", str(report)]
            done = _pip([*asked, *_for(target), *wanted])
            if done.returncode == 0:
                break
            new = missing_in(done.stderr)
            if not new:
                raise SystemExit(f"check-wheels: pip failed: {done.stderr.strip()[-2000:]}")
            missing += new
        return judged(pins, target, json.loads(report.read_text(encoding="utf-8"))["install"], missing)


def download(lock: Path, target: Target, folder: Path) -> None:
    """Fetch the wheels, compared with the digests of the lock; of the exceptions, wheels are made here. Raises SystemExit."""
    pins = pins_of(lock.read_text(encoding="utf-8"), target)
    lines = {pin.name: " ".join([str(pin), *(f"--hash=sha256:{digest}" for digest in sorted(pin.digests))]) for pin in pins}
    with tempfile.TemporaryDirectory() as scratch:
        wheels, sources = Path(scratch) / "wheels.txt", Path(scratch) / "sources.txt"
        wheels.write_text("\n".join(line for name, line in lines.items() if name not in EXCEPTIONS), encoding="utf-8")
        sources.write_text("\n".join(line for name, line in lines.items() if name in EXCEPTIONS), encoding="utf-8")
        fetched = _pip(["download", "--dest", str(folder), "--require-hashes", *_for(target), "--requirement", str(wheels)])
        made = _pip(["wheel", "--no-deps", "--wheel-dir", str(folder), "--require-hashes", "--requirement", str(sources)])
    for done in (fetched, made):
        if done.returncode:
            raise SystemExit(f"check-wheels: pip failed: {done.stderr.strip()[-2000:]}")


def _for(target: Target) -> list[str]:
    platforms = [word for tag in target.platforms for word in ("--platform", tag)]
    return ["--no-deps", "--only-binary", ":all:", "--implementation", "cp", "--python-version", target.python, *platforms]


def _pip(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603


def main() -> int:
    """Check, or download."""
    parser = argparse.ArgumentParser(prog="scripts/check-wheels", description=__doc__)
    parser.add_argument("--machine", default="aarch64", help="processor, as uname -m calls it")
    parser.add_argument("--python", choices=sorted(GLIBC_OF_PYTHON), action="append", help="version of Python; both, if not given")
    parser.add_argument("--lock", type=Path, action="append", help="lock to check; both, if not given")
    parser.add_argument("--download", type=Path, metavar="DIR", help="fetch the wheels into this folder instead")
    given = parser.parse_args()
    faults: list[str] = []
    for python in given.python or GLIBC_OF_PYTHON:
        target = Target(given.machine, python, GLIBC_OF_PYTHON[python])
        for lock in given.lock or LOCKS:
            where = f"{lock.name}, {target.machine}, Python {python}, glibc 2.{target.glibc}"
            if given.download:
                download(lock, target, given.download)
                continue
            verdict = check(lock, target)
            print(f"{where}: {len(verdict.wheels)} wheels, {len(verdict.missing)} packages without", flush=True)
            for name in verdict.missing:
                print(f"    {name}: {EXCEPTIONS.get(name, 'NO WHEEL')}", flush=True)
            faults += [f"{where}: {fault}" for fault in verdict.faults]
    for fault in faults:
        print(f"check-wheels: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
