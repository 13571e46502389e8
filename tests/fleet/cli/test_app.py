"""What the commands of ``fleet`` share."""

from __future__ import annotations

import typer
from typer.testing import CliRunner

from fleet.cli.app import Commands, app


def test_a_stray_end_of_file_is_no_persons_wish_to_stop() -> None:
    some = typer.Typer(cls=Commands)

    @some.command()
    def read() -> None:
        raise EOFError

    @some.command()
    def other() -> None: ...

    ended = CliRunner().invoke(some, ["read"])

    assert isinstance(ended.exception, RuntimeError), ended.output
    assert "end of file" in str(ended.exception)
    assert isinstance(typer.main.get_command(app), Commands), "the fleet's own commands"
