"""Every relative link in the repository's pages leads somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.examples.stage import ROOT

FOLDERS = ("docs", "examples", "specs", "state", "strategies", "tests", "benchmarks")


def pages() -> list[Path]:
    below = (path for name in FOLDERS for path in (ROOT / name).rglob("*.md"))
    return sorted([*ROOT.glob("*.md"), *(path for path in below if ".cache" not in path.parts)])


def links_of(page: Path) -> Iterator[str]:
    waiting: list[Token] = MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8"))
    while waiting:
        token = waiting.pop()
        waiting += token.children or []
        target = token.attrGet("href") or token.attrGet("src")
        if target is not None:
            yield str(target)


def headings_of(page: Path) -> set[str]:
    lines = page.read_text("utf-8").splitlines()
    titles = (line.lstrip("#").strip().lower() for line in lines if line.startswith("#"))
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", [path.relative_to(ROOT).as_posix() for path in pages()])
def test_every_link_leads_to_something(page: str) -> None:
    broken = []
    for link in links_of(ROOT / page):
        path, _, heading = link.partition("#")
        if ":" in path:
            continue
        target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        if not target.exists() or (heading and heading not in headings_of(target)):
            broken.append(link)
    assert broken == []
