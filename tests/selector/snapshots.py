"""What is seen, compared with what was seen when a person last looked at it.

Snapshots lie in ``tests/golden/desk``.  Two are alike when, with both reduced to an eighth, no
channel of any pixel differs by more than ``MOST`` of 255 and the mean difference is at most
``MEAN``: anti-aliasing and the snapshot's own compression stay far below, a rectangle, panel,
line or colour that is missing or elsewhere goes far above.  They were taken with DejaVu Sans,
which the preflight sees to where there is no other font; with another font they say nothing.
After a wanted change:

    SNAPSHOTS=write make test ARGS=tests/selector/view/test_snapshots.py

and look at every picture that git shows as changed.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from PySide6.QtGui import QFontInfo, QImage
from PySide6.QtWidgets import QWidget

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "desk"
REDUCTION = 8
MOST, MEAN = 32.0, 1.5
FONT = "DejaVu Sans"


def assert_looks_as_before(widget: QWidget, name: str, *, scratch: Path) -> None:
    """Compare ``widget`` with the snapshot ``name``; what is seen now is left in ``scratch``."""
    if QFontInfo(widget.font()).family() != FONT:
        pytest.skip(f"the snapshots were taken with {FONT}")
    seen = scratch / f"{name}.png"
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    assert image.save(str(seen))
    golden = GOLDEN / f"{name}.jpg"
    if os.environ.get("SNAPSHOTS") == "write":
        with Image.open(seen) as now:
            now.save(golden, quality=85, subsampling=0)
        return
    assert golden.exists(), f"there is no snapshot {name}; see {__name__}"
    most, mean = difference(golden, seen)
    assert most <= MOST, (
        f"{seen} differs from {golden} by {most:.0f} in one place (mean {mean:.1f})"
    )
    assert mean <= MEAN, f"{seen} differs from {golden} by {mean:.1f} in the mean"


def difference(first: Path, second: Path) -> tuple[float, float]:
    """The largest and the mean difference of two pictures, reduced; infinite if sizes differ."""
    before, after = _reduced(first), _reduced(second)
    if before.shape != after.shape:
        return float("inf"), float("inf")
    apart = np.abs(before - after)
    return float(apart.max()), float(apart.mean())


def _reduced(file: Path) -> npt.NDArray[np.float64]:
    with Image.open(file) as image:
        whole = image.convert("RGB")
        size = (whole.width // REDUCTION, whole.height // REDUCTION)
        small = whole.resize(size, Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64)
