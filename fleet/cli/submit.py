"""``fleet submit``: queue a manifest's shots and, unless told otherwise, make them."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final

import typer

from fleet.cli.output import Column, Output
from fleet.errors import Interrupted, ShotsFailed

if TYPE_CHECKING:  # heavy: imported when a command runs
    from fleet.cli.ends import End
    from fleet.client import Submission

EXAMPLE: Final = "Example: fleet submit stills/day1.video_manifest.json --out clips"

Manifests = Annotated[
    list[Path],
    typer.Argument(help="Manifests to submit (.video_manifest.json).", show_default=False),
]


def submit(
    manifests: Manifests,
    *,
    out: Annotated[
        Path | None, typer.Option(help="Publish here instead of beside the pictures.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check and show; queue nothing.")
    ] = False,
    wait: Annotated[bool, typer.Option(help="Make the clips now, or only queue them.")] = True,
    host: Annotated[
        str | None,
        typer.Option(
            help="Make them on that host: send what it lacks, watch, and fetch the clips.",
            show_default=False,
        ),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Queue every shot of MANIFESTS that is not made yet, and make the clips.

    Submitting the same manifest again adds nothing; interrupted, the same command goes on.

    With --host it happens on that host, and the clips come back beside their pictures.

    A host that cannot be reached now gets the manifests with the next fleet sync.
    """
    if host is not None:
        if out is not None:
            raise typer.BadParameter("with --host, clips come back beside their pictures: no --out")
        _submit_there(host, manifests, dry_run=dry_run, wait=wait, as_json=json_)
        return
    from fleet import client
    from fleet.settings import find_home, load_settings
    from fleet.stages.arrival import signer_of
    from fleet.weights.shelf import Shelf

    output, home = Output(), find_home()
    # A settings file that cannot be meant, or a key that cannot sign, refuses before anything is
    # queued.
    settings = load_settings(home)
    signer_of(settings)
    shelf = Shelf(home.models, settings.weights, settings.loras)
    # Without a cluster this machine makes the clips, now or with the next submission: what it
    # lacks for that is told before anything is queued.
    here = not home.cluster.exists()
    submissions = [
        client.read_submission(
            path, out=out, home=home, shelf=shelf, here=here,
            gpus=settings.generation_gpus if here else None,
        )
        for path in manifests
    ]  # fmt: skip
    for path, submission in zip(manifests, submissions, strict=True):
        for assumption in submission.assumed:
            output.note(f"{path}: assumed: {assumption}")
    if dry_run:
        _show_plan(submissions, output, as_json=json_)
        return
    ids: list[str] = []
    for path, submission in zip(manifests, submissions, strict=True):
        done = client.queue(submission, home=home)
        planned_ids = [planned.row.id for planned in submission.shots]
        ids += planned_ids
        unfinished = client.unfinished(planned_ids, home=home)
        output.note(
            said(
                path,
                new=len(done.new),
                reopened=len(done.reopened),
                replaced=len(done.replaced),
                adopted=len(done.adopted),
                known=len(done.known),
                unfinished=unfinished,
            )
        )
    if wait:
        _make(ids, output)
    from fleet.cli.ends import ends_of

    ends = ends_of(ids, home=home, metas=True)
    _show_ends(ends, output, as_json=json_)
    _refuse_failed(ends)


def _submit_there(
    host: str, manifests: Sequence[Path], *, dry_run: bool, wait: bool, as_json: bool
) -> None:
    from fleet.cli.submit_remote import submit_there
    from fleet.home import find_home
    from fleet.sync.errors import SyncIncomplete

    output = Output()

    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        seen = submit_there(
            host, manifests, home=find_home(), output=output, dry_run=dry_run, wait=wait,
            as_json=as_json,
        )  # fmt: skip
    except KeyboardInterrupt:
        raise Interrupted(again=shlex.join(["fleet", *sys.argv[1:]])) from None
    if seen is None:
        return
    _show_ends(seen.ends, output, as_json=as_json)
    if seen.problems:
        raise SyncIncomplete(problems=seen.problems, report="")
    _refuse_failed(seen.ends)


def _make(ids: Sequence[str], output: Output) -> None:
    from fleet.cli.progress import Progress
    from fleet.embedded import work_until_done
    from fleet.settings import find_home, load_settings
    from fleet.stages.work import Work

    home = find_home()
    settings = load_settings(home)
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        with Progress(ids, home=home, output=output) as progress:
            work_until_done(
                ids,
                home=home,
                settings=settings,
                stages=Work.of(home, settings),
                tick=progress.tick,
            )
    except KeyboardInterrupt:
        again = shlex.join(["fleet", *sys.argv[1:]])
        raise Interrupted(again=again) from None


def _as_interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def said(
    path: Path,
    *,
    new: int,
    reopened: int,
    replaced: int,
    adopted: int,
    known: int,
    unfinished: int,
) -> str:
    """What a submission did, in words."""
    parts = [f"{new} new"]
    if reopened:
        parts.append(f"{reopened} to be made again")
    if replaced:
        parts.append(f"{replaced} older ones replaced")
    if adopted:
        parts.append(f"{adopted} found in place")
    if known:
        parts.append(f"{known} already known")
    text = f"{path}: {', '.join(parts)}"
    if new or reopened:
        return text
    return f"{text}; nothing to add" + (f", going on with {unfinished}" if unfinished else "")


def _show_plan(submissions: Sequence[Submission], output: Output, *, as_json: bool) -> None:
    rows = []
    for submission in submissions:
        for planned in submission.shots:
            params = planned.row.recipe.generation_params
            state = "would be made"
            if planned.row.fault is not None:
                state = planned.row.fault.message
            elif planned.row.intact:
                state = "is published already"
            rows.append(
                {
                    "shot": planned.row.id,
                    "image": planned.row.image_path,
                    "model": params.model,
                    "size": f"{params.width}x{params.height}",
                    "generated_frames": planned.generated_frames,
                    "clip_frames": planned.clip_frames,
                    "clip": planned.row.target,
                    "plan": state,
                }
            )
    if as_json:
        output.json(rows)
        return
    output.table(
        [Column("Picture"), Column("Model"), Column("Size"), Column("Frames", right=True),
         Column("Plan", fold=True)],
        [[str(row["image"]), str(row["model"]), str(row["size"]),
          f"{row['generated_frames']} -> {row['clip_frames']}", str(row["plan"])] for row in rows],
        title=f"{len(rows)} shots; nothing was queued",
    )  # fmt: skip


def _show_ends(ends: Sequence[End], output: Output, *, as_json: bool) -> None:
    if as_json:
        output.json([end.as_json() for end in ends])
    else:
        output.table(
            [Column("Picture"), Column("Verdict"), Column("Frames", right=True),
             Column("Adherence", right=True), Column("Clip, or why not", fold=True)],
            [[end.image, end.state, end.frames, end.adherence, end.outcome] for end in ends],
            title="How each shot ended" if all(end.verdict for end in ends) else "Queued",
        )  # fmt: skip


def _refuse_failed(ends: Sequence[End]) -> None:
    """Let the exit code say that there are not all clips.

    Raises:
        ShotsFailed: some shots ended without a clip.
    """
    from companions.video_meta import Verdict

    bad = [end for end in ends if end.verdict not in {None, Verdict.PASS, Verdict.FLAGGED}]
    if bad:
        raise ShotsFailed(failed=len(bad), total=len(ends))
