"""``selector manifest DIR``: every motion in a folder as one submission for the fleet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from selector.cli.options import AsJson, Folder, Overlay, Recursive, parse_fps, parse_instant
from selector.cli.output import Listing, Row, complain, error_row

if TYPE_CHECKING:
    from selector.core.gathering import Gathered

EXAMPLE = "Example: selector manifest stills/ --target-fps 23.976 --crf 16"
_SHARED = "What all shots ask for"
_NAMES = "Names and files"


def manifest(
    folder: Folder,
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FILE",
            help="Manifest to write, in DIR or above it. Default: DIR/NAME.video_manifest.json.",
            rich_help_panel=_NAMES,
        ),
    ] = None,
    per_image: Annotated[
        bool,
        typer.Option(
            "--per-image",
            help="Write X.video_manifest.json beside each picture instead; with -o, as well.",
            rich_help_panel=_NAMES,
        ),
    ] = False,
    project_id: Annotated[
        str | None,
        typer.Option("--project-id", help="Project. Default: DIR's name.", rich_help_panel=_NAMES),
    ] = None,
    batch_id: Annotated[
        str | None,
        typer.Option("--batch-id", help="Batch. Default: now, UTC.", rich_help_panel=_NAMES),
    ] = None,
    created_at: Annotated[
        str | None,
        typer.Option(
            "--created-at",
            metavar="TIME",
            help="Time to write into it; with --batch-id, equal inputs give equal bytes. "
            "Default: now.",
            rich_help_panel=_NAMES,
        ),
    ] = None,
    model: Annotated[
        str, typer.Option("--model", help="Generator.", rich_help_panel=_SHARED)
    ] = "camera",
    fps: Annotated[
        str | None,
        typer.Option("--fps", help="The generator's frame rate.", rich_help_panel=_SHARED),
    ] = None,
    target_fps: Annotated[
        str | None,
        typer.Option(
            "--target-fps",
            help="The clips' frame rate: 24, 23.976, 24000/1001.",
            rich_help_panel=_SHARED,
        ),
    ] = None,
    interpolation: Annotated[
        str | None,
        typer.Option("--interpolation", help="Interpolator.", rich_help_panel=_SHARED),
    ] = None,
    codec: Annotated[
        str | None,
        typer.Option("--codec", help="h264, hevc or av1.", rich_help_panel=_SHARED),
    ] = None,
    crf: Annotated[
        int | None,
        typer.Option("--crf", help="Constant quality; lower is better.", rich_help_panel=_SHARED),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", help="Seed of the generator's noise.", rich_help_panel=_SHARED),
    ] = None,
    priority: Annotated[
        int | None,
        typer.Option(
            "--priority", min=-100, max=100, help="Higher is sooner.", rich_help_panel=_SHARED
        ),
    ] = None,
    include_blocked: Annotated[
        bool,
        typer.Option("--include-blocked", help="Take motions too that safety limits block."),
    ] = False,
    include_rejected: Annotated[
        bool,
        typer.Option("--include-rejected", help="Take pictures too that were passed over."),
    ] = False,
    overlay: Overlay = None,
    recursive: Recursive = False,
    as_json: AsJson = False,
) -> None:
    """Write a manifest of every picture in DIR that has a motion and was not passed over.

    X.caption beside a picture becomes its prompt, unless its motion has one of its own. If any
    motion, caption or picture cannot be used, or a picture has changed since its motion was drawn,
    each is named and nothing is written.
    """
    from selector.core.batch import asked_settings, batch_name
    from selector.core.folder import pictures_in, refused_names, sweep
    from selector.core.gathering import (
        Gathered,
        gather,
        passed_over,
        pictures_with_motion,
        project_name,
    )
    from selector.core.placement import Placement
    from selector.core.submission import Target, write_manifests

    now = parse_instant(created_at) if created_at is not None else datetime.now(UTC)
    settings = asked_settings(
        project_id=project_id if project_id is not None else project_name(folder),
        batch_id=batch_id if batch_id is not None else batch_name(now),
        created_at=now,
        model=model,
        fps=parse_fps(fps) if fps is not None else None,
        target_fps=parse_fps(target_fps) if target_fps is not None else None,
        interpolation=interpolation,
        codec=codec,
        crf=crf,
        seed=seed,
        priority=priority,
    )
    target = Target.of(folder, out=out, per_image=per_image)
    offered = pictures_in(folder, recursive=recursive)
    refused = refused_names(offered, folder=folder)
    placement = Placement(folder, overlay)
    pictures = pictures_with_motion(offered, placement=placement)
    over = frozenset() if include_rejected else passed_over(pictures, placement=placement)
    sweep(placement.stand_in(picture) for picture in pictures)
    before = target.look(pictures)
    listing = Listing(columns=("picture", "shot", "move", "why"), as_json=as_json)
    gathered: list[Gathered] = []
    for picture in listing.tracked(pictures, what="reading"):
        error = refused.get(picture)
        if picture in over:
            told = Gathered(picture=picture, passed_over=True)
        elif error is not None:
            told = Gathered(picture=picture, error=error)
        else:
            told = gather(
                picture, root=target.root, placement=placement, include_blocked=include_blocked
            )
        gathered.append(told)
        if told.error is not None:
            complain(str(told.error))
        listing.add(_row(told, folder=folder), _cells(told, folder=folder))
    exit_code = max((told.error.exit_code for told in gathered if told.error), default=0)
    written = () if exit_code else write_manifests(settings, gathered, target=target, before=before)
    shots = sum(told.source is not None for told in gathered)
    left_out = sum(told.left_out is not None for told in gathered)
    listing.close(
        name="pictures",
        summary=_summary(written, shots=shots, left_out=left_out, rejected=len(over)),
        manifests=[str(path) for path in written],
        shots=shots if written else 0,
        left_out=left_out,
        passed_over=len(over),
    )
    if exit_code:
        raise typer.Exit(exit_code)


def _summary(written: Sequence[Path], *, shots: int, left_out: int, rejected: int) -> str:
    if not written:
        return "no manifest was written: correct what is named above, or take those motions out"
    files = str(written[0]) if len(written) == 1 else f"{len(written)} manifests"
    blocked = f"; {left_out} left out as blocked (see selector check)" if left_out else ""
    over = f"; {rejected} left out as passed over" if rejected else ""
    return f"{files}: {shots} shots{blocked}{over}"


def _cells(told: Gathered, *, folder: Path) -> tuple[str, ...]:
    name = str(told.picture.relative_to(folder))
    if told.passed_over:
        return name, "left out", "-", "passed over"
    if told.error is not None:
        return name, "refused", "-", told.error.reason
    if told.left_out is not None and told.left_out.safety is not None:
        limits = (
            finding.limit
            for finding in told.left_out.safety.findings
            if finding.verdict.value == "block"
        )
        return name, "left out", "-", f"blocked: {', '.join(limits)}"
    move = told.source.move.type.value if told.source is not None else "-"
    return name, "shot", move, ""


def _row(told: Gathered, *, folder: Path) -> Row:
    return {
        "picture": told.picture.relative_to(folder).as_posix(),
        "shot": told.source is not None,
        "blocked": told.left_out is not None,
        "passed_over": told.passed_over,
        "error": error_row(told.error),
    }
