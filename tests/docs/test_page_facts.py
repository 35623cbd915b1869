"""What the pages say of libraries and settings is what pyproject.toml and the code have."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from typing import Any, get_args

from casecraft.cli.options import Formats
from casecraft.config.settings import PriceSettings, ProviderSettings, Settings
from casecraft.core.case import Technique
from casecraft.suites.formats import FORMATS
from tests.examples.stage import ROOT


def names_of(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w-]", requirement)[0] for requirement in requirements}


def read_project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_every_dependency_is_named_with_its_reason() -> None:
    data = read_project()
    project = data["project"]
    groups = (project["dependencies"], *project["optional-dependencies"].values(), *data["dependency-groups"].values())
    page = (ROOT / "docs" / "libraries.md").read_text("utf-8")
    rows = re.findall(r"^\| (`.*?) \|", page, flags=re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([\w-]+)`", row)}
    assert named == set().union(*map(names_of, groups))


def test_every_library_that_the_program_imports_is_a_dependency() -> None:
    project = read_project()["project"]
    known = names_of(project["dependencies"]).union(*map(names_of, project["optional-dependencies"].values()))
    found = packages_distributions()
    missing = {
        package
        for folder in ("casecraft", "strategies")
        for path in (ROOT / folder).rglob("*.py")
        for package in imported(path.read_text("utf-8"))
        - sys.stdlib_module_names
        - {"casecraft", "uvloop", "xllamacpp"}
        if not {name.lower().replace("_", "-") for name in found.get(package, [])} & known
    }
    assert missing == set()


def imported(source: str) -> set[str]:
    """The top-level packages that a module imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(source)))
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    members = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return {name.partition(".")[0] for name in plain | members}


def test_the_help_and_the_page_name_every_format() -> None:
    page = (ROOT / "docs" / "formats.md").read_text("utf-8")
    assert [name for name in FORMATS if not re.search(rf"^\| `{name}` \|", page, re.MULTILINE)] == []
    (option,) = [it for it in get_args(Formats) if hasattr(it, "help")]
    assert [name for name in FORMATS if not re.search(rf"\b{name}\b", option.help)] == []


def test_the_page_on_providers_has_every_setting() -> None:
    page = (ROOT / "docs" / "providers.md").read_text("utf-8")
    ours = {"providers", "provider_settings", "key_variable"}
    settings = {*Settings.model_fields, *ProviderSettings.model_fields, *PriceSettings.model_fields} - ours
    assert {name for name in settings if not re.search(rf"\b{name}\b", page)} == set()
    variables = {
        f"CASECRAFT_{name.upper()}" for name in Settings.model_fields.keys() - {"provider_settings", "gateway"}
    }
    assert {name for name in variables if f"`{name}`" not in page} == set()


def test_every_technique_has_its_row() -> None:
    page = (ROOT / "docs" / "test-design.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \|.*\|$", page.partition("\n## ")[0], flags=re.MULTILINE)
    assert sorted(rows) == sorted(get_args(Technique))
