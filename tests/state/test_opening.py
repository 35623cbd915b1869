import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from casecraft.core.document import Document
from casecraft.errors import StateDamagedError, StateError, StateLockedError, StateNewerError
from casecraft.state import Store, database, open_store, state_path
from casecraft.state.lock import StateLock, holder_of
from casecraft.state.migrations import APPLICATION_ID, MIGRATIONS, VERSION, migrate
from tests.state.samples import CASE, DOCUMENT, attempt

CONTRACT = Path(__file__).parents[2] / "state"
HOLDING = """
import sys
from pathlib import Path
from casecraft.state import open_store
store = open_store(Path(sys.argv[1]), command="casecraft generate")
print("held", flush=True)
sys.stdin.read()
"""


def source(text: str, title: str = "T") -> Document:
    return Document(text, "openapi", title, "1", "3.1.0", "d", {})


def test_state_file_is_named_for_where_the_document_is(tmp_path: Path) -> None:
    def name(text: str, folder: Path = tmp_path, title: str = "T") -> str:
        return state_path(Path(".casecraft"), source(text, title), working_folder=folder).name

    assert name("a/openapi.yaml") == name("./a/openapi.yaml") == name(str(tmp_path / "a" / "openapi.yaml"))
    assert name("a/openapi.yaml") == name("a/openapi.yaml", tmp_path / "elsewhere")
    assert name("a/openapi.yaml") != name("b/openapi.yaml")
    assert name("http://h/openapi.yaml") != name("https://h/openapi.yaml")
    assert name("-", title="A") != name("-", title="B")
    assert name("openapi.yaml").startswith("openapi-")


def test_new_file_is_ours_and_in_wal_mode(store: Store, path: Path) -> None:
    header = path.read_bytes()[:100]
    assert int.from_bytes(header[68:72], "big") == APPLICATION_ID
    assert int.from_bytes(header[60:64], "big") == VERSION
    assert header[18:20] == b"\x02\x02"


def test_second_opener_is_told_who_holds_the_file(store: Store, path: Path) -> None:
    with pytest.raises(StateLockedError, match=f"is held by process {os.getpid()} on ") as caught:
        open_store(path)
    assert "since 2027-01-15 08:00:00 UTC" in str(caught.value)
    store.close()
    assert holder_of(path) is None
    open_store(path).close()


@pytest.mark.slow
def test_dead_holder_blocks_nobody(path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(StateLockedError, match=f"process {process.pid} on .*'casecraft generate'"):
            open_store(path)
        process.kill()
    assert holder_of(path) is not None
    open_store(path).close()


def test_command_of_the_holder_leaves_out_what_may_be_secret(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/bin/casecraft", "generate", "hunter2"])
    with open_store(path):
        holder = holder_of(path)
        assert holder is not None
        assert holder.command == "casecraft generate"


async def test_reader_sees_what_a_running_writer_has_recorded(store: Store, path: Path) -> None:
    run_id = store.begin_run(DOCUMENT, {}, [])
    await store.record(run_id, attempt("/a", "k"))
    with open_store(path, read_only=True) as reader:
        assert reader.attempts_of(run_id) == [attempt("/a", "k")]
        with pytest.raises(StateError, match="opened for reading only"):
            reader.begin_run(DOCUMENT, {}, [])


def test_reading_a_missing_file_makes_none(path: Path) -> None:
    with pytest.raises(StateError, match="there is no state file"):
        open_store(path, read_only=True)
    assert not path.exists()


def refused(path: Path, kind: type[StateError], message: str) -> None:
    """Both ways to open are refused, and not a byte changes."""
    before = {file.name: file.read_bytes() for file in path.parent.iterdir() if file.suffix != ".lock"}
    for read_only in (False, True):
        with pytest.raises(kind, match=message) as caught:
            open_store(path, read_only=read_only)
        assert caught.value.hint
    after = {file.name: file.read_bytes() for file in path.parent.iterdir() if file.suffix != ".lock"}
    assert after == before


def test_newer_file_is_refused_and_left_untouched(path: Path) -> None:
    open_store(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    refused(path, StateNewerError, "has version 99; this casecraft knows versions up to 4")


def test_newer_version_still_in_the_log_is_refused(path: Path, tmp_path: Path) -> None:
    open_store(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
        for ending in ("", "-wal"):  # as it would be after a crash: the header is the old one
            (tmp_path / f"crashed.sqlite{ending}").write_bytes(path.with_name(path.name + ending).read_bytes())
    assert int.from_bytes((tmp_path / "crashed.sqlite").read_bytes()[60:64], "big") == VERSION
    with pytest.raises(StateNewerError):
        open_store(tmp_path / "crashed.sqlite")


@pytest.mark.parametrize("content", [b"x", b"{}" * 200, b"SQLite format 3\x00", bytes(4096)])
def test_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    refused(path, StateDamagedError, "is no state file of casecraft")


def test_database_of_another_program_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")
    refused(path, StateDamagedError, "is an SQLite file of another program")


def fill(path: Path) -> None:
    async def record(store: Store, run_id: str) -> None:
        for number in range(20):
            await store.record(run_id, attempt("/a", f"k{number}", answer="x" * 3000))

    with open_store(path) as store:
        asyncio.run(record(store, store.begin_run(DOCUMENT, {}, [])))


def test_truncated_file_is_refused(path: Path) -> None:
    fill(path)
    path.write_bytes(path.read_bytes()[:-8192])
    refused(path, StateDamagedError, "is damaged")


def test_file_with_an_overwritten_page_is_refused(path: Path) -> None:
    fill(path)
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 12] = os.urandom(4096 * 9)
    path.write_bytes(content)
    refused(path, StateDamagedError, "is damaged")


def test_damage_met_later_is_said_as_such(store: Store, path: Path) -> None:
    store.begin_run(DOCUMENT, {}, [])
    with store.alone() as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:4096] + os.urandom(size - 4096))
    with closing(database.connect(path, read_only=True)) as connection:
        store._reader = connection
        with pytest.raises(StateDamagedError, match="is damaged"):
            store.runs()


def test_empty_file_left_by_a_killed_process_is_made_anew(path: Path) -> None:
    path.touch()
    path.with_name(path.name + ".new").write_bytes(b"half")
    with open_store(path) as store:
        assert store.runs() == []


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_older_file_is_read_as_if_it_were_migrated_and_not_touched(path: Path, version: str) -> None:
    path.write_bytes((CONTRACT / version / "sample.sqlite").read_bytes())
    before = path.read_bytes()
    with open_store(path, read_only=True) as reader:
        assert [run.status for run in reader.runs()] == ["done", "interrupted"]
        assert [job.cases for job in reader.jobs_of(reader.runs()[1].id)] == [(CASE,)]
        with pytest.raises(StateError, match="opened for reading only"), reader.writing():
            pass
    assert [path.read_bytes(), *path.parent.iterdir()] == [before, path]


def test_folder_that_cannot_be_made_says_so(path: Path) -> None:
    path.write_text("a file where the folder should be")
    with pytest.raises(StateError, match="cannot be used") as caught:
        open_store(path / "api.sqlite")
    assert "--state-dir" in str(caught.value.hint)


def test_older_file_is_backed_up_then_migrated(path: Path) -> None:
    fill(path)
    before = path.read_bytes()

    def m005_colour(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE runs ADD COLUMN colour TEXT")

    with StateLock(path, since=0):
        database.prepare(path, [*MIGRATIONS, (5, m005_colour)])
    backup = path.with_name(path.name + ".v4.bak")
    with closing(sqlite3.connect(path)) as new, closing(sqlite3.connect(backup)) as old:
        assert new.execute("PRAGMA user_version").fetchone() == (5,)
        assert new.execute("SELECT colour FROM runs").fetchall() == [(None,)]
        assert old.execute("PRAGMA user_version").fetchone() == (4,)
        assert old.execute("SELECT count(*) FROM attempts").fetchone() == (20,)
    assert before[:16] == database.MAGIC
    refused(path, StateNewerError, "has version 5")


def test_migration_that_fails_leaves_its_version_and_tables_out(path: Path) -> None:
    open_store(path).close()

    def m005_half(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (x)")
        raise RuntimeError("no")

    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        with pytest.raises(RuntimeError):
            migrate(connection, [*MIGRATIONS, (5, m005_half)])
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone() == (0,)


def test_lock_record_that_is_broken_is_no_obstacle(path: Path, store: Store) -> None:
    path.with_name(path.name + ".holder").write_text(json.dumps({"pid": 1}))
    with pytest.raises(StateLockedError, match="another process"):
        open_store(path)
