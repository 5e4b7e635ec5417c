"""`voiceskill setup`: finding microphone and loudspeaker, and asking for what cannot be found out."""

from __future__ import annotations

import sys
import threading
from contextlib import ExitStack, closing
from dataclasses import replace

import typer

from voiceskill.app import App, Home
from voiceskill.core.events import Event
from voiceskill.edges.clock import MonotonicClock
from voiceskill.edges.synthesisers.cache import Cached
from voiceskill.guided_setup import GuidedSetup, Inbox, Typed, settings_file
from voiceskill.options import with_common_options
from voiceskill.ports import NoAudioDevice
from voiceskill.running import stop_when_signalled
from voiceskill.setup_sound import SetupSound

_AGAIN = "see that it is listed (voiceskill devices), then run this again"


@with_common_options
def setup(home: Home) -> None:
    """Set the device up, by voice or by typing: microphone, loudspeaker, levels, wake phrase, country; then ask it something.

    Nothing changes before the end: "stop", q or Ctrl-C leave the settings as they were. Enter means yes, or: leave that as it is.
    Exit code: 3 where no microphone heard you or no loudspeaker was heard.

    Example: `voiceskill setup`
    """
    stop_when_signalled()
    inbox = Inbox()
    with ExitStack() as stack:
        file = settings_file(home)
        app = stack.enter_context(App(replace(home, settings_file=file if file.exists() else None)))
        clock = MonotonicClock()
        synthesiser = stack.enter_context(closing(Cached(app.synthesiser(), app.home.cache / "speech", app.speech_cache_bytes)))

        def heard(event: Event) -> None:
            inbox.put(event)

        sound = stack.enter_context(closing(SetupSound(app, app.recogniser(), synthesiser, clock, heard)))
        guided = GuidedSetup(app, file, sound, inbox, clock, lambda line: typer.echo(line))
        for title, found in (("microphone", sound.microphones), ("loudspeaker", sound.loudspeakers)):
            for number, candidate in enumerate(found, 1):
                typer.echo(f"  {title} {number}: {candidate.shown}")
        for fault in sound.open_all():
            typer.echo(fault, err=True)
        threading.Thread(target=_read, args=(inbox,), name="keyboard", daemon=True).start()
        turned = stack.enter_context(ExitStack())
        turned.callback(sound.restore)
        end = guided.run()
        if end.kept:
            turned.pop_all()
    if end.deaf:
        raise NoAudioDevice(f"No microphone heard you. Plug one in or switch it on, {_AGAIN}")
    if end.mute:
        raise NoAudioDevice(f"You heard no loudspeaker. Plug one in or turn it up, {_AGAIN}")


def _read(inbox: Inbox) -> None:
    for line in sys.stdin:
        inbox.put(Typed(line.rstrip("\n")))
    inbox.put(Typed(None))
