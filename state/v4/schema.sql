-- The state file, version 4: what the migrations of casecraft/state/migrations.py make (a test holds them equal).
-- docs/state.md says what the columns mean. Times are Unix times, lists and objects are JSON text.

PRAGMA application_id = 1128354629; -- "CASE"
PRAGMA user_version = 4;

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
) STRICT;

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
) STRICT, WITHOUT ROWID;

CREATE INDEX jobs_done ON jobs (job_key) WHERE status = 'done';

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
) STRICT;

CREATE INDEX attempts_of_run ON attempts (run_id);

CREATE TABLE cases (
  run_id TEXT NOT NULL,
  endpoint_id TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  "case" TEXT NOT NULL,
  PRIMARY KEY (run_id, endpoint_id, ordinal)
) STRICT, WITHOUT ROWID;

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
) STRICT;

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
) STRICT, WITHOUT ROWID;

CREATE INDEX results_of_case ON case_results (case_id);

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
) STRICT;

CREATE INDEX exchanges_by_time ON exchanges (started);

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
) STRICT, WITHOUT ROWID;
