"""The state file: every run, attempt, answer and case of a document, so that nothing is paid for twice."""

from casecraft.state.export import encode, export, import_export, import_file
from casecraft.state.legacy import import_v1
from casecraft.state.location import state_path
from casecraft.state.pruning import prune
from casecraft.state.records import (
    ImportReport,
    RunRecord,
    RunStatus,
    RunSummary,
    StoredJob,
    SuiteRun,
    SuiteRunStatus,
)
from casecraft.state.store import Store, open_store
from casecraft.state.suite_runs import (
    begin_suite_run,
    finish_suite_run,
    record_results,
    results_of,
    results_of_case,
    suite_runs,
)

__all__ = [
    "ImportReport",
    "RunRecord",
    "RunStatus",
    "RunSummary",
    "Store",
    "StoredJob",
    "SuiteRun",
    "SuiteRunStatus",
    "begin_suite_run",
    "encode",
    "export",
    "finish_suite_run",
    "import_export",
    "import_file",
    "import_v1",
    "open_store",
    "prune",
    "record_results",
    "results_of",
    "results_of_case",
    "state_path",
    "suite_runs",
]
