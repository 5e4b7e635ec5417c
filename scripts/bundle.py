"""Gathers a bundle for scripts/install-pi: wheels and Debian packages for the target, models, and the digests of all. See make-bundle."""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from packaging.markers import Marker
from packaging.utils import parse_wheel_filename

from voiceskill import __version__

ROOT = Path(__file__).parent.parent

SOURCE_ONLY = ("srt",)
"""Published without a wheel. They are plain Python, so ours fits everywhere."""


@dataclass(frozen=True, slots=True)
class System:
    """An edition of Debian: its Python, and the minor version of its C library."""

    name: str
    python: str
    glibc: int


SYSTEMS = {system.name: system for system in (System("bookworm", "3.11", 36), System("trixie", "3.13", 41))}
DEBIAN_NAMES = {"aarch64": "arm64", "x86_64": "amd64"}


@dataclass(frozen=True, slots=True)
class Target:
    """What a bundle is for."""

    machine: str
    system: System

    @property
    def markers(self) -> dict[str, str]:
        """What the markers of a lock are held against."""
        return {
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
            "os_name": "posix",
            "sys_platform": "linux",
            "platform_system": "Linux",
            "platform_machine": self.machine,
            "python_version": self.system.python,
            "python_full_version": f"{self.system.python}.0",
        }

    def pip_options(self) -> Iterator[str]:
        """Have pip choose wheels for it."""
        bare = self.system.python.replace(".", "")
        yield from ("--only-binary=:all:", "--implementation=cp", f"--python-version={self.system.python}")
        yield from (f"--abi={abi}" for abi in (f"cp{bare}", "abi3", "none"))
        yield from (f"--platform=manylinux_2_{minor}_{self.machine}" for minor in range(self.system.glibc, 4, -1))
        yield f"--platform=manylinux2014_{self.machine}"


def main(arguments: Sequence[str]) -> None:
    """Make a bundle as the command line says."""
    parser = argparse.ArgumentParser(prog="make-bundle", description="Gather all that an installation without network needs.")
    parser.add_argument("folder", type=Path, help="where the bundle's folder is made, such as /media/stick")
    parser.add_argument("--machine", choices=DEBIAN_NAMES, default="aarch64", help="what `uname -m` says there; usually %(default)s")
    parser.add_argument("--system", choices=SYSTEMS, default="bookworm", help="edition of Raspberry Pi OS or Debian; usually %(default)s")
    parser.add_argument("--model", type=Path, action="append", default=[], help="a model's file to bring along; more than once, if need be")
    parser.add_argument("--without-debian", action="store_true", help="leave Debian's packages out")
    options = parser.parse_args(arguments)
    target = Target(options.machine, SYSTEMS[options.system])
    if missing := [str(model) for model in options.model if not model.is_file()]:
        _fail(f"{missing[0]}: there is no such file")
    bundle = options.folder / f"voiceskill-{__version__}-{target.machine}-{target.system.name}"
    part = bundle.with_name(f"{bundle.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    gather(part, target, options.model, debian=not options.without_debian)
    shutil.rmtree(bundle, ignore_errors=True)
    part.rename(bundle)
    size = sum(file.stat().st_size for file in bundle.rglob("*") if file.is_file()) / 2**20
    print(f"{bundle}: {size:.0f} MB. Its seal: {digest(bundle / 'SHA256SUMS')[:16]}")
    print("On the other machine: sudo bash install-pi, in that folder")


def gather(bundle: Path, target: Target, models: Iterable[Path], *, debian: bool) -> None:
    """Put everything for `target` into the folder `bundle`."""
    _say("Python packages")
    fetch_wheels(bundle / "wheels", target)
    (bundle / "wheels.lock").write_text(lock_of(bundle / "wheels"), encoding="utf-8")
    if debian:
        _say("Debian packages")
        fetch_debian(bundle / "debs", target, debian_packages((ROOT / "service" / "debian-packages").read_text(encoding="utf-8")))
        (bundle / "debs" / "Packages").write_text(index_of(bundle / "debs"), encoding="utf-8")
    for model in models:
        (bundle / "models").mkdir(exist_ok=True)
        for file in (model, model.with_name(f"{model.name}.json")):
            if file.is_file():
                shutil.copyfile(file, bundle / "models" / file.name)
    shutil.copytree(ROOT / "service", bundle / "service")
    shutil.copyfile(ROOT / "scripts" / "install-pi", bundle / "install-pi")
    shutil.copyfile(ROOT / "docs" / "raspberry-pi.md", bundle / "README.md")
    identity = _run("scripts/identify").strip()
    told = {"version": __version__, "identity": identity, "machine": target.machine, "python": target.system.python}
    (bundle / "bundle.conf").write_text("".join(f"{key}={value}\n" for key, value in told.items()), encoding="utf-8")
    (bundle / "SHA256SUMS").write_text(sums_of(bundle), encoding="utf-8")


# Python packages.


def requirements_for(lock: str, markers: Mapping[str, str]) -> dict[str, str]:
    """The requirements of a lock that hold on a machine with those `markers`, by name, each with its hashes and without its marker."""
    found: dict[str, str] = {}
    for block in re.findall(r"^\S+==.*(?:\n +--hash=.*)*", lock, re.MULTILINE):
        first, *hashes = (line.rstrip("\\ ").strip() for line in block.splitlines())
        pin, _, marker = first.partition(";")
        if not marker.strip() or Marker(marker).evaluate(dict(markers)):
            found[pin.partition("==")[0]] = " \\\n    ".join([pin.strip(), *hashes])
    return found


def fetch_wheels(folder: Path, target: Target) -> None:
    """Fetch what the lock pins, by its digests, and make a wheel of this program."""
    folder.mkdir()
    wanted = requirements_for((ROOT / "requirements" / "run.lock").read_text(encoding="utf-8"), target.markers)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet")
    with tempfile.TemporaryDirectory() as scratch:
        as_wheels, as_source = Path(scratch) / "wheels.txt", Path(scratch) / "source.txt"
        as_wheels.write_text("\n".join(text for name, text in wanted.items() if name not in SOURCE_ONLY), encoding="utf-8")
        as_source.write_text("\n".join(text for name, text in wanted.items() if name in SOURCE_ONLY), encoding="utf-8")
        common = ("--no-deps", "--require-hashes", "--requirement")
        _run(*pip, "download", *target.pip_options(), "--dest", str(folder), *common, str(as_wheels))
        _run(*pip, "wheel", "--no-binary=:all:", "--wheel-dir", str(folder), *common, str(as_source))
        _run(*pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    if foreign := [
        file.name for file in folder.glob("*.whl") if file.name.startswith(SOURCE_ONLY) and not file.name.endswith("-none-any.whl")
    ]:
        _fail(f"{foreign[0]} was made for this machine alone")


def lock_of(folder: Path) -> str:
    """Requirements with the digests of the wheels in `folder`."""
    lines = []
    for file in sorted(folder.glob("*.whl")):
        name, version, *_ = parse_wheel_filename(file.name)
        lines.append(f"{name}=={version} --hash=sha256:{digest(file)}\n")
    return "".join(lines)


# Debian packages.


def debian_packages(text: str) -> list[str]:
    """The names in a list with remarks."""
    return [line for line in (line.partition("#")[0].strip() for line in text.splitlines()) if line]


def fetch_debian(folder: Path, target: Target, packages: Sequence[str]) -> None:
    """Fetch `packages` and all that they need, as if nothing were installed there; this machine's own packages are left alone."""
    folder.mkdir()
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        for part in ("etc", "lists/partial", "cache/archives/partial"):
            (place / part).mkdir(parents=True)
        (place / "status").touch()
        (place / "etc" / "sources.list").write_text(_sources(target), encoding="utf-8")
        architecture = DEBIAN_NAMES[target.machine]
        settings = {
            "Dir::Etc::sourcelist": place / "etc" / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State::lists": place / "lists",
            "Dir::State::status": place / "status",
            "Dir::Cache": place / "cache",
            "APT::Architecture": architecture,
            "APT::Architectures": architecture,
            "APT::Sandbox::User": "root",
            "pkgCacheGen::Essential": "none",
            "Debug::NoLocking": "1",
        }
        apt = ("apt-get", "--quiet=2", *(f"--option={key}={value}" for key, value in settings.items()))
        _run(*apt, "update")
        _run(*apt, "--yes", "--no-install-recommends", "--download-only", "install", *packages)
        for file in (place / "cache" / "archives").glob("*.deb"):
            shutil.copyfile(file, folder / file.name)


def _sources(target: Target) -> str:
    """Where this machine gets Debian's packages, for the edition of the target."""
    listed = _run("apt-get", "indextargets", "--format", "$(REPO_URI) $(SIGNED_BY)", "Created-By: Packages").splitlines()
    keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
    mirrors = dict.fromkeys(uri for uri in (line.split()[0] for line in listed) if re.search(r"/debian(-security)?/$", uri))
    if not any(uri.endswith("/debian/") for uri in mirrors) or not Path(keys).exists():
        _fail("this machine does not get its packages from Debian: take --without-debian, and install them on the target with network")
    suite = target.system.name
    names = {uri: (f"{suite}-security",) if uri.endswith("-security/") else (suite, f"{suite}-updates") for uri in mirrors}
    return "".join(f"deb [signed-by={keys}] {uri} {name} main\n" for uri in mirrors for name in names[uri])


def index_of(folder: Path) -> str:
    """What apt wants to know of the packages in `folder`."""
    entries = []
    for file in sorted(folder.glob("*.deb")):
        about = _run("dpkg-deb", "--field", str(file)).strip()
        entries.append(f"{about}\nFilename: ./{file.name}\nSize: {file.stat().st_size}\nSHA256: {digest(file)}\n")
    return "\n".join(entries)


# Digests.


def digest(file: Path) -> str:
    """SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sums_of(bundle: Path) -> str:
    """The digests of all files, as sha256sum(1) reads them."""
    files = sorted(file for file in bundle.rglob("*") if file.is_file() and file.name != "SHA256SUMS")
    return "".join(f"{digest(file)}  {file.relative_to(bundle)}\n" for file in files)


# Talking.


def _run(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 - our own commands
    if done.returncode:
        _fail(f"this failed: {' '.join(command[:8])}")
    return done.stdout


def _say(line: str) -> None:
    print(f"==> {line}", flush=True)


def _fail(line: str) -> NoReturn:
    sys.exit(f"make-bundle: {line}")


if __name__ == "__main__":
    main(sys.argv[1:])
