"""``fleet companions conformance``: another implementation, held against the public suite."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleet.cli.output import Column, Output
from fleet.errors import ConformanceFailed

if TYPE_CHECKING:
    from fleet.conformance.cases import Result
    from fleet.conformance.run import Validator
    from fleet.conformance.suite import Suite

EXAMPLE = (
    "Example: fleet companions conformance --schema-only "
    "--validator 'check-jsonschema --schemafile {schema} {file}'"
)


def conformance(
    *,
    validator: Annotated[
        str,
        typer.Option(
            metavar="CMD",
            help="Run for each case: exit status 0 accepts, any other refuses. {file}, {schema}, "
            "{kind} and {version} are filled in.",
        ),
    ],
    suite: Annotated[
        Path | None, typer.Option(help="Folder of the suite; a clone's tests/golden by default.")
    ] = None,
    schemas: Annotated[
        Path | None, typer.Option(help="Folder of the JSON Schemas; a clone's by default.")
    ] = None,
    schema_only: Annotated[
        bool, typer.Option("--schema-only", help="Excuse what a JSON Schema cannot say.")
    ] = False,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds that CMD may take for one case.")
    ] = 30.0,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=256, help="How many at once; the CPUs by default.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Hold another implementation of the contract against its public suite of files.

    It has to accept every valid file and to refuse every invalid one. A case that it dies on, or
    does not end in time, counts as a disagreement and never as a refusal.
    """
    from companions import schema
    from fleet.conformance.cases import table
    from fleet.conformance.run import CommandUnusable, Validator, parse_command
    from fleet.conformance.suite import SUITE, read_suite

    output = Output()
    found = read_suite(suite if suite is not None else SUITE)
    try:
        asked = Validator(
            parse_command(validator),
            suite=found,
            schemas=schemas or schema.FOLDER,
            timeout_s=timeout,
        )
        results = _results(
            asked,
            found,
            jobs=jobs or os.cpu_count() or 1,
            schema_only=schema_only,
            output=output,
        )
    except CommandUnusable as error:
        raise typer.BadParameter(str(error), param_hint="--validator") from None
    rows = table(results)
    wrong = [each for each in results if not each.agrees]
    if json_:
        output.json(
            {
                "schema_only": schema_only,
                "rows": [
                    {
                        "document": row.title,
                        "valid_accepted": [row.accepted.hit, row.accepted.of],
                        "invalid_refused": [row.refused.hit, row.refused.of],
                        "beyond_schema_refused": [row.beyond.hit, row.beyond.of],
                        "unanswered": row.unanswered,
                        "disagreements": row.disagreements,
                    }
                    for row in rows
                ],
                "disagreements": [_as_json(each) for each in wrong],
            }
        )
    else:
        titles = ("Valid accepted", "Invalid refused", "Beyond the schema refused", "No answer",
                  "Disagreements")  # fmt: skip
        output.table(
            [Column("Document"), *(Column(title, right=True) for title in titles)],
            [[row.title, str(row.accepted), str(row.refused), str(row.beyond),
              str(row.unanswered), str(row.disagreements)] for row in rows],
        )  # fmt: skip
        if wrong:
            output.table(
                [Column("Case", fold=True), Column("Answer"), Column("Said", fold=True)],
                [[each.case.path, each.reply.answer.value, _why(each)] for each in wrong],
            )
    if wrong:
        unanswered = rows[-1].unanswered
        raise ConformanceFailed(disagreements=len(wrong), unanswered=unanswered, total=len(results))


def _results(
    validator: Validator, suite: Suite, *, jobs: int, schema_only: bool, output: Output
) -> Sequence[Result]:
    """Every case's result in the suite's order, with a bar for whoever waits."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeElapsedColumn as Elapsed
    from rich.progress import TimeRemainingColumn as Remaining

    from fleet.conformance.cases import judge

    total = len(suite.cases)
    results = {}
    at_terminal = output.notes.is_terminal
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("cases"), Elapsed(),
               TextColumn("ETA"), Remaining())  # fmt: skip
    with (
        Progress(*columns, console=output.notes, disable=not at_terminal, transient=True) as bar,
        contextlib.closing(validator.replies(jobs=jobs)) as replies,
    ):
        task = bar.add_task("", total=total)
        for case, reply in replies:
            results[case.path] = judge(case, reply, schema_only=schema_only)
            bar.advance(task)
    return [results[case.path] for case in suite.cases]


def _why(result: Result) -> str:
    rule = f"[{result.case.beyond}] " if result.case.beyond else ""
    return rule + result.reply.said


def _as_json(result: Result) -> dict[str, object]:
    return {
        "case": result.case.path,
        "should_be": "accepted" if result.case.valid else "refused",
        "answer": result.reply.answer.value,
        "said": result.reply.said,
        "beyond_schema": result.case.beyond,
    }
