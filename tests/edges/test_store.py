"""The diary on the disk: what was said to be kept is kept, what was said to be forgotten is gone."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.diary_strategies import NOW, ONE_OF_EACH, PROGRESS, entries, progresses
from voiceskill.core.diary import Fact, Helped, Memory, PaceSet, PainScored, Progress, RightTime, TakenBack, TookMedicine, Uptime
from voiceskill.edges import store as module
from voiceskill.edges.store import FILE_NAME, MIGRATIONS, MemoryStore, SqliteStore
from voiceskill.ports import Fault, Store

DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@contextmanager
def opened(folder: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(folder, now=lambda: NOW)) as store:
        yield store


def loaded(folder: Path) -> Memory:
    """What a program that starts now remembers."""
    with opened(folder) as store:
        memory = store.load()
        assert store.warning is None
        return memory


def keep(folder: Path, *kept: Fact) -> None:
    with opened(folder) as store:
        for entry in kept:
            store.save(entry)


def scores(memory: Memory) -> list[float]:
    return [entry.score for entry in memory.entries if isinstance(entry, PainScored)]


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


@contextmanager
def raw(folder: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as connection:
        yield connection


def every_change_fails(store: Store, told: str) -> None:
    changes: list[Callable[[], None]] = [lambda: store.save(PainScored(NOW, 2)), lambda: store.save_progress(PROGRESS), store.forget]
    for change in changes:
        with pytest.raises(Fault, match=told) as caught:
            change()
        assert "\n" not in str(caught.value)


# Keeping.


def test_every_kind_of_entry_and_the_routine_under_way_are_remembered_after_a_restart(folder: Path) -> None:
    with opened(folder) as store:
        for entry in ONE_OF_EACH:
            store.save(entry)
        store.save_progress(PROGRESS)
    memory = loaded(folder)
    assert memory == Memory(ONE_OF_EACH, PROGRESS)
    assert [entry.at.isoformat() for entry in memory.entries] == [NOW.isoformat()] * len(ONE_OF_EACH)


def test_nobody_waits_for_the_disk_at_each_step_of_a_routine_but_for_every_entry(folder: Path) -> None:
    with opened(folder) as store:
        store.save(PainScored(NOW, 2))
        assert store._connection is not None
        asked: list[str] = []
        store._connection.set_trace_callback(asked.append)

        def hurried(change: Callable[[], None]) -> bool:
            asked.clear()
            change()
            (written,) = [number for number, text in enumerate(asked) if not text.startswith("PRAGMA")]
            return "PRAGMA synchronous = NORMAL" not in asked[:written]

        assert hurried(lambda: store.save_progress(PROGRESS))
        assert not hurried(lambda: store.save_progress(PROGRESS))
        assert not hurried(lambda: store.save_progress(None))
        assert hurried(lambda: store.save(PainScored(NOW, 3)))
        store.save_progress(PROGRESS)
        store.save_progress(PROGRESS)
        assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_first_start_remembers_nothing_and_leaves_nothing_on_the_disk(folder: Path) -> None:
    with opened(folder) as store:
        assert store.load() == Memory()
        store.save_progress(None)
        store.forget()
        assert not store.exists()
    assert not folder.exists()


def test_the_diary_is_for_its_owner_only(folder: Path) -> None:
    before = os.umask(0)
    try:
        with opened(folder) as store:
            store.save(PaceSet(NOW, 1.3))
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == dict.fromkeys(
                (FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"), 0o600
            )
    finally:
        os.umask(before)


def test_every_save_waits_for_the_disk(folder: Path) -> None:
    with opened(folder) as store:
        store.save(PaceSet(NOW, 1.3))
        assert store._connection is not None
        found = {
            name: store._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "secure_delete")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}


def test_what_is_too_old_to_matter_is_not_loaded_but_kept(folder: Path) -> None:
    recent = PainScored(NOW - 90 * DAY, 5)
    medicine, pace = TookMedicine(NOW - 200 * DAY, NOW - 200 * DAY, "ibuprofen"), PaceSet(NOW - 300 * DAY, 1.3)
    old: list[Fact] = [PaceSet(NOW - 400 * DAY, 2.0), pace, TookMedicine(NOW - 300 * DAY, NOW), medicine, PainScored(NOW - 91 * DAY, 4)]
    keep(folder, recent, *old)
    assert loaded(folder).entries == (pace, medicine, recent)
    with opened(folder) as store:
        assert store.load_all().entries == (old[0], pace, old[2], medicine, old[4], recent)


def test_a_medicine_of_today_makes_the_old_ones_uninteresting(folder: Path) -> None:
    today = TookMedicine(NOW, NOW)
    keep(folder, TookMedicine(NOW - 200 * DAY, NOW - 200 * DAY), today)
    assert loaded(folder).entries == (today,)


def test_a_time_without_its_zone_is_a_mistake_of_ours(folder: Path) -> None:
    with opened(folder) as store, pytest.raises(ValueError, match="zone"):
        store.save(PainScored(NOW.replace(tzinfo=None), 5))


def test_what_one_thread_saves_another_can_load(folder: Path) -> None:
    with opened(folder) as store, ThreadPoolExecutor(4) as threads:
        store.load()
        list(threads.map(store.save, [PainScored(NOW, number) for number in range(40)]))
        assert sorted(scores(store.load())) == list(range(40))


def test_a_second_program_sees_what_the_first_has_kept_and_the_other_way_round(folder: Path) -> None:
    with opened(folder) as one, opened(folder) as other:
        one.save(PainScored(NOW, 1))
        other.save(PainScored(NOW, 2))
        assert scores(one.load()) == scores(other.load()) == [1, 2]
        other.forget()
        assert one.load() == Memory()


def test_closing_twice_does_no_harm_and_the_store_works_on_when_asked(folder: Path) -> None:
    with opened(folder) as store:
        store.save(PainScored(NOW, 1))
        store.close()
        store.close()
        store.save(PainScored(NOW, 2))
        assert scores(store.load()) == [1, 2]


def test_a_diary_moved_away_in_use_loses_nothing_that_is_said_afterwards(folder: Path, tmp_path: Path) -> None:
    with opened(folder) as store:
        store.save(PainScored(NOW, 1))
        (folder / FILE_NAME).rename(tmp_path / "elsewhere")
        for ending in ("-wal", "-shm"):
            (folder / f"{FILE_NAME}{ending}").unlink()
        store.save(PainScored(NOW, 2))
    assert scores(loaded(folder)) == [2]


operations = st.lists(st.one_of(entries, progresses, st.sampled_from([None, "forget", "reopen"])), max_size=14)


@settings(max_examples=60, deadline=None)
@given(steps=operations, durable=st.booleans())
def test_whatever_is_done_in_whatever_order_the_diary_holds_what_a_list_would(steps: list[object], durable: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        store: Store = SqliteStore(Path(name), now=lambda: NOW) if durable else MemoryStore()
        kept: list[Fact] = []
        under_way: Progress | None = None
        for step in steps:
            match step:
                case "reopen" if durable:
                    store.close()
                    store = SqliteStore(Path(name), now=lambda: NOW)
                case "reopen":
                    pass
                case "forget":
                    kept, under_way = [], None
                    store.forget()
                case None | Progress():
                    under_way = step
                    store.save_progress(step)
                case _:
                    assert isinstance(step, Fact)
                    kept.append(step)
                    store.save(step)
        in_order = sorted(kept, key=lambda entry: entry.at)
        if durable:
            last = [next((e for e in reversed(in_order) if isinstance(e, kind)), None) for kind in (TookMedicine, PaceSet)]
            recent = [e for e in in_order if e.at >= NOW - 90 * DAY or any(e is one for one in last)]
            assert isinstance(store, SqliteStore)
            assert store.load_all() == Memory(tuple(in_order), under_way)
            assert store.warning is None
        else:
            recent = in_order
        assert store.load() == Memory(tuple(recent), under_way)
        store.close()


# Power cuts.

FORGETTING = -1

LIVES = """
import itertools, os, sys
from pathlib import Path
from tests.diary_strategies import NOW
from voiceskill.core.diary import Helped, PainScored
from voiceskill.edges.store import SqliteStore

def tell(what):
    os.write(1, f"{what}\\n".encode())  # in one piece, or a kill could come in between

def life(folder, first, forgetting):
    tell(os.getpid())
    store = SqliteStore(folder)
    for number in itertools.count(first):
        if forgetting and number % 3 == 2:
            tell(-1)
            store.forget()
        else:
            store.save(Helped(NOW, f"remedy{number}", True) if forgetting else PainScored(NOW, float(number)))
        tell(number)

for line in sys.stdin:
    folder, first, forgetting = line.rsplit(" ", 2)
    pid = os.fork()
    if not pid:
        try:
            life(Path(folder), int(first), int(forgetting))
        finally:
            os._exit(1)
    os.waitpid(pid, 0)
    tell("gone")
"""
"""A program that lives once for each line it is given: the test ends each life, and hears of the end."""


class Lives:
    """Programs that save until they are killed."""

    def __init__(self, program: subprocess.Popen[str], dice: random.Random) -> None:
        assert program.stdin
        assert program.stdout
        self._in, self._out = program.stdin, program.stdout
        self._dice = dice

    def live_and_die(self, folder: Path, first: int, *, forgetting: bool = False) -> list[int]:
        """Have one count from `first` until a moment that nobody foresees. Returns what it said it had done."""
        self._in.write(f"{folder} {first} {int(forgetting)}\n")
        self._in.flush()
        pid = int(self._out.readline())
        done = [int(self._out.readline()) for _ in range(self._dice.choice([0, 0, 1, 2, 3, 5, 8]))]
        until = time.perf_counter() + self._dice.uniform(0.0, 0.006 if done else 0.02)
        while time.perf_counter() < until:
            pass
        os.kill(pid, 9)
        while (line := self._out.readline()) != "gone\n":
            done.append(int(line))
        return done


@pytest.fixture
def lives() -> Iterator[Lives]:
    root = Path(__file__).parent.parent.parent
    with subprocess.Popen(
        [sys.executable, "-c", LIVES],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": "."},
    ) as program:
        yield Lives(program, random.Random(7))


def copied(folder: Path, to: Path) -> Path:
    """The files as they lie there, so that looking at them does not repair them."""
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir()
    for path in folder.iterdir() if folder.exists() else ():
        if not path.name.endswith("-shm"):
            shutil.copy(path, to)
    return to


def test_whenever_it_is_killed_all_that_it_had_confirmed_is_there(tmp_path: Path, lives: Lives) -> None:
    kept: dict[Path, int] = {}
    for kill in range(300):
        folder = tmp_path / ("long" if kill % 4 else f"new{kill}")
        confirmed = kept.get(folder, 0)
        done = lives.live_and_die(folder, confirmed)
        assert done == list(range(confirmed, confirmed + len(done)))
        confirmed += len(done)
        seen = copied(folder, tmp_path / "seen")
        if (seen / FILE_NAME).exists():
            with raw(seen) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        with opened(seen) as store:
            found = scores(store.load_all())
            assert store.warning is None
        assert found == list(range(len(found)))
        assert confirmed <= len(found) <= confirmed + 1
        kept[folder] = len(found)
    assert kept[tmp_path / "long"] > 300


def test_killed_while_it_forgets_it_has_forgotten_or_not_and_what_it_confirmed_is_gone(tmp_path: Path, lives: Lives) -> None:
    folder, number, gone, asked = tmp_path / "data", 0, 0, 0
    held: list[int] = []
    for _ in range(80):
        done = lives.live_and_die(folder, number, forgetting=True)
        for one in done:
            match one % 3:
                case _ if one == FORGETTING:
                    continue
                case 2:
                    held, gone = [], one
                case _:
                    held.append(one)
            number = one + 1
        in_the_middle = FORGETTING in done[-1:]
        asked += in_the_middle
        seen = copied(folder, tmp_path / "seen")
        content = bytes_of(seen)
        assert not [forgotten for forgotten in range(gone) if f'"remedy{forgotten}"'.encode() in content]
        with opened(seen) as store:
            found = [int(entry.what.removeprefix("remedy")) for entry in store.load_all().entries if isinstance(entry, Helped)]
            assert store.warning is None
        assert found in ([held, []] if in_the_middle else [held, [*held, number]])
        held, number = found, found[-1] + 1 if found else number
    assert asked
    assert gone


def test_a_power_cut_while_the_first_file_was_made_is_undone(folder: Path) -> None:
    folder.mkdir()
    half_made = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("CREATE TABLE strange (text)")
connection.execute("BEGIN")
connection.executemany("INSERT INTO strange VALUES (?)", [("x" * 2000,)] * 500)
os._exit(1)
"""
    subprocess.run([sys.executable, "-c", half_made, folder / FILE_NAME], check=False)
    assert (folder / f"{FILE_NAME}-journal").stat().st_size
    keep(folder, PainScored(NOW, 1))
    assert scores(loaded(folder)) == [1]


# Others who write to the same diary.


def test_nobody_is_told_of_what_we_wrote_ourselves(folder: Path) -> None:
    keep(folder, PainScored(NOW, 1))
    with opened(folder) as store:
        store.load()
        store.save(PainScored(NOW, 2))
        store.save_progress(PROGRESS)
        store.forget()
        assert store.load_if_changed() is None


def test_what_another_device_wrote_is_found_at_the_next_look_and_told_once(folder: Path) -> None:
    with opened(folder) as ours, opened(folder) as theirs:
        assert ours.load() == Memory()
        assert ours.load_if_changed() is None
        theirs.save(PainScored(NOW, 1))
        assert ours.load_if_changed() == Memory((PainScored(NOW, 1),))
        assert ours.load_if_changed() is None
        theirs.save(PainScored(NOW, 2))
        ours.save(PainScored(NOW, 3))
        found = ours.load_if_changed()
        assert found is not None
        assert scores(found) == [1, 2, 3]
        assert ours.load_if_changed() is None


def test_a_diary_that_another_program_deleted_is_found_to_be_empty(folder: Path) -> None:
    with opened(folder) as ours:
        ours.save(PainScored(NOW, 1))
        ours.load()
        forget = (
            "import sys; from pathlib import Path; from voiceskill.edges.store import SqliteStore; SqliteStore(Path(sys.argv[1])).forget()"
        )
        subprocess.run([sys.executable, "-c", forget, folder], check=True)
        assert ours.load_if_changed() == Memory()
        assert ours.load_if_changed() is None
        ours.save(PainScored(NOW, 2))
        assert scores(loaded(folder)) == [2]


def test_a_diary_whose_file_was_removed_or_replaced_is_found_as_it_is(folder: Path, tmp_path: Path) -> None:
    keep(tmp_path / "other", PainScored(NOW, 9))
    with opened(folder) as ours:
        ours.save(PainScored(NOW, 1))
        ours.load()
        shutil.rmtree(folder)
        assert ours.load_if_changed() == Memory()
        assert ours.load_if_changed() is None
        shutil.copytree(tmp_path / "other", folder)
        found = ours.load_if_changed()
        assert found is not None
        assert scores(found) == [9]
        assert ours.load_if_changed() is None


def test_a_score_that_was_taken_back_stays_in_the_file_and_is_remembered_no_more(folder: Path) -> None:
    with opened(folder) as store:
        store.save(PainScored(NOW - DAY, 3))
        store.save(PainScored(NOW, 9))
        store.save(TakenBack(NOW + timedelta(seconds=5), NOW))
        store.save(PainScored(NOW + timedelta(seconds=5), 4))
    assert scores(loaded(folder)) == [3, 4]
    with raw(folder) as connection:
        assert connection.execute("SELECT count(*) FROM entry").fetchone() == (4,)


# Forgetting.


def test_nothing_that_was_said_stays_in_any_byte_once_it_is_forgotten(folder: Path) -> None:
    folder.mkdir()
    (folder / FILE_NAME).write_bytes(b"unmistakable damage")
    with opened(folder) as store:
        for number in range(300):
            store.save(Helped(NOW + timedelta(seconds=number), f"unmistakable {number} " + "long " * (number * 7), better=True))
        store.save_progress(Progress(NOW, "unmistakable routine", PROGRESS.cursor))
        assert b"unmistakable" in bytes_of(folder)
        assert (folder / "diary.damaged-1.sqlite3").exists()
        store.forget()
        assert {path.name for path in folder.iterdir()} == {FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"}
        for trace in (b"unmistakable", b"long long", b"helped", b"2026-03-14"):
            assert trace not in bytes_of(folder)
        assert len(bytes_of(folder)) < 100_000
        assert store.warning is None
        assert store.load() == Memory()
        store.save(PaceSet(NOW, 1.3))
    assert loaded(folder).pace == 1.3


def test_forgetting_says_so_when_another_program_holds_on_and_does_it_all_when_asked_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BUSY_SECONDS", 0.01)
    with opened(folder) as store:
        store.save(Helped(NOW, "unmistakable", better=True))
        with raw(folder) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM entry").fetchall()
            with pytest.raises(Fault, match="in use"):
                store.forget()
        store.forget()
        assert b"unmistakable" not in bytes_of(folder)


# What was written by other versions.

OLD_FILES = {
    1: """
        CREATE TABLE entry (id INTEGER PRIMARY KEY, moment INTEGER NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL, fields TEXT NOT NULL);
        CREATE INDEX entry_by_moment ON entry (moment);
        INSERT INTO entry VALUES (1, 1773497366000000, '2026-03-14T15:09:26+01:00', 'pain_scored', '{"value":6.5}');
        INSERT INTO entry VALUES (2, 1773497366000000, '2026-03-14T15:09:26+01:00', 'helped', '{"value":"heat","better":true}');
    """,
}
"""A file of each earlier version, as it was written then, with the first two of ONE_OF_EACH in it."""


def test_there_is_a_file_of_every_earlier_version_to_try() -> None:
    assert set(OLD_FILES) == set(range(1, len(MIGRATIONS)))


@pytest.mark.parametrize("version", OLD_FILES)
def test_a_diary_of_an_earlier_version_is_read_and_written_on(folder: Path, version: int) -> None:
    folder.mkdir()
    with raw(folder) as connection:
        connection.executescript(f"{OLD_FILES[version]}; PRAGMA user_version = {version}")
    with opened(folder) as store:
        assert store.load() == Memory(ONE_OF_EACH[:2])
        store.save(ONE_OF_EACH[2])
        store.save_progress(PROGRESS)
    assert loaded(folder) == Memory(ONE_OF_EACH[:3], PROGRESS)
    with raw(folder) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)


def test_a_change_of_version_that_fails_half_way_leaves_the_diary_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(folder, PainScored(NOW, 1))
    monkeypatch.setattr(module, "MIGRATIONS", (*MIGRATIONS, ("DELETE FROM entry", "this is not SQL")))
    with opened(folder) as store, suppress(Fault):
        store.load()
    with closing(sqlite3.connect(folder / "diary.damaged-1.sqlite3")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert connection.execute("SELECT fields FROM entry").fetchall() == [('{"value":1}',)]


@pytest.mark.parametrize("killed", [False, True])
def test_a_diary_of_a_newer_version_is_left_alone_and_the_way_out_is_named(folder: Path, killed: bool) -> None:
    keep(folder, PainScored(NOW, 1))
    write = f"import os, sqlite3; c = sqlite3.connect({str(folder / FILE_NAME)!r}); c.execute('PRAGMA user_version = 99')"
    subprocess.run([sys.executable, "-c", f"{write}; {'os._exit(1)' if killed else 'c.close()'}"], check=not killed)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}
    assert (f"{FILE_NAME}-wal" in before) == killed
    with opened(folder) as store:
        every_change_fails(store, "newer voiceskill.*upgrade")
        with pytest.raises(Fault, match=r"newer voiceskill.*upgrade"):
            store.load()
    assert before.items() <= {path.name: path.read_bytes() for path in folder.iterdir()}.items()


def test_entries_of_a_kind_from_the_future_are_passed_over_and_not_lost(folder: Path) -> None:
    keep(folder, PainScored(NOW, 1), PainScored(NOW, 2))
    strange = [
        ("mood", '{"value":"low"}'),
        ("screened", '{"value":"puzzled","about":null,"questions":[]}'),
        ("helped", "{}"),
        ("pace_set", "["),
    ]
    with raw(folder) as connection:
        connection.executemany(
            f"INSERT INTO entry (moment, at, kind, fields) VALUES (1773497366000000, '{NOW.isoformat()}', ?, ?)", strange
        )
        connection.execute('UPDATE entry SET fields = \'{"value":1,"side":"left"}\' WHERE id = 1')
    keep(folder, PainScored(NOW, 3))
    assert loaded(folder) == Memory((PainScored(NOW, 1), PainScored(NOW, 2), PainScored(NOW, 3)))
    with raw(folder) as connection:
        assert connection.execute("SELECT kind, fields FROM entry WHERE id BETWEEN 3 AND 6").fetchall() == strange


# Damage.


def execute(folder: Path, script: str) -> None:
    with raw(folder) as connection:
        connection.executescript(script)


def not_a_database(file: Path) -> None:
    file.write_text("Dear diary,\n" * 1000)


def noise(file: Path) -> None:
    file.write_bytes(random.Random(1).randbytes(20_000))


def cut_in_the_header(file: Path) -> None:
    os.truncate(file, 60)


def cut_within_a_page(file: Path) -> None:
    os.truncate(file, 10_000)


def cut_between_pages(file: Path) -> None:
    os.truncate(file, 8_192)


def a_page_overwritten(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.seek(4_096)
        stream.write(b"\xaa" * 4_096)


def a_table_gone(file: Path) -> None:
    execute(file.parent, "DROP TABLE progress")


def a_version_that_cannot_be(file: Path) -> None:
    execute(file.parent, "PRAGMA user_version = -3")


def noise_beside_a_journal(file: Path) -> None:
    noise(file)
    file.with_name(f"{file.name}-journal").write_bytes(random.Random(2).randbytes(5_000))


def only_the_log_left(file: Path) -> None:
    file.with_name(f"{file.name}-wal").write_bytes(b"what was said" * 1000)
    file.unlink()


DAMAGES = [
    not_a_database,
    noise,
    cut_in_the_header,
    cut_within_a_page,
    cut_between_pages,
    a_page_overwritten,
    a_table_gone,
    a_version_that_cannot_be,
    noise_beside_a_journal,
    only_the_log_left,
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a diary of several pages."""
    folder = tmp_path_factory.mktemp("whole")
    keep(folder, *ONE_OF_EACH * 12)
    return (folder / FILE_NAME).read_bytes()


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("first", ["load", "save"])
def test_a_damaged_diary_is_moved_aside_with_a_word_about_where(
    folder: Path, whole: bytes, damage: Callable[[Path], None], first: str
) -> None:
    folder.mkdir()
    file = folder / FILE_NAME
    for number in (1, 2):
        file.write_bytes(whole)
        damage(file)
        aside = folder / f"diary.damaged-{number}.sqlite3"
        before = bytes_of_diary(file)
        with opened(folder) as store:
            if first == "load":
                assert store.load() == Memory()
                assert store.warning
            store.save(PainScored(NOW, 1))
            assert store.warning
            assert str(aside) in store.warning
            assert "\n" not in store.warning
            store.save_progress(PROGRESS)
        assert bytes_of_diary(aside) == before
        assert [path.name for path in folder.iterdir() if "damaged" not in path.name] == [FILE_NAME]
        assert loaded(folder) == Memory((PainScored(NOW, 1),), PROGRESS)


def bytes_of_diary(file: Path) -> list[bytes | None]:
    log = file.with_name(f"{file.name}-wal")
    return [path.read_bytes() if path.exists() else None for path in (file, log)]


def test_an_empty_file_is_no_damage(folder: Path) -> None:
    folder.mkdir()
    (folder / FILE_NAME).touch()
    assert loaded(folder) == Memory()


def test_no_damage_whatsoever_is_a_surprise(tmp_path: Path, whole: bytes) -> None:
    dice = random.Random(5)
    for number in range(120):
        content = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            content[dice.randrange(dice.choice([110, 4_096, len(content)]))] = dice.randrange(256)
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / FILE_NAME).write_bytes(content[: dice.choice([len(content), len(content), dice.randrange(len(content))])])
        with opened(folder) as store, suppress(Fault):
            store.load()
            store.save(PainScored(NOW, 1))
            assert store.load().entries[-1] == PainScored(NOW, 1)


# A disk that does not do what we want.


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this machine lets nobody mount a small disk: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def fill(disk: Path) -> Path:
    """Fill a disk to its last byte."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as stream, suppress(OSError):
        while True:
            stream.write(bytes(4_096))
    return filler


def save_until_it_fails(store: Store) -> tuple[int, str]:
    """Save 1, 2, 3 and so on. Returns the first that could not be kept, and what we were told."""
    for number in range(1, 1_000):
        try:
            store.save(PainScored(NOW, number))
        except Fault as fault:
            return number, str(fault)
    raise AssertionError("the disk is never full")


@pytest.mark.parametrize("again", [False, True], ids=["running", "restarted"])
def test_a_full_disk_is_named_and_keeping_works_again_once_there_is_room(small_disk: Path, again: bool) -> None:
    folder = small_disk / "data"
    with opened(folder) as store:
        store.save(PainScored(NOW, 0))
        filler = fill(small_disk)
        kept, fault = save_until_it_fails(store)
        assert "is full: delete" in fault
        assert "\n" not in fault
        with pytest.raises(Fault, match="full"):
            store.save_progress(Progress(NOW, "long " * 4_000, PROGRESS.cursor))
        with suppress(Fault):  # without any room at all, the diary can't even be opened
            assert scores(store.load()) == list(range(kept))
        if again:
            store.close()
        filler.unlink()
        store.save(PainScored(NOW, kept))
        assert scores(store.load()) == list(range(kept + 1))
    assert scores(loaded(folder)) == list(range(kept + 1))


def test_a_disk_that_is_full_from_the_start_is_named(small_disk: Path) -> None:
    filler = fill(small_disk)
    with opened(small_disk / "data") as store:
        assert store.load() == Memory()
        for _ in range(2):
            with pytest.raises(Fault, match="is full"):
                store.save(PainScored(NOW, 1))
        filler.unlink()
        store.save(PainScored(NOW, 1))
    assert scores(loaded(small_disk / "data")) == [1]


def test_on_a_full_disk_forgetting_works_or_says_why_not_and_works_once_there_is_room(small_disk: Path) -> None:
    folder = small_disk / "data"
    with opened(folder) as store:
        for number in range(50):
            store.save(Helped(NOW, f"unmistakable {number}", better=True))
        filler = fill(small_disk)
        with suppress(Fault):
            store.forget()
            assert b"unmistakable" not in bytes_of(folder)
        filler.unlink()
        store.forget()
        assert b"unmistakable" not in bytes_of(folder)
    assert loaded(folder) == Memory()


def test_a_disk_that_has_become_read_only_is_named_and_keeping_works_again_afterwards(small_disk: Path) -> None:
    folder = small_disk / "data"
    keep(folder, PainScored(NOW, 1))
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with opened(folder) as store:
        every_change_fails(store, "cannot be kept in .*--data-dir")
        with opened(small_disk / "new") as new, pytest.raises(Fault, match="cannot be kept"):
            new.save(PainScored(NOW, 2))
        subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
        store.save(PainScored(NOW, 2))
    assert scores(loaded(folder)) == [1, 2]


NOBODY = 65_534


@pytest.fixture
def others_folder() -> Iterator[Path]:
    """A folder that belongs to an ordinary user, where no other folder above is in the way."""
    with tempfile.TemporaryDirectory() as name:
        if os.geteuid() == 0:
            os.chown(name, NOBODY, NOBODY)
        yield Path(name)


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Root may write anywhere; be somebody else."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.mark.parametrize(("what", "mode"), [("data", 0o500), ("data", 0o000), (f"data/{FILE_NAME}", 0o400), (f"data/{FILE_NAME}", 0o000)])
def test_a_folder_or_file_that_may_not_be_written_is_named(others_folder: Path, what: str, mode: int) -> None:
    folder, barred = others_folder / "data", others_folder / what
    with ordinary_user():
        keep(folder, PainScored(NOW, 1))
        usual = stat.S_IMODE(barred.stat().st_mode)
        barred.chmod(mode)
        with opened(folder) as store:
            every_change_fails(store, "cannot be kept in .*--data-dir")
            with suppress(Fault):
                assert scores(store.load()) == [1]
            barred.chmod(usual)
            store.save(PainScored(NOW, 2))
        assert scores(loaded(folder)) == [1, 2]


def test_a_file_in_place_of_the_folder_is_named(folder: Path) -> None:
    folder.write_text("not a folder")
    with opened(folder) as store, pytest.raises(Fault, match="cannot be kept"):
        store.save(PainScored(NOW, 1))


def test_a_diary_that_another_program_blocks_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BUSY_SECONDS", 0.01)
    keep(folder, PainScored(NOW, 1))
    with opened(folder) as store:
        with raw(folder) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Fault, match="in use"):
                store.save(PainScored(NOW, 2))
            assert scores(store.load()) == [1]
        store.save(PainScored(NOW, 3))
    assert scores(loaded(folder)) == [1, 3]


# A clock that was not set.


def test_what_was_noted_while_the_clock_was_not_set_is_remembered_however_wrong_its_date_and_put_right(folder: Path) -> None:
    long_ago = NOW - timedelta(days=800)
    keep(
        folder,
        PainScored(long_ago, 3.0),
        PainScored(long_ago, 7.0, unsure=Uptime("now", 100.0)),
        PainScored(NOW, 5.0, unsure=Uptime("then", 1.0)),
    )
    assert sorted(scores(loaded(folder))) == [5.0, 7.0]
    with opened(folder) as store:
        store.put_right(RightTime(Uptime("now", 400.0), NOW))
    found = loaded(folder).entries
    assert PainScored(NOW - timedelta(minutes=5), 7.0) in found
    assert PainScored(NOW, 5.0, unsure=Uptime("then", 1.0)) in found


def test_where_there_is_no_diary_none_is_made_to_put_times_right(folder: Path) -> None:
    with opened(folder) as store:
        store.put_right(RightTime(Uptime("now", 400.0), NOW))
        assert not store.exists()
