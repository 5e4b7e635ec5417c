"""The commands about models: see them, install, check and remove them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.table import Table

from voiceskill.app import Home, profile_of, shipped
from voiceskill.edges.encoder import verify as verify_shipped
from voiceskill.edges.model_management.library import VOICES, Installed, Library
from voiceskill.edges.model_management.manifest import INSTALLABLE, Kind, Manifest, Model
from voiceskill.edges.model_management.watch import readable
from voiceskill.edges.models import try_vosk_model
from voiceskill.edges.recognisers.choose import OWN_MODEL, first_choice
from voiceskill.edges.recognisers.moonshine_engine import MODEL as MOONSHINE_MODEL
from voiceskill.edges.recognisers.moonshine_engine import MoonshineRecogniser
from voiceskill.edges.synthesisers.piper import choose_voice
from voiceskill.edges.synthesisers.piper import is_installed as piper_speaks
from voiceskill.model_desk import known_models, open_library
from voiceskill.options import with_common_options
from voiceskill.ports import Fault, ModelMissing
from voiceskill.progress import Quiet, shown
from voiceskill.settings import Settings, load_settings

models = typer.Typer(no_args_is_help=True)

OFFERED = "vosk-model-small-en-us-0.15"
"""What `scripts/run` offers once: small enough for every Raspberry Pi."""

OFFERED_FILE = ".offered"
"""In the folder of models, once it was offered. scripts/run looks for it, too."""

_DAMAGED, _DAMAGED_IN_USE = 1, 4
_STOPPED_BY_KEYS = 130
_WIDTH_WITHOUT_TERMINAL = 160

ListFile = Annotated[
    Path | None,
    typer.Option("--manifest", help="Another list of models, such as that of a server at home.", metavar="FILE", show_default=False),
]
Name = Annotated[str, typer.Argument(help="Its name, as `voiceskill models list` shows it.", metavar="NAME")]


@models.callback()
def _models() -> None:
    """See the models that it hears and speaks with; install, check and remove them.

    Example: `voiceskill models install vosk-model-small-en-us-0.15`
    """


@models.command("list")
@with_common_options
def list_(
    home: Home, *, manifest: ListFile = None, as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False
) -> None:
    """List the models that can be installed, that are, and that come with the program.

    Example: `voiceskill models list`
    """
    known = known_models(manifest)
    library = open_library(home, known, Quiet())
    rows = [_row(library, model) for model in known.models]
    rows += [_row_by_hand(one) for one in library.installed() if known.find(one.name) is None]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table("name", "what it is", "size", "licence", "how it stands", box=None, pad_edge=False)
    for row in rows:
        size = readable(row["bytes"]) if row["bytes"] else ""
        state = row["state"] + ("" if row["verified"] in (True, None) else ", not verified")
        table.add_row(row["name"], row["about"], size, row["licence"], state)
    Console(width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL).print(table)


@models.command()
@with_common_options
def install(
    home: Home,
    name: Annotated[str | None, typer.Argument(help="Its name, as `voiceskill models list` shows it.", metavar="NAME")] = None,
    *,
    source: Annotated[
        Path | None, typer.Option("--from", help="A Vosk zip, or a Piper voice's .onnx with its .onnx.json beside it.", metavar="FILE")
    ] = None,
    manifest: ListFile = None,
) -> None:
    """Fetch a model and put it in its place, or take it from a file, such as one on a USB stick.

    When it is interrupted, the same command goes on where it stopped. What was installed before stays until the new one has been tried.

    Example: `voiceskill models install vosk-model-small-en-us-0.15`
    """
    known = known_models(manifest)
    if source is None:
        _install(home, known, _listed(known, name))
        return
    with shown() as watch, _interruptible():
        installed = open_library(home, known, watch).install_from(source, name)
    _tell_of_use(home, installed)


@models.command()
@with_common_options
def verify(home: Home, *, manifest: ListFile = None) -> None:
    """Check every model: its files against what was installed, and that it loads.

    Exit code: 4 when a model in use is missing or damaged, else 1 when another one is.

    Example: `voiceskill models verify`
    """
    known = known_models(manifest)
    code = 0
    results: list[str] = []
    with shown() as watch:
        for name, in_use, check in _checks(home, known, open_library(home, known, watch), load_settings(home.settings_file)):
            use = ", in use" if in_use else ""
            try:
                check()
            except ModelMissing as fault:
                results.append(f"{name}: missing or damaged{use}. {fault}")
                code = _DAMAGED_IN_USE if in_use else code or _DAMAGED
            else:
                results.append(f"{name}: intact{use}")
    typer.echo("\n".join(results))
    raise typer.Exit(code)


@models.command()
@with_common_options
def remove(
    home: Home, name: Name, *, manifest: ListFile = None, yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False
) -> None:
    """Delete an installed model, or what was fetched of one.

    Example: `voiceskill models remove vosk-model-small-en-us-0.15 --yes`
    """
    known = known_models(manifest)
    library = open_library(home, known, Quiet())
    one, fetched = library.find(name), library.fetched(name) if known.find(name) else 0
    if one is None and not fetched:
        listed = known.find(name)
        if listed and listed.kind not in INSTALLABLE:
            raise Fault(f"{name} comes with the program and stays")
        raise typer.BadParameter(f"{name} is not installed; `voiceskill models list` shows what is")
    if not yes and not _confirmed(home, name, one):
        typer.echo("Nothing was removed.")
    elif one is None:
        library.forget_fetched(name)
        typer.echo(f"What was fetched of {name} is gone.")
    else:
        library.remove(one)
        typer.echo(f"{name} is gone.")


@models.command(hidden=True)
@with_common_options
def offer(home: Home, *, manifest: ListFile = None) -> None:
    """Offer the small official Vosk model, once, where somebody can answer. For scripts/run.

    Example: `voiceskill models offer`
    """
    if os.environ.get("CI") or not (sys.stdin.isatty() and sys.stderr.isatty()) or os.path.exists(home.models / OFFERED_FILE):  # noqa: PTH110 - Path raises where it may not look
        return
    known = known_models(manifest)
    model = known.find(OFFERED)
    if model is None or any(one.kind is Kind.VOSK for one in open_library(home, known, Quiet()).installed()):
        return
    typer.echo(
        f"No Vosk model is installed; it hears with Moonshine, which came along. The official small Vosk model can be added: "
        f"{readable(model.bytes)} from {urlsplit(model.files[0].url).hostname}, {model.licence}.\n"
        f"You are asked this once. Later, type: .venv/bin/voiceskill models install {OFFERED}",
        err=True,
    )
    try:
        wanted = typer.confirm("Fetch it now?", default=False, err=True)
    except typer.Abort as abort:
        raise typer.Exit(_STOPPED_BY_KEYS) from abort
    with suppress(OSError):
        home.models.mkdir(parents=True, exist_ok=True)
        (home.models / OFFERED_FILE).touch()
    if wanted:
        try:
            _install(home, known, model)
        except Fault as fault:
            typer.echo(f"voiceskill: {fault}\nGoing on with what came along.", err=True)


# Installing.


def _listed(known: Manifest, name: str | None) -> Model:
    """The model to install. Raises BadParameter where none is named so."""
    if name is None:
        raise typer.BadParameter("give the name of a model, or --from FILE; `voiceskill models list` shows the names")
    model = known.find(name)
    if model is None:
        names = ", ".join(model.name for model in known.of(INSTALLABLE))
        raise typer.BadParameter(f"no model is called {name}. There are: {names}. One of your own is installed with --from FILE")
    if model.kind not in INSTALLABLE:
        raise typer.BadParameter(f"{name} comes with the program: there is nothing to install")
    return model


def _install(home: Home, known: Manifest, model: Model) -> None:
    with shown() as watch, _interruptible():
        new = open_library(home, known, watch).install(model)
    if new:
        _tell_of_use(home, model.name)
    else:
        typer.echo(f"{model.name} is installed already, and intact.")


@contextmanager
def _interruptible() -> Iterator[None]:
    """Make of Ctrl-C a fault that says how it goes on."""
    try:
        yield
    except KeyboardInterrupt as stop:
        raise Fault("Stopped. What was fetched is kept: type the same command again to go on") from stop


def _tell_of_use(home: Home, name: str) -> None:
    """Say that it is installed, and what is needed for it to be used."""
    if name in _in_use(home):
        typer.echo(f"{name} is installed, and in use from the next start on.")
    elif (home.models / name).is_dir():
        typer.echo(f'{name} is installed. To hear with it, put this into the settings: model = "{name}"')
    elif not piper_speaks(home.models / VOICES):
        typer.echo(f"{name} is installed. To speak with it, Piper itself is needed: .venv/bin/pip install 'piper-tts>=1.3'")
    else:
        typer.echo(f'{name} is installed. To speak with it, put this into the settings: voice = "{name}"')


# What is there.


def _row(library: Library, model: Model) -> dict[str, Any]:
    """A listed model, and how it stands."""
    one, fetched = library.find(model.name), library.fetched(model.name)
    match model.kind:
        case Kind.SHIPPED | Kind.PACKAGE:
            state = "comes with the program"
        case _ if one is not None:
            state = "installed" if one.record else "put there by hand"
        case _ if fetched:
            state = f"partly fetched, {readable(fetched)}"
        case _:
            state = "not installed"
    return {
        "name": model.name,
        "kind": model.kind.value,
        "about": model.about,
        "bytes": model.bytes,
        "licence": model.licence,
        "state": state,
        "verified": _verified(one) if one and one.record else model.verified if model.files else None,
    }


def _row_by_hand(one: Installed) -> dict[str, Any]:
    """A model that no list knows."""
    about = "hears" if one.kind is Kind.VOSK else "speaks"
    state, size = ("installed", one.record.bytes) if one.record else ("put there by hand", 0)
    verified = _verified(one) if one.record else None
    return {"name": one.name, "kind": one.kind.value, "about": about, "bytes": size, "licence": "", "state": state, "verified": verified}


def _verified(one: Installed) -> bool:
    return one.record is not None and all(source.verified for source in one.record.sources.values())


def _hears_with(home: Home, settings: Settings) -> str:
    """The name of the model that it hears with, or would if it were whole; the path of one that lies elsewhere."""
    choice = first_choice(settings.own_recogniser, home.models, settings.model or None, profile_of(settings))
    path = home.models / choice
    return path.name if path.parent == home.models else str(path)


def _speaks_with(home: Home, settings: Settings) -> str | None:
    """The name of the Piper voice that it speaks with, or would if it were whole; None where another engine speaks."""
    voices = home.models / VOICES
    if settings.synthesiser == "piper" and settings.voice:
        return settings.voice
    if settings.synthesiser == "piper" or (settings.synthesiser == "auto" and piper_speaks(voices)):
        with suppress(Fault):  # the voice of another engine
            return choose_voice(settings.voice or None, voices)
    return None


def _in_use(home: Home) -> set[str | None]:
    settings = load_settings(home.settings_file)
    return {_hears_with(home, settings), _speaks_with(home, settings)}


def _checks(home: Home, known: Manifest, library: Library, settings: Settings) -> Iterator[tuple[str, bool, Callable[[], object]]]:
    """All that can be checked: its name, whether it is in use, and what raises ModelMissing when it is not as it must be."""
    ears, voice = _hears_with(home, settings), _speaks_with(home, settings)
    for model in known.of([Kind.SHIPPED]):
        yield model.name, model.name == ears or model.name != OWN_MODEL, partial(verify_shipped, shipped("models") / model.name)
    if ears == MOONSHINE_MODEL or find_spec("moonshine_voice"):
        yield MOONSHINE_MODEL, ears == MOONSHINE_MODEL, lambda: MoonshineRecogniser().close()
    installed = library.installed()
    for one in installed:
        yield one.name, one.name in (ears, voice), partial(library.check, one)
    there = {one.name for one in installed} | {model.name for model in known.of([Kind.SHIPPED])}
    if ears not in there | {MOONSHINE_MODEL}:
        yield ears, True, partial(try_vosk_model, home.models / ears, home.cache)
    if voice is not None and voice not in there:
        yield voice, True, partial(choose_voice, None, None)


def _confirmed(home: Home, name: str, one: Installed | None) -> bool:
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"there is nobody to ask: give --yes to remove {name}")
    used = one is not None and name in _in_use(home)
    return typer.confirm(f"Remove {name}{', which is in use' if used else ''}?")
