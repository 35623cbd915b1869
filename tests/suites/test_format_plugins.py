"""Formats that installed packages register, and what is said of those that cannot be used."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from casecraft.core.plugin import FORMATS, installed_plugins
from casecraft.errors import ConfigurationError, SuiteError
from casecraft.suites import choose_formats, format_names, registered_by, render
from tests.providers.installed import install
from tests.suites.samples import make_case, make_endpoint, make_result, make_suite

SUITE = make_suite([make_result(make_endpoint(), make_case())])
WRITES = """
def write(suite, entries):
    '''Lines for machines.

    More.'''
    for entry in entries:
        yield f"lines/deep/{entry.slug}.txt", "\\n".join(case.id for case in entry.result.cases).encode()
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "site"
    folder.mkdir()
    before = set(sys.modules)
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name in set(sys.modules) - before:
        if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def register(site: Path, name: str, module: str, distribution: str = "acme-lines") -> None:
    value = f"{distribution.replace('-', '_')}:write"
    install(site, distribution, {name: value}, module, group=FORMATS)


def test_a_format_of_a_plugin_is_written_and_listed(site: Path, tmp_path: Path) -> None:
    register(site, "lines", WRITES)
    assert "lines" in format_names()
    (plugin,) = (it for it in installed_plugins() if it.name == "acme-lines")
    assert registered_by(plugin) == (["lines"], [])
    out = tmp_path / "out"
    assert "lines/deep/get.pets.txt" in render(SUITE, out, ["lines"]).written
    assert (out / "lines/deep/get.pets.txt").read_bytes() == b"case-1"
    assert "`lines/`: Lines for machines." in (out / "README.md").read_text("utf-8")
    assert "lines/deep/get.pets.txt" in render(SUITE, out, ["json"]).removed


def test_a_plugin_is_imported_only_where_its_format_is_asked_for(site: Path) -> None:
    register(site, "lines", "raise ValueError('imported')\n")
    choose_formats(["pytest"])
    assert "acme_lines" not in sys.modules
    with pytest.raises(ConfigurationError, match="'lins'") as caught:
        choose_formats(["lins"])
    assert "Did you mean 'lines'?" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("name", "module", "said"),
    [
        ("lines", "import nothing_of_this_name\n", "ModuleNotFoundError"),
        ("lines", "x = (\n", "SyntaxError"),
        ("lines", "raise ValueError('no\\nluck')\n", "ValueError: no luck"),
        ("lines", "write = 1\n", "is no callable"),
        ("lines", "", "AttributeError"),
        ("pytest", WRITES, "cannot have this name"),
        ("cases", WRITES, "cannot have this name"),
        ("../up", WRITES, "cannot have this name"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_one_line_that_names_it(
    site: Path, tmp_path: Path, name: str, module: str, said: str
) -> None:
    register(site, name, module)
    register(site, "good", WRITES.replace("lines/", "good/"), "good-one")
    (plugin,) = (it for it in installed_plugins() if it.name == "acme-lines")
    names, (error,) = registered_by(plugin)
    assert names == []
    assert said in str(error)
    assert "acme-lines 1.0" in str(error)
    assert "\n" not in str(error)
    if name != "pytest":
        with pytest.raises(ConfigurationError, match=r"acme-lines 1\.0"):
            choose_formats([name])
    assert "good/deep/get.pets.txt" in render(SUITE, tmp_path / "out", ["pytest", "good"]).written, "others go on"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return [('lines/a', b''), 1 / 0]", "ZeroDivisionError"),
        ("return [('lines/a', b''), ('conftest.py', b'')]", "'conftest.py' is not in the folder 'lines'"),
        ("return [('lines/a', 'text')]", "not str and str"),
        ("return ['a']", "ValueError"),
        ("return None", "TypeError"),
    ],
)
def test_a_format_that_fails_does_not_stop_the_others(site: Path, tmp_path: Path, body: str, said: str) -> None:
    register(site, "lines", f"def write(suite, entries):\n    {body}\n")
    with pytest.raises(SuiteError, match=r"'lines' of acme-lines 1\.0 was not written") as caught:
        render(SUITE, tmp_path / "out", ["lines", "pytest"])
    assert said in str(caught.value)
    assert (tmp_path / "out" / "test_pets.py").exists()
    assert (tmp_path / "out" / "suite.json").exists()
    assert not (tmp_path / "out" / "lines").exists()
