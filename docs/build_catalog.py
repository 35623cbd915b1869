"""Makes `docs/catalog.md`, and the list of providers in `README.md`, from the catalog.

python -m docs.build_catalog
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from casecraft.providers import CatalogRow, load_catalog

PAGE = Path(__file__).with_name("catalog.md")
README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- providers: made by `python -m docs.build_catalog` -->\n", "<!-- end of providers -->\n"
HEAD = """\
# Every provider

Made by `python -m docs.build_catalog` from the catalog. `casecraft providers show NAME` says more, with the sources of
each fact; [configuring providers](providers.md) says how to use them.

`JSON` is how a shape is asked for: `json_schema`, `json_object`, or in the prompt. A part of an address in braces is
your own: it is read from the variable below it.

| name | other names | dialect | address | key variables | model | workers | JSON | can |
|---|---|---|---|---|---|---|---|---|
"""


def build() -> str:
    """The page."""
    catalog = load_catalog()
    return HEAD + "".join(_line(catalog.get(name)) for name in catalog.names)


def _line(row: CatalogRow) -> str:
    addresses = [f"`{site.base_url}`{f' ({site.region})' if site.region else ''}" for site in row.sites]
    parts = [f"`{{{it.name}}}`: {_code(it.environment)}" for it in row.variables]
    cells = (
        f"`{row.name}`{_ending(row)}", _code(row.aliases), f"`{row.dialect}`", "<br>".join([*addresses, *parts]),
        _code(dict.fromkeys(row.key_variables)), f"`{row.model}`" if row.model else "", str(row.workers),
        f"`{row.structured_output}`" if row.dialect != "rules" else "", ", ".join(row.capabilities),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |\n"


def _ending(row: CatalogRow) -> str:
    return f" (retired on {row.retired.isoformat()})" if row.retired is not None else ""


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def build_readme() -> str:
    """The README with the list of now."""
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    catalog = load_catalog()
    rows = [catalog.get(name) for name in catalog.names if name != "rules"]
    titles = [row.title.split(" (")[0].split(":")[0] + _ending(row) for row in rows]
    return f"{before}{BEGIN}{_wrapped(', '.join(titles))}\n{END}{after}"


def _wrapped(text: str, width: int = 120) -> str:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) + 1 > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def main() -> None:
    """Write both."""
    PAGE.write_text(build(), encoding="utf-8")
    README.write_text(build_readme(), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE} and the list in {README}\n")


if __name__ == "__main__":
    main()
