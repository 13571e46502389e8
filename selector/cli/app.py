"""The commands of ``selector``, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from selector.cli import check, manifest, propose
from selector.cli.output import say

app = typer.Typer(
    name="selector",
    help="Choose moves for still pictures, check them, and write manifests for the fleet.",
    epilog="Example: selector propose stills/ && selector manifest stills/",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("propose", epilog=propose.EXAMPLE)(propose.propose)
app.command("check", epilog=check.EXAMPLE)(check.check)
app.command("manifest", epilog=manifest.EXAMPLE)(manifest.manifest)


def _version(asked: bool) -> None:  # noqa: FBT001 - the signature typer calls
    if asked:
        from selector.core.release import tool_version

        say(f"selector {tool_version()}")
        raise typer.Exit


@app.callback()
def selector(
    ctx: typer.Context,
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show bugs as tracebacks.")] = False,
    version: Annotated[  # noqa: ARG001 - its callback acts
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Choose moves for still pictures, check them, and write manifests for the fleet."""
    ctx.obj.debug = debug
