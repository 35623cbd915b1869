"""`casecraft strategies`."""

import typer


def strategies() -> None:
    """List the strategies that can be named, with what each does."""
    from casecraft.strategy import available_strategies  # noqa: PLC0415  # `--help` must not pay for it

    for name, description in available_strategies():
        typer.echo(f"{name:<18} {description}")
    typer.echo("\nA file works too: --strategy strategies/cheapest.py")
