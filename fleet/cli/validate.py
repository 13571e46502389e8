"""``fleet companions validate``: whether files keep to their contract."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from companions.errors import CompanionError
from fleet.cli.output import Column, Output, complain

EXAMPLE = "Example: fleet companions validate stills/*.motion.json"


def validate(
    documents: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Documents of the contract.")
    ],
    *,
    kind: Annotated[
        str | None,
        typer.Option(help="What they must be; by default what each file's name says."),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Say of each document whether it keeps to its contract, and if not, what is wrong.

    Only the files themselves are looked at: whether the pictures they name are there, and are the
    right ones, is found at submission.
    """
    from companions.validation import KINDS
    from companions.validation import validate as validated

    if kind is not None and kind not in KINDS:
        raise typer.BadParameter(f"must be one of {', '.join(KINDS)}", param_hint="--kind")
    output = Output()
    rows: list[dict[str, object]] = []
    exit_code = 0
    for file in documents:
        try:
            loaded = validated(file, kind=kind)
        except CompanionError as error:
            complain(str(error))
            exit_code = max(exit_code, error.exit_code)
            rows.append({"file": str(file), "error": error.reason, "message": str(error)})
            continue
        name = str(type(loaded.document).model_fields["kind"].default)
        rows.append({"file": str(file), "kind": name, "version": loaded.version})
    if json_:
        output.json(rows)
    else:
        output.table(
            [Column("File", fold=True), Column("Is")],
            [[str(row["file"]),
              f"valid {row['kind']} v{row['version']}" if "kind" in row else str(row["error"])]
             for row in rows],
        )  # fmt: skip
    if exit_code:
        raise typer.Exit(exit_code)
