"""``fleet status``: what the ledger holds, in counts, or shot by shot.

Answers at once however much there is: it reads counts, and only as many shots as it shows.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final

import typer

from fleet.cli.output import Column, Output, moment

if TYPE_CHECKING:  # heavy: imported when a command runs
    from fleet.ledger.doing import Doing
    from fleet.ledger.summary import ManifestSummary, ShotLine, Summary

_NOTHING: Final[Mapping[str, Doing]] = MappingProxyType({})

EXAMPLE: Final = "Example: fleet status --shots --unfinished --json"

EMPTY: Final = "the ledger is empty; submit a manifest: fleet submit FILE"
GO_ON: Final = "fleet submit FILE, or fleet up"
LATEST: Final = 10
"""Shots at work, and shots that ended last, that a summary shows."""
MANIFESTS: Final = 20
"""Manifests that a summary shows if not told otherwise."""
SHOTS: Final = 1000
"""Shots that a listing shows if not told otherwise."""

_FORESEEABLE_H: Final = 10.0 * 365.0 * 24.0
"""No end is told that lies further ahead."""


def status(
    *,
    shots: Annotated[
        bool, typer.Option("--shots", help="List shots, in the order submitted.")
    ] = False,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Only shots that have not ended; lists them.")
    ] = False,
    manifest: Annotated[
        list[str] | None,
        typer.Option(help="Only shots of this manifest (file, id or batch); lists them."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            help=f"The newest so many: shots ({SHOTS}) or manifests ({MANIFESTS}).", min=1
        ),
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Of the fleet on that host.", show_default=False)
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Show where everything is: manifests in counts, or with --shots each shot by itself."""
    from fleet.home import find_home
    from fleet.ledger import summary
    from fleet.ledger.database import Database
    from fleet.ledger.doing import read_doing
    from fleet.ledger.lock import ProcessLock
    from fleet.ledger.selection import select

    output, home = Output(), find_home()
    if host is not None:
        from fleet.cli import remote

        remote.status(
            host, home=home, output=output, listed=shots, unfinished=unfinished,
            manifests=manifest or (), limit=limit, as_json=json_,
        )  # fmt: skip
        return
    database = Database(home.ledger)
    try:
        if shots or unfinished or manifest:
            wanted = select(database, manifests=manifest or ()).manifests if manifest else None
            lines = summary.shot_lines(
                database, limit=limit or SHOTS, unfinished=unfinished, manifests=wanted
            )
            show_shots(lines, output, as_json=json_, limit=limit or SHOTS)
            return
        now = time.time()
        found = summary.summarise(database, limit=limit or MANIFESTS, now=now)
        doing = summary.at_work(database, limit=LATEST)
        ended = summary.ended_last(database, limit=LATEST)
    finally:
        database.close()
    working = ProcessLock(home.dispatcher_lock).is_held()
    steps = read_doing(home.doing, now=now) if working else {}
    if json_:
        output.json(overview_as_json(found, doing, ended, working=working, steps=steps))
    else:
        show_overview(found, doing, ended, output, working=working, steps=steps)


def show_overview(
    found: Summary,
    doing: Sequence[ShotLine],
    ended: Sequence[ShotLine],
    output: Output,
    *,
    working: bool,
    empty: str = EMPTY,
    go_on: str = GO_ON,
    steps: Mapping[str, Doing] = _NOTHING,
) -> None:
    """The ledger in counts; ``empty`` is said of one without shots, ``go_on`` where none works,
    and ``steps`` of shots that are generated step by step, by their id."""
    output.table(
        [Column("Batch"), Column("Project"), Column("Shots", right=True),
         Column("Clips", right=True), Column("Open", right=True), Column("No clip", right=True),
         Column("State"), Column("Manifest", fold=True)],
        [[each.batch_id, each.project_id, str(each.total), str(_sum(each.counts, _GOOD)),
          str(each.open), str(_sum(each.counts, _BAD)), _state(each), each.path]
         for each in found.manifests],
    )  # fmt: skip
    if output.is_terminal:
        latest = [*doing, *ended]
        from fleet.cli.progress import how_far

        output.table(
            [Column("Shot"), Column("State"), Column("Clip, or why not", fold=True)],
            [
                [line.id, line.state, how_far(steps[line.id]) if line.id in steps else line.outcome]
                for line in latest
            ],
            title="At work, and ended last" if latest else "",
        )
    for line in _said(found, working=working, empty=empty, go_on=go_on):
        output.note(line)


_GOOD: Final = ("pass", "flagged")
_BAD: Final = ("failed", "quarantined", "cancelled")


def show_shots(lines: Sequence[ShotLine], output: Output, *, as_json: bool, limit: int) -> None:
    """The newest ``limit`` shots, one by one."""
    if as_json:
        output.json([_line_as_json(line) for line in lines])
        return
    output.table(
        [Column("Shot"), Column("Project"), Column("State"), Column("Submitted"),
         Column("Clip, or why not", fold=True)],
        [[line.id, line.project_id, line.state, moment(line.submitted_at), line.outcome]
         for line in lines],
    )  # fmt: skip
    if not lines:
        output.note("there are no such shots")
    elif len(lines) == limit:
        output.note(f"the newest {limit}; for more: --limit {10 * limit}")


def _said(found: Summary, *, working: bool, empty: str, go_on: str) -> list[str]:
    """What a person should know beside the table."""
    if not found.counts and not found.manifests:
        return [empty]
    told = [", ".join(f"{count:,} {word}" for word, count in found.counts.items())]
    if found.others:
        told.append(f"{found.others:,} more manifests; show them with --limit")
    if found.pauses:
        names = ["everything" if scope == "all" else f"{scope} {name}"
                 for scope, name in found.pauses]  # fmt: skip
        told.append(f"paused: {', '.join(names)}; go on with: fleet resume")
    if found.open and not working:
        told.append(f"nothing is at work; go on with: {go_on}")
    elif found.open and found.clips_per_hour:
        left_h = found.open / found.clips_per_hour
        pace = f"{found.clips_per_hour:,.0f} shots an hour"
        if left_h < _FORESEEABLE_H:
            pace += f"; at that pace all are done {moment(time.time() + 3600.0 * left_h)}"
        told.append(pace)
    return told


def _state(manifest: ManifestSummary) -> str:
    if not manifest.open:
        return "ended"
    if manifest.paused:
        return "paused" if manifest.paused == "manifest" else f"paused ({manifest.paused})"
    busy = _sum(manifest.counts, ("generating", "finishing", "publishing"))
    return f"{busy} at work" if busy else "waiting"


def _sum(counts: Mapping[str, int], words: Sequence[str]) -> int:
    return sum(counts.get(word, 0) for word in words)


def overview_as_json(
    found: Summary,
    doing: Sequence[ShotLine],
    ended: Sequence[ShotLine],
    *,
    working: bool,
    steps: Mapping[str, Doing] = _NOTHING,
) -> dict[str, object]:
    """The ledger in counts, for machines."""
    return {
        "counts": dict(found.counts),
        "open": found.open,
        "at_work": working,
        "shots_per_hour": found.clips_per_hour,
        "pauses": [{"scope": scope, "name": name} for scope, name in found.pauses],
        "manifests": [
            {
                "id": each.id,
                "project": each.project_id,
                "batch": each.batch_id,
                "path": each.path,
                "submitted_at": moment(each.submitted_at),
                "total": each.total,
                "open": each.open,
                "counts": dict(each.counts),
                "paused": each.paused or None,
            }
            for each in found.manifests
        ],
        "other_manifests": found.others,
        "working_on": [
            _line_as_json(line)
            | {"progress": steps[line.id].model_dump() if line.id in steps else None}
            for line in doing
        ],
        "ended_last": [_line_as_json(line) for line in ended],
    }


def _line_as_json(line: ShotLine) -> dict[str, object]:
    return {
        "shot": line.id,
        "image": line.image_path,
        "project": line.project_id,
        "manifest": line.manifest,
        "priority": line.priority,
        "state": line.state,
        "verdict": line.verdict,
        "reasons": [dict(reason) for reason in line.reasons],
        "clip": line.clip,
        "submitted_at": moment(line.submitted_at),
        "finished_at": moment(line.finished_at) or None,
    }
