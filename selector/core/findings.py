"""Where on a clip's timeline its findings lie, as far as their words say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from companions.video_meta import Check
from selector.core.returned import Returned

_SECOND: Final = re.compile(r"in the second that ends with frame (\d+)")
_FRAMES: Final = re.compile(r"\bframes? (\d+(?:, \d+)*)")


@dataclass(frozen=True, slots=True)
class Mark:
    """A part of the clip that a finding is about.

    Attributes:
        first, last: frames, both included.
        check: the finding.
    """

    first: int
    last: int
    check: Check


def marks_of(shot: Returned) -> tuple[Mark, ...]:
    """The marks of ``shot``'s findings, in the order of frames; a finding about the whole clip
    has none."""
    facts = shot.facts
    if facts is None:
        return ()
    found: list[Mark] = []
    for check in shot.findings:
        second = _SECOND.search(check.detail)
        if second is not None:
            last = int(second[1])
            found.append(Mark(max(0, last - round(facts.fps)), last, check))
            continue
        for match in _FRAMES.finditer(check.detail):
            found += [Mark(int(text), int(text), check) for text in match[1].split(", ")]
    inside = [mark for mark in found if mark.last < facts.frames]
    return tuple(sorted(inside, key=lambda mark: (mark.first, mark.last)))
