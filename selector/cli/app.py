"""The commands of ``selector``, put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import typer

from selector.cli import calibrate, check, manifest, propose, review, window
from selector.cli.output import say

OPEN: Final = "open"
_OF_THE_GROUP: Final = frozenset({"--debug", "--version", "--help", "-h"})


def spelled_out(arguments: Sequence[str]) -> list[str]:
    """The arguments with the word ``open`` put in where it is left out.

    What is not the name of a command is a folder, or an option of the window.  A folder that has
    the name of a command is told as ``./check``.
    """
    words = list(arguments)
    at = next((i for i, word in enumerate(words) if word not in _OF_THE_GROUP), len(words))
    asks = set(words[:at]) & {"--version", "--help", "-h"}
    if asks or (at < len(words) and words[at] in {each.name for each in app.registered_commands}):
        return words
    return [*words[:at], OPEN, *words[at:]]


app = typer.Typer(
    name="selector",
    help="Choose keyframes among still pictures, draw camera moves over them, and write manifests "
    "for the fleet. `selector DIR` opens the window.",
    epilog="Example: selector stills/",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(OPEN, epilog=window.EXAMPLE)(window.window)
app.command("propose", epilog=propose.EXAMPLE)(propose.propose)
app.command("check", epilog=check.EXAMPLE)(check.check)
app.command("manifest", epilog=manifest.EXAMPLE)(manifest.manifest)
app.command("review", epilog=review.EXAMPLE)(review.review)
app.command("calibrate", epilog=calibrate.EXAMPLE)(calibrate.calibrate)


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
