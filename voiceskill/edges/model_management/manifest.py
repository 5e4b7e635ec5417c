"""The list of models: where each comes from, under what licence, how large it is, and its digest where one is known."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from voiceskill.ports import Fault

SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""What a model, and a file of its own, may be called: a plain name on every file system, never a path."""

_OUR_OWN_MACHINE = {"127.0.0.1", "::1", "localhost"}


class Kind(StrEnum):
    """What a model is, and so where it lies and how it is checked."""

    VOSK = "vosk"  # a recogniser: a folder from a zip
    PIPER = "piper"  # a voice: NAME.onnx and NAME.onnx.json
    SHIPPED = "shipped"  # a folder that comes with this program
    PACKAGE = "package"  # comes inside a Python package that this program needs


INSTALLABLE = (Kind.VOSK, Kind.PIPER)


def is_safe_address(address: str) -> bool:
    """Whether what comes from there cannot be changed on the way: over TLS, or from this very machine."""
    parts = urlsplit(address)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _OUR_OWN_MACHINE))


def _safe(address: str) -> str:
    if not is_safe_address(address):
        raise ValueError("must begin with https://")
    return address


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class RemoteFile(_Strict):
    """A file to fetch."""

    url: Annotated[str, AfterValidator(_safe)]
    bytes: Annotated[int, Field(gt=0)]
    exact: bool = True
    """Whether `bytes` is its size to the byte, or as its publisher rounds it."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    digest_from: str = ""
    """Where the digest was found: publishers of models seldom give one."""

    @model_validator(mode="after")
    def _consistent(self) -> RemoteFile:
        if not SAFE_NAME.fullmatch(self.name):
            raise ValueError(f"the address ends with {self.name!r}, which is no name of a file")
        if bool(self.sha256) != bool(self.digest_from):
            raise ValueError("sha256 and digest_from go together")
        return self

    @property
    def name(self) -> str:
        """What it is called."""
        return urlsplit(self.url).path.rpartition("/")[2]

    @property
    def most(self) -> int:
        """More bytes than this are not that file."""
        return self.bytes if self.exact else self.bytes * 5 // 4


class Model(_Strict):
    """A model."""

    name: Annotated[str, Field(pattern=f"^{SAFE_NAME.pattern}$")]
    kind: Annotated[Kind, Field(strict=False)]
    about: str
    licence: str
    files: tuple[RemoteFile, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _consistent(self) -> Model:
        names = [file.name for file in self.files]
        match self.kind:
            case Kind.VOSK if len(names) != 1 or not names[0].endswith(".zip"):
                raise ValueError("a Vosk model is one zip")
            case Kind.PIPER if names != [f"{self.name}.onnx", f"{self.name}.onnx.json"]:
                raise ValueError(f"a Piper voice is {self.name}.onnx and {self.name}.onnx.json, in this order")
            case Kind.SHIPPED | Kind.PACKAGE if names:
                raise ValueError("what comes with the program has no files to fetch")
        return self

    @property
    def bytes(self) -> int:
        """How much there is to fetch."""
        return sum(file.bytes for file in self.files)

    @property
    def verified(self) -> bool:
        """Whether every file can be compared with a digest."""
        return all(file.sha256 for file in self.files)


class Manifest(_Strict):
    """All models that are listed."""

    models: tuple[Model, ...] = Field(strict=False)

    @model_validator(mode="after")
    def _consistent(self) -> Manifest:
        names = [model.name.casefold() for model in self.models]
        if doubled := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"listed twice: {', '.join(sorted(doubled))}")
        return self

    def find(self, name: str) -> Model | None:
        """The model called so."""
        return next((model for model in self.models if model.name == name), None)

    def of(self, kinds: Iterable[Kind]) -> tuple[Model, ...]:
        """Those of these kinds, in the order of the list."""
        wanted = set(kinds)
        return tuple(model for model in self.models if model.kind in wanted)


def load_manifest(path: Path) -> Manifest:
    """Read the list. Raises Fault with a line for every error."""
    try:
        return Manifest.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise Fault(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Fault(f"{path}: is not valid TOML ({error})") from error
    except ValidationError as error:
        told = (f"{path}: {'.'.join(map(str, one['loc']))}: {one['msg'].removeprefix('Value error, ')}" for one in error.errors())
        raise Fault("\n".join(told)) from error
