"""The state file: every run, attempt, answer and case of a document, so that nothing is paid for twice."""

from casecraft.state.exchanges import drop_exchanges, exchanges, open_ledger, record_exchange
from casecraft.state.export import encode, export, import_export, import_file
from casecraft.state.legacy import import_v1
from casecraft.state.location import gateway_path, ledgers, state_path
from casecraft.state.pruning import prune
from casecraft.state.records import (
    ImportReport,
    RunRecord,
    RunStatus,
    RunSummary,
    StoredJob,
    SuiteRun,
    SuiteRunStatus,
    UsageRow,
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
from casecraft.state.usage import (
    USAGE_GROUPS,
    UsageGroup,
    UsageReport,
    UsageSource,
    read_usage,
    spent_since,
    usage_by,
)

__all__ = [
    "USAGE_GROUPS",
    "ImportReport",
    "RunRecord",
    "RunStatus",
    "RunSummary",
    "Store",
    "StoredJob",
    "SuiteRun",
    "SuiteRunStatus",
    "UsageGroup",
    "UsageReport",
    "UsageRow",
    "UsageSource",
    "begin_suite_run",
    "drop_exchanges",
    "encode",
    "exchanges",
    "export",
    "finish_suite_run",
    "gateway_path",
    "import_export",
    "import_file",
    "import_v1",
    "ledgers",
    "open_ledger",
    "open_store",
    "prune",
    "read_usage",
    "record_exchange",
    "record_results",
    "results_of",
    "results_of_case",
    "spent_since",
    "state_path",
    "suite_runs",
    "usage_by",
]
