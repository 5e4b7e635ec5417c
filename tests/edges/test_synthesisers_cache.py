"""Rendered sentences on disk: they come back as they were, and no fault of the disk is ever heard."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest

from voiceskill.edges.synthesisers.cache import Cached
from voiceskill.edges.synthesisers.flite import Flite
from voiceskill.edges.synthesisers.lexicon import Respelling
from voiceskill.ports import Clip, Fault, VoiceInfo

ROOM = 10_000_000
LINES = ["Call an ambulance now.", "Rest on your side.", "Stopped."]


class Counting:
    """A synthesiser that counts, gives each text its own sound of 0.1 s (3,244 bytes as WAV) at the usual pace, and can be broken."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.broken = False
        self.fingerprint = "counting 140"
        self.name = "counting"

    def render(self, text: str, pace: float = 1.0) -> Clip:
        if self.broken:
            raise Fault("The engine is broken.")
        self.said.append(text)
        return Clip(np.full(round(1_600 * pace), sum(map(ord, text)) % 30_000, np.int16), 16_000)

    def voices(self) -> tuple[VoiceInfo, ...]:
        return ()

    def close(self) -> None:
        pass


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*"))


def test_a_real_sentence_comes_back_sample_for_sample(tmp_path: Path) -> None:
    first = Cached(Flite(), tmp_path, ROOM)
    assert first.render_ahead(LINES) == 3
    again = Cached(Flite(), tmp_path, ROOM)
    assert again.render_ahead(LINES) == 0
    fresh = Flite().render(LINES[1])
    kept = again.render(LINES[1])
    assert kept.rate == fresh.rate
    assert np.array_equal(kept.pcm, fresh.pcm)


def test_a_kept_sentence_needs_no_engine(tmp_path: Path) -> None:
    engine = Counting()
    cached = Cached(engine, tmp_path, ROOM)
    cached.render_ahead(LINES)
    engine.broken = True
    assert cached.render(LINES[0]).seconds == 0.1
    with pytest.raises(Fault, match="broken"):
        cached.render("Something new.")


def test_only_sentences_given_ahead_of_time_are_kept(tmp_path: Path) -> None:
    cached = Cached(Counting(), tmp_path, ROOM)
    cached.render_ahead(["Stopped."])
    cached.render("Your pain was seven on Tuesday.")
    assert len(files(tmp_path)) == 1


def test_file_names_tell_nothing_of_the_sentence(tmp_path: Path) -> None:
    Cached(Counting(), tmp_path, ROOM).render_ahead(["Stopped."])
    assert [len(path.stem) for path in files(tmp_path)] == [64]


@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data[:100], lambda data: data[:-1], lambda data: data[:60] + b"\xff" + data[61:]]
)
def test_a_damaged_file_is_rendered_again(tmp_path: Path, damage: object) -> None:
    assert callable(damage)
    engine = Counting()
    cached = Cached(engine, tmp_path, ROOM)
    cached.render_ahead(["Stopped."])
    (path,) = files(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert cached.render("Stopped.").seconds == 0.1
    assert engine.said == ["Stopped.", "Stopped."]
    assert path.read_bytes() == whole


def test_other_settings_have_clips_of_their_own(tmp_path: Path) -> None:
    engine = Counting()
    Cached(engine, tmp_path, ROOM).render_ahead(["Stopped."])
    engine.fingerprint = "counting 100"
    assert Cached(engine, tmp_path, ROOM).render_ahead(["Stopped."]) == 1
    assert Cached(Respelling(engine, {"*": {"stopped": "stopt"}}), tmp_path, ROOM).render_ahead(["Stopped."]) == 1


def test_a_sentence_has_a_clip_for_every_pace(tmp_path: Path) -> None:
    engine = Counting()
    cached = Cached(engine, tmp_path, ROOM)
    cached.render_ahead(["Stopped."], hold=True)
    assert cached.render("Stopped.", 1.5).seconds == pytest.approx(0.15)
    assert cached.render("Stopped.").seconds == 0.1
    engine.broken = True
    assert cached.render("Stopped.", 1.5).seconds == pytest.approx(0.15)


def test_at_another_pace_too_only_sentences_given_ahead_of_time_are_kept(tmp_path: Path) -> None:
    cached = Cached(Counting(), tmp_path, ROOM)
    cached.render_ahead(["Stopped."])
    cached.render("Stopped.", 1.2)
    cached.render("Your pain was seven on Tuesday.", 1.2)
    assert len(files(tmp_path)) == 2


def test_paces_beyond_what_an_engine_follows_share_a_clip(tmp_path: Path) -> None:
    engine = Counting()
    cached = Cached(engine, tmp_path, ROOM)
    cached.render_ahead(["Stopped."])
    cached.render("Stopped.", 3.0)
    cached.render("Stopped.", 9.0)
    assert engine.said == ["Stopped.", "Stopped."]


def test_a_folder_that_cannot_be_written_costs_only_a_render(tmp_path: Path) -> None:
    place = tmp_path / "cache"
    place.write_text("a file in the way")
    engine = Counting()
    cached = Cached(engine, place, ROOM)
    cached.render_ahead(["Stopped."])
    assert cached.render("Stopped.").seconds == 0.1
    assert place.read_text() == "a file in the way"


def test_a_full_disk_costs_only_a_render(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda _: "x")
    cached = Cached(Counting(), tmp_path, ROOM)
    part = cached._path(cached._key("Stopped.")).with_suffix(".x.part")
    part.symlink_to("/dev/full")
    cached.render_ahead(["Stopped."])
    assert files(tmp_path) == []
    assert cached.render("Stopped.").seconds == 0.1


def test_the_folder_never_outgrows_its_limit_and_loses_the_longest_unused(tmp_path: Path) -> None:
    engine = Counting()
    cached = Cached(engine, tmp_path, 3 * 3_300)
    cached.render_ahead(LINES)
    assert len(files(tmp_path)) == 3
    for age, line in enumerate(reversed(LINES)):
        os.utime(cached._path(cached._key(line)), (1_000 + age, 1_000 + age))
    cached.render_ahead(["Help is coming."], hold=True)
    kept = {path.stem for path in files(tmp_path)}
    assert len(kept) == 3
    assert cached._key("Stopped.") not in kept
    assert cached._key("Help is coming.") in kept


def test_rendering_ahead_ends_when_the_folder_is_full(tmp_path: Path) -> None:
    engine = Counting()
    cached = Cached(engine, tmp_path, 2 * 3_300)
    assert cached.render_ahead([f"Line {n}." for n in range(100)]) == 3
    assert len(files(tmp_path)) == 2


def test_a_smaller_limit_holds_for_what_was_kept_before(tmp_path: Path) -> None:
    Cached(Counting(), tmp_path, ROOM).render_ahead(LINES)
    Cached(Counting(), tmp_path, 3_300)
    assert len(files(tmp_path)) == 1


def test_held_lines_outlive_engine_and_disk(tmp_path: Path) -> None:
    engine = Counting()
    cached = Cached(engine, tmp_path, 0)
    assert cached.render_ahead(LINES, hold=True) == 3
    engine.broken = True
    assert all(cached.render(line).seconds == 0.1 for line in LINES)
    assert files(tmp_path) == []


def test_rendering_ahead_can_be_stopped(tmp_path: Path) -> None:
    engine = Counting()
    cached = Cached(engine, tmp_path, ROOM)
    assert cached.render_ahead(LINES, stopped=lambda: len(engine.said) == 2) == 2
    cached.close()
    assert cached.render_ahead(LINES) == 0


def test_what_a_power_cut_left_half_written_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "abc.1234.part").write_bytes(b"half")
    Cached(Counting(), tmp_path, ROOM)
    assert files(tmp_path) == []


def test_two_threads_can_use_it_at_once(tmp_path: Path) -> None:
    cached = Cached(Counting(), tmp_path, 5 * 3_300)
    lines = [f"Line {n}." for n in range(20)]
    cached.render_ahead(lines)
    wrong: list[str] = []

    def speak() -> None:
        wrong.extend(line for line in lines * 5 if cached.render(line).pcm[0] != sum(map(ord, line)) % 30_000)

    threads = [threading.Thread(target=speak) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 5 * 3_300
    assert not list(tmp_path.glob("*.part"))
