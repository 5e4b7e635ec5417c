"""A file that is kept to its last part."""

from __future__ import annotations

import os
import threading
from contextlib import closing
from pathlib import Path

from voiceskill.edges.bounded import BoundedFile


def test_the_newest_lines_are_kept_and_the_disk_does_not_fill(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with closing(BoundedFile(path, 1_000)) as file:
        for number in range(500):
            file.write(f"line {number:05}\n")
    before, now = path.with_name("events.jsonl.1").read_text(), path.read_text()
    lines = (before + now).splitlines()
    assert lines == [f"line {number:05}" for number in range(500 - len(lines), 500)]
    assert 1_000 <= len(before) + len(now) <= 2_100
    assert sorted(each.name for each in tmp_path.iterdir()) == ["events.jsonl", "events.jsonl.1"]


def test_a_line_is_there_at_once(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with closing(BoundedFile(path)) as file:
        file.write("grün\n")
        assert path.read_text(encoding="utf-8") == "grün\n"


def test_a_pipe_is_never_begun_anew(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    with closing(BoundedFile(pipe, 10)) as file:
        for _ in range(20):
            file.write("line\n")
    reader.join()
    assert read == [b"line\n" * 20]
