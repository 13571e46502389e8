"""Errors of the contract: the root of the one error tree and its first branches.

Every class carries the exit code that ends a command; ``docs/errors.md`` is printed from here.

MotionfleetError          1
+-- CompanionError       10  a document cannot be used            see the message
|   +-- DocumentInvalid  10  a document breaks its contract       fix the named field
|   +-- DocumentTooNew   11  written by a newer motionfleet       upgrade this side
|   +-- PathRefused      12  a path leaves its folder             fix the path
|   +-- NameCollision    13  two pictures would share a clip      rename one
|   +-- SetBusy          14  another program holds this picture   wait, then again
|   +-- CompanionChanged 15  a file changed since it was read     read it again
|   +-- SetRefused       16  a set cannot be moved so             see the message
|   +-- MoveUnfinished   17  a move needs a person to go on       see fleet companions check
|   +-- SetsNotInOrder   18  a folder's sets need attention       see the listing
|   +-- AuditBroken      19  the operation log was cut or edited  see the message
+-- PictureRefused       20  a picture cannot be used             replace the picture
+-- FileUnwritable       30  a folder or disk refuses our write   free space, fix rights
    +-- AuditUnwritable  31  the operation log cannot be written  free space, fix rights
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Self


class MotionfleetError(Exception):
    """Root of every error a person can meet; ``str(error)`` says what to do next."""

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    @property
    def reason(self) -> str:
        """A stable word for machines: what a meta or ``--json`` shows beside the message."""
        return self.code

    @property
    def curable(self) -> bool:
        """Whether the same request may succeed later, once the world has changed."""
        return self.retryable

    def located(self, where: str) -> Self:
        """The same error, its message opened with where in which file it was met."""
        self.args = (f"{where}: {self}",)
        return self

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders (Ray pickles them); keyword-only constructors do not
        # survive the default protocol, which replays ``args`` positionally.
        return (_revive, (type(self), self.args, dict(self.__dict__)))


def _revive(
    kind: type[MotionfleetError], args: tuple[object, ...], state: dict[str, object]
) -> MotionfleetError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class CompanionError(MotionfleetError):
    """A companion or manifest cannot be used."""

    exit_code = 10
    code = "document_invalid"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in one document: ``field`` in dotted form, ``what`` in words."""

    field: str
    what: str

    def __str__(self) -> str:
        return f"{self.field}: {self.what}" if self.field else self.what


class DocumentInvalid(CompanionError):
    """A document breaks its contract; every problem is listed, not only the first."""

    SHOWN: ClassVar[int] = 12

    def __init__(self, *, file: str, problems: Sequence[Problem], remedy: str) -> None:
        self.file = file
        self.problems = tuple(problems)
        self.remedy = remedy
        lines = [f"  {problem}" for problem in self.problems[: self.SHOWN]]
        if len(self.problems) > self.SHOWN:
            lines.append(f"  ... and {len(self.problems) - self.SHOWN} more")
        super().__init__(f"{file} cannot be used:\n" + "\n".join(lines) + f"\n{remedy}")


class DocumentTooNew(CompanionError):
    """A document was written by a newer motionfleet than this one."""

    exit_code = 11
    code = "document_too_new"

    def __init__(self, *, file: str, kind: str, version: int, known: int) -> None:
        self.file, self.kind, self.version, self.known = file, kind, version, known
        super().__init__(
            f"{file}: schema_version: this {kind} is version {version}, but this motionfleet "
            f"reads up to version {known}. Upgrade motionfleet here, or write version {known}."
        )


class PathRefused(CompanionError):
    """A path in a document points outside the document's own folder, or is not portable."""

    exit_code = 12
    code = "path_refused"

    def __init__(self, *, file: str, field: str, path: str, why: str) -> None:
        self.file, self.field, self.path, self.why = file, field, path, why
        super().__init__(
            f"{file}: {field}: {path!r} {why}. Use a plain path relative to the manifest's folder, "
            f"such as 'stills/img_001.jpg'."
        )


class NameCollision(CompanionError):
    """Two pictures would write the same clip."""

    exit_code = 13
    code = "name_collision"

    def __init__(self, *, file: str, first: str, second: str, clip: str) -> None:
        self.file, self.first, self.second, self.clip = file, first, second, clip
        super().__init__(
            f"{file}: {first!r} and {second!r} would both become {clip!r}. Rename one of the two "
            f"pictures (names differing only in suffix, letter case or Unicode form count as one)."
        )


class SetBusy(CompanionError):
    """Another program is at work on the same picture's companions."""

    exit_code = 14
    code = "set_busy"
    retryable = True

    def __init__(self, *, picture: Path, waited_s: float) -> None:
        self.picture, self.waited_s = str(picture), waited_s
        super().__init__(
            f"{picture}: another program is working on this picture's companions (waited "
            f"{waited_s:g} s). Let it finish, then run the same command again; nothing was changed."
        )


class CompanionChanged(CompanionError):
    """A file is no longer what it was when it was read, so it is not written over."""

    exit_code = 15
    code = "companion_changed"

    def __init__(self, *, path: Path, how: str) -> None:
        self.path, self.how = str(path), how
        super().__init__(
            f"{path}: {how} since it was read, and was left as it is now. Look at it, then run the "
            f"same command again."
        )


class SetRefused(CompanionError):
    """A picture and its companions cannot be moved, copied, renamed or trashed as asked."""

    exit_code = 16
    code = "set_refused"

    def __init__(self, *, picture: Path, why: str, remedy: str) -> None:
        self.picture, self.why, self.remedy = str(picture), why, remedy
        super().__init__(f"{picture}: {why}. {remedy}")


class MoveUnfinished(CompanionError):
    """An interrupted operation met files that someone changed; going on could lose them."""

    exit_code = 17
    code = "move_unfinished"

    def __init__(self, *, journal: Path, why: str, remedy: str) -> None:
        self.journal, self.why, self.remedy = str(journal), why, remedy
        super().__init__(f"{journal}: {why}. {remedy}")


class SetsNotInOrder(CompanionError):
    """A check of a folder found orphans, unfinished moves, collisions or unreadable companions."""

    exit_code = 18
    code = "sets_not_in_order"

    def __init__(self, *, folder: Path, findings: int) -> None:
        self.folder, self.findings = str(folder), findings
        things = "thing needs" if findings == 1 else "things need"
        super().__init__(f"{folder}: {findings} {things} attention; the listing says what to do.")


class AuditBroken(CompanionError):
    """The operation log is not the one that was written: a line was cut, edited or moved."""

    exit_code = 19
    code = "audit_broken"

    def __init__(self, *, file: Path, line: int, what: str) -> None:
        self.file, self.line, self.what = str(file), line, what
        super().__init__(
            f"{file}: line {line}: {what}. The log was cut or edited after it was written; "
            f"keep it as it is and compare it with a backup."
        )


class PictureProblem(StrEnum):
    """What can be wrong with a picture."""

    MISSING = "missing"
    CHANGED = "changed"
    EMPTY = "empty"
    NOT_A_PICTURE = "not_a_picture"
    TRUNCATED = "truncated"
    TOO_LARGE = "too_large"
    ANIMATED = "animated"
    SHAPE = "shape"
    UNREADABLE = "unreadable"


class PictureRefused(MotionfleetError):
    """One picture cannot be used; the other shots go on without it."""

    exit_code = 20
    code = "picture_refused"

    def __init__(self, *, file: str, problem: PictureProblem, what: str, remedy: str) -> None:
        self.file, self.problem, self.what, self.remedy = file, problem, what, remedy
        super().__init__(f"{file}: {what}. {remedy}")

    @property
    def reason(self) -> str:
        """``picture_`` and the problem's word."""
        return f"picture_{self.problem.value}"

    @property
    def curable(self) -> bool:
        """Whether the file itself, and not what it holds, is at fault."""
        # The bytes are fixed by the shot's hash: what they hold cannot get better, but the file
        # can be put back.
        return self.problem in {
            PictureProblem.MISSING,
            PictureProblem.CHANGED,
            PictureProblem.UNREADABLE,
        }


class FileUnwritable(MotionfleetError):
    """A file could not be written; nothing was left half-done under its final name."""

    exit_code = 30
    code = "file_unwritable"
    retryable = True

    def __init__(self, *, path: Path, errno_name: str, what: str) -> None:
        self.path, self.errno_name, self.what = str(path), errno_name, what
        super().__init__(
            f"{path}: cannot be written ({errno_name}: {what}). Free space or correct the folder's "
            f"rights, then run the same command again; nothing was left half-written."
        )


class AuditUnwritable(FileUnwritable):
    """The operation log cannot be written, so the operation was not begun."""

    exit_code = 31
    code = "audit_unwritable"
