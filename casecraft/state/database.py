"""The SQLite file itself: found to be ours and whole, made, migrated, connected to."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from casecraft.errors import StateDamagedError, StateError, StateLockedError, StateNewerError
from casecraft.state.migrations import APPLICATION_ID, MIGRATIONS, VERSION, Migration, migrate

MAGIC = b"SQLite format 3\x00"
CHECKED_BYTES = 64 * 2**20
"""Files up to this size are checked page by page when they are opened (36 ms for 27 MB)."""
CHECKPOINT_PAGES = 4000
_OLDEST_SQLITE = (3, 37)
_PRIMARY_CODE = 0xFF
_HEADER_SIZE = 100


def prepare(path: Path, migrations: Sequence[tuple[int, Migration]] = MIGRATIONS) -> None:
    """Make sure that `path` is a whole state file of this program's version. The caller holds its lock.

    A missing or empty file is made, an older one is copied to `<name>.v<version>.bak` and migrated. Raises
    StateNewerError and StateDamagedError with the file untouched.
    """
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise StateError(
            f"Python's SQLite is {sqlite3.sqlite_version}; 3.37 is needed", hint="use a newer Python build"
        )
    if not path.exists() or path.stat().st_size == 0:
        _make(path, migrations)
        return
    version = inspect(path, newest=migrations[-1][0])
    if version < migrations[-1][0]:
        _upgrade(path, version, migrations)


def inspect(path: Path, *, newest: int = VERSION) -> int:
    """The version of the state file at `path`, which is only read.

    Raises StateDamagedError where it is no state file or broken, StateNewerError where its version is above `newest`.
    """
    _refuse_strange_header(path, newest)
    with translated(path), closing(connect(path, read_only=True)) as connection:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        _refuse_strange(path, application, version, newest)
        if path.stat().st_size <= CHECKED_BYTES:
            _refuse_broken(path, connection)
    return int(version)


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode that any thread may use. Writing ones keep the durability of docs/state.md."""
    mode = _reading_mode(path) if read_only else "mode=rw"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    if not read_only:
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    return connection


def connect_migrated(path: Path) -> sqlite3.Connection:
    """A connection to a copy in memory, migrated there: the file of an older version at `path` is only read."""
    copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    with closing(connect(path, read_only=True)) as connection:
        connection.backup(copy)
    migrate(copy)
    return copy


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's and the system's errors into StateErrors that say what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise _state_error(path, error) from error
    except OSError as error:
        raise StateError(
            f"the state file {str(path)!r} cannot be used: {error.strerror or error}",
            hint="check its folder, or choose another with --state-dir",
        ) from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        yield


def _reading_mode(path: Path) -> str:
    # Without a log beside it the file says all: `immutable` then reads it even where nothing may be written.
    return "mode=ro" if path.with_name(path.name + "-wal").exists() else "mode=ro&immutable=1"


def _make(path: Path, migrations: Sequence[tuple[int, Migration]]) -> None:
    # Under another name first: what stands at `path` is then always whole, wherever the process is killed.
    unfinished = path.with_name(path.name + ".new")
    with translated(path):
        unfinished.unlink(missing_ok=True)
        with closing(sqlite3.connect(unfinished, isolation_level=None)) as connection:
            migrate(connection, migrations)
            connection.execute("PRAGMA journal_mode = WAL")
        unfinished.replace(path)


def _upgrade(path: Path, version: int, migrations: Sequence[tuple[int, Migration]]) -> None:
    backup = path.with_name(f"{path.name}.v{version}.bak")
    with translated(path), closing(connect(path)) as connection:
        with closing(sqlite3.connect(backup)) as copy:
            connection.backup(copy)
        migrate(connection, migrations)


def _refuse_strange_header(path: Path, newest: int) -> None:
    """Look at the file's first bytes alone, so that a stranger's file is never opened as a database."""
    with translated(path), path.open("rb") as file:
        header = file.read(_HEADER_SIZE)
    if len(header) < _HEADER_SIZE or not header.startswith(MAGIC):
        raise StateDamagedError(f"{str(path)!r} is no state file of casecraft", hint=_MOVE_AWAY)
    version, application = int.from_bytes(header[60:64], "big"), int.from_bytes(header[68:72], "big")
    _refuse_strange(path, application, version, newest)


def _refuse_strange(path: Path, application: int, version: int, newest: int) -> None:
    if application != APPLICATION_ID:
        raise StateDamagedError(f"{str(path)!r} is an SQLite file of another program", hint=_MOVE_AWAY)
    if version > newest:
        raise StateNewerError(
            f"the state file {str(path)!r} has version {version}; this casecraft knows versions up to {newest}",
            hint="install a newer casecraft, or choose another folder with --state-dir",
        )


def _refuse_broken(path: Path, connection: sqlite3.Connection) -> None:
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise _damaged(path, str(verdict).splitlines()[-1])


_MOVE_AWAY = "move the file away, or choose another folder with --state-dir"


def _damaged(path: Path, detail: object) -> StateDamagedError:
    return StateDamagedError(
        f"the state file {str(path)!r} is damaged: {detail}",
        hint="put a copy of it back, or move it away to begin anew (SQLite's `.recover` may save what is in it)",
    )


def _state_error(path: Path, error: sqlite3.Error) -> StateError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY_CODE
    where = f"the state file {str(path)!r}"
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return _damaged(path, error)
    if code == sqlite3.SQLITE_FULL:
        return StateError(f"no space left to write {where}", hint="free some space, then `casecraft resume`")
    if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}:
        return StateError(
            f"{where} cannot be opened for writing: {error}",
            hint="the file and its folder must be writable; choose another folder with --state-dir",
        )
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return StateLockedError(f"{where} is in use by another program: {error}", hint="close it there")
    return StateError(f"{where} cannot be used: {error}", hint="`casecraft state list` says whether it is readable")
