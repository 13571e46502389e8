"""``fleet report``: how a manifest's shots ended, and one sheet to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from fleet.cli.output import Column, Output

EXAMPLE: Final = "Example: fleet report stills/day1.video_manifest.json --sheet day1.png"


def report(
    manifest: Annotated[Path, typer.Argument(help="A manifest that was submitted.")],
    *,
    out: Annotated[
        Path | None, typer.Option(help="Where the clips were published, if not beside.")
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Write a contact sheet (PNG) of every shot here.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Show how every shot of MANIFEST ended, and draw its contact sheet."""
    from fleet.client import manifest_rows
    from fleet.report.contact_sheet import SheetRow, contact_sheet
    from fleet.stages.publish import Target

    output = Output()
    rows = []
    for picture, target in manifest_rows(manifest, out=out):
        meta = Target(target).read_meta()
        clip = target if meta is not None and meta.clip is not None else None
        rows.append((picture, clip, meta))
    if sheet is not None:
        contact_sheet(
            [
                SheetRow(picture=picture, clip=clip, meta=meta)
                for picture, clip, meta in rows
                if meta
            ],
            sheet,
        )
    if json_:
        output.json(
            [
                {
                    "image": str(picture),
                    "clip": str(clip) if clip else None,
                    "meta": meta.model_dump(mode="json") if meta else None,
                }
                for picture, clip, meta in rows
            ]
        )
        return
    output.table(
        [Column("Picture"), Column("Verdict"), Column("Clip", fold=True)],
        [[picture.name, meta.verdict.value if meta else "not made", str(clip or "")]
         for picture, clip, meta in rows],
    )  # fmt: skip
    if sheet is not None:
        output.say(f"contact sheet: {sheet}")
