"""``fleet audit ledger`` and ``fleet repair``: does the promise hold, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from fleet.cli.output import Column, Output, shown
from fleet.errors import InvariantBroken

if TYPE_CHECKING:
    from fleet.invariants.listing import Finding

AUDIT_EXAMPLE: Final = "Example: fleet audit ledger --quick"
REPAIR_EXAMPLE: Final = "Example: fleet repair --dry-run"
_EXAMPLES: Final = 3
"""Breaches of one invariant that are shown; --json has them all."""

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def audit_ledger(
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="Compare the sizes of clips, not their bytes.")
    ] = False,
    json_: AsJson = False,
) -> None:
    """Hold ledger, disk and events against each other: one line for each invariant.

    Changes nothing. While a dispatcher is at work, what only a fleet at rest can be held to is
    left out. Ends with 64 if an invariant does not hold.
    """
    from fleet.invariants.examine import examine
    from fleet.invariants.listing import SENTENCES
    from fleet.settings import find_home

    output = Output()
    with output.measured("examining") as progress:
        found = examine(find_home(), quick=quick, told=progress)
    if json_:
        output.json(
            {
                "at_work": found.at_work,
                "quick": found.quick,
                "shots": found.shots,
                "invariants": [
                    {
                        "name": each.invariant.value,
                        "sentence": SENTENCES[each.invariant],
                        "holds": each.holds,
                        "unjudged": each.unjudged,
                        "breaches": [
                            {"about": breach.about, "what": breach.what,
                             "mendable": breach.remedy is not None}
                            for breach in each.breaches
                        ],
                    }
                    for each in found.findings
                ],
            }
        )  # fmt: skip
    else:
        output.table(
            [Column("Invariant"), Column(""), Column("Breaches", right=True),
             Column("What it says, and where it does not hold", fold=True)],
            [[each.invariant.value, _word(each), str(len(each.breaches)),
              _story(each, SENTENCES[each.invariant])] for each in found.findings],
        )  # fmt: skip
    if found.broken:
        raise InvariantBroken(broken=len(found.broken), total=len(found.findings))


def repair(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")
    ] = False,
    json_: AsJson = False,
) -> None:
    """Mend what an audit finds and can be mended, and say what was done: one line for each.

    Published clips and pictures are never removed, and a clip that somebody changed is left to
    them. Refused while a dispatcher is at work.
    """
    from fleet.invariants.repair import repair as repaired
    from fleet.settings import find_home, load_settings

    output, home = Output(), find_home()
    with output.measured("examining") as progress:
        deeds = repaired(home, settings=load_settings(home), dry_run=dry_run, told=progress)
    if json_:
        output.json(
            [{"about": deed.about, "wrong": deed.wrong, "did": deed.did, "left": deed.why_left}
             for deed in deeds]
        )  # fmt: skip
        return
    output.table(
        [Column("What", fold=True), Column("What was wrong", fold=True),
         Column("What would be done" if dry_run else "What was done", fold=True)],
        [[shown(deed.about), deed.wrong, deed.did or f"left: {deed.why_left}"] for deed in deeds],
    )  # fmt: skip
    mended = sum(bool(deed.did) for deed in deeds)
    left = f", {len(deeds) - mended} left" if mended < len(deeds) else ""
    if not deeds:
        output.note("there is nothing to mend")
    else:
        output.note(f"{mended} {'to mend' if dry_run else 'mended'}{left}")


def _word(finding: Finding) -> str:
    return {True: "pass", False: "breach", None: "not judged"}[finding.holds]


def _story(finding: Finding, sentence: str) -> str:
    if finding.unjudged:
        return f"{sentence} ({finding.unjudged})"
    if not finding.breaches:
        return sentence
    first = finding.breaches[:_EXAMPLES]
    told = "; ".join(f"{shown(breach.about)}: {breach.what}" for breach in first)
    more = len(finding.breaches) - len(first)
    return f"{sentence} But {told}" + (f"; and {more} more" if more else "")
