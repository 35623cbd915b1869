"""Programs of the npm registry, installed once for each pinned list."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).parents[1]


def node_modules(package: Path, *, scripts: bool = False) -> Path:
    """The folder with what a package.json pins. Skips the test where there is no npm, save in CI.

    `scripts` lets the packages run what they bring for their installation.
    """
    if shutil.which("npm") is None and os.environ.get("CI") != "true":
        pytest.skip("there is no npm here")
    wanted = package.read_bytes()
    folder = ROOT / ".venv" / "node" / hashlib.sha256(wanted).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        if not (folder / "complete").exists():
            (folder / "package.json").write_bytes(wanted)
            command = ["npm", "install", "--no-audit", "--no-fund", *([] if scripts else ["--ignore-scripts"])]
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=600)
            (folder / "complete").touch()
    return folder / "node_modules"
