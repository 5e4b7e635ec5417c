"""What the doctor makes of what it sees. With real sound devices: tests/bedside/test_doctor.py."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from itertools import islice
from pathlib import Path

import pytest

from tests.edges.wyoming_servers import somebodys_server
from voiceskill.app import App, Home, shipped
from voiceskill.core.sound import Finding
from voiceskill.doctor import Health, examine, told_of_alerts, told_of_clock, told_of_sound
from voiceskill.edges.encoder import verify
from voiceskill.edges.machine import free_disk, free_memory, keeps_time, try_to_write
from voiceskill.ports import Fault, ModelMissing, NoAudioDevice
from voiceskill.settings import AlertSettings, CommandSettings, WebhookSettings
from voiceskill.sound_check.levels import FLOOR, Levels
from voiceskill.sound_check.probe import Echo
from voiceskill.sound_check.verdict import ADVICE, SoundCheck


def levels(**changed: float | None) -> Levels:
    usual: dict[str, object] = {"noise": -60.0, "speech": -30.0, "peak": 0.2, "clipped": 0.0, "offset": 0.0, "hum": None, "dead": False}
    return Levels(**{**usual, **changed})  # type: ignore[arg-type]


USUAL_ECHO = Echo(0.15, -20.0, 0.01)


def findings(check: Levels, echo: Echo | None = USUAL_ECHO, volume: float = 1.0) -> set[Finding]:
    return set(SoundCheck(check, echo, volume).findings())


WELL = {Finding.SPEECH_GOOD, Finding.ROOM_QUIET, Finding.ECHO_SOFT}


@pytest.mark.parametrize(
    ("check", "found"),
    [
        (levels(), WELL),
        (levels(speech=None), WELL - {Finding.SPEECH_GOOD}),
        (levels(speech=-52.0), {Finding.SPEECH_SOFT, Finding.ROOM_QUIET, Finding.ECHO_LOUD}),
        (levels(noise=-36.0), {Finding.SPEECH_SOFT, Finding.ROOM_NOISY, Finding.ECHO_SOFT}),
        (levels(noise=-40.0, speech=-20.0), {Finding.SPEECH_GOOD, Finding.ROOM_NOISY, Finding.ECHO_SOFT}),
        (levels(clipped=0.01), WELL | {Finding.CLIPPED}),
        (levels(hum=50), WELL | {Finding.HUM}),
        (levels(offset=-0.05), WELL | {Finding.OFFSET}),
    ],
)
def test_what_ails_the_microphone_is_found(check: Levels, found: set[Finding]) -> None:
    assert findings(check) == found


@pytest.mark.parametrize(
    ("echo", "volume", "found"),
    [
        (None, 1.0, {Finding.LOUDSPEAKER_UNHEARD}),
        (Echo(0.1, -9.0, 0.0), 1.0, {Finding.ECHO_LOUD}),
        (Echo(0.1, -9.0, 0.0), 0.5, {Finding.ECHO_SOFT}),
        (Echo(0.1, -11.0, 0.0), 1.0, {Finding.ECHO_SOFT}),
        (Echo(0.5, -20.0, 0.0), 1.0, {Finding.ECHO_SOFT, Finding.ECHO_LATE}),
        (Echo(0.1, -20.0, 0.2), 1.0, {Finding.ECHO_SOFT, Finding.DISTORTED}),
    ],
)
def test_what_ails_the_loudspeaker_is_found(echo: Echo | None, volume: float, found: set[Finding]) -> None:
    assert findings(levels(), echo, volume) == {Finding.SPEECH_GOOD, Finding.ROOM_QUIET, *found}


def test_a_microphone_that_clips_is_not_blamed_on_the_loudspeaker() -> None:
    assert Finding.DISTORTED not in findings(levels(clipped=0.1), Echo(0.1, -20.0, 0.5))


def test_a_muted_microphone_counts_as_none() -> None:
    told = told_of_sound(SoundCheck(levels(noise=FLOOR, speech=None, dead=True), None, 1.0))
    assert isinstance(told.fault, NoAudioDevice)
    assert str(told.fault) == ADVICE[Finding.MICROPHONE_SILENT]
    assert told.advice == ()


def test_sound_is_told_in_figures_and_with_what_would_make_it_better() -> None:
    told = told_of_sound(SoundCheck(levels(noise=-38.0, speech=-20.0), Echo(0.1434, -31.26, 0.01), 1.0))
    assert told.seen == "noise -38 dBFS, speech -20 dBFS, echo -31 dB after 143 ms"
    assert told.health is Health.SO_SO
    assert told.advice == (ADVICE[Finding.ROOM_NOISY],)
    assert (told.figures["noise_dbfs"], told.figures["echo_db"], told.figures["delay_ms"]) == (-38.0, -31.3, 143)
    json.dumps(dict(told.figures))


def test_all_well_needs_no_advice() -> None:
    assert told_of_sound(SoundCheck(levels(), Echo(0.1, -30.0, 0.0), 1.0)).health is Health.WELL


@pytest.mark.parametrize("year", [1970, 2025, 2101])
def test_a_clock_that_cannot_be_right_is_a_fault_with_the_way_out(year: int) -> None:
    with pytest.raises(Fault, match=f"{year}.*date --set"):
        told_of_clock(datetime.fromisoformat(f"{year}-01-01T00:00:00+00:00"), kept=True)


def test_a_clock_that_a_power_cut_stops_is_told_of() -> None:
    now = datetime.fromisoformat("2026-11-22T03:00:00+00:00")
    assert told_of_clock(now, kept=True).health is Health.WELL
    assert told_of_clock(now, kept=True).seen == "Sunday 22 November 2026, 03:00"
    assert told_of_clock(now, kept=False).health is Health.SO_SO


def test_the_shipped_judge_is_whole() -> None:
    verify(shipped("models") / "understanding-en")


@pytest.mark.parametrize("damage", ["changed", "missing", "no list"])
def test_a_damaged_judge_is_named(tmp_path: Path, damage: str) -> None:
    folder = shutil.copytree(shipped("models") / "understanding-en", tmp_path / "judge")
    match damage:
        case "changed":
            (folder / "vocabulary.txt").write_text("other\n")
        case "missing":
            (folder / "ngrams.npz").unlink()
        case _:
            (folder / "checksums.txt").unlink()
    with pytest.raises(ModelMissing, match="install voiceskill again"):
        verify(folder)


def test_a_folder_is_made_and_left_empty_when_it_can_be_written(tmp_path: Path) -> None:
    try_to_write(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        try_to_write(tmp_path / "file" / "data")


def test_the_computer_tells_what_is_free(tmp_path: Path) -> None:
    assert free_disk(tmp_path / "not" / "there") > 0
    assert free_memory() is None or free_memory() != 0
    assert keeps_time() in {True, False}


def test_a_server_that_hears_or_speaks_for_us_and_does_not_answer_is_told_of_and_is_no_fault(tmp_path: Path) -> None:
    with somebodys_server("resets") as server:
        address = f"tcp://127.0.0.1:{server.port}"
        (tmp_path / "s.toml").write_text(
            f'recogniser = "wyoming"\nrecogniser_server = "{address}"\nsynthesiser = "wyoming"\nsynthesiser_server = "{address}"\n'
        )
        with App(Home.find(tmp_path / "s.toml", tmp_path / "data")) as app:
            parts = examine(app, lambda: None)
            engines = {examined.part: examined for examined in islice(parts, 5)}
            for examined in (engines["recogniser"], engines["synthesiser"]):
                assert examined.health is Health.SO_SO
                assert address.removeprefix("tcp://") in examined.seen
                assert "see whether it runs there" in examined.advice[0]


def test_without_anybody_to_be_told_the_doctor_says_so_and_finds_no_fault() -> None:
    examined = told_of_alerts(AlertSettings())
    assert examined.health is Health.WELL
    assert "nobody is told" in examined.seen


def test_who_is_told_is_named_with_the_command_that_tries_it() -> None:
    webhook = WebhookSettings(name="Anna", url="https://example.org/", secret="correct horse")  # type: ignore[arg-type]
    examined = told_of_alerts(AlertSettings(webhook=[webhook], command=[CommandSettings(name="siren", run=["true"])]))
    assert examined.health is Health.WELL
    assert examined.seen == "Anna, siren; to see whether they are reached: voiceskill alert test"
    assert examined.figures == {"webhooks": 1, "commands": 1}


def test_a_program_that_is_not_there_is_a_fault_before_it_is_needed() -> None:
    with pytest.raises(Fault, match='"siren" is not there'):
        told_of_alerts(AlertSettings(command=[CommandSettings(name="siren", run=["/nowhere/siren"])]))
