"""The program that commands are registered with."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="Matched comparison of fine-tuning, adapters, features and retrieval.")

approved = typer.Typer(no_args_is_help=True, help="The approved model of a suite.")
app.add_typer(approved, name="baseline")


@app.callback()
def options(debug: Annotated[bool, typer.Option("--debug", help="show tracebacks")] = False
            ) -> None:
    """Options before the command; `main` looks for --debug itself."""
