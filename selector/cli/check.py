"""``selector check DIR``: are the motions safe, and their pictures unchanged?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from selector.cli.options import AsJson, Folder, Overlay, Recursive, parse_profile
from selector.cli.output import Listing, Row, complain, error_row

if TYPE_CHECKING:
    from selector.core.checking import Checked


EXAMPLE = "Example: selector check stills/ --strict --profile sensitive"


def check(
    folder: Folder,
    *,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            help="Hold all motions against these limits, standard or sensitive, instead of the "
            "ones each was written under.",
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")] = False,
    overlay: Overlay = None,
    recursive: Recursive = False,
    as_json: AsJson = False,
) -> None:
    """Hold every .motion.json in DIR against the safety limits.

    Ends with 35 if a motion is blocked: too fast for the eye, zoomed too far, too few pixels, or
    its picture gone or changed.
    """
    from companions.motion import SafetyVerdict
    from companions.names import MOTION_SUFFIX
    from selector.core.checking import check_motion
    from selector.core.errors import SafetyBlocked
    from selector.core.folder import motions_in, pictures_in
    from selector.core.placement import Placement

    placement = Placement(folder, overlay)
    limits = parse_profile(profile) if profile is not None else None
    motions = motions_in(placement.home, recursive=recursive)
    apart = pictures_in(folder, recursive=recursive) if overlay is not None else ()
    picture_of = {placement.companion(picture, MOTION_SUFFIX): picture for picture in apart}
    listing = Listing(columns=("motion", "verdict", "limit", "value", "threshold"), as_json=as_json)
    count = dict.fromkeys(SafetyVerdict, 0)
    unreadable = 0
    for motion in listing.tracked(motions, what="checking"):
        told = check_motion(motion, profile=limits, picture=picture_of.get(motion))
        if told.fault is not None:
            complain(str(told.fault))
        if told.unreadable is not None:
            unreadable = max(unreadable, told.unreadable.exit_code)
        else:
            count[told.verdict] += 1
        listing.add(_row(told, folder=placement.home), *_cells(told, folder=placement.home))
    warned, blocked = count[SafetyVerdict.WARN], count[SafetyVerdict.BLOCK]
    listing.close(
        name="motions",
        summary=f"{len(motions)} motions: {count[SafetyVerdict.PASS]} pass, {warned} warn, "
        f"{blocked} blocked",
        passed=count[SafetyVerdict.PASS],
        warned=warned,
        blocked=blocked,
        total=len(motions),
    )
    if blocked or (strict and warned):
        raise SafetyBlocked(blocked=blocked, warned=warned, total=len(motions), strict=strict)
    if unreadable:
        raise typer.Exit(unreadable)


def _cells(told: Checked, *, folder: Path) -> Iterator[tuple[str, ...]]:
    name = str(told.motion.relative_to(folder))
    if told.unreadable is not None:
        yield name, "unreadable", told.unreadable.reason, "-", "-"
        return
    if told.stale is not None:
        yield name, "block", told.stale.reason, "-", "-"
    findings = told.safety.findings if told.safety is not None else ()
    for finding in findings:
        yield (
            name,
            finding.verdict.value,
            finding.limit,
            f"{finding.value:.2f}",
            f"{finding.threshold:g}",
        )
    if told.stale is None and not findings:
        yield name, "pass", "-", "-", "-"


def _row(told: Checked, *, folder: Path) -> Row:
    findings = told.safety.findings if told.safety is not None else ()
    return {
        "motion": told.motion.relative_to(folder).as_posix(),
        "picture": told.picture.name if told.picture is not None else None,
        "verdict": None if told.unreadable is not None else told.verdict.value,
        "profile": told.safety.profile if told.safety is not None else None,
        "findings": [finding.model_dump(mode="json") for finding in findings],
        "error": error_row(told.fault),
    }
