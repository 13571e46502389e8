"""One operation on a set, as a program: for disks that only a process of its own can see.

``python -m tests.companions.sets.acting move|copy|resume WHAT INTO LOG`` ends with the exit code
of its error, whose message goes to stderr.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from companions.errors import MotionfleetError
from companions.sets import draft
from companions.sets.carry import carry
from companions.sets.resume import resume
from tests.companions.sets.making import log_in


def main(word: str, what: Path, into: Path, log: Path) -> int:
    """Do it; the exit code."""
    try:
        if word == "resume":
            resume(what, log=log_in(log))
        else:
            plan = draft.move if word == "move" else draft.copy
            carry(partial(plan, [what], into=into), log=log_in(log))
    except MotionfleetError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(Path, sys.argv[2:])))
