"""``fleet companions find|move|copy|rename|resume``: pictures and their companions, as one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from companions.errors import MotionfleetError
from fleet.cli.output import Column, Output, complain, shown

if TYPE_CHECKING:
    from companions.sets.journal import Journal
    from companions.sets.plan import Plan
    from companions.sets.scan import Scanned

FIND_EXAMPLE = "Example: fleet companions find stills/ --recursive --json"
MOVE_EXAMPLE = "Example: fleet companions move stills/img_001.jpg --to archive/"
COPY_EXAMPLE = "Example: fleet companions copy stills/ --to /media/backup --dry-run"
RENAME_EXAMPLE = "Example: fleet companions rename stills/img_001.jpg lighthouse"
RESUME_EXAMPLE = "Example: fleet companions resume stills/"

_PORTION_FILES: Final = 500
"""Files of one operation when a whole folder goes."""

Pictures = Annotated[
    list[Path],
    typer.Argument(
        metavar="PICTURE|DIR...",
        help="Pictures, or folders: every picture in them. After --, names may begin with a dash.",
    ),
]
To = Annotated[Path, typer.Option("--to", metavar="DIR", help="Existing folder to take them into.")]
Nested = Annotated[
    bool,
    typer.Option(
        "--nested",
        help="Also pictures whose names open with another's stem and a dot (a.jpg, a.b.jpg).",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show every file; change nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def find(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of pictures.")],
    *,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Look into its folders too.")
    ] = False,
    json_: AsJson = False,
) -> None:
    """List every picture in DIR with all its companions, and companions without a picture."""
    from companions.sets.scan import scan, scan_tree

    output = Output()
    rows: list[dict[str, object]] = []
    for here in scan_tree(folder) if recursive else [scan(folder)]:
        rows += _found(here)
    if json_:
        output.json(rows)
        return
    output.table(
        [Column("Picture", fold=True), Column("Companions", fold=True), Column("")],
        [[shown(str(row["path"])), " ".join(map(shown, _strings(row["companions"]))),
          str(row["state"])] for row in rows],
    )  # fmt: skip


def move(
    pictures: Pictures,
    *,
    to: To,
    nested: Nested = False,
    dry_run: DryRun = False,
    json_: AsJson = False,
) -> None:
    """Move pictures with all their companions into another folder, also on another disk.

    Nothing is ever written over. Interrupted at any point, nothing is lost: see resume.
    """
    _take("move", pictures, to=to, nested=nested, dry_run=dry_run, as_json=json_)


def copy(
    pictures: Pictures,
    *,
    to: To,
    nested: Nested = False,
    dry_run: DryRun = False,
    json_: AsJson = False,
) -> None:
    """Copy pictures with all their companions into another folder, verified."""
    _take("copy", pictures, to=to, nested=nested, dry_run=dry_run, as_json=json_)


def rename(
    picture: Annotated[Path, typer.Argument(help="The picture.")],
    name: Annotated[str, typer.Argument(help="Its new name, without a suffix.")],
    *,
    nested: Nested = False,
    dry_run: DryRun = False,
    json_: AsJson = False,
) -> None:
    """Give a picture and all its companions a new name; their suffixes stay."""
    from companions.sets import draft

    def plan(pictures: Sequence[Path]) -> Plan:
        return draft.rename(pictures[0], stem=name, nested=nested)

    _carry("rename", [[picture]], plan, Output(), dry_run=dry_run, as_json=json_)


def resume(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Folders with interrupted operations.")
    ],
    *,
    json_: AsJson = False,
) -> None:
    """Carry interrupted operations to their end, or take them back where they cannot go on."""
    from companions.sets import resume as moves
    from companions.sets import trash
    from fleet.cli.operations import operation_log

    output, log = Output(), operation_log("fleet companions resume")
    rows: list[dict[str, object]] = []
    told: dict[str, None] = {}
    exit_code = 0
    for folder, finish in product(folders, (moves.resume, trash.resume)):
        try:
            for each in finish(folder, log=log):
                plan = each.journal.plan
                rows.append(
                    {
                        "operation": plan.operation.value,
                        "id": each.journal.operation_id,
                        "from": str(plan.source),
                        "to": str(plan.target),
                        "ending": each.ending.value,
                        "why": each.why,
                    }
                )
        except MotionfleetError as error:
            told |= {str(error): None}
            exit_code = max(exit_code, error.exit_code)
    for words in told:  # once, though both were asked
        complain(words)
    if json_:
        output.json(rows)
    elif rows:
        output.table(
            [Column("Operation"), Column("From", fold=True), Column("To", fold=True),
             Column("Ending"), Column("", fold=True)],
            [[str(row["operation"]), shown(str(row["from"])), shown(str(row["to"])),
              str(row["ending"]), str(row["why"])] for row in rows],
        )  # fmt: skip
    elif not exit_code:
        output.note("nothing was interrupted here")
    if exit_code:
        raise typer.Exit(exit_code)


def _take(
    operation: str,
    paths: Sequence[Path],
    *,
    to: Path,
    nested: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    from companions.sets import draft
    from companions.sets.scan import scan

    plan = draft.move if operation == "move" else draft.copy
    scan(to)  # what is wrong with the target is said once, not for every picture
    chosen: list[list[Path]] = []
    for path in paths:
        chosen += _sets_in(path, nested=nested) if path.is_dir() else [[path]]
    _carry(
        operation,
        chosen,
        lambda pictures: plan(pictures, into=to, nested=nested),
        Output(),
        dry_run=dry_run,
        as_json=as_json,
    )


def _sets_in(folder: Path, *, nested: bool) -> list[list[Path]]:
    """The pictures in a folder, in portions that are each one operation.

    Several sets go in one, because each operation reads both folders whole.  Sets that are not
    fit to go are left to themselves, and so keep no other from it.
    """
    from companions.sets.scan import scan

    portions: list[list[Path]] = [[]]
    alone: list[list[Path]] = []
    together: list[Path] = []
    files = 0
    for each in scan(folder).found.sets.values():
        picture = folder / each.picture
        if nested and (each.within is not None or each.holds):
            together.append(picture)
        elif len(each.pictures) > 1 or each.blocked or each.within is not None or each.holds:
            alone.append([picture])
        else:
            if files + len(each.files) > _PORTION_FILES:
                portions.append([])
                files = 0
            portions[-1].append(picture)
            files += len(each.files)
    return [portion for portion in (*portions, together, *alone) if portion]


def _carry(
    operation: str,
    portions: Sequence[list[Path]],
    draft: Callable[[Sequence[Path]], Plan],
    output: Output,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Each portion in one operation; one that is refused is tried set by set, and named."""
    from companions.errors import NameCollision, SetRefused
    from companions.sets.carry import carry
    from companions.sets.draft import manifests_left_behind
    from fleet.cli.operations import operation_log

    log = operation_log(f"fleet companions {operation}")
    rows: list[dict[str, object]] = []
    notes: dict[str, None] = {}
    exit_code = 0
    waiting = [list(portion) for portion in portions]
    total = sum(map(len, waiting))
    with output.counted(operation, total=total) as advance:
        while waiting:
            pictures = waiting.pop(0)
            try:
                plan = draft(pictures)
                left = manifests_left_behind(plan)
                done = None if dry_run else carry(lambda: draft(pictures), log=log)  # noqa: B023
            except MotionfleetError as error:
                if len(pictures) > 1 and isinstance(error, NameCollision | SetRefused):
                    waiting[:0] = [[picture] for picture in pictures]
                    continue
                complain(str(error))
                exit_code = max(exit_code, error.exit_code)
                rows += [
                    {"picture": str(picture), "error": error.reason, "message": str(error)}
                    for picture in pictures
                ]
            else:
                notes |= dict.fromkeys(left)
                rows += _rows(plan if done is None else done.plan, done)
            advance(len(pictures))
    if as_json:
        output.json({"operation": operation, "done": not dry_run, "pictures": rows,
                     "notes": list(notes)})  # fmt: skip
    elif dry_run:
        output.table(
            [Column("From", fold=True), Column("To", fold=True), Column("Bytes", right=True)],
            list(_files(rows)),
            title="Nothing was changed",
        )
    else:
        output.table(
            [Column("Picture", fold=True), Column("Files", right=True), Column("", fold=True)],
            [_line(row, "copied to" if operation == "copy" else "is now") for row in rows],
        )
    for note in notes:
        output.note(f"note: {note}")
    if exit_code:
        raise typer.Exit(exit_code)


def _rows(plan: Plan, done: Journal | None) -> Iterator[dict[str, object]]:
    """One for each picture, with the files of its set."""
    files: list[dict[str, object]] = []
    for member in plan.members:
        files.append(
            {
                "from": str(plan.source / member.source),
                "to": str(plan.target / member.target),
                "size_bytes": member.size_bytes,
            }
        )
        # A picture comes last of its set.
        if member.picture:
            last = files[-1]
            id_ = done.operation_id if done is not None else None
            yield {"picture": last["from"], "to": last["to"], "id": id_, "files": files}
            files = []
    if files:  # the picture itself keeps its name
        id_ = done.operation_id if done is not None else None
        yield {"picture": files[0]["from"], "to": files[0]["to"], "id": id_, "files": files}


def _line(row: Mapping[str, object], became: str) -> list[str]:
    name = shown(str(row["picture"]))
    if "error" in row:
        return [name, "-", f"refused: {row['error']}"]
    return [name, str(len(_listed(row["files"]))), f"{became} {shown(str(row['to']))}"]


def _files(rows: Sequence[Mapping[str, object]]) -> Iterator[list[str]]:
    for row in rows:
        if "error" in row:
            yield [shown(str(row["picture"])), f"refused: {row['error']}", ""]
        for each in _listed(row.get("files")):
            yield [shown(str(each["from"])), shown(str(each["to"])), str(each["size_bytes"])]


def _listed(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []


def _found(here: Scanned) -> Iterator[dict[str, object]]:
    found = here.found
    for each in found.sets.values():
        state = "collision" if len(each.pictures) > 1 else "nested" if each.within else ""
        for picture in each.pictures:
            yield {
                "path": str(here.folder / picture),
                "companions": list(each.companions),
                "state": state or ("blocked" if each.blocked else "ok"),
            }
    for orphan in found.orphans.values():
        yield {
            "path": str(here.folder / orphan.stem),
            "companions": list(orphan.files),
            "state": "orphan",
        }
    for name in found.manifests:
        yield {"path": str(here.folder / name), "companions": [], "state": "manifest"}
    for name in found.journals:
        yield {"path": str(here.folder / name), "companions": [], "state": "unfinished"}


def _strings(value: object) -> list[str]:
    return list(map(str, value)) if isinstance(value, list) else []
