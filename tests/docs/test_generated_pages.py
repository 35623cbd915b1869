"""What is made from the program says what the program says now."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.text import Text

from docs import (
    build_catalog,
    build_cli,
    build_gateway_matrix,
    build_one_endpoint,
    build_reference,
    record_consoles,
    record_demo,
)

AGAIN = "out of date: run `make docs`"


def test_the_library_reference_is_that_of_the_docstrings() -> None:
    assert build_reference.PAGE.read_text("utf-8") == build_reference.build(), AGAIN


def test_the_library_reference_has_every_name_that_the_package_offers() -> None:
    import casecraft

    page = build_reference.PAGE.read_text("utf-8")
    assert [name for name in casecraft.__all__ if f"\n### {name}\n" not in page] == []


def test_the_page_on_the_command_line_is_that_of_help() -> None:
    # Another version of the library below breaks lines elsewhere.
    assert build_cli.PAGE.read_text("utf-8").split() == build_cli.build().split(), AGAIN


def test_the_page_and_the_list_of_providers_are_those_of_the_catalog() -> None:
    assert build_catalog.PAGE.read_text("utf-8") == build_catalog.build(), AGAIN
    assert build_catalog.README.read_text("utf-8") == build_catalog.build_readme(), AGAIN
    assert "Anthropic" in build_catalog.build_readme()


def test_the_table_of_clients_and_providers_is_that_of_the_tests() -> None:
    page = build_gateway_matrix.PAGE.read_text("utf-8")
    assert page == build_gateway_matrix.build(), AGAIN
    assert "| parallel tools | ✓ |" in page


@pytest.mark.slow
def test_the_recorded_terminal_shows_what_the_command_prints(tmp_path: Path) -> None:
    shown = read_picture(record_demo.PICTURE)
    printed = Text.from_ansi(record_demo.run_command(tmp_path)).plain.splitlines()
    assert shown == [f"$ {record_demo.COMMAND}", *(line.rstrip() for line in printed)], AGAIN
    assert any(re.fullmatch(r"rules +14 +\d+ +0 +0 +0", line) for line in shown)


@pytest.mark.slow
def test_the_quick_start_shows_what_its_commands_print() -> None:
    page = record_consoles.PAGE.read_text("utf-8")
    assert page.count("```console") == 2
    assert page == record_consoles.record(page), AGAIN


@pytest.mark.slow
def test_the_page_on_one_endpoint_shows_what_really_comes_out() -> None:
    page = build_one_endpoint.PAGE.read_text("utf-8")
    assert "1 failed, " in page
    assert "does not fit" not in page
    assert page == build_one_endpoint.build(), AGAIN


def read_picture(path: Path) -> list[str]:
    """The lines of the terminal, as the picture has them: each piece of text stands at its column."""
    lines: dict[int, str] = {}
    for piece in ET.parse(path).iter("{http://www.w3.org/2000/svg}text"):
        number = re.fullmatch(r"url\(#.*-line-(\d+)\)", piece.get("clip-path", ""))
        if number is None or not piece.text or not piece.text.strip():
            continue
        width = float(piece.attrib["textLength"]) / len(piece.text)
        line = lines.get(int(number[1]), "").ljust(round(float(piece.attrib["x"]) / width))
        lines[int(number[1])] = line + piece.text.replace("\xa0", " ")
    return [lines.get(number, "").rstrip() for number in range(max(lines) + 1)]
