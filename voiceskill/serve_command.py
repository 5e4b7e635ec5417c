"""`voiceskill serve`: answering others in the house."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import Annotated

import typer

from voiceskill.app import App, Home
from voiceskill.bedside_light import light_of
from voiceskill.bedside_screen import screen_at
from voiceskill.household import household_of
from voiceskill.options import with_common_options
from voiceskill.running import announce, listening, stop_when_signalled, when_signalled
from voiceskill.serve import USUAL_ADDRESS, wyoming, wyoming_address
from voiceskill.watched import run_watched


@with_common_options
def serve(
    home: Home,
    *,
    wyoming_at: Annotated[
        str | None,
        typer.Option("--wyoming", help=f"Where to listen for Wyoming clients; usually {USUAL_ADDRESS}.", metavar="tcp://HOST:PORT"),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option("--http", help="Serve the bedside screen here; a browser elsewhere in the house needs a code.", metavar="HOST:PORT"),
    ] = None,
    mqtt: Annotated[
        str | None,
        typer.Option(
            "--mqtt", help="Show the device at the bedside to this broker, with the settings of [mqtt].", metavar="mqtt://HOST:PORT"
        ),
    ] = None,
    audio: Annotated[bool, typer.Option("--audio", help="Listen and answer at the bedside too, as `run` does.")] = False,
) -> None:
    """Answer others in the house over Wyoming, such as Home Assistant: our conversation, our ears and our voice.

    Only programs on this machine are answered, unless an address that others can reach is given, and the setting `wyoming_allow` names
    the networks that may ask.

    Example: `voiceskill serve --wyoming tcp://0.0.0.0:10500`, or with the bedside screen: `voiceskill serve --audio --http 127.0.0.1:8480`
    """
    if mqtt is not None and not audio:
        raise typer.BadParameter("--mqtt shows the device at the bedside: give --audio too")
    stop_when_signalled()
    with ExitStack() as stack:
        device = stack.enter_context(App(home))
        address = stack.enter_context(wyoming(device, wyoming_address(device, wyoming_at), alone=not audio))
        screen = stack.enter_context(screen_at(device, announce, http))
        typer.echo(f"Answering others at tcp://{address}. Ctrl-C stops.", err=True)
        if audio:
            with household_of(device, mqtt) as household, light_of(device) as light:
                run_watched(device, lambda _at, _happening: None, listening, screen=screen, household=household, light=light)
            return
        over = threading.Event()
        when_signalled(over.set)
        over.wait()
