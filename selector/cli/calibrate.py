"""``selector calibrate DIR...``: which viability threshold agrees with what was decided?"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from selector.cli.options import AsJson
from selector.cli.output import Listing, complain

if TYPE_CHECKING:
    from selector.core.calibration import Agreement, Calibration

EXAMPLE = "Example: selector calibrate july/ august/ --save"


def calibrate(
    folders: Annotated[
        list[Path],
        typer.Argument(
            exists=True,
            file_okay=False,
            readable=True,
            metavar="DIR",
            help="Folders that were culled in the window, or their overlays.",
        ),
    ],
    *,
    save: Annotated[
        bool, typer.Option("--save", help="Have the window use the threshold from now on.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fit the viability threshold to the decisions taken in DIR.

    Lists for thresholds from 0 to 1 how many of the pictures above each were picked (precision),
    how many of the picked ones lie above it (recall), and which share of all pictures does (accept
    rate). The one with the best F1 of precision and recall is the fit.
    """
    from selector.core import calibration
    from selector.core.errors import NothingToCalibrate
    from selector.core.gathering import considered_in
    from selector.core.settings import SettingsFile, settings_path

    considered = [each for folder in folders for each in considered_in(folder)]
    found = calibration.calibrate(considered)
    if found is None:
        scored = [each for each in considered if each.score is not None]
        raise NothingToCalibrate(
            pictures=len(scored),
            picked=sum(each.picked for each in scored),
            fewest=calibration.FEWEST,
        )
    columns = ("threshold", "precision", "recall", "accept rate", "F1", "pictures")
    listing = Listing(columns=columns, as_json=as_json)
    for each in found.table:
        listing.add(asdict(each), _cells(each))
    saved_in = None
    if save:
        file = SettingsFile(settings_path(os.environ))
        if (problem := file.load().problem) is not None:
            complain(problem)
        file.change(lambda settings: settings.changed(threshold=found.best.threshold))
        saved_in = str(file.path)
    listing.close(
        name="thresholds",
        summary=_summary(found, saved_in=saved_in),
        best=asdict(found.best),
        pictures=found.pictures,
        picked=found.picked,
        unscored=found.unscored,
        saved_in=saved_in,
    )


def _summary(found: Calibration, *, saved_in: str | None) -> str:
    best = found.best
    counted = f"{found.pictures} decided pictures, {found.picked} picked"
    unscored = f"; {found.unscored} more had no score yet" if found.unscored else ""
    end = f"saved in {saved_in}" if saved_in else "--save has the window use it"
    return (
        f"{best.threshold:.3f} fits best: precision {best.precision:.0%}, recall "
        f"{best.recall:.0%}, accept rate {best.accept_rate:.0%} ({counted}{unscored}); {end}"
    )


def _cells(each: Agreement) -> tuple[str, ...]:
    return (
        f"{each.threshold:.2f}",
        f"{each.precision:.0%}" if each.viable else "-",
        f"{each.recall:.0%}",
        f"{each.accept_rate:.0%}",
        f"{each.f1:.2f}",
        str(each.viable),
    )
