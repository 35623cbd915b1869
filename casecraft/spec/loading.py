"""Loads a document: reads, parses, brings its files inside and validates."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from casecraft.core.credentials import without_credentials
from casecraft.core.document import Document, Problem
from casecraft.errors import DocumentError, DocumentInvalidError, DocumentSyntaxError
from casecraft.spec import source as sources
from casecraft.spec import syntax
from casecraft.spec.bundle import Bundle
from casecraft.spec.fingerprint import digest
from casecraft.spec.limits import Limits
from casecraft.spec.references import find_dangling

_NO_LIMITS_GIVEN: Final = Limits()
_SHOWN_PROBLEMS = 20


def load(
    source: str,
    *,
    strict: bool = False,
    allow_external_refs: bool = False,
    limits: Limits = _NO_LIMITS_GIVEN,
) -> Document:
    """The document at a path, an http(s) URL or `-` (standard input); OpenAPI 2.0 to 3.2, JSON or YAML.

    References to files under the document's own folder are brought inside; with `allow_external_refs` those to other
    folders and to URLs as well. What is wrong with the document is in its `problems`. Raises
    DocumentUnreadableError, DocumentSyntaxError and DocumentLimitError; with `strict` also DocumentInvalidError for
    any problem.
    """
    with _paused_collection():
        data = sources.read(source, limits.max_bytes)
        shown = without_credentials(source)
        root, size = _as_document(syntax.parse(data, shown, limits), shown), len(data)
        del data
        bundle = Bundle(source, root, limits, allow_external_refs, size)
        bundle.close()
        problems = bundle.problems + _find_problems(bundle)
        document = _describe(shown, root, tuple(dict.fromkeys(problems)))
    if strict and document.problems:
        raise _invalid(document)
    return document


@contextmanager
def _paused_collection() -> Iterator[None]:
    """Parsing makes a million objects that all stay: looking for garbage among them would double its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _as_document(value: Any, source: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        kind = {list: "a list", str: "a text", type(None): "empty"}.get(type(value), "a single value")
        hint = "an OpenAPI document is a mapping with `openapi` or `swagger`, `info` and `paths`"
        raise DocumentSyntaxError(f"the document {source!r} is no mapping but {kind}", hint=hint)
    if "openapi" not in value and "swagger" not in value:
        hint = "its first line should be like `openapi: 3.1.0` or `swagger: '2.0'`"
        raise DocumentError(f"{source!r} is no OpenAPI document: it has neither `openapi` nor `swagger`", hint=hint)
    return value


def _find_problems(bundle: Bundle) -> list[Problem]:
    from casecraft.spec.validation import find_problems  # noqa: PLC0415  (the validators are slow to import)

    dangling = find_dangling(bundle.root, bundle.references)
    return dangling + find_problems(bundle.root, bundle.bytes_read, dangling=bool(dangling or bundle.problems))


def _describe(source: str, root: dict[str, Any], problems: tuple[Problem, ...]) -> Document:
    info = root.get("info")
    own = info if isinstance(info, dict) else {}
    version = root["swagger"] if "swagger" in root else root["openapi"]
    return Document(
        source=source,
        name=sources.name_source(source),
        title=str(own.get("title") or ""),
        version=str(own.get("version") or ""),
        openapi=str(version),
        digest=digest(root).hex(),
        root=root,
        problems=problems,
    )


def _invalid(document: Document) -> DocumentInvalidError:
    count = len(document.problems)
    listed = [str(problem) for problem in document.problems[:_SHOWN_PROBLEMS]]
    if count > _SHOWN_PROBLEMS:
        listed.append(f"and {count - _SHOWN_PROBLEMS} more")
    noun = "problem" if count == 1 else "problems"
    message = f"the document {document.source!r} has {count} {noun}: " + "; ".join(listed)
    return DocumentInvalidError(message, hint="mend them, or load without --strict")
