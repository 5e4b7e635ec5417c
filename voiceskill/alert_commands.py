"""The commands about alerts: try them out, and say that one was seen."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from voiceskill.app import App, Home
from voiceskill.edges.alerting.outbox import FolderOutbox
from voiceskill.options import with_common_options
from voiceskill.ports import AlertSink, Fault, Notice, Unfinished

alert = typer.Typer(no_args_is_help=True)

_TEST = "this is only a test, nobody needs help"


@alert.callback()
def _alert() -> None:
    """Try out who is told when somebody needs help, and say that an alert was seen.

    Example: `voiceskill alert test`
    """


@alert.command()
@with_common_options
def test(home: Home) -> None:
    """Send a test, marked as one, to all whom the settings name, and print what came of it.

    Exit code: 1 where one of them was not reached.

    Example: `voiceskill alert test`
    """
    with App(home) as device:
        sinks = device.alert_sinks()
        if not sinks:
            raise Fault("nobody is told of alerts: add [[alerts.webhook]] or [[alerts.command]] to the settings, as docs/alerts.md shows")
        now = datetime.now().astimezone()
        notice = Notice(f"test-{now:%Y%m%d-%H%M%S}", "test", "today", _TEST, device.settings.alerts.device, now, status="test")
        outcomes = [_try(sink, notice) for sink in sinks]
    if not all(outcomes):
        raise typer.Exit(1)


def _try(sink: AlertSink, notice: Notice) -> bool:
    try:
        seen_by = sink.send(notice)
    except Fault as fault:
        typer.echo(f"{sink.name}: not reached. {fault}")
        return False
    seen = "" if seen_by is None else f", and says that {seen_by or 'somebody'} has seen it"
    typer.echo(f"{sink.name}: took it{seen}")
    return True


@alert.command(name="list")
@with_common_options
def list_(home: Home) -> None:
    """List the alerts that nobody has seen yet.

    Example: `voiceskill alert list`
    """
    waiting = FolderOutbox(home.data).unfinished()
    for one in waiting:
        typer.echo(_line(one))
    if not waiting:
        typer.echo("No alert waits to be seen.")


@alert.command()
@with_common_options
def acknowledge(
    home: Home,
    which: Annotated[str | None, typer.Argument(help="Its id, as `voiceskill alert list` has it; without it, all.", metavar="ID")] = None,
    *,
    by: Annotated[str, typer.Option(help="Who has seen it; said aloud at the bedside.", metavar="NAME")] = "",
) -> None:
    """Say that an alert was seen. The device, running beside this, says so aloud and sends it no more.

    Example: `voiceskill alert acknowledge --by Anna`
    """
    outbox = FolderOutbox(home.data)
    waiting = [which] if which is not None else [one.notice.id for one in outbox.unfinished()]
    for one in waiting:
        outbox.mark_seen(one, by)
        typer.echo(f"{one}: seen")
    if not waiting:
        typer.echo("No alert waits to be seen.")


def _line(one: Unfinished) -> str:
    notice = one.notice
    sent = "reached somebody" if one.reached else "has reached nobody"
    return f"{notice.id}  {notice.raised:%Y-%m-%d %H:%M}  {notice.message} ({notice.level}; sent {notice.attempt} times, {sent})"
