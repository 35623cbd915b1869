"""`casecraft state`."""

import typer

app = typer.Typer(name="state", help="Look into state files and move what is in them.", no_args_is_help=True)


@app.command("list")
def list_():
    "x"
