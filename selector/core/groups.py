"""Pictures into groups: each is one decision, as a rule one keyframe out of several.

Pure: names and times in, groups out.  Three rules:

* ``folder``: the pictures of each folder are one group;
* ``stem``: pictures of one folder whose names agree but for a counter or letter at the end
  (``gate_01.jpg``, ``gate_02.jpg``; ``gate-a.jpg``, ``gate-b.jpg``);
* ``time``: pictures of one folder taken within so many seconds of each other, one after another.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

DEFAULT_GAP_S: Final = 4.0
_COUNTER: Final = re.compile(r"^(?P<stem>.+?)[ _.()-]*(?:[0-9]+|(?<=[ _.(-])[A-Za-z])\)?$")
_DIGITS: Final = re.compile(r"(\d+)")


class GroupRule(StrEnum):
    """How pictures are put together."""

    FOLDER = "folder"
    STEM = "stem"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures among which one choice is made.

    Attributes:
        key: its name, unique within the folder.
        pictures: names relative to the opened folder, in natural order (``2`` before ``10``).
    """

    key: str
    pictures: tuple[str, ...]


def group_pictures(
    names: Iterable[str],
    *,
    rule: GroupRule,
    taken_at: Mapping[str, float] | None = None,
    gap_s: float = DEFAULT_GAP_S,
) -> tuple[Group, ...]:
    """The groups of ``names``, in the order of folders and names (by time: of moments).

    ``taken_at`` are seconds, for rule ``time``; a picture without one is a group of its own.
    """
    by_folder: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        by_folder[_folder(name)].append(name)
    groups: list[Group] = []
    for folder in sorted(by_folder, key=natural):
        members = sorted(by_folder[folder], key=natural)
        if rule is GroupRule.FOLDER:
            groups.append(Group(folder, tuple(members)))
        elif rule is GroupRule.STEM:
            groups += _by(members, _stem)
        else:
            groups += _by_time(members, taken_at or {}, gap_s=gap_s)
    return tuple(groups)


def natural(name: str) -> list[tuple[int, int | str]]:
    """A sorting key by which ``img_2`` comes before ``img_10``."""
    return [
        (0, int(part)) if part.isdecimal() else (1, part.casefold())
        for part in _DIGITS.split(name)
        if part
    ]


def _folder(name: str) -> str:
    return str(PurePosixPath(name).parent)


def _stem(name: str) -> str:
    path = PurePosixPath(name)
    found = _COUNTER.match(path.stem)
    return str(path.with_name(found["stem"] if found else path.stem))


def _by(members: Sequence[str], key: Callable[[str], str]) -> list[Group]:
    found: dict[str, list[str]] = {}
    for name in members:
        found.setdefault(key(name), []).append(name)
    return [Group(each, tuple(pictures)) for each, pictures in found.items()]


def _by_time(members: Sequence[str], taken_at: Mapping[str, float], *, gap_s: float) -> list[Group]:
    dated = sorted((name for name in members if name in taken_at), key=lambda n: taken_at[n])
    runs: list[list[str]] = []
    for name in dated:
        if runs and taken_at[name] - taken_at[runs[-1][-1]] <= gap_s:
            runs[-1].append(name)
        else:
            runs.append([name])
    runs += [[name] for name in members if name not in taken_at]
    return [Group(run[0], tuple(run)) for run in runs]
