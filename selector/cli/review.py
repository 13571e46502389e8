"""``selector review DIR``: clips that came back are accepted or rejected, or listed."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from selector.cli.options import AsJson, Folder, Overlay, Screenshot
from selector.cli.output import Listing, Row, complain, error_row

if TYPE_CHECKING:
    from selector.core.placement import Placement
    from selector.core.redoing import Again
    from selector.core.returned import Returned
    from selector.core.settings import Theme

EXAMPLE = "Example: selector review stills/"


def review(
    ctx: typer.Context,
    folder: Folder,
    *,
    overlay: Overlay = None,
    reviewer: Annotated[
        str | None,
        typer.Option("--reviewer", metavar="NAME", help="Who reviews. Default: your user name."),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="List what came back, without a window.")
    ] = False,
    redo: Annotated[
        Path | None,
        typer.Option(
            "--redo",
            metavar="FILE",
            dir_okay=False,
            help="Write a manifest of the rejected clips into FILE, without a window.",
        ),
    ] = None,
    screenshot: Screenshot = None,
    as_json: AsJson = False,
) -> None:
    """Review the clips that came back to DIR and the folders in it.

    A accepts, R and a digit rejects with a reason; reviews are written as X.review.json beside
    their clips, or into the overlay: then clips are looked for in both. With --list, --json or
    --redo there is no window.
    """
    from selector.core.placement import Placement, absolute
    from selector.core.settings import SettingsFile, settings_path

    settings = SettingsFile(settings_path(os.environ)).load().settings
    root = absolute(folder)
    # A folder that was opened with an overlay keeps its companions there.
    beside = absolute(overlay) if overlay is not None else settings.overlay_of(root)
    placement = Placement(root, beside)
    if redo is not None:
        _redo(placement, out=redo, as_json=as_json)
    elif listed or as_json:
        _list(placement, as_json=as_json)
    else:
        if overlay is not None:
            placement.prepare()
        _show(
            placement,
            reviewer=reviewer,
            screenshot=screenshot,
            colours=settings.theme,
            debug=ctx.obj.debug,
        )


def _show(
    placement: Placement,
    *,
    reviewer: str | None,
    screenshot: Path | None,
    colours: Theme,
    debug: bool,
) -> None:
    from selector.app import SCREENSHOT_S, started
    from selector.core.reviewing import reviewer_name

    application = started(on_screen=screenshot is None)
    from selector.view import theme
    from selector.view.bugs import Bugs
    from selector.view.review.window import ReviewWindow

    theme.apply(application, colours)

    window = ReviewWindow(placement, reviewer=reviewer_name(reviewer))
    bugs = Bugs(debug=debug, parent=application)
    bugs.told.connect(lambda text: window.statusBar().showMessage(text))
    bugs.install()
    window.show()
    if screenshot is not None:
        from selector.view.review.screenshot import draw

        draw(window, screenshot, patience_s=SCREENSHOT_S)
    elif code := application.exec():
        sys.exit(code)


def _list(placement: Placement, *, as_json: bool) -> None:
    from dataclasses import replace

    from selector.core.returned import acceptance, examine, scan_returned

    listing = Listing(columns=("clip", "review", "fleet", "why"), as_json=as_json)
    shots = []
    for shot in listing.tracked(scan_returned(placement), what="reading"):
        if not shot.trouble and (why := examine(shot)):
            shot = replace(shot, trouble=why)  # noqa: PLW2901 - the same shot, better known
        shots.append(shot)
        listing.add(_row(shot), _cells(shot))
    told = acceptance(shots)
    flagged = sum(shot.is_flagged for shot in shots)
    listing.close(
        name="clips",
        summary=f"{len(shots)} came back: {told.words}, {told.to_review} to review, "
        f"{flagged} flagged",
        accepted=told.accepted,
        rejected=told.rejected,
        to_review=told.to_review,
        acceptance_rate=told.rate,
        total=len(shots),
    )


def _redo(placement: Placement, *, out: Path, as_json: bool) -> None:
    from selector.core.redoing import make_again, rejected, write_redo
    from selector.core.returned import scan_returned
    from selector.core.shelf import Shelf

    listing = Listing(columns=("clip", "again", "what differs, or why not"), as_json=as_json)
    shelf = Shelf(placement)
    again: list[Again] = []
    for shot in listing.tracked(rejected(scan_returned(placement)), what="reading"):
        each = make_again(shot, shelf=shelf, root=out.parent)
        again.append(each)
        if each.error is not None:
            complain(str(each.error))
        listing.add(_again_row(each), _again_cells(each))
    manifest = write_redo(again, out=out, placement=placement, now=datetime.now(UTC))
    listing.close(
        name="clips",
        summary=f"{out}: {len(manifest.shots)} of {len(again)} rejected clips will be made again. "
        f"Send it with: fleet submit {out}",
        manifest=str(out),
        shots=len(manifest.shots),
        rejected=len(again),
    )
    exit_code = max((each.error.exit_code for each in again if each.error), default=0)
    if exit_code:
        raise typer.Exit(exit_code)


def _cells(shot: Returned) -> Sequence[str]:
    verdict = shot.meta.verdict.value if shot.meta is not None else "-"
    review = shot.review
    why = shot.why
    if review is not None:
        parts = [reason.value for reason in review.reasons]
        why = ", ".join([*parts, review.note] if review.note else parts)
    return shot.name, shot.state.value, verdict, why.splitlines()[0] if why else "-"


def _row(shot: Returned) -> Row:
    review, facts = shot.review, shot.facts
    return {
        "clip": shot.name,
        "picture": shot.picture is not None,
        "state": shot.state.value,
        "verdict": shot.meta.verdict.value if shot.meta is not None else None,
        "shot_id": shot.meta.shot_id if shot.meta is not None else None,
        "clip_sha256": facts.sha256 if facts is not None else None,
        "findings": [check.model_dump(mode="json") for check in shot.findings],
        "reasons": [reason.value for reason in review.reasons] if review is not None else [],
        "note": review.note if review is not None else "",
        "reviewer": review.reviewer if review is not None else None,
        "why": shot.why or None,
    }


def _again_cells(each: Again) -> Sequence[str]:
    if each.error is not None:
        return each.shot.name, "refused", each.error.reason
    if each.wanted is None:
        return each.shot.name, "left out", each.left_out
    return each.shot.name, "again", ", ".join(each.changed)


def _again_row(each: Again) -> Row:
    return {
        "clip": each.shot.name,
        "again": each.wanted is not None,
        "changed": list(each.changed),
        "left_out": each.left_out or None,
        "error": error_row(each.error),
    }
