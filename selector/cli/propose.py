"""``selector propose DIR``: a motion for every picture that has none."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from selector.cli.options import AsJson, Folder, Overlay, Recursive, parse_profile, parse_size
from selector.cli.output import Listing, Row, complain, error_row

if TYPE_CHECKING:
    from selector.core.proposing import Proposed


EXAMPLE = "Example: selector propose stills/ --size 1920x1080 --duration 5"


def propose(
    folder: Folder,
    *,
    size: Annotated[
        str, typer.Option("--size", metavar="WxH", help="Size of the clips in pixels, even.")
    ] = "1280x720",
    duration: Annotated[
        float, typer.Option("--duration", min=0.1, max=60.0, help="Length of a clip in seconds.")
    ] = 4.0,
    profile: Annotated[
        str, typer.Option("--profile", help="Safety limits to hold: standard or sensitive.")
    ] = "standard",
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace earlier proposals. Edited motions are always kept."),
    ] = False,
    overlay: Overlay = None,
    recursive: Recursive = False,
    as_json: AsJson = False,
) -> None:
    """Propose START and END motion rectangles for every picture in DIR.

    Writes X.motion.json beside X.jpg. Pictures that have a motion keep it.
    """
    from selector.core.folder import pictures_in, refused_names, sweep
    from selector.core.placement import Placement
    from selector.core.proposing import Brief, Outcome, Proposed, propose_for

    brief = Brief(
        output=parse_size(size), duration_s=duration, profile=parse_profile(profile), force=force
    )
    pictures = pictures_in(folder, recursive=recursive)
    refused = refused_names(pictures, folder=folder)
    placement = Placement(folder, overlay)
    placement.prepare()
    sweep(placement.stand_in(picture) for picture in pictures)
    listing = Listing(columns=("picture", "outcome", "move", "safety", "why"), as_json=as_json)
    exit_code, made = 0, 0
    for picture in listing.tracked(pictures, what="proposing"):
        error = refused.get(picture)
        if error is None:
            told = propose_for(picture, brief=brief, now=datetime.now(UTC), placement=placement)
        else:
            told = Proposed(picture=picture, outcome=Outcome.REFUSED, error=error)
        made += told.outcome in {Outcome.PROPOSED, Outcome.REPLACED}
        if told.error is not None:
            exit_code = max(exit_code, told.error.exit_code)
            complain(str(told.error))
        listing.add(_row(told, folder=folder), _cells(told, folder=folder))
    listing.close(
        name="pictures",
        summary=f"{made} of {len(pictures)} pictures got a new motion",
        proposed=made,
        total=len(pictures),
    )
    if exit_code:
        raise typer.Exit(exit_code)


def _cells(told: Proposed, *, folder: Path) -> tuple[str, ...]:
    name = str(told.picture.relative_to(folder))
    if told.motion is None:
        return name, told.outcome.value, "-", "-", told.error.reason if told.error else ""
    safety = told.motion.safety.verdict.value if told.motion.safety else "-"
    why = told.motion.provenance.why[0] if told.motion.provenance.why else ""
    return name, told.outcome.value, told.motion.type.value, safety, why


def _row(told: Proposed, *, folder: Path) -> Row:
    return {
        "picture": told.picture.relative_to(folder).as_posix(),
        "outcome": told.outcome.value,
        "motion": told.motion.model_dump(mode="json") if told.motion is not None else None,
        "error": error_row(told.error),
    }
