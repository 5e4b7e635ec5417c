"""The commands about the diary: see it, take it along, delete it."""

from __future__ import annotations

import os
import sys
from contextlib import closing, suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from voiceskill.app import Home
from voiceskill.core.diary import Memory
from voiceskill.diary_files import as_csv, as_json, as_table
from voiceskill.edges.store import SqliteStore
from voiceskill.options import with_common_options
from voiceskill.ports import Fault

diary = typer.Typer(no_args_is_help=True)

_NOTHING = "There is nothing in the diary yet."


class Format(StrEnum):
    """What the diary can be exported as."""

    CSV = "csv"
    JSON = "json"


@diary.callback()
def _diary() -> None:
    """See the diary, take it along, or delete it.

    Example: `voiceskill diary show`
    """


@diary.command()
@with_common_options
def show(home: Home) -> None:
    """Show all that the diary holds.

    Example: `voiceskill diary show`
    """
    memory = _load(home)
    typer.echo(as_table(memory) if memory != Memory() else f"{_NOTHING}\n", nl=False)


@diary.command()
@with_common_options
def export(
    home: Home,
    *,
    as_: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.CSV,
    out: Annotated[Path | None, typer.Option(help="Write it to a file instead of standard output.", metavar="FILE")] = None,
) -> None:
    """Write all that the diary holds as CSV or JSON.

    Example: `voiceskill diary export --format json --out diary.json`
    """
    memory = _load(home)
    if memory == Memory():
        typer.echo(_NOTHING, err=True)
        return
    text = as_csv(memory) if as_ is Format.CSV else as_json(memory)
    if out is None:
        typer.echo(text, nl=False)
    else:
        _write(out, text)


@diary.command()
@with_common_options
def forget(home: Home, *, yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False) -> None:
    """Delete all that the diary holds, for good.

    Example: `voiceskill diary forget --yes`
    """
    with closing(SqliteStore(home.data)) as store:
        if not store.exists():
            typer.echo(_NOTHING)
        elif yes or _confirmed():
            store.forget()
            typer.echo("Everything in the diary was deleted.")
        else:
            typer.echo("Nothing was deleted.")


def _confirmed() -> bool:
    if not sys.stdin.isatty():
        raise typer.BadParameter("there is nobody to ask: give --yes to delete the diary for good")
    return typer.confirm("Delete everything in the diary for good?")


def _load(home: Home) -> Memory:
    with closing(SqliteStore(home.data)) as store:
        memory = store.load_all()
        if store.warning:
            typer.echo(f"voiceskill: {store.warning}", err=True)
        return memory


def _write(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all. Raises Fault."""
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")  # a pipe or a device has no "half written"; a directory says so itself
            return
        path = path.resolve()
        beside = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            beside.touch(mode=0o600)
            beside.write_text(text, encoding="utf-8")
            beside.replace(path)
        finally:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
    except OSError as error:
        raise Fault(f"{path} cannot be written ({error.strerror}): choose another place") from error
