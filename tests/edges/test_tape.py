from __future__ import annotations

import errno
import logging
import wave
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from voiceskill.edges.tape import Tape
from voiceskill.ports import FRAME_SAMPLES, HEARING_RATE, BadInput

BEGUN = datetime(2026, 11, 22, 3, 0, 0, tzinfo=UTC)


def ramp(first: int, samples: int = FRAME_SAMPLES) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.arange(first, first + samples).astype(np.int16)


def read(path: Path) -> tuple[int, list[int]]:
    with wave.open(str(path)) as file:
        return file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), "<i2").tolist()


def test_what_is_heard_and_played_is_kept_each_at_its_rate(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "tapes", 48_000, BEGUN)
    tape.played(ramp(7, 480))
    for number in range(4):
        tape.heard(ramp(number * FRAME_SAMPLES))
    tape.close()
    assert read(tmp_path / "tapes" / "heard-20261122-030000.wav") == (HEARING_RATE, ramp(0, 4 * FRAME_SAMPLES).tolist())
    assert read(tmp_path / "tapes" / "played-20261122-030000.wav") == (48_000, ramp(7, 480).tolist())


def test_a_power_cut_costs_a_second_at_most(tmp_path: Path) -> None:
    tape = Tape(tmp_path, 48_000, BEGUN)
    for number in range(100):
        tape.heard(ramp(number))
    for file in tmp_path.iterdir():  # as another program finds it, before it is closed
        (tmp_path / "copy").mkdir(exist_ok=True)
        if file.is_file():
            (tmp_path / "copy" / file.name).write_bytes(file.read_bytes())
    _, heard = read(tmp_path / "copy" / "heard-20261122-030000.wav")
    assert len(heard) >= 100 * FRAME_SAMPLES - HEARING_RATE - 8_192
    tape.close()


def test_a_full_disk_ends_the_recording_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    tape = Tape(tmp_path, 48_000, BEGUN)
    monkeypatch.setattr(wave.Wave_write, "writeframes", full)
    with caplog.at_level(logging.WARNING):
        for number in range(100):
            tape.heard(ramp(number))
    tape.close()
    assert caplog.messages == ["the recording ends here: it cannot be written (No space left on device). Make room, then start again."]


def test_a_folder_that_cannot_be_written_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="choose another folder"):
        Tape(tmp_path / "file", 48_000, BEGUN)
