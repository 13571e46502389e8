"""Print ``docs/errors.md`` from the error classes: ``python docs/print_errors.py [--check]``.

What an error means stands in the class, what to do about it in the tree at the top of its module;
this page only brings them together.  ``--check`` compares instead of writing and exits with 1.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from companions import files
from companions.errors import MotionfleetError

PAGE: Final = Path(__file__).with_name("errors.md")
MODULES: Final = (
    "companions.errors",
    "selector.core.errors",
    "fleet.errors",
    "fleet.weights.errors",
    "fleet.encode.errors",
    "fleet.sync.errors",
)
HEAD: Final = """\
# Errors and exit codes

Printed from the error classes by `python docs/print_errors.py`; do not edit.

Every message says what to do next. A command ends with the exit code of what stopped it, 0 where
nothing did, and 2 for a command line it does not understand. Scripts should look at the exit code,
or with `--json` at the word. *Retried* errors are tried again by the fleet itself before they
count.
"""

_ROW: Final = re.compile(r"^[|+ -]*(?P<name>[A-Z]\w+) +(?P<code>\d+)(?: {2,}(?P<rest>\S.*))?$")


def error_classes() -> Iterator[type[MotionfleetError]]:
    """Every error class there is, the root first."""
    for module in MODULES:
        importlib.import_module(module)
    waiting: list[type[MotionfleetError]] = [MotionfleetError]
    while waiting:
        kind = waiting.pop(0)
        yield kind
        waiting += kind.__subclasses__()


def remedies() -> Mapping[str, tuple[int, str]]:
    """Exit code and what to do of each class, as the trees in the modules' docstrings say."""
    found: dict[str, tuple[int, str]] = {}
    for module in MODULES:
        for line in (importlib.import_module(module).__doc__ or "").splitlines():
            row = _ROW.match(line)
            if row is None or row["name"] in found:
                continue
            columns = re.split(r" {2,}", row["rest"] or "")
            found[row["name"]] = int(row["code"]), columns[-1]
    return found


def page() -> str:
    """The page, as its file holds it."""
    what_to_do = remedies()
    rows = ["| exit code | error | word | what it means | what to do |", "|---|---|---|---|---|"]
    for kind in sorted(error_classes(), key=lambda kind: (kind.exit_code, kind.__name__)):
        if kind.__subclasses__() and not what_to_do[kind.__name__][1]:
            continue  # the root of a branch; nobody meets it by itself
        meaning = (kind.__doc__ or "").splitlines()[0].replace("``", "`")
        retried = " *Retried.*" if kind.retryable else ""
        word = "`picture_...`" if kind.code == "picture_refused" else f"`{kind.code}`"
        todo = what_to_do[kind.__name__][1]
        rows.append(
            f"| {kind.exit_code} | {kind.__name__} | {word} | {meaning}{retried} | {todo} |"
        )
    return HEAD + "\n" + "\n".join(rows) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` say whether it differs from the classes."""
    fresh = PAGE.exists() and PAGE.read_text("utf-8") == page()
    if "--check" in arguments:
        if not fresh:
            sys.stderr.write(f"{PAGE} differs from the classes; run python docs/print_errors.py\n")
        return 0 if fresh else 1
    if not fresh:
        files.write_atomic(PAGE, page().encode("utf-8"))
        sys.stdout.write(f"wrote {PAGE}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
