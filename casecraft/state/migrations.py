"""The steps that bring a state file to this version, oldest first. Steps are added, never changed.

Version 1 was the JSON of the earlier tool (see `casecraft.state.legacy`), so the first step makes version 2.
"""

import sqlite3
from collections.abc import Callable, Sequence
from typing import TypeAlias

Migration: TypeAlias = Callable[[sqlite3.Connection], None]

APPLICATION_ID = 0x43415345
"""Marks an SQLite file as ours: "CASE" in ASCII."""

_V2_TABLES = (
    """\
CREATE TABLE runs (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  started REAL NOT NULL,
  ended REAL,
  status TEXT NOT NULL CHECK (status IN ('running', 'done', 'interrupted', 'failed', 'budget', 'imported')),
  pruned INTEGER NOT NULL DEFAULT 0 CHECK (pruned IN (0, 1)),
  casecraft TEXT NOT NULL,
  document_source TEXT NOT NULL,
  document_title TEXT NOT NULL,
  document_version TEXT NOT NULL,
  document_digest TEXT NOT NULL,
  settings TEXT NOT NULL,
  totals TEXT NOT NULL,
  endpoints TEXT NOT NULL
) STRICT""",
    """\
CREATE TABLE jobs (
  run_id TEXT NOT NULL REFERENCES runs (id),
  endpoint_id TEXT NOT NULL,
  job_key TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('done', 'reused', 'failed', 'pending')),
  provider TEXT,
  model TEXT,
  fell_back TEXT NOT NULL,
  dropped INTEGER NOT NULL,
  error TEXT,
  notes TEXT NOT NULL,
  PRIMARY KEY (run_id, endpoint_id)
) STRICT, WITHOUT ROWID""",
    "CREATE INDEX jobs_done ON jobs (job_key) WHERE status = 'done'",
    """\
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs (id),
  endpoint_id TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  purpose TEXT NOT NULL,
  request_key TEXT NOT NULL,
  outcome TEXT NOT NULL,
  started REAL NOT NULL,
  latency REAL NOT NULL,
  status INTEGER,
  error TEXT,
  answer TEXT,
  usage_input INTEGER,
  usage_output INTEGER,
  usage_cached_input INTEGER,
  usage_cache_write INTEGER,
  usage_reasoning INTEGER,
  cost_amount TEXT,
  cost_currency TEXT,
  cost_as_of TEXT,
  raw BLOB
) STRICT""",
    "CREATE INDEX attempts_of_run ON attempts (run_id)",
    """\
CREATE TABLE cases (
  run_id TEXT NOT NULL,
  endpoint_id TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  "case" TEXT NOT NULL,
  PRIMARY KEY (run_id, endpoint_id, ordinal)
) STRICT, WITHOUT ROWID""",
)

_V3_TABLES = (
    """\
CREATE TABLE suite_runs (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  started REAL NOT NULL,
  ended REAL,
  status TEXT NOT NULL CHECK (status IN ('running', 'done', 'interrupted', 'unavailable')),
  suite TEXT NOT NULL,
  base_url TEXT NOT NULL,
  document_digest TEXT NOT NULL,
  selection TEXT NOT NULL,
  totals TEXT NOT NULL
) STRICT""",
    """\
CREATE TABLE case_results (
  run_id TEXT NOT NULL REFERENCES suite_runs (id),
  case_id TEXT NOT NULL,
  endpoint_id TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('passed', 'failed', 'finding', 'unanswered', 'blocked')),
  kind TEXT NOT NULL,
  status INTEGER,
  seconds REAL NOT NULL,
  flaky INTEGER NOT NULL CHECK (flaky IN (0, 1)),
  message TEXT NOT NULL,
  PRIMARY KEY (run_id, case_id)
) STRICT, WITHOUT ROWID""",
    "CREATE INDEX results_of_case ON case_results (case_id)",
)

_V4_TABLES = (
    """\
CREATE TABLE exchanges (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  started REAL NOT NULL,
  client TEXT NOT NULL,
  "key" TEXT NOT NULL,
  dialect TEXT NOT NULL,
  path TEXT NOT NULL,
  asked_model TEXT NOT NULL,
  rule TEXT NOT NULL,
  streamed INTEGER NOT NULL CHECK (streamed IN (0, 1)),
  status INTEGER NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('answered', 'failed', 'refused', 'cancelled', 'cut')),
  error TEXT NOT NULL,
  losses TEXT NOT NULL,
  seconds REAL NOT NULL,
  first_byte REAL
) STRICT""",
    "CREATE INDEX exchanges_by_time ON exchanges (started)",
    """\
CREATE TABLE exchange_attempts (
  exchange_id TEXT NOT NULL REFERENCES exchanges (id),
  ordinal INTEGER NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  status INTEGER,
  error TEXT NOT NULL,
  usage_input INTEGER,
  usage_output INTEGER,
  usage_cached_input INTEGER,
  usage_cache_write INTEGER,
  usage_reasoning INTEGER,
  cost_amount TEXT,
  cost_currency TEXT,
  cost_as_of TEXT,
  seconds REAL NOT NULL,
  PRIMARY KEY (exchange_id, ordinal)
) STRICT, WITHOUT ROWID""",
)


def m002_runs_jobs_attempts(connection: sqlite3.Connection) -> None:
    """Runs, their jobs with cases, and every attempt."""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for statement in _V2_TABLES:
        connection.execute(statement)


def m003_bindings_and_results(connection: sqlite3.Connection) -> None:
    """Cases say as whom they are sent, may have a body that is sent as it is, and may need resources; runs of suites.

    A case whose JSON begins with a blank keeps it (see `casecraft.state.codec`).
    """
    connection.execute(
        """\
UPDATE cases SET "case" = iif(substr("case", 1, 1) = ' ', ' ', '') || json_set(
  json_remove("case", '$.request.authenticated'),
  '$.request.raw_body', NULL,
  '$.request.credentials', iif(json_extract("case", '$.request.authenticated'), 'own', 'none'),
  '$.bindings', json('[]'),
  '$.fresh', json('false')
)"""
    )
    for statement in _V3_TABLES:
        connection.execute(statement)


def m004_exchanges(connection: sqlite3.Connection) -> None:
    """What passes through the gateway, with every attempt."""
    for statement in _V4_TABLES:
        connection.execute(statement)


MIGRATIONS: Sequence[tuple[int, Migration]] = (
    (2, m002_runs_jobs_attempts),
    (3, m003_bindings_and_results),
    (4, m004_exchanges),
)
VERSION = MIGRATIONS[-1][0]
"""The `user_version` that this program writes."""


def migrate(connection: sqlite3.Connection, migrations: Sequence[tuple[int, Migration]] = MIGRATIONS) -> None:
    """Apply the steps that the file lacks, each with its version in a transaction of its own.

    The connection must be in autocommit mode (`isolation_level=None`).
    """
    (current,) = connection.execute("PRAGMA user_version").fetchone()
    for version, step in migrations:
        if version > current:
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                step(connection)
                connection.execute(f"PRAGMA user_version = {version}")
