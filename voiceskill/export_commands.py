"""The commands that write a skill in the formats of other assistants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from voiceskill import __version__
from voiceskill.app import App, Home
from voiceskill.core.skill import Skill
from voiceskill.edges.folder import write_folder
from voiceskill.export import home_assistant_files, ovos_files
from voiceskill.options import with_common_options

export = typer.Typer(no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="Folder to write into; made where there is none.", metavar="DIR")]
Force = Annotated[bool, typer.Option("--force", help="Write into a folder that holds other files; those of the same names are replaced.")]

_README = "README.md"


@export.callback()
def _export() -> None:
    """Write sentences and skill files for other assistants.

    Example: `voiceskill export homeassistant exported`
    """


@export.command()
@with_common_options
def homeassistant(home: Home, folder: Folder, *, force: Force = False) -> None:
    """Write custom sentences, the scripts that answer them, and a blueprint for calls for help, for Home Assistant.

    Example: `voiceskill export homeassistant exported`
    """
    _write(home, "homeassistant", home_assistant_files, folder, force=force)


@export.command()
@with_common_options
def ovos(home: Home, folder: Folder, *, force: Force = False) -> None:
    """Write a skill package for Open Voice OS, which hands what is said to `voiceskill serve`.

    Example: `voiceskill export ovos exported-skill`
    """
    _write(home, "ovos", ovos_files, folder, force=force)


def _write(home: Home, kind: str, export_as: Callable[[Skill, str], Mapping[str, str]], folder: Path, *, force: bool) -> None:
    with App(home) as device:
        files = export_as(device.skill, __version__)
    write_folder(folder, kind, files, force=force)
    typer.echo(f"{len(files)} files were written. What to do with them: {folder / _README}")
