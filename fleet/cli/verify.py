"""``fleet verify``: whether clips are what their metas and their signatures say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from fleet.cli.output import Column, Output, counted, shown
from fleet.encode.errors import ClipDoubtful

if TYPE_CHECKING:
    from fleet.encode.doubts import ClipReading

EXAMPLE: Final = "Example: fleet verify clips/ --recursive --json"
_MOST_PEM: Final = 1 << 20


def verify(
    places: Annotated[
        list[Path],
        typer.Argument(metavar="CLIP_OR_FOLDER", exists=True, help="Clips, or folders of them."),
    ],
    *,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Look into folders' folders too.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Do not decode the frames; hash the files only.")
    ] = False,
    issued_by: Annotated[
        Path | None,
        typer.Option(
            metavar="PEM",
            help="Certificate of the authority that every clip has to be signed under.",
        ),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Check that clips are what their metas and their signatures say; changes nothing.

    Reads every byte of each clip and of its master, its marking (IPTC) and its content credentials
    (C2PA). Ends with 74 if anything speaks against a clip. A clip without a meta is listed as such.
    """
    from fleet.encode.doubts import Standing, clips_in, examine

    output, readings = Output(), []
    authorities = _certificates(issued_by) if issued_by is not None else None
    clips = clips_in(places, recursive=recursive)
    with output.counted("checking", total=len(clips)) as advance:
        for clip in clips:
            reading = examine(clip, decode=not quick, authorities=authorities)
            advance(1)
            if reading is not None:
                readings.append(reading)
    if json_:
        output.json([_facts(reading) for reading in readings])
    elif not readings:
        output.note("there is no clip here; --recursive looks into folders too")
    else:
        output.table(
            [Column("Clip", fold=True), Column("State"), Column("Marked as"), Column("Signed by"),
             Column("Doubts", fold=True)],
            [_cells(reading) for reading in readings],
        )  # fmt: skip
    doubtful = sum(reading.standing is Standing.DOUBTFUL for reading in readings)
    if doubtful:
        raise ClipDoubtful(doubtful=doubtful, total=len(readings))
    if readings and not json_:
        output.note(f"{counted(len(readings), 'clip')}, and nothing speaks against any")


def _certificates(path: Path) -> bytes:
    from companions import files
    from fleet.encode.certificate import is_certificates

    try:
        pem = files.read_limited(path, limit=_MOST_PEM)
    except OSError as error:
        raise typer.BadParameter(f"{shown(path)} cannot be read ({error.strerror})") from None
    if not is_certificates(pem):
        raise typer.BadParameter(f"{shown(path)} holds no certificate in PEM")
    return pem


def _cells(reading: ClipReading) -> list[str]:
    signed = reading.credentials.facts
    return [
        shown(reading.clip),
        reading.standing.value,
        reading.source_type.value if reading.source_type else "",
        shown(signed.issuer) if signed else "",
        shown("; ".join(reading.doubts)),
    ]


def _facts(reading: ClipReading) -> dict[str, object]:
    found = reading.credentials
    return {
        "clip": str(reading.clip),
        "state": reading.standing.value,
        "doubts": list(reading.doubts),
        "digital_source_type": reading.source_type.value if reading.source_type else "",
        "credentials": {
            "state": found.state.value,
            **(found.facts.model_dump() if found.facts else {}),
        },
    }
