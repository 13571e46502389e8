"""``selector DIR``: the window."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from selector.cli.options import Overlay, Screenshot

EXAMPLE: Final = "Example: selector stills/"
PAGES: Final = ("cull", "compare", "edit", "preview", "send", "keys")


def window(
    ctx: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(
            exists=True,
            file_okay=False,
            readable=True,
            metavar="DIR",
            help="Folder of pictures. Default: the start page.",
            show_default=False,
        ),
    ] = None,
    *,
    overlay: Overlay = None,
    screenshot: Screenshot = None,
    page: Annotated[
        str, typer.Option("--page", help=f"Page of the screenshot: {', '.join(PAGES)}.")
    ] = "cull",
) -> None:
    """Open a folder of pictures: cull, draw camera moves, preview, send."""
    from selector.app import Opening, run

    if page not in PAGES:
        raise typer.BadParameter(f"there is no page {page!r}; there is {', '.join(PAGES)}")
    code = run(
        Opening(
            folder=folder, overlay=overlay, screenshot=screenshot, page=page, debug=ctx.obj.debug
        )
    )
    if code:
        sys.exit(code)
