"""casecraft turns an OpenAPI document into API test suites that run.

`generate`, `agenerate`, `plan`, `estimate`, `evaluate`, `resume`, `report`, `explain`, `diff` and `usage` do what the
command of the same name does, `run_suite` what `casecraft run` does. `create`, `create_for_model` and `detect` give
providers to programs of one's own; `refresh_providers` reads the catalog, plugins and settings anew. All are
imported when first used, so that `import casecraft` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from casecraft.api import (
        BlockingProvider,
        CallLog,
        CheckedCase,
        Difference,
        Explanation,
        History,
        Plan,
        Progress,
        RetryPolicy,
        Selection,
        SuiteReport,
        Summary,
        UsageMeter,
        UsageReport,
        UsageRow,
        aevaluate,
        agenerate,
        aresume,
        create,
        create_for_model,
        detect,
        diff,
        estimate,
        evaluate,
        explain,
        generate,
        plan,
        refresh_providers,
        report,
        resume,
        run_suite,
        settings_for,
        usage,
    )

__all__ = [
    "BlockingProvider",
    "CallLog",
    "CheckedCase",
    "Difference",
    "Explanation",
    "History",
    "Plan",
    "Progress",
    "RetryPolicy",
    "Selection",
    "SuiteReport",
    "Summary",
    "UsageMeter",
    "UsageReport",
    "UsageRow",
    "aevaluate",
    "agenerate",
    "aresume",
    "create",
    "create_for_model",
    "detect",
    "diff",
    "estimate",
    "evaluate",
    "explain",
    "generate",
    "plan",
    "refresh_providers",
    "report",
    "resume",
    "run_suite",
    "settings_for",
    "usage",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("casecraft.api"), name)
