"""The commands about alerts: try them out, and say that one was seen."""

from __future__ import annotations

from typing import Annotated

import typer

from voiceskill.alert_test import try_alerts
from voiceskill.app import App, Home
from voiceskill.edges.alerting.outbox import FolderOutbox
from voiceskill.options import with_common_options
from voiceskill.ports import Fault, Unfinished

alert = typer.Typer(no_args_is_help=True)


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
        if not device.settings.alerts.names:
            raise Fault("nobody is told of alerts: name somebody under [alerts] in the settings, as docs/alerts.md shows")
        outcomes: list[bool] = []
        for tried in try_alerts(device):
            typer.echo(tried.line)
            outcomes.append(tried.reached)
    if not all(outcomes):
        raise typer.Exit(1)


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
