"""What other programs rely on: the schemas and samples of the top-level `state/`."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import jsonschema
import pytest

from casecraft.state import encode, export, open_store
from casecraft.state.migrations import APPLICATION_ID, MIGRATIONS, VERSION, migrate
from tests.state.samples import CASE, attempt

ROOT = Path(__file__).parents[2]
V1, V2, V3, V4 = (ROOT / "state" / version for version in ("v1", "v2", "v3", "v4"))
EXPORT_SCHEMAS = [folder / "export.schema.json" for folder in (V2, V3, V4)]


def tables(connection: sqlite3.Connection) -> dict[str, str]:
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {name: " ".join(sql.split()) for name, sql in rows}


def test_schema_is_what_the_migrations_make() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        migrate(made)
        with closing(sqlite3.connect(":memory:")) as written:
            written.executescript((V4 / "schema.sql").read_text())
            assert tables(written) == tables(made)
            assert written.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
            assert written.execute("PRAGMA user_version").fetchone() == (VERSION,)


@pytest.mark.parametrize("schema", [V1 / "state.schema.json", *EXPORT_SCHEMAS])
def test_published_schemas_are_schemas(schema: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema.read_text()))


def test_published_schema_is_the_one_that_imports_are_checked_with() -> None:
    assert (V4 / "export.schema.json").read_bytes() == (ROOT / "casecraft/state/export.schema.json").read_bytes()


def test_sample_of_version_1_fits_its_schema() -> None:
    sample = json.loads((V1 / "sample.casecraft_state.json").read_text())
    jsonschema.validate(sample, json.loads((V1 / "state.schema.json").read_text()))


@pytest.mark.parametrize("folder", [V2, V3, V4])
def test_samples_stay_readable(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "sample.sqlite"
    shutil.copy(folder / "sample.sqlite", path)
    with open_store(path) as store:
        first, second = store.runs()
        assert (first.status, second.status) == ("done", "interrupted")
        assert store.attempts_of(first.id) == [
            attempt("/things", "k1"),
            attempt(
                "/broken",
                "k2",
                answer=None,
                raw=None,
                outcome="server",
                status=500,
                error="HTTP 500",
                usage=None,
                cost=None,
            ),
        ]
        (reused,) = store.jobs_of(second.id)
        assert (reused.status, reused.cases) == ("reused", (CASE,))
        assert store.finished("a" * 64) is not None
        exported = export(store)
        sample = (V4 / "sample.export.json").read_bytes()
        published = json.loads(sample)
        newer = {name: published[name] for name in ("suite_runs", "exchanges")}
        assert encode(exported | newer) == sample
        # Version 2 knew nothing of runs of suites, version 3 nothing of exchanges.
        assert exported["suite_runs"] == ([] if folder == V2 else published["suite_runs"])
        assert exported["exchanges"] == (published["exchanges"] if folder == V4 else [])


@pytest.mark.parametrize("folder", [V2, V3, V4])
def test_sample_export_fits_its_schema(folder: Path) -> None:
    sample = json.loads((folder / "sample.export.json").read_text())
    jsonschema.validate(sample, json.loads((folder / "export.schema.json").read_text()))


@pytest.mark.parametrize(("authenticated", "blank"), [("true", ""), ("false", ""), ("false", " ")])
def test_cases_of_version_2_say_as_whom_they_are_sent(authenticated: str, blank: str) -> None:
    case = f'{blank}{{"id": "a", "request": {{"body": 1{"0" * 30}, "authenticated": {authenticated}}}}}'
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, MIGRATIONS[:1])
        connection.execute("INSERT INTO cases VALUES ('r', 'GET /', 0, ?)", (case,))
        migrate(connection)
        (found,) = connection.execute('SELECT "case" FROM cases').fetchone()
    assert found.startswith(" ") == bool(blank)
    assert json.loads(found) == {
        "id": "a",
        "request": {"body": 10**30, "raw_body": None, "credentials": "own" if authenticated == "true" else "none"},
        "bindings": [],
        "fresh": False,
    }
