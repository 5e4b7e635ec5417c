"""Sound files in, sound files out."""

from __future__ import annotations

import os
import struct
import subprocess
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from voiceskill.edges.wav import read_wav, write_wav
from voiceskill.ports import HEARING_RATE, BadInput, Clip

RATES = [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000]


def tone(rate: int, seconds: float = 0.5, level: float = 0.5) -> NDArray[np.float64]:
    return level * np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate)


def wav_bytes(
    *, channels: int = 1, rate: int = 16_000, bits: int = 16, code: int = 1, size: int | None = None, data: bytes = b"\1\2" * 800
) -> bytes:
    size = len(data) if size is None else size
    form = struct.pack("<HHIIHH", code, channels, rate, rate * channels * bits // 8 & 0xFFFFFFFF, channels * bits // 8, bits)
    chunks = b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", size) + data
    return b"RIFF" + struct.pack("<I", min(size + 36, 0xFFFFFFFF)) + b"WAVE" + chunks


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW"])
@pytest.mark.parametrize("container", ["WAV", "WAVEX"])
def test_every_common_sample_format_gives_the_same_sound(tmp_path: Path, subtype: str, container: str) -> None:
    path = tmp_path / "in.wav"
    soundfile.write(path, tone(HEARING_RATE), HEARING_RATE, subtype=subtype, format=container)
    pcm = read_wav(path)
    assert pcm.dtype == np.int16
    expected = tone(HEARING_RATE)
    assert np.abs(pcm[: len(expected)] / 32_768 - expected).max() < 0.05


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_any_rate_and_channels_become_mono_at_the_rate_of_hearing(tmp_path: Path, rate: int, channels: int) -> None:
    path = tmp_path / "in.wav"
    soundfile.write(path, np.repeat(tone(rate)[:, np.newaxis], channels, axis=1), rate)
    pcm = read_wav(path)
    assert abs(len(pcm) - HEARING_RATE // 2) <= 2
    middle = slice(1_000, 7_000)
    assert np.abs(pcm[middle] / 32_768 - tone(HEARING_RATE)[middle]).max() < 0.01


def test_channels_are_averaged(tmp_path: Path) -> None:
    path = tmp_path / "in.wav"
    soundfile.write(path, np.array([[1_000, 3_000]] * 400, dtype=np.int16), HEARING_RATE)
    assert set(read_wav(path).tolist()) == {2_000}


def test_sixteen_bits_at_the_rate_of_hearing_come_through_unchanged(tmp_path: Path) -> None:
    pcm = np.arange(-32_768, 32_768, dtype=np.int32).astype(np.int16)
    write_wav(tmp_path / "a.wav", Clip(pcm, HEARING_RATE))
    assert np.array_equal(read_wav(tmp_path / "a.wav"), pcm)


@pytest.mark.parametrize("suffix", ["flac", "ogg", "mp3", "aiff"])
def test_other_recordings_are_taken_too(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"in.{suffix}"
    soundfile.write(path, tone(44_100), 44_100)
    assert abs(len(read_wav(path)) - HEARING_RATE // 2) < 2_000


def test_floats_beyond_full_scale_or_not_numbers_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "in.wav"
    values = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 0.25] * 300, dtype=np.float32)
    soundfile.write(path, values, HEARING_RATE, subtype="FLOAT")
    assert read_wav(path)[:6].tolist() == [0, 32_767, -32_768, 32_767, -32_768, 8_192]


def test_a_recording_cut_short_gives_the_sound_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "in.wav"
    soundfile.write(path, tone(HEARING_RATE), HEARING_RATE)
    os.truncate(path, 44 + 2_001)
    assert len(read_wav(path)) == 1_000


@pytest.mark.parametrize("size", [0x7FFFFFFF, 0xFFFFFFFF, 2_000_000_000])
def test_a_size_left_open_by_a_program_that_writes_to_a_pipe_is_not_believed(tmp_path: Path, size: int) -> None:
    path = tmp_path / "in.wav"
    path.write_bytes(wav_bytes(size=size))
    assert len(read_wav(path)) == 800


BAD = {
    "empty": b"",
    "text": b"This is not a recording.\n" * 20,
    "random": np.random.default_rng(3).bytes(5_000),
    "half a header": wav_bytes()[:30],
    "header alone": wav_bytes(data=b""),
    "no channels": wav_bytes(channels=0),
    "no rate": wav_bytes(rate=0),
    "absurd rate": wav_bytes(rate=4_000_000_000),
    "unknown compression": wav_bytes(code=0x1234),
    "riff without sound": b"RIFF\x04\0\0\0WAVE",
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("suffix", ["wav", "raw"])
def test_what_is_no_recording_is_refused_by_name_in_one_line(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"bad.{suffix}"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="bad") as caught:
        read_wav(path)
    assert "\n" not in str(caught.value)


def test_what_is_no_readable_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    for name in ("missing.wav", ".", "pipe.wav", "nul\0.wav", "a" * 300 + ".wav"):
        with pytest.raises(BadInput):
            read_wav(tmp_path / name)


def test_a_refusal_names_a_command_that_helps(tmp_path: Path) -> None:
    (tmp_path / "video.wav").write_bytes(b"\0" * 500)
    with pytest.raises(BadInput, match=r"ffmpeg -i video\.wav -ar 16000"):
        read_wav(tmp_path / "video.wav")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=400), head=st.integers(0, 60))
def test_random_bytes_never_surprise(tmp_path: Path, content: bytes, head: int) -> None:
    path = tmp_path / "in.wav"
    path.write_bytes(wav_bytes()[:head] + content)
    with suppress(BadInput):
        assert read_wav(path).dtype == np.int16


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), min_size=1, max_size=6),
    subtype=st.sampled_from(["PCM_16", "FLOAT", "PCM_24"]),
)
def test_a_damaged_header_never_surprises(tmp_path: Path, changes: list[tuple[int, int]], subtype: str) -> None:
    path = tmp_path / "in.wav"
    soundfile.write(path, tone(8_000, 0.05), 8_000, subtype=subtype)
    content = bytearray(path.read_bytes())
    for at, value in changes:
        content[at] = value
    path.write_bytes(content)
    with suppress(BadInput):
        assert read_wav(path).dtype == np.int16


def test_a_written_file_is_what_other_programs_read(tmp_path: Path) -> None:
    clip = Clip((tone(22_050) * 32_767).astype(np.int16), 22_050)
    write_wav(tmp_path / "out.wav", clip)
    samples, rate = soundfile.read(tmp_path / "out.wav", dtype="int16")
    assert rate == 22_050
    assert np.array_equal(samples, clip.pcm)
    assert [path.name for path in tmp_path.iterdir()] == ["out.wav"]


def test_writing_again_replaces_the_file_and_follows_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.wav").symlink_to(tmp_path / "real.wav")
    for length in (100, 50):
        write_wav(tmp_path / "link.wav", Clip(np.zeros(length, np.int16), HEARING_RATE))
    assert (tmp_path / "link.wav").is_symlink()
    assert soundfile.info(tmp_path / "real.wav").frames == 50


def test_a_place_that_cannot_be_written_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "no" / "such" / "out.wav", tmp_path, tmp_path / "file" / "out.wav"):
        with pytest.raises(BadInput, match="cannot be written"):
            write_wav(path, Clip(np.zeros(10, np.int16), HEARING_RATE))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_clip_can_be_written_to_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "out.wav"
    os.mkfifo(pipe)
    with subprocess.Popen(["wc", "-c", str(pipe)], stdout=subprocess.PIPE, text=True) as reader:
        write_wav(pipe, Clip(np.zeros(10, np.int16), HEARING_RATE))
        assert reader.communicate()[0].split()[0] == "64"
