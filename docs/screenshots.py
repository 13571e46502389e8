"""Draw the selector's screenshots for the docs: ``python docs/screenshots.py``.

Lays out a small shoot from the photographs that scikit-image brings (public domain and CC0, see
``deploy/demo/photos.py``), decides on part of it as an operator would, has the fleet make clips of
another, and lets ``selector --screenshot`` draw each page into ``docs/desk``.
"""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from PIL import Image, ImageFilter

from selector.cli.window import PAGES
from selector.core.decisions import Considered, Decision, Journal
from selector.core.placement import Placement

SHOWN: Final = Path(__file__).with_name("desk")
ROOT: Final = Path(__file__).resolve().parents[1]
PIXELS: Final = (2400, 1600)
NOON: Final = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def candidates(photograph: Path, folder: Path) -> None:
    """Three frames of one subject: a wide one, a nearer one, and one that is out of focus."""
    folder.mkdir(parents=True)
    with Image.open(photograph) as image:
        whole = image.convert("RGB")
    wide = _filling(whole)
    near = wide.crop((300, 120, 2220, 1400)).resize(PIXELS, Image.Resampling.LANCZOS)
    soft = wide.filter(ImageFilter.GaussianBlur(14))
    for name, picture in (("a", wide), ("b", near), ("c", soft)):
        picture.save(folder / f"{name}.jpg", quality=90)


def lay_out(folder: Path, photographs: Sequence[Path]) -> None:
    """A shoot: a group of three candidates for every photograph."""
    for photograph in photographs:
        candidates(photograph, folder / photograph.stem)


def decide(folder: Path) -> None:
    """All groups but the first are decided on."""
    groups = sorted(path.name for path in folder.iterdir() if path.is_dir())
    for number, group in enumerate(groups[1:]):
        pictures = tuple(
            Considered(name=f"{group}/{letter}.jpg", picked=number != 1 and letter == "b")
            for letter in "abc"
        )
        Journal(Placement(folder).journal).append(Decision(at=NOON, group=group, pictures=pictures))


def draw(home: Path, page: str, *arguments: str | Path) -> None:
    """Have ``selector`` draw a page, and keep it as a JPEG."""
    drawn = home / f"{page}.png"
    run(home, "selector", *arguments, "--screenshot", drawn)
    with Image.open(drawn) as image:
        image.convert("RGB").save(SHOWN / f"{page}.jpg", quality=88, subsampling=0, optimize=True)


def run(home: Path, program: str, *arguments: str | Path) -> None:
    """Run one of our programs, with a home of its own."""
    subprocess.run(
        [sys.executable, "-m", program, *map(str, arguments)],
        check=True,
        env=os.environ
        | {
            "QT_QPA_PLATFORM": "offscreen",
            "SELECTOR_HOME": str(home / "settings"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "FLEET_HOME": str(home / "fleet"),
        },
    )


def main() -> None:
    """Draw every page."""
    demo = runpy.run_path(str(ROOT / "deploy" / "demo" / "photos.py"))
    photographs = [demo["photographs"]() / name for name in demo["CAPTIONS"]]
    SHOWN.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="shots-") as name:
        home, shoot, back = Path(name), Path(name) / "shoot", Path(name) / "back"
        lay_out(shoot, photographs)
        run(home, "selector", "propose", shoot, "--recursive")
        decide(shoot)
        for page in PAGES:
            draw(home, page, shoot, "--page", page)
        lay_out(back, photographs[:3])
        run(home, "selector", "propose", back, "--recursive", "--duration", "3")
        manifest = back / "shots.video_manifest.json"
        run(home, "selector", "manifest", back, "--recursive", "-o", manifest)
        run(home, "fleet", "submit", manifest)
        draw(home, "review", "review", back)


def _filling(image: Image.Image) -> Image.Image:
    """``image`` cut and enlarged to the size of the shoot's pictures."""
    width, height = image.size
    tall = min(height, width * PIXELS[1] // PIXELS[0])
    wide = tall * PIXELS[0] // PIXELS[1]
    left, top = (width - wide) // 2, (height - tall) // 8
    cut = image.crop((left, top, left + wide, top + tall))
    return cut.resize(PIXELS, Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
