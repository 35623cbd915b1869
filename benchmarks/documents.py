"""The real documents that are measured with."""

import os
from pathlib import Path

from benchmarks.load import fetch_json


def real_document() -> Path:
    """Stripe's document from the folder that CASECRAFT_REAL_SPECS names; GitHub's without one."""
    folder = os.environ.get("CASECRAFT_REAL_SPECS")
    return next(Path(folder).glob("stripe*.json")) if folder else fetch_json()
