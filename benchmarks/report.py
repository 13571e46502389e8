"""How every benchmark tells its figures: a table for people, JSON for comparing runs."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Final, Literal

from rich.console import Console
from rich.table import Table

FOLDER: Final = Path("build/bench")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure and what it should be.

    Attributes:
        name: what was measured.
        value: the median, in ``unit``.
        target: what it should reach; None for figures that only inform.
        better: whether more or less is better.
        runs: how many runs the median is of.
    """

    name: str
    value: float
    unit: str
    target: float | None = None
    better: Literal["less", "more"] = "less"
    runs: int = 1

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.target is None:
            return None
        return self.value <= self.target if self.better == "less" else self.value >= self.target


def median_seconds(action: Callable[[], object], *, runs: int) -> float:
    """Median wall time of ``action`` in seconds."""
    times = []
    for _ in range(runs):
        begun = perf_counter()
        action()
        times.append(perf_counter() - begun)
    return statistics.median(times)


def tell(bench: str, figures: Sequence[Figure], *, what: str) -> None:
    """Print the figures and keep them as ``build/bench/<bench>.json``."""
    table = Table(title=f"{bench}: {what}", title_justify="left", box=None, header_style="bold")
    for title in ("figure", "median", "target", "", "runs"):
        table.add_column(title, justify="left" if title in {"figure", ""} else "right")
    for figure in figures:
        sign = "<=" if figure.better == "less" else ">="
        target = "" if figure.target is None else f"{sign} {figure.target:g} {figure.unit}"
        mark = {True: "met", False: "MISSED", None: ""}[figure.met]
        median = f"{figure.value:.4g} {figure.unit}"
        table.add_row(figure.name, median, target, mark, str(figure.runs))
    Console().print(table)
    FOLDER.mkdir(parents=True, exist_ok=True)
    told = {
        "bench": bench,
        "what": what,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}",
        "figures": [asdict(figure) | {"met": figure.met} for figure in figures],
    }
    (FOLDER / f"{bench}.json").write_text(json.dumps(told, indent=2) + "\n", "utf-8")
