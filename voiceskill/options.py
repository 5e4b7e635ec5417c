"""The options that every command takes."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from voiceskill.app import Home

_OPTIONS: dict[str, Any] = {
    "config": Annotated[Path | None, typer.Option(help="Settings file, in TOML.", metavar="FILE", show_default=False)],
    "data_dir": Annotated[Path | None, typer.Option(help="Folder for models and everything kept.", metavar="DIR", show_default=False)],
    "intents": Annotated[
        Path | None, typer.Option(help="Folder of intents to use instead of the shipped one.", metavar="DIR", show_default=False)
    ],
    "verbose": Annotated[bool, typer.Option("--verbose", "-v", help="Say more about what goes on.")],
}


def with_common_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give `command`, whose first parameter is a Home, the common options in its place."""

    @functools.wraps(command)
    def wrapper(*args: Any, config: Path | None, data_dir: Path | None, intents: Path | None, verbose: bool, **kwargs: Any) -> None:
        logging.basicConfig(level=logging.DEBUG if verbose else logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
        command(Home.find(config, data_dir, intents), *args, **kwargs)

    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    common = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False if name == "verbose" else None, annotation=annotation)
        for name, annotation in _OPTIONS.items()
    ]
    del wrapper.__wrapped__  # or inspect would look through to the command's own signature
    wrapper.__signature__ = inspect.Signature([*own, *common])  # type: ignore[attr-defined]
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *common)}
    return wrapper
