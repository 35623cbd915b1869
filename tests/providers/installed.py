"""Distributions that register something, laid out as an installer would."""

import json
from collections.abc import Mapping
from pathlib import Path

from casecraft.core.plugin import PROVIDERS

ROW = {
    "name": "acme-cloud",
    "title": "Acme",
    "dialect": "openai_chat",
    "model": "acme-large",
    "workers": 2,
    "sites": [{"base_url": "https://llm.acme.example/v1", "key_variables": ["ACME_KEY"]}],
    "checked": "2026-11-21",
    "sources": ["https://docs.acme.example"],
}


def install(
    folder: Path, name: str, entries: Mapping[str, str], module: str = "", *, group: str = PROVIDERS, source: str = ""
) -> None:
    """Put a distribution into a folder of the path; its module is called as it is, with `_` for `-`."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [f"[{group}]", *(f"{entry} = {value}" for entry, value in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    if source:
        (info / "direct_url.json").write_text(json.dumps({"url": source, "dir_info": {}}))
    (folder / f"{name.replace('-', '_')}.py").write_text(module)


def row(**changes: object) -> str:
    """Python source of a row."""
    return repr({**ROW, **changes})
