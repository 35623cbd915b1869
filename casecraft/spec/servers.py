"""The base URLs of an operation."""

import re
from collections.abc import Mapping
from typing import Any

from casecraft.spec.operation import Operation, mapping, strings, text

_VARIABLE = re.compile(r"\{([^{}]+)\}")


def read_servers(operation: Operation) -> tuple[str, ...]:
    """The base URLs, the first being the document's preference; relative ones as they are written.

    The operation's own servers stand for those of the path, and these for the document's.
    """
    root = operation.context.root
    if operation.context.version == "2.0":
        return _read_legacy(root, operation.content)
    for holder in (operation.content, operation.item, root):
        servers = holder.get("servers")
        if isinstance(servers, list) and servers:
            urls = (_expand(server) for server in servers if isinstance(server, dict))
            return tuple(dict.fromkeys(url for url in urls if url))
    return ()


def _expand(server: Mapping[str, Any]) -> str:
    """The URL with each variable at its default."""
    variables = mapping(server, "variables")

    def default_of(match: re.Match[str]) -> str:
        value = mapping(variables, match[1]).get("default")
        return match[0] if value is None or isinstance(value, dict | list) else str(value)

    return _VARIABLE.sub(default_of, text(server, "url"))


def _read_legacy(root: Mapping[str, Any], operation: Mapping[str, Any]) -> tuple[str, ...]:
    host, base = text(root, "host"), text(root, "basePath")
    if not host:
        return (base,) if base else ()
    schemes = strings(operation.get("schemes", root.get("schemes"))) or ("https",)
    return tuple(f"{scheme}://{host}{base}" for scheme in schemes)
