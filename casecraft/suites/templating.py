"""What the templates of the formats are rendered with.

Nothing of the document or of a model is spliced into source. A template of source is given slugs and names of
variables, which are made of ASCII letters, digits, `.`, `_` and `-` alone; texts in Markdown have its markup escaped.
"""

import functools
import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined

from casecraft.suites.slugs import tag_slug
from casecraft.suites.suite import Entry

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+.!|~&$-])")
_TITLE_LENGTH = 100


def render_template(name: str, **facts: object) -> bytes:
    """The text of `templates/<name>` with these facts, in UTF-8."""
    return _environment().get_template(name).render(facts).encode()


def read_template(name: str) -> bytes:
    """`templates/<name>` as it is, for files in which nothing is filled in."""
    return (resources.files("casecraft.suites") / "templates" / name).read_bytes()


def group_by_tag(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """The entries that have cases, by the name of the module or file that their first tag gives them."""
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.file is not None:
            groups[tag_slug(entry.result.endpoint)].append(entry)
    return dict(sorted(groups.items()))


def scenario_module(groups: Collection[str]) -> str:
    """The name of the module or file of the scenarios; no tag has it, as theirs never end in an underscore."""
    return "scenarios_" if "scenarios" in groups else "scenarios"


def as_markdown(text: str, length: int = _TITLE_LENGTH) -> str:
    """The text on one line, its printable part only and no more of it than this, with nothing that Markdown takes for
    markup.
    """
    return _MARKDOWN.sub(r"\\\1", one_line(text)[:length])


def one_line(text: str) -> str:
    """The printable part of a text, with single spaces between its words."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


@functools.cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("casecraft.suites"),
        autoescape=False,  # noqa: S701  # Python and Markdown, not HTML
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
