"""``fleet drill``: break a fleet on purpose, and see that nothing is lost."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from fleet.cli.output import Column, Output
from fleet.errors import InvariantBroken

if TYPE_CHECKING:
    from fleet.drilling.drill import Report

EXAMPLE: Final = "Example: fleet drill --shots 200 --faults 60 --seed 7"

_EXAMPLES: Final = 3


def drill(
    *,
    shots: Annotated[int, typer.Option(min=1, max=100_000, help="Shots to make.")] = 40,
    faults: Annotated[int, typer.Option(min=0, max=10_000, help="Faults to inject.")] = 12,
    seed: Annotated[int, typer.Option(help="Which faults, and when: the same for a seed.")] = 1,
    nodes: Annotated[int, typer.Option(min=0, max=16, help="Nodes beside the head.")] = 1,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="No cluster: the one that fleet submit starts.")
    ] = False,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep what the drill made here.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Make a fleet of its own, kill parts of it while it works, and audit what is left.

    Workers, the dispatcher, nodes, the head, commands: each may be killed at any moment, and
    shots cancelled, asked for again and submitted twice meanwhile. Then one line for each
    invariant; ends with 64 if one does not hold. Your own fleet is not touched.
    """
    from fleet.drilling.drill import drill as drilled

    output = Output()
    cluster = not embedded and sys.platform == "linux"
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        if any(keep.iterdir()):
            raise typer.BadParameter(f"{keep} is not empty", param_hint="--keep")
    folder = keep.resolve() if keep is not None else Path(tempfile.mkdtemp(prefix="mf-drill-"))
    with output.measured("drilling") as progress:

        def said(what: str, ended: int, fallen: int) -> None:
            progress(ended, shots)
            if what:
                output.note(f"{ended} of {shots} ended; fault {fallen + 1} of {faults}: {what}")

        try:
            report = drilled(
                folder,
                shots=shots,
                faults=faults,
                seed=seed,
                nodes_beside=nodes if cluster else 0,
                cluster=cluster,
                said=said,
            )
        except KeyboardInterrupt:
            if keep is None:
                shutil.rmtree(folder, ignore_errors=True)
            raise
    _tell(report, output, seed=seed, as_json=json_)
    if report.broken:
        output.note(f"what it made is kept: {folder}")
        raise InvariantBroken(broken=len(report.broken), total=len(report.lines))
    if keep is None:
        shutil.rmtree(folder)


def _tell(report: Report, output: Output, *, seed: int, as_json: bool) -> None:
    if as_json:
        output.json(
            {
                "seed": seed,
                "seconds": round(report.seconds, 1),
                "faults": {kind.name.lower(): count for kind, count in report.faults.items()},
                "verdicts": dict(report.verdicts),
                "attempts": dict(report.attempts),
                "generated_again": report.repeated,
                "invariants": [
                    {"name": line.name, "sentence": line.sentence, "holds": line.holds,
                     "found": list(line.found)}
                    for line in report.lines
                ],
            }
        )  # fmt: skip
        return
    output.table(
        [Column("Invariant"), Column(""), Column("What it says, and where it does not hold",
                                                 fold=True)],
        [[line.name, "pass" if line.holds else "breach", _story(line.sentence, line.found)]
         for line in report.lines],
    )  # fmt: skip
    fell = ", ".join(f"{count} x {kind.value}" for kind, count in report.faults.most_common())
    ends = ", ".join(f"{count} {verdict}" for verdict, count in report.verdicts.most_common())
    output.note(
        f"seed {seed}: {report.faults.total()} faults fell in {report.seconds:.0f} s: {fell}"
    )
    output.note(f"{ends}; {report.repeated} of the generations that succeeded were done again")


def _story(sentence: str, found: object) -> str:
    told = list(found) if isinstance(found, list | tuple) else []
    if not told:
        return sentence
    more = f"; and {len(told) - _EXAMPLES} more" if len(told) > _EXAMPLES else ""
    return f"{sentence} But {'; '.join(told[:_EXAMPLES])}{more}"
