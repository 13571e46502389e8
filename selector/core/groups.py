"""Pictures into groups: each is one decision, as a rule one keyframe out of several.

Pure: names and times in, groups out.  Four rules:

* ``folder``: the pictures of each folder are one group;
* ``stem``: pictures of one folder whose names agree but for a counter at the end (``gate_01.jpg``
  and ``gate_02.jpg``, ``gate-a.jpg`` and ``gate-b.jpg``, ``DSC1234.jpg`` and ``DSC1234 (2).jpg``),
  and the frames of one burst;
* ``time``: pictures of one folder taken within so many seconds of each other, one after another;
* ``each``: every picture is a group of its own.

A camera's running number (three digits and more, or no separator before it) is no counter, nor is
the end of a date or of a time of day.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

DEFAULT_GAP_S: Final = 4.0
MOST_ALTERNATIVES: Final = 9
"""A group that a digit key can choose from."""
LARGEST_FOLDER: Final = 100
"""A folder of more pictures than these is a whole shoot, and not the choice for one clip."""

_COUNTER: Final = re.compile(
    r"(?P<stem>.*[^\s_.-])(?:[ _.-]+(?:[0-9]{1,2}|[A-Za-z])|[ _.-]*\([0-9]{1,4}\))"
)
# What ends in a counter by its looks, and is a day, a month or a moment.
_DATED: Final = re.compile(
    r"(?:^|.*[^0-9])[0-9]{4}([-_.])(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:19|20)[0-9]{2}[-_.](?:0[1-9]|1[0-2])"
    r"|.*[0-9]{4}[-_.]?[0-9]{2}[-_.]?[0-9]{2}.{1,4}[0-9]{2}([-_.])[0-5][0-9]\2[0-5][0-9]"
)
# IMG_20150601_123456_BURST001(_COVER), and since then 00001IMG_00001_BURST20190101120000123.
_COUNTED_BURST: Final = re.compile(r"(?P<stem>.+)_BURST[0-9]{1,3}(?:_COVER)?", re.IGNORECASE)
_NAMED_BURST: Final = re.compile(
    r"(?P<stem>.*?)_(?P<count>[0-9]+)(?P<burst>_BURST[0-9]{4,})(?:_COVER)?", re.IGNORECASE
)
_DIGITS: Final = re.compile(r"(\d+)")


class GroupRule(StrEnum):
    """How pictures are put together."""

    FOLDER = "folder"
    STEM = "stem"
    TIME = "time"
    EACH = "each"


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
        elif rule is GroupRule.TIME:
            groups += _by_time(members, taken_at or {}, gap_s=gap_s)
        else:
            groups += [Group(name, (name,)) for name in members]
    return tuple(groups)


def default_rule(names: Collection[str], *, dated_share: float = 0.0) -> GroupRule:
    """The rule that suits a folder nobody has said anything about.

    Folders where there are any; else stems, if these give at least half of the pictures a choice
    of 2 to 9; else moments, if at least half have one (``dated_share``, 0 to 1, from a sample);
    else each picture for itself.  Folders of a whole shoot (more than 100 pictures) are no
    groups: with most pictures in such, the other rules decide, within each folder.
    """
    half = len(names) / 2.0
    if any("/" in name for name in names):
        folders = group_pictures(names, rule=GroupRule.FOLDER)
        if _pictures_in(folders, fewest=1, most=LARGEST_FOLDER) >= half:
            return GroupRule.FOLDER
    stems = group_pictures(names, rule=GroupRule.STEM)
    if names and _pictures_in(stems, fewest=2, most=MOST_ALTERNATIVES) >= half:
        return GroupRule.STEM
    return GroupRule.TIME if dated_share >= 0.5 else GroupRule.EACH


def natural(name: str) -> list[tuple[int, int | str]]:
    """A sorting key by which ``img_2`` comes before ``img_10``."""
    # Split at digits, every second part is a number: the same places in every key.
    return [
        (0, int(part)) if index % 2 else (1, part.casefold())
        for index, part in enumerate(_DIGITS.split(name))
        if part
    ]


def stem_without_counter(stem: str) -> str:
    """A file name's stem less the counter at its end: equal for alternatives to each other."""
    if (burst := _NAMED_BURST.fullmatch(stem)) is not None:
        # The counter may stand in front as well, and then without a separator.
        return burst["stem"].removeprefix(burst["count"]) + burst["burst"]
    if (burst := _COUNTED_BURST.fullmatch(stem)) is not None:
        return burst["stem"]
    found = _COUNTER.fullmatch(stem)
    return stem if found is None or _DATED.fullmatch(stem) else found["stem"]


def _pictures_in(groups: Iterable[Group], *, fewest: int, most: int) -> int:
    sizes = (len(group.pictures) for group in groups)
    return sum(size for size in sizes if fewest <= size <= most)


def _folder(name: str) -> str:
    return name.rpartition("/")[0] or "."


def _stem(name: str) -> str:
    folder, slash, file = name.rpartition("/")
    return folder + slash + stem_without_counter(file.rpartition(".")[0] or file)


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
