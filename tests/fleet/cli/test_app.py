"""What the commands of ``fleet`` share."""

from __future__ import annotations

import typer
from typer.testing import CliRunner

from fleet.cli.app import Commands


def test_a_stray_end_of_file_is_no_persons_wish_to_stop() -> None:
    app = typer.Typer(cls=Commands)

    @app.command()
    def read() -> None:
        raise EOFError

    @app.command()
    def other() -> None: ...

    ended = CliRunner().invoke(app, ["read"])

    assert isinstance(ended.exception, RuntimeError), ended.output
    assert "end of file" in str(ended.exception)
