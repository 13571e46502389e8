"""``fleet doctor``: what would keep the fleet from working here, or make it unsafe."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Final

import typer

from fleet.cli.output import Column, Output
from fleet.errors import DoctorFailed

EXAMPLE: Final = "Example: fleet doctor --json"


def doctor(
    *, json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False
) -> None:
    """Examine this machine, the ledger and the cluster; changes nothing.

    Ends with an error if a check fails; a warning is none.
    """
    from fleet.check import State
    from fleet.doctor.examination import examine
    from fleet.settings import find_home

    output = Output()
    found = list(examine(find_home()))
    if json_:
        output.json([asdict(check) for check in found])
    else:
        output.table(
            [Column("Check"), Column("State"), Column("Found", fold=True),
             Column("What to do", fold=True)],
            [[check.name, check.state.value, check.figure, check.remedy] for check in found],
        )  # fmt: skip
    broken = sum(check.state is State.FAIL for check in found)
    if broken:
        raise DoctorFailed(failed=broken)
