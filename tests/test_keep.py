"""What is to be remembered, on its way to the diary and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.diary_strategies import NOW
from tests.fakes import FakeClock, later
from voiceskill.core.actions import LookAgain, Save
from voiceskill.core.diary import Memory, PainScored
from voiceskill.core.events import Event, MemoryChanged, Saved
from voiceskill.edges.store import SqliteStore
from voiceskill.keep import Keeper
from voiceskill.ports import Fault

ONE, TWO, THREE = (PainScored(NOW, score) for score in (1, 2, 3))


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(tmp_path, now=lambda: NOW)) as store:
        store.save(ONE)
        store.load()
        yield store


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(tmp_path, now=lambda: NOW)) as store:
        yield store


def test_a_look_waits_for_what_is_being_saved_and_holds_all_of_it(ours: SqliteStore, theirs: SqliteStore) -> None:
    posted: list[Event] = []
    jobs: list[Callable[[], None]] = []
    keeper = Keeper(ours, clock=FakeClock(), post=posted.append, submit=later(jobs))
    keeper.keep(Save("save-1", TWO))
    keeper.keep(LookAgain())
    theirs.save(THREE)
    assert not posted
    for job in jobs:
        job()
    assert posted == [Saved(100.0, "save-1"), MemoryChanged(100.0, Memory((ONE, THREE, TWO)))]


def test_a_look_tells_nothing_when_nothing_was_changed(ours: SqliteStore) -> None:
    posted: list[Event] = []
    keeper = Keeper(ours, clock=FakeClock(), post=posted.append, submit=lambda job: job())
    keeper.keep(LookAgain())
    assert not posted


def test_nobody_who_only_begins_to_speak_is_told_that_the_disk_fails(ours: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise Fault("the disk is broken")

    monkeypatch.setattr(ours, "load_if_changed", broken)
    posted: list[Event] = []
    keeper = Keeper(ours, clock=FakeClock(), post=posted.append, submit=lambda job: job())
    keeper.keep(LookAgain())
    assert not posted
