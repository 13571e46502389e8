"""Lay out the demo's stills: ``python deploy/demo/photos.py FOLDER``.

Called by ``make demo``.  Copies five photographs that scikit-image installs with itself, and
writes a caption beside each, as an operator would.  What is there already is left as it is, so
that a caption or picture of one's own is never replaced.

The photographs are in the public domain or CC0: astronaut.png and hubble_deep_field.jpg (NASA),
rocket.jpg (SpaceX), coffee.png (Rachel Michetti), chelsea.png (Stefan van der Walt).
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

CAPTIONS: Final[Mapping[str, str]] = {
    "astronaut.png": "An astronaut in an orange suit smiles at the camera, a shuttle behind her.",
    "chelsea.png": "A tabby cat looks past the camera, very still, whiskers catching the light.",
    "coffee.png": "A cup of espresso on a red saucer, light moving over the crema.",
    "hubble_deep_field.jpg": "Thousands of distant galaxies, drifting slowly.",
    "rocket.jpg": "A rocket stands on its pad at dusk, floodlights all around.",
}


def photographs() -> Path:
    """The folder of scikit-image's sample pictures."""
    # Found, not imported: importing scikit-image would load scipy for the sake of a path.
    spec = importlib.util.find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("the demo's photographs come with scikit-image: run make demo")
    return Path(spec.submodule_search_locations[0]) / "data"


def lay_out(folder: Path) -> int:
    """Copy photographs and write captions that ``folder`` lacks; how many pictures were new."""
    folder.mkdir(parents=True, exist_ok=True)
    source, new = photographs(), 0
    for name, caption in CAPTIONS.items():
        target = folder / name
        if not target.exists():
            shutil.copyfile(source / name, target)
            new += 1
        beside = target.with_suffix(".caption")
        if not beside.exists():
            beside.write_text(caption + "\n", "utf-8")
    return new


def main(arguments: Sequence[str]) -> int:
    """Lay out the stills and say what was done."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python deploy/demo/photos.py FOLDER\n")
        return 2
    folder = Path(arguments[0])
    new = lay_out(folder)
    said = f"{new} photographs laid out" if new else "all photographs are there already"
    print(f"{folder}: {said}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
