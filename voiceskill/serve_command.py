"""`voiceskill serve`: answering others in the house."""

from __future__ import annotations

import threading
from typing import Annotated

import typer

from voiceskill.app import App, Home
from voiceskill.live import run_live
from voiceskill.options import with_common_options
from voiceskill.running import listening, stop_when_signalled, when_signalled
from voiceskill.serve import USUAL_ADDRESS, wyoming, wyoming_address


@with_common_options
def serve(
    home: Home,
    *,
    wyoming_at: Annotated[
        str | None,
        typer.Option("--wyoming", help=f"Where to listen for Wyoming clients; usually {USUAL_ADDRESS}.", metavar="tcp://HOST:PORT"),
    ] = None,
    audio: Annotated[bool, typer.Option("--audio", help="Listen and answer at the bedside too, as `run` does.")] = False,
) -> None:
    """Answer others in the house over Wyoming, such as Home Assistant: our conversation, our ears and our voice.

    Only programs on this machine are answered, unless an address that others can reach is given, and the setting `wyoming_allow` names
    the networks that may ask.

    Example: `voiceskill serve --wyoming tcp://0.0.0.0:10500`
    """
    stop_when_signalled()
    with App(home) as device, wyoming(device, wyoming_address(device, wyoming_at)) as address:
        typer.echo(f"Answering others at tcp://{address}. Ctrl-C stops.", err=True)
        if audio:
            run_live(device, lambda _at, _happening: None, listening)
            return
        over = threading.Event()
        when_signalled(over.set)
        over.wait()
