"""Which client is meant, and where its program is."""

import difflib
import os
import shutil
from collections.abc import Mapping

from casecraft.config import Settings
from casecraft.errors import LaunchError
from casecraft.gateway.launch.claude import CLAUDE
from casecraft.gateway.launch.client import Client
from casecraft.gateway.launch.codex import CODEX
from casecraft.gateway.launch.opencode import OPENCODE

CLIENTS: Mapping[str, Client] = {client.name: client for client in (CLAUDE, CODEX, OPENCODE)}


def choose_client(name: str | None, settings: Settings, environ: Mapping[str, str]) -> Client:
    """The client of this name, else the settings' `default_cli`, else the only one that is installed.

    Raises `LaunchError` where no client has the name, none is installed, or several are.
    """
    if name is not None:
        return _named(name, "there is no client")
    if settings.default_cli:
        return _named(settings.default_cli, "`default_cli` names")
    installed = [client for client in CLIENTS.values() if _program(client, environ) is not None]
    if len(installed) == 1:
        return installed[0]
    if not installed:
        ways = "; ".join(f"{client.name}: `{client.installation}`" for client in CLIENTS.values())
        raise LaunchError("none of the coding clients is installed", hint=f"Install one. {ways}.")
    names = ", ".join(client.name for client in installed)
    hint = "Name one, or set `default_cli` in casecraft.toml."
    raise LaunchError(f"several coding clients are installed: {names}", hint=hint)


def find_program(client: Client, environ: Mapping[str, str]) -> str:
    """The path of the client's program. Raises `LaunchError` that says how to install it."""
    program = _program(client, environ)
    if program is None:
        message = f"{client.title} is not installed: there is no {client.name!r} on the PATH"
        raise LaunchError(message, hint=f"Install it with `{client.installation}`.")
    return program


def _named(name: str, message: str) -> Client:
    client = CLIENTS.get(name.strip().lower())
    if client is None:
        nearest = difflib.get_close_matches(name.lower(), CLIENTS, n=1)
        hint = f"Did you mean {nearest[0]!r}?" if nearest else f"Clients: {', '.join(CLIENTS)}."
        raise LaunchError(f"{message} {name!r}", hint=hint)
    return client


def _program(client: Client, environ: Mapping[str, str]) -> str | None:
    return shutil.which(client.name, path=environ.get("PATH", os.defpath))
