"""``fleet show`` and ``fleet events``: what the ledger knows of one shot, and what happened."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, Final

import typer

from fleet.cli.output import Column, Output, moment
from fleet.errors import UnknownShot

if TYPE_CHECKING:  # heavy: imported when a command runs
    from companions.video_meta import ModelUsed
    from fleet.ledger.rows import EventRow, History
    from fleet.settings import Home

SHOW_EXAMPLE: Final = "Example: fleet show img_001.jpg"
_COMMIT: Final = 40
"""Characters of a commit, of which twelve are enough for people."""
EVENTS_EXAMPLE: Final = "Example: fleet events --shot img_001.jpg --after 120"

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def show(
    shot: Annotated[str, typer.Argument(help="A shot's id, or its picture's name or path.")],
    *,
    json_: Json = False,
) -> None:
    """Show all that is known of one shot: stages, attempts, checks, reasons."""
    from fleet.cli.ends import End, meta_of, phase
    from fleet.settings import find_home

    output = Output()
    history = _history(shot, home=find_home())
    row = history.shot
    states = {stage: job.state for stage, job in history.jobs.items()}
    end = End.of(row, phase(row, states), meta_of(row))
    if json_:
        output.json(
            end.as_json()
            | {
                "manifest": row.manifest.path,
                "fingerprint": row.fingerprint,
                "recipe": row.recipe.model_dump(mode="json"),
                "jobs": {stage.value: state.value for stage, state in states.items()},
                "attempts": [
                    {
                        "stage": attempt.stage.value,
                        "number": attempt.number,
                        "outcome": attempt.outcome,
                        "started_at": moment(attempt.started_at),
                        "seconds": _seconds(attempt.started_at, attempt.ended_at),
                        "message": attempt.message,
                    }
                    for attempt in history.attempts
                ],
                "meta": end.meta.model_dump(mode="json") if end.meta else None,
            }
        )
        return
    output.say(f"{row.id}: {end.state}")
    output.say(f"  picture   {row.picture}")
    output.say(f"  manifest  {row.manifest.path}")
    output.say(f"  clip      {end.clip or 'none'}")
    if end.meta is not None and end.meta.model is not None:
        output.say(f"  model     {_told(end.meta.model)}")
    for reason in row.reasons:
        output.say(f"  reason    {reason.code}: {reason.message}")
    output.table(
        [Column("Stage"), Column("Try", right=True), Column("Started"),
         Column("Seconds", right=True), Column("Outcome"), Column("Message", fold=True)],
        [[a.stage.value, str(a.number), moment(a.started_at),
          f"{_seconds(a.started_at, a.ended_at):.2f}", a.outcome, a.message]
         for a in history.attempts],
        title="Attempts",
    )  # fmt: skip
    if end.meta is not None:
        output.table(
            [Column("Check"), Column("Verdict"), Column("Value", right=True),
             Column("Limit", right=True), Column("Detail", fold=True)],
            [[c.name, c.verdict.value, _figure(c.value), _figure(c.threshold), c.detail]
             for c in end.meta.checks],
            title="Checks",
        )  # fmt: skip


def events(
    *,
    after: Annotated[int, typer.Option(help="Only events after this number.", min=0)] = 0,
    shot: Annotated[str | None, typer.Option(help="Only events of this shot.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=100_000)] = 1000,
    json_: Json = False,
) -> None:
    """List what happened, oldest first; the numbers rise and never repeat."""
    from fleet.ledger import reading
    from fleet.ledger.database import Database
    from fleet.settings import find_home

    output = Output()
    database = Database(find_home().ledger)
    try:
        shot_id = reading.find_shot(database, shot).id if shot else None
        rows = reading.events(database, after=after, shot_id=shot_id, limit=limit)
    finally:
        database.close()
    if json_:
        output.json([event_as_json(row) for row in rows])
        return
    output.table(
        [Column("No", right=True), Column("At"), Column("Shot"), Column("Stage"),
         Column("Event"), Column("Data", fold=True)],
        [[str(row.seq), moment(row.at), row.shot_id, row.stage, row.kind,
          " ".join(f"{key}={value}" for key, value in row.data.items())] for row in rows],
    )  # fmt: skip


def event_as_json(row: EventRow) -> dict[str, object]:
    """One event for machines."""
    return {
        "seq": row.seq,
        "at": moment(row.at),
        "shot": row.shot_id,
        "stage": row.stage,
        "kind": row.kind,
        "data": dict(row.data),
    }


def _history(name: str, *, home: Home) -> History:
    """A shot as the ledger has it, or the newest archive that does.

    Raises:
        UnknownShot: none of them has it.
    """
    from fleet.ledger import archive, reading
    from fleet.ledger.database import Database

    database = Database(home.ledger)
    try:
        return reading.history(database, reading.find_shot(database, name).id)
    except UnknownShot:
        for path in archive.archives(home.archive):
            with contextlib.suppress(UnknownShot), archive.opened(path) as box:
                return reading.history(box, reading.find_shot(box, name).id)
        raise
    finally:
        database.close()


def _told(model: ModelUsed) -> str:
    """Which model made the frames, and how it was held to the move."""
    revision = model.revision[:12] if len(model.revision) == _COMMIT else model.revision
    words = [f"{model.name} {revision}"]
    if model.memory_plan:
        words.append(f"plan {model.memory_plan}")
    if (used := model.conditioning) is not None:
        words.append(f"control {used.control}")
        if used.weak_clock is not None and used.strong_clock is not None:
            words.append(f"clocks {used.weak_clock:.3f}/{used.strong_clock:.3f}")
        words.append(f"{used.steps_run} of {used.steps} steps")
        words += [f"{used.pieces} pieces"] * (used.pieces > 1)
        # Files of the few-step weights have the name of a folder before them.
        loras = [name for name in used.loras_sha256 if "/" not in name]
        words += [each for each in (used.speed, *loras, *used.shortcuts) if each]
    return ", ".join(words)


def _seconds(started_at: float, ended_at: float | None) -> float:
    return round(ended_at - started_at, 3) if ended_at is not None else 0.0


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
