"""`casecraft init`."""

from pathlib import Path
from typing import Annotated

import typer


def init(
    folder: Annotated[Path, typer.Argument(help="Where to put the files.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Write a commented casecraft.toml and a .env.example to begin with."""
    from casecraft.config import environment_template, settings_template  # noqa: PLC0415
    from casecraft.errors import ConfigurationError  # noqa: PLC0415
    from casecraft.providers import load_catalog  # noqa: PLC0415

    files = {"casecraft.toml": settings_template(), ".env.example": environment_template(load_catalog().known())}
    for name in files:
        path = folder / name
        if path.exists() and not force:
            raise ConfigurationError(f"{str(path)!r} is there already", hint="Replace it with --force.")
    for name, text in files.items():
        path = folder / name
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(f"cannot write {str(path)!r}: {error.strerror}") from error
        typer.echo(f"wrote {path}")
