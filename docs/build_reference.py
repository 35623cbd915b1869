"""Makes `docs/reference.md` from the docstrings of what a program or a strategy uses of casecraft.

    python -m docs.build_reference

The source is read, not run, so the page is the same on every Python.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import griffe

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference.md"
HEAD = """\
# Library reference

Made by `python -m docs.build_reference` from the docstrings. What is not on this page may change in any release.
"""

FLAGS = """\
`import casecraft` has these. `flags` are fields of [`Settings`](#settings):

```python
import casecraft

summary = casecraft.generate("api.yaml", providers=["glm", "qwen"], strategy="complexity")
```
"""

# The heading, what is said below it, and the names: all public ones of a module where they are not said.
SECTIONS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("Functions", FLAGS, "casecraft", ()),
    ("Estimates", "What `estimate` returns, one for each provider.", "casecraft.engine.estimate", ("Estimate",)),
    (
        "Evaluations",
        "What `evaluate` returns, one for each provider.",
        "casecraft.engine.evaluation",
        ("Evaluation",),
    ),
    ("Ratings", "Answers and their cases, counted.", "casecraft.cases.evaluation", ("Rating",)),
    ("Settings", "", "casecraft.config.settings", ("Settings", "ProviderSettings", "PriceSettings")),
    ("Runs of suites", "What `run_suite` returns.", "casecraft.runner.report", ("SuiteReport", "CheckedCase")),
    ("Results", "", "casecraft.core.outcome", ()),
    ("Choosing cases", "", "casecraft.runner.selection", ("Selection",)),
    ("Options of a suite's run", "", "casecraft.runner.running", ("RunOptions", "Progress")),
    ("What is new", "What `report` returns.", "casecraft.runner.history", ("History", "Change")),
    ("Explanations", "What `explain` returns.", "casecraft.runner.explanation", ("Explanation",)),
    ("Differences", "What `diff` returns.", "casecraft.runner.difference", ("Difference", "CaseChange")),
    ("Usage", "What `usage` returns.", "casecraft.state.usage", ("UsageReport",)),
    ("Rows of usage", "", "casecraft.state.records", ("UsageRow",)),
    ("Stopping a run", "", "casecraft.engine.control", ("RunControl",)),
    ("Events", "What `on_event` is called with, in the run's thread.", "casecraft.engine.events", ()),
    ("Strategies", "[How to write one](strategies.md).", "casecraft.strategy.protocol", ("Strategy", "Adaptive")),
    ("Taking turns", "`from casecraft.strategy import turns`", "casecraft.strategy.turns", ()),
    ("Providers", "What `create` returns.", "casecraft.providers.provider", ()),
    ("Requests and answers", "", "casecraft.core.chat", ()),
    ("Embeddings", "", "casecraft.core.embedding", ()),
    ("Profiles and prices", "", "casecraft.core.profile", ()),
    ("Documents", "", "casecraft.core.document", ()),
    ("Endpoints", "", "casecraft.core.endpoint", ()),
    ("Cases", "", "casecraft.core.case", ()),
    ("Jobs", "", "casecraft.core.job", ()),
    ("Usage and cost", "", "casecraft.core.usage", ()),
)
ERRORS = "casecraft.errors"


def build() -> str:
    """The page."""
    package = griffe.load("casecraft", search_paths=[ROOT], resolve_aliases=True)
    parts = [HEAD]
    for title, text, module, names in SECTIONS:
        parts += [f"## {title}\n", *([f"{text}\n"] if text else ())]
        parts += _describe_all(_module(package, module), names)
    return "\n".join([*parts, *_describe_errors(_module(package, ERRORS))])


def _module(package: griffe.Object | griffe.Alias, path: str) -> griffe.Object | griffe.Alias:
    inner = path.partition(".")[2]
    return package[inner] if inner else package


def _describe_all(module: griffe.Object | griffe.Alias, names: tuple[str, ...]) -> Iterator[str]:
    for name in names or _public_names(module):
        it = module[name]
        yield from _describe(it.final_target if it.is_alias else it)


def _public_names(module: griffe.Object | griffe.Alias) -> list[str]:
    """What `__all__` lists, else the classes, functions and documented values that are defined here."""
    if module.exports is not None:
        return [str(name) for name in module.exports]
    own = (it for it in module.members.values() if not it.is_alias and it.docstring is not None)
    return [it.name for it in own if not it.name.startswith("_")]


def _describe(it: griffe.Object | griffe.Alias) -> Iterator[str]:
    if it.docstring is None:
        raise ValueError(f"{it.path!r} has no docstring")
    yield f"### {it.name}\n"
    if it.is_function:
        yield _code(_signature(it))
        yield f"{it.docstring.value}\n"
        return
    fields = _fields(it)
    if fields:
        yield _code("\n".join(fields))
    yield f"{it.docstring.value}\n"
    for method in it.members.values():
        if method.is_alias or method.name.startswith("_"):
            continue
        if method.is_function:
            yield f"- `{_one_line(_signature(method))}`: {_text_of(method)}\n"
        elif "property" in method.labels:
            yield f"- `{method.name}: {method.annotation}`: {_text_of(method)}\n"


def _text_of(it: griffe.Object | griffe.Alias) -> str:
    return _one_line(it.docstring.value) if it.docstring else ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _code(text: str) -> str:
    return f"```python\n{text}\n```\n"


def _signature(function: griffe.Object | griffe.Alias) -> str:
    """As it is written in the source, without its body."""
    lines = function.source.splitlines()
    node = ast.parse("\n".join(lines)).body[0]
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        raise TypeError(f"{function.path!r} is no function")
    written = "\n".join(lines[node.lineno - 1 : node.body[0].lineno - 1])
    return written.rstrip().removesuffix(":")


def _fields(cls: griffe.Object | griffe.Alias) -> list[str]:
    fields = []
    for name, it in cls.members.items():
        if (
            it.is_alias
            or not it.is_attribute
            or name.startswith("_")
            or "property" in it.labels
            or it.annotation is None
        ):
            continue
        fields.append(it.source.strip())
    return fields


def _describe_errors(module: griffe.Object | griffe.Alias) -> Iterator[str]:
    tree = module.docstring.value if module.docstring else ""
    head, _, drawn = tree.partition("\n\n")
    yield "## Errors\n"
    yield f"{head} They are in `{ERRORS}`.\n"
    yield f"```text\n{drawn}\n```\n"
    for cls in module.classes.values():
        yield f"- `{cls.name}`: {_text_of(cls)}"
    yield ""


def main() -> None:
    """Write the page."""
    PAGE.write_text(build(), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")


if __name__ == "__main__":
    main()
