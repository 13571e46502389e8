"""How long a folder of pictures and companions takes: ``python -m benchmarks.sets``.

50,000 files, five to a picture: scanned, and one set of them moved to the next folder and back.
"""

from __future__ import annotations

import itertools
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.report import Figure, median_seconds, tell
from companions.audit import Actor, AuditLog
from companions.sets import draft
from companions.sets.carry import carry
from companions.sets.scan import scan
from tests.companions.sets.making import SUFFIXES

FILES = 50_000
RUNS = 9


def fill(folder: Path, *, stem: str) -> None:
    """``FILES`` small files in ``folder``."""
    folder.mkdir()
    for number in range(FILES // len(SUFFIXES)):
        for suffix in SUFFIXES:
            (folder / f"{stem}{number:05d}{suffix}").write_bytes(b"%d" % number)


def main() -> None:
    """Measure and tell."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        ascii_names, other_names, empty = root / "ascii", root / "other", root / "empty"
        fill(ascii_names, stem="IMG_")
        fill(other_names, stem="Ausflug nach Köln, Blüte ")
        empty.mkdir()
        assert len(scan(other_names).found.sets) == FILES // len(SUFFIXES)
        log = AuditLog(root / "log", actor=Actor(who="bench", tool="bench", version="0"))
        way = itertools.cycle([(ascii_names, empty), (empty, ascii_names)])

        def move() -> None:
            source, target = next(way)
            carry(partial(draft.move, [source / "IMG_00007.jpg"], into=target), log=log)

        tell(
            "sets",
            [
                Figure(
                    "scan of 50,000 files",
                    median_seconds(partial(scan, ascii_names), runs=RUNS),
                    "s", target=3.0, runs=RUNS,
                ),
                Figure(
                    "scan of 50,000 files, names beyond ASCII",
                    median_seconds(partial(scan, other_names), runs=RUNS),
                    "s", target=3.0, runs=RUNS,
                ),
                Figure(
                    "move of one set of 5 among 50,000 files",
                    median_seconds(move, runs=RUNS - 1),
                    "s", runs=RUNS - 1,
                ),
            ],
            what="pictures and companions, one folder",
        )  # fmt: skip


if __name__ == "__main__":
    main()
