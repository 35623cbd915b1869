"""The state file: every run, attempt, answer and case of a document, so that nothing is paid for twice."""

from casecraft.state.export import encode, export, import_export, import_file
from casecraft.state.legacy import import_v1
from casecraft.state.location import state_path
from casecraft.state.pruning import prune
from casecraft.state.records import ImportReport, RunRecord, RunStatus, RunSummary, StoredJob
from casecraft.state.store import Store, open_store

__all__ = [
    "ImportReport",
    "RunRecord",
    "RunStatus",
    "RunSummary",
    "Store",
    "StoredJob",
    "encode",
    "export",
    "import_export",
    "import_file",
    "import_v1",
    "open_store",
    "prune",
    "state_path",
]
