"""The command line of the benchmarks."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from scripts.bench_suite.attention import measure_attention
from scripts.bench_suite.barge_in import measure_barge_in
from scripts.bench_suite.beds import COUNTS, measure_beds
from scripts.bench_suite.cost import measure_cost
from scripts.bench_suite.endpointing import measure_endpointing
from scripts.bench_suite.recognisers import measure_recognisers
from scripts.bench_suite.small import measure_memory
from scripts.bench_suite.soak import measure_soak
from scripts.bench_suite.speed import measure_speed
from scripts.bench_suite.spoken import measure_spoken
from scripts.bench_suite.tables import report
from scripts.bench_suite.understanding import measure_understanding
from scripts.bench_suite.voices import measure_voices
from scripts.bench_suite.writes import measure_writes
from voiceskill.app import Home

_HOME = Path("out") / "bench"
"""Kept between runs: rendering all replies takes minutes."""

Json = Annotated[Path | None, typer.Option("--json", help="Keep the figures in this file.", metavar="FILE")]
Data = Annotated[Path | None, typer.Option("--data-dir", help="Folder with installed models; the usual one if not given.", metavar="DIR")]

cli = typer.Typer(name="bench", help="Measure voiceskill.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@cli.command()
def speed(
    json: Json = None,
    turns: Annotated[int, typer.Option(help="Questions asked.", min=3)] = 10,
    starts: Annotated[int, typer.Option(help="Starts timed.", min=1)] = 5,
) -> None:
    """Start to ready, and end of speech to first sound of the reply, over virtual sound devices."""
    report(measure_speed(_HOME.resolve(), starts=starts, turns=turns), json)


@cli.command()
def soak(json: Json = None, hours: Annotated[float, typer.Option(help="Hours that pass at the bedside.", min=0.5)] = 24) -> None:
    """A day at the bedside, faster than time: what lying in wait costs, and whether anything grows."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as data:
        report(measure_soak(Home.find(data=Path(data)), Path(folder), hours), json)


@cli.command()
def beds(
    json: Json = None,
    most: Annotated[int, typer.Option(help="Beds at once, at most.", min=1)] = COUNTS[-1],
    seconds: Annotated[float, typer.Option(help="How long each number of beds is measured.", min=5)] = 60,
    every: Annotated[float, typer.Option(help="Seconds between two questions at one bed, on average.", min=1)] = 30,
) -> None:
    """A ward: simulated bedside devices that share one `voiceskill serve` and one mosquitto; latency and memory as they grow."""
    counts = [count for count in COUNTS if count < most] + [most]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as data:
        report(measure_beds(Home.find(data=Path(data)), Path(folder), counts, seconds, every), json)


@cli.command("barge-in")
def barge_in(
    json: Json = None,
    tries: Annotated[int, typer.Option(help="Commands spoken over our voice, at each loudness of the echo.", min=1)] = 64,
    minutes: Annotated[float, typer.Option(help="Of our own speech with nobody there, in each voice, at each echo.", min=0.1)] = 10,
) -> None:
    """Speaking over its voice in a simulated room: silenced or not, how soon; and how often its own voice silences it."""
    folder = _HOME.resolve() / "barge-in"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        report(measure_barge_in(Home.find(data=Path(data)), folder, tries=tries, minutes=minutes), json)


@cli.command()
def recognisers(
    json: Json = None,
    data_dir: Data = None,
    plot: Annotated[Path | None, typer.Option(help="Draw what is understood against its cost.", metavar="FILE.svg")] = None,
    sample: Annotated[int, typer.Option(help="Lines spoken.", min=1)] = 120,
) -> None:
    """Each installed recogniser on the same lines, clean and in noise: words wrong, lines understood, pace, load, memory."""
    with tempfile.TemporaryDirectory() as folder:
        report(measure_recognisers(Home.find(data=data_dir), Path(folder), sample, plot), json)


@cli.command()
def voices(json: Json = None, data_dir: Data = None, sample: Annotated[int, typer.Option(help="Sentences spoken.", min=1)] = 100) -> None:
    """Each installed voice: how well our replies are understood, how soon they sound, memory."""
    report(measure_voices(Home.find(data=data_dir), sample), json)


@cli.command()
def understanding(
    json: Json = None,
    sample: Annotated[int | None, typer.Option(help="Lines judged; all if not given.", min=1)] = None,
    *,
    baselines: Annotated[bool, typer.Option(help="Judge simpler methods too.")] = True,
) -> None:
    """Lines by writers that nothing was trained on: understood, rejected, flags caught, against simpler methods."""
    report(measure_understanding(Home.find(), sample, baselines=baselines), json)


@cli.command()
def ear(json: Json = None, sample: Annotated[int, typer.Option(help="Lines spoken.", min=1)] = 200) -> None:
    """The same lines spoken by several voices, clean and in noise, recognised, understood."""
    with tempfile.TemporaryDirectory() as folder:
        report(measure_spoken(Home.find(), Path(folder), sample), json)


@cli.command()
def endpointing(json: Json = None, sample: Annotated[int, typer.Option(help="Lines of each kind of speaker.", min=4)] = 40) -> None:
    """Slow and quick speakers and commands: how many are cut off, how long is waited; what talk and music in the room cost."""
    with tempfile.TemporaryDirectory() as folder:
        report(measure_endpointing(Home.find(), Path(folder), sample), json)


@cli.command()
def attention(json: Json = None, sample: Annotated[int, typer.Option(help="Lines of talk heard.", min=10)] = 300) -> None:
    """How often talk, noise and music call it or make it speak up, and how often who calls is missed."""
    with tempfile.TemporaryDirectory() as folder:
        report(measure_attention(Home.find(), Path(folder), sample), json)


@cli.command()
def memory(json: Json = None) -> None:
    """Each profile in a conversation over virtual sound devices, under limits of memory; needs root."""
    report(measure_memory(_HOME.resolve()), json)


@cli.command()
def cost(json: Json = None) -> None:
    """Instructions for a second of sound, in a quiet room, while somebody talks, and while it speaks; needs Valgrind."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as data:
        report(measure_cost(Path(data), Path(folder)), json)


@cli.command()
def writes(json: Json = None) -> None:
    """What a day at the bedside writes to an SD card; needs root."""
    with tempfile.TemporaryDirectory() as folder:
        report(measure_writes(Path(folder)), json)


if __name__ == "__main__":
    cli()
