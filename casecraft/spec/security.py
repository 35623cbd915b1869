"""Security schemes and what an endpoint asks of them."""

from collections.abc import Mapping
from typing import Any

from casecraft.core.endpoint import SecurityScheme
from casecraft.spec.references import References


def read_schemes(root: Mapping[str, Any], version: str, references: References) -> dict[str, Mapping[str, Any]]:
    """The security schemes of a document by name, with references followed."""
    components = root.get("components")
    held = root.get("securityDefinitions") if version == "2.0" else None
    if held is None and isinstance(components, dict):
        held = components.get("securitySchemes")
    if not isinstance(held, dict):
        return {}
    resolved = {str(name): references.resolve(value)[0] for name, value in held.items()}
    return {name: value for name, value in resolved.items() if isinstance(value, dict)}


def read_security(
    root: Mapping[str, Any], operation: Mapping[str, Any], schemes: Mapping[str, Mapping[str, Any]], notes: list[str]
) -> tuple[tuple[SecurityScheme, ...], ...]:
    """The alternatives of an operation, by its own `security` or else the document's."""
    alternatives = operation.get("security", root.get("security"))
    if not isinstance(alternatives, list):
        return ()
    read = [_read_alternative(each, schemes, notes) for each in alternatives if isinstance(each, dict)]
    return tuple(dict.fromkeys(read))


def _read_alternative(
    alternative: Mapping[str, Any], schemes: Mapping[str, Mapping[str, Any]], notes: list[str]
) -> tuple[SecurityScheme, ...]:
    return tuple(_read_scheme(str(name), scopes, schemes, notes) for name, scopes in alternative.items())


def _read_scheme(name: str, scopes: Any, schemes: Mapping[str, Mapping[str, Any]], notes: list[str]) -> SecurityScheme:
    scheme = schemes.get(name)
    if scheme is None:
        notes.append(f"the security scheme {name!r} is not defined")
        scheme = {}
    kind = _text(scheme, "type")
    return SecurityScheme(
        name=name,
        kind="http" if kind == "basic" else kind,
        http_scheme="basic" if kind == "basic" else _text(scheme, "scheme").lower(),
        location=_text(scheme, "in"),
        parameter=_text(scheme, "name"),
        scopes=tuple(str(scope) for scope in scopes) if isinstance(scopes, list) else (),
    )


def _text(scheme: Mapping[str, Any], key: str) -> str:
    value = scheme.get(key, "")
    return value if isinstance(value, str) else ""
