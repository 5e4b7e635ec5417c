"""Where the diary is kept: one SQLite file, or memory alone.

Laws of this module:
- What `save` has confirmed is on the disk. Whatever ends the program, the file is whole afterwards.
- Nobody waits for the disk, nor wears it out, for each step of a routine: a power cut may cost the last half minute of where somebody was.
- Nothing is ever lost for being strange: a damaged file is moved aside, a newer one is left alone, an unknown entry stays where it is.
- What is forgotten is in no byte of any file of ours.

The connection is opened when it is first needed, and anew after an error, so that what was put right meanwhile works again.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from voiceskill.core.diary import Entry, Memory, Progress, RightTime, put_right
from voiceskill.core.diary_records import Record, entry_of, progress_of, progress_record, record_of
from voiceskill.ports import Fault

_log = logging.getLogger(__name__)

FILE_NAME = "diary.sqlite3"
_SET_ASIDE = "diary.damaged-*"

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # `moment` is `at` in microseconds since 1970, since texts with different offsets do not sort.
        """CREATE TABLE entry (
            id INTEGER PRIMARY KEY, moment INTEGER NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL, fields TEXT NOT NULL
        )""",
        "CREATE INDEX entry_by_moment ON entry (moment)",
    ),
    ("CREATE TABLE progress (only INTEGER PRIMARY KEY CHECK (only = 1), fields TEXT NOT NULL)",),
)
"""The statements that lead from each version of the file to the next: item 0 makes version 1 of an empty file."""

_RECENT = timedelta(days=90)
_BUSY_SECONDS = 5.0
_NO_ROOM_BYTES = 128 * 1024
"""With less than this left, a failed write is put down to a full disk: SQLite needs 32 KiB beside the file just to open it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = -(2**63)

_READ = """
SELECT at, kind, fields FROM entry
WHERE moment >= :since
   OR fields LIKE '%"unsure":%'
   OR id = (SELECT id FROM entry WHERE kind = 'took_medicine' ORDER BY moment DESC, id DESC LIMIT 1)
   OR id = (SELECT id FROM entry WHERE kind = 'pace_set' ORDER BY moment DESC, id DESC LIMIT 1)
ORDER BY moment, id
"""

_READ_UNSURE = """SELECT id, at, kind, fields FROM entry WHERE fields LIKE '%"unsure":%'"""

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
"""SQLITE_ERROR, when opening: the tables are not what they must be."""


class _DamagedError(Exception):
    """The file is a database, but not whole, or not ours."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SqliteStore:
    """A Store in the file `diary.sqlite3` of `folder`. Safe to use from several threads, and beside another program that uses it.

    `now` tells the time of day, with its zone, for what is too old to be loaded. Nothing is made on the disk before the first save.
    """

    def __init__(self, folder: Path, now: Callable[[], datetime] = _utc_now) -> None:
        self._folder = folder
        self._file = folder / FILE_NAME
        self._now = now
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._opened = 0
        self._loaded: tuple[int, int] | None = None
        self._warning: str | None = None
        self._begun: str | None = None

    @property
    def warning(self) -> str | None:
        """Where the diary went that was found damaged, in one line; None when all was well."""
        return self._warning

    def exists(self) -> bool:
        """Whether there is a diary on the disk, or a damaged one that was moved aside."""
        with self._at_work():
            return self._exists() or any(self._folder.glob(_SET_ASIDE))

    def load(self) -> Memory:
        """What was kept in the last 90 days, in order of time, with the last medicine and the last pace however old."""
        return self._load((self._now() - _RECENT - _EPOCH) // timedelta(microseconds=1))

    def load_if_changed(self) -> Memory | None:
        """What `load` gives, where another program has written to the file, replaced or removed it since it was last loaded; else None.

        It costs a glance where nothing has changed. What may have been changed, after a fault for instance, is taken as changed.
        """
        with self._at_work():
            changed = self._edition() != self._loaded
        return self.load() if changed else None

    def load_all(self) -> Memory:
        """All that was ever kept, in order of time."""
        return self._load(_EARLIEST)

    def save(self, entry: Entry) -> None:
        """Keep an entry. Once this returns, it survives a power cut."""
        row = _row(entry)
        with self._at_work():
            self._connected().execute("INSERT INTO entry (moment, at, kind, fields) VALUES (?, ?, ?, ?)", row)

    def save_progress(self, progress: Progress | None) -> None:
        """Keep where somebody is in a routine, or that they are in none.

        That a routine began survives a power cut. Of what follows, one may cost the last half minute: the system writes it when it pleases,
        at the latest with the next entry.
        """
        with self._at_work():
            if progress is not None:
                row = (_to_json(progress_record(progress)),)
                connection = self._connected()
                with nullcontext() if progress.routine != self._begun else _unhurried(connection):
                    connection.execute("INSERT OR REPLACE INTO progress (only, fields) VALUES (1, ?)", row)
            elif self._exists():
                connection = self._connected()
                with _unhurried(connection):
                    connection.execute("DELETE FROM progress")
            self._begun = progress.routine if progress else None

    def put_right(self, now: RightTime) -> None:
        """Give the entries that were told before the clock was set their right times, as far as they follow from `now`: all, or none."""
        with self._at_work():
            if not self._exists():
                return
            connection = self._connected()
            with _transaction(connection):
                for number, at, kind, fields in connection.execute(_READ_UNSURE).fetchall():
                    entry = entry_of({**_from_json(fields), "at": at, "kind": kind})
                    if entry is not None and (right := put_right(entry, now)) != entry:
                        connection.execute("UPDATE entry SET moment = ?, at = ?, kind = ?, fields = ? WHERE id = ?", (*_row(right), number))

    def forget(self) -> None:
        """Delete everything, damaged diaries too, also from the bytes on the disk. A Fault means that something may be left: try again."""
        with self._at_work():
            if self._exists():
                connection = self._connected()
                with _transaction(connection):
                    connection.execute("DELETE FROM entry")
                    connection.execute("DELETE FROM progress")
                self._empty_log(connection)
                connection.execute("VACUUM")
                self._empty_log(connection)
            for damaged in self._folder.glob(_SET_ASIDE):
                damaged.unlink(missing_ok=True)
            self._warning = None

    def close(self) -> None:
        """Let go of the file; may be called more than once."""
        with self._lock:
            self._let_go()

    def _load(self, since: int) -> Memory:
        with self._at_work():
            self._loaded = self._edition()  # before reading: what others change meanwhile is found at the next look
            if self._loaded is None:
                return Memory()
            connection = self._connected()
            rows = connection.execute(_READ, {"since": since}).fetchall()
            under_way = connection.execute("SELECT fields FROM progress").fetchone()
        found = [entry_of({**_from_json(fields), "at": at, "kind": kind}) for at, kind, fields in rows]
        entries = [entry for entry in found if entry is not None]
        if len(entries) < len(found):
            _log.info("%d entries of the diary are not understood by this version, and left where they are", len(found) - len(entries))
        return Memory.of(entries, progress_of(_from_json(under_way[0])) if under_way else None)

    # The connection.

    def _edition(self) -> tuple[int, int] | None:
        """Another value whenever others may have changed the file; None while there is none. Our own changes make no difference to it."""
        if not self._exists():
            return None
        (version,) = self._connected().execute("PRAGMA data_version").fetchone()
        return self._opened, version

    def _exists(self) -> bool:
        return self._file.exists() or _beside(self._file, "-wal").exists()

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None and _identity(self._file) != self._identity:
            self._let_go()  # somebody has moved the file away; what we wrote now would be gone
        if self._connection is None:
            _make_folder(self._folder)
            try:
                self._connection = self._open()
            except (_DamagedError, sqlite3.DatabaseError, UnicodeDecodeError) as error:  # SQLite quotes what it stumbles over
                if isinstance(error, sqlite3.Error) and _code(error) not in _DAMAGED:
                    raise
                self._set_aside()
                self._connection = self._open()
            self._identity = _identity(self._file)
            self._opened += 1
        return self._connection

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _open(self) -> sqlite3.Connection:
        self._make_file()
        self._look_for_newer()
        connection = sqlite3.connect(self._file, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            self._refuse_newer(connection)
            _prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _make_file(self) -> None:
        log = _beside(self._file, "-wal")
        if (not self._file.exists() or not self._file.stat().st_size) and log.exists() and log.stat().st_size:
            raise _DamagedError  # SQLite would throw away what is in there
        if not self._file.exists():  # to open and close one that is in use would end the locks that this process has on it
            os.close(os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600))  # SQLite gives the files beside it the same permissions
            _sync_folder(self._folder)
        elif not os.access(self._file, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    def _look_for_newer(self) -> None:
        # A connection that may write would, in closing, change the file.
        with closing(sqlite3.connect(f"{self._file.absolute().as_uri()}?mode=ro", timeout=_BUSY_SECONDS, uri=True)) as connection:
            try:
                self._refuse_newer(connection)
            except sqlite3.OperationalError as error:
                if _code(error) != sqlite3.SQLITE_READONLY:  # that is: a power cut left something that must be undone first
                    raise

    def _refuse_newer(self, connection: sqlite3.Connection) -> None:
        version = _version(connection)
        if version > len(MIGRATIONS):
            raise Fault(
                f"{self._file} was written by a newer voiceskill (version {version} of the file, this one knows {len(MIGRATIONS)}): "
                "upgrade voiceskill to use it"
            )

    def _set_aside(self) -> None:
        number = 1
        while any(self._folder.glob(f"diary.damaged-{number}.sqlite3*")):
            number += 1
        target = self._folder / f"diary.damaged-{number}.sqlite3"
        for ending in ("-wal", "-journal", ""):
            path = _beside(self._file, ending)
            if path.exists() and path.stat().st_size:
                path.rename(_beside(target, ending))
            path.unlink(missing_ok=True)
        _beside(self._file, "-shm").unlink(missing_ok=True)
        _sync_folder(self._folder)
        self._warning = f"The diary was damaged and could not be read: it was moved to {target}, and a new one was begun"

    # Faults.

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                self._let_go()
                raise Fault(self._what_to_do(error)) from error
            except OSError as error:
                self._let_go()
                if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                    raise Fault(self._make_room()) from error
                raise Fault(self._allow(error.strerror)) from error

    def _what_to_do(self, error: sqlite3.Error) -> str:
        match _code(error):
            case sqlite3.SQLITE_FULL:
                return self._make_room()
            case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN if self._without_room():
                return self._make_room()
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
                return self._allow(str(error))
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                return self._in_use()
            case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
                return f"{self._file} is damaged: try again, and it is moved aside and a new diary begun"
            case _:
                return f"{self._file} cannot be used ({error}): check the disk, then try again"

    def _without_room(self) -> bool:
        try:
            return shutil.disk_usage(self._folder).free < _NO_ROOM_BYTES
        except OSError:
            return False

    def _make_room(self) -> str:
        return f"The disk of {self._folder} is full: delete what is not needed there, then try again"

    def _allow(self, reason: str | None) -> str:
        return f"The diary cannot be kept in {self._folder} ({reason}): let this user write there, or choose another folder with --data-dir"

    def _in_use(self) -> str:
        return f"{self._file} is in use by another program: end that, or wait, then try again"

    def _empty_log(self, connection: sqlite3.Connection) -> None:
        (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise Fault(self._in_use())


class MemoryStore:
    """A Store that keeps nothing beyond the program, for conversations that are typed or rehearsed."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._progress: Progress | None = None

    def load(self) -> Memory:
        """All that was kept, in order of time."""
        return Memory.of(self._entries, self._progress)

    def load_if_changed(self) -> Memory | None:
        """None: nobody else can change it."""
        return None

    def save(self, entry: Entry) -> None:
        """Keep an entry."""
        self._entries.append(entry)

    def save_progress(self, progress: Progress | None) -> None:
        """Keep where somebody is in a routine, or that they are in none."""
        self._progress = progress

    def put_right(self, now: RightTime) -> None:
        """Give the entries that were told before the clock was set their right times."""
        self._entries = [put_right(entry, now) for entry in self._entries]

    def forget(self) -> None:
        """Delete everything."""
        self._entries.clear()
        self._progress = None

    def close(self) -> None:
        """Nothing to let go of."""


# The file.


def _prepare(connection: sqlite3.Connection) -> None:
    connection.text_factory = lambda data: data.decode("utf-8", "replace")  # a damaged letter must not hide the whole diary
    if connection.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
        raise _DamagedError
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")
    _migrate(connection)
    for table in ("entry", "progress"):
        connection.execute(f"SELECT * FROM {table} LIMIT 0")  # noqa: S608 - our own names; fails where the table is gone


def _migrate(connection: sqlite3.Connection) -> None:
    for version in range(_version(connection) + 1, len(MIGRATIONS) + 1):
        with _transaction(connection):
            if _version(connection) < version:  # another program may have been quicker
                for statement in MIGRATIONS[version - 1]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version}")


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version < 0:
        raise _DamagedError
    return version


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _unhurried(connection: sqlite3.Connection) -> Iterator[None]:
    """Nobody waits in the block until the disk has what is written. The log keeps the order, so the file is whole all the same."""
    connection.execute("PRAGMA synchronous = NORMAL")
    try:
        yield
    finally:
        connection.execute("PRAGMA synchronous = FULL")


def _code(error: sqlite3.Error) -> int:
    """The primary result code of SQLite."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _beside(file: Path, ending: str) -> Path:
    return file.with_name(file.name + ending)


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        about = file.stat()
    except FileNotFoundError:
        return None
    return about.st_dev, about.st_ino


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        if folder.parent != folder:
            _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    """Have the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _row(entry: Entry) -> tuple[int, str, str, str]:
    record = record_of(entry)
    return (entry.at - _EPOCH) // timedelta(microseconds=1), record.pop("at"), record.pop("kind"), _to_json(record)


def _to_json(record: Record) -> str:
    return json.dumps(record, separators=(",", ":"))


def _from_json(text: Any) -> Record:
    try:
        record = json.loads(text)
    except (ValueError, TypeError):
        return {}
    return record if isinstance(record, dict) else {}
