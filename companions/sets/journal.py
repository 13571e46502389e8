"""The journal of an operation: which files are on their way, so that a crash loses track of none.

It lies in the source folder and in the target folder, in the same bytes, from before the first
file is touched until after the last.  The source's is written first and removed last: found alone,
it says that nothing was begun, or that all is done; the operation log tells which.

Read back, it is untrusted: it may name plain files in the two folders, one of which it lies in,
and nothing else.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from companions import codec, files
from companions.base import Closed, Document, Sha256
from companions.errors import CompanionError, MoveUnfinished
from companions.names import MAX_NAME_BYTES
from companions.sets.grouping import JOURNAL_PREFIX, JOURNAL_SUFFIX
from companions.sets.plan import MAX_MEMBERS, Member, Operation, Plan

_MAX_BYTES: Final = 64 * 1024 * 1024
_ID: Final = r"^[0-9a-f]{16}$"

_SPELLED: Final = "%:"
_NOT_UTF_8: Final = re.compile("[\udc80-\udcff]")
_QUOTED: Final = re.compile("%([0-9A-F]{2})")


@dataclass(frozen=True, slots=True)
class Journal:
    """An operation under way.

    Attributes:
        operation_id: 16 hexadecimal digits; the operation log's line has the same.
        plan: what goes where.
        sha256: of each of the plan's members, in their order.
    """

    operation_id: str
    plan: Plan
    sha256: tuple[str, ...]

    @property
    def name(self) -> str:
        """The journal's file name, the same in both folders."""
        return f"{JOURNAL_PREFIX}{self.operation_id}{JOURNAL_SUFFIX}"

    @property
    def paths(self) -> tuple[Path, ...]:
        """Where it lies: in the source folder, and in the target folder if that is another."""
        both = (self.plan.source / self.name, self.plan.target / self.name)
        return both[:1] if both[0] == both[1] else both

    @property
    def items(self) -> tuple[tuple[Member, str], ...]:
        """Each member with its hash."""
        return tuple(zip(self.plan.members, self.sha256, strict=True))

    def temporary(self, member: Member) -> Path:
        """What ``member`` is called while it is copied: the same name in every attempt."""
        place = self.plan.members.index(member)
        return self.plan.target / f"{self.temporary_prefix}{place}{files.TEMPORARY_SUFFIX}"

    @property
    def temporary_prefix(self) -> str:
        """How the names of all its temporary files begin."""
        return f"{files.TEMPORARY_PREFIX}{self.operation_id}-"


class _File(Closed):
    source: Annotated[str, Field(max_length=1024)]
    target: Annotated[str, Field(max_length=1024)]
    size_bytes: Annotated[int, Field(ge=0)]
    mtime_ns: int
    inode: Annotated[int, Field(ge=0)]
    picture: bool
    sha256: Sha256


class _JournalFile(Document):
    kind: Literal["set_journal"] = "set_journal"
    operation_id: Annotated[str, Field(pattern=_ID)]
    operation: Operation
    source: str
    target: str
    source_stems: tuple[str, ...]
    target_stems: tuple[str, ...]
    files: Annotated[tuple[_File, ...], Field(min_length=1, max_length=MAX_MEMBERS)]


def encode(journal: Journal) -> bytes:
    """The journal's bytes."""
    plan = journal.plan
    return codec.encode(
        _JournalFile(
            operation_id=journal.operation_id,
            operation=plan.operation,
            source=spelled(str(plan.source)),
            target=spelled(str(plan.target)),
            source_stems=tuple(map(spelled, plan.source_stems)),
            target_stems=tuple(map(spelled, plan.target_stems)),
            files=tuple(
                _File(
                    source=spelled(member.source),
                    target=spelled(member.target),
                    size_bytes=member.size_bytes,
                    mtime_ns=member.mtime_ns,
                    inode=member.inode,
                    picture=member.picture,
                    sha256=sha256,
                )
                for member, sha256 in journal.items
            ),
        )
    )


def read(path: Path) -> Journal | None:
    """The journal at ``path``; None if it is not there (any more).

    Raises:
        MoveUnfinished: it cannot be read, was not written by motionfleet, or does not belong
            into this folder.
    """
    try:
        data = files.read_limited(path, limit=_MAX_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused(path, f"cannot be read ({error.strerror or error})") from None
    try:
        found = _decoded(codec.decode(data, _JournalFile, file=str(path)))
    except CompanionError as error:
        raise _refused(path, f"is no journal ({error})") from None
    fault = _fault(found, path)
    if fault is not None:
        raise _refused(path, fault)
    return found


def spelled(name: str) -> str:
    """``name`` as a document in UTF-8 can hold it; ``unspelled`` gives it back exactly.

    A name on a disk is bytes.  Where those are no UTF-8, they stand as ``%`` and two hexadecimal
    digits, as does ``%`` itself, behind a leading ``%:``.
    """
    if not name.startswith(_SPELLED) and not _NOT_UTF_8.search(name):
        return name
    quoted = name.replace("%", "%25")
    return _SPELLED + _NOT_UTF_8.sub(lambda found: f"%{ord(found[0]) - 0xDC00:02X}", quoted)


def unspelled(text: str) -> str:
    """The name that ``spelled`` made ``text`` of."""
    if not text.startswith(_SPELLED):
        return text
    return _QUOTED.sub(
        lambda found: os.fsdecode(bytes([int(found[1], 16)])), text.removeprefix(_SPELLED)
    )


def _decoded(found: _JournalFile) -> Journal:
    return Journal(
        operation_id=found.operation_id,
        plan=Plan(
            operation=found.operation,
            source=Path(unspelled(found.source)),
            target=Path(unspelled(found.target)),
            members=tuple(
                Member(
                    source=unspelled(each.source),
                    target=unspelled(each.target),
                    size_bytes=each.size_bytes,
                    mtime_ns=each.mtime_ns,
                    inode=each.inode,
                    picture=each.picture,
                )
                for each in found.files
            ),
            source_stems=tuple(map(unspelled, found.source_stems)),
            target_stems=tuple(map(unspelled, found.target_stems)),
        ),
        sha256=tuple(each.sha256 for each in found.files),
    )


def _fault(found: Journal, path: Path) -> str | None:
    """Why a journal that could be read is not one to act on."""
    plan = found.plan
    if path.name != found.name:
        return "names another operation than its file name"
    if not all(_is_folder_path(folder) for folder in (plan.source, plan.target)):
        return "names no absolute folders"
    if not any(_is_same(path.parent, folder) for folder in (plan.source, plan.target)):
        return (
            f"was written for {plan.source} and {plan.target}, but lies in neither; if a disk is "
            f"mounted elsewhere than it was, mount it there again"
        )
    sources = [member.source for member in plan.members]
    targets = [member.target for member in plan.members]
    if not all(map(is_plain, [*sources, *targets, *plan.source_stems, *plan.target_stems])):
        return "names something that is no plain file of its folders"
    if len({*sources}) < len(sources) or len({*targets}) < len(targets):
        return "names a file twice"
    if plan.source == plan.target and any(s == t for s, t in zip(sources, targets, strict=True)):
        return "names a file that goes nowhere"
    return None


def _is_same(here: Path, folder: Path) -> bool:
    try:
        return here.samefile(folder)  # not by name: a disk may know a folder by several
    except OSError:
        return False


def _is_folder_path(folder: Path) -> bool:
    text = str(folder)
    return folder.is_absolute() and "\0" not in text and os.path.normpath(text) == text


def is_plain(name: str) -> bool:
    """Whether ``name`` is a visible name in a folder: nothing of ours, no path."""
    size = len(name.encode("utf-8", "surrogateescape"))
    return 0 < size <= MAX_NAME_BYTES and name[0] != "." and not {"/", "\0"} & {*name}


def _refused(path: Path, why: str) -> MoveUnfinished:
    return MoveUnfinished(
        journal=path,
        why=f"this journal of an interrupted operation {why}",
        remedy="Nothing was changed. Compare the folders with the operation log (`fleet audit "
        "tail`), then remove the journal by hand.",
    )
