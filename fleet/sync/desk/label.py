"""The label: what a folder of this desk is called on every host, for ever.

A host publishes a folder's clips under its label, so that a shot keeps its identity while its
manifest is edited, and nothing is made twice.  The label lies in the folder itself, and moves
with it; a list in the fleet's home tells a folder that was moved from one that was copied, which
gets a label of its own.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, TypeAdapter, ValidationError

from companions import files
from companions.base import Closed
from companions.lock import held_file
from fleet.home import Home
from fleet.sync.errors import SyncRecordUnusable
from fleet.sync.wire.base import Label

LABEL_FILE: Final = ".motionfleet-label"
_LIST: Final = "labels.json"
_LOCK: Final = "labels.lock"
_PATIENCE_S: Final = 30.0
_LONGEST_SLUG: Final = 60
_MAX_LABEL_BYTES: Final = 200
_MAX_LIST_BYTES: Final = 64 * 1024 * 1024
_IS_LABEL: Final[TypeAdapter[str]] = TypeAdapter(Label)


class Labelled(Closed):
    """One folder that has a label."""

    label: Label
    path: Annotated[str, Field(max_length=4096)]
    """Where the folder was when it was synced last, absolute."""


class Labels(Closed):
    """All folders of this desk that have a label."""

    folders: tuple[Labelled, ...] = ()


def label_of(folder: Path, *, home: Home) -> Label:
    """The label of ``folder``; a new one is made where it has none, or is a copy.

    Raises:
        FileUnwritable: the label cannot be written into the folder.
        SyncRecordUnusable: the folder's label file, or the list of labels, is damaged.
    """
    place = folder.resolve()
    with held_file(_made(home) / _LOCK, patience_s=_PATIENCE_S, mode=0o600) as taken:
        if not taken:
            raise SyncRecordUnusable(path=home.sync / _LOCK, what="another process holds it")
        known = _read_list(home)
        found = read_label(place)
        label = chosen(place, found=found, known=known) or new_label(place.name)
        if label != found:
            files.write_atomic(place / LABEL_FILE, f"{label}\n".encode())
        listed = {each.label: each.path for each in known.folders}
        if listed.get(label) != str(place):
            _write_list(home, listed | {label: str(place)})
    return label


def label_now(folder: Path, *, home: Home) -> Label | None:
    """The label that ``folder`` goes by, if it has one; changes nothing.

    Raises:
        SyncRecordUnusable: as ``label_of``.
    """
    place = folder.resolve()
    return chosen(place, found=read_label(place), known=_read_list(home))


def chosen(place: Path, *, found: Label | None, known: Labels) -> Label | None:
    """The label that the folder at ``place`` goes on with; None: it needs a new one.

    ``found`` is the label that lies in it.
    """
    if found is None:
        return None
    listed = {each.label: Path(each.path) for each in known.folders}.get(found)
    if listed is None or listed == place or read_label(listed) != found:
        return found  # not on record, at its old place, or moved from there
    return found if listed.samefile(place) else None


def read_label(folder: Path) -> Label | None:
    """The label that lies in ``folder``, if there is one.

    Raises:
        SyncRecordUnusable: what lies there is no label.
    """
    path = folder / LABEL_FILE
    try:
        text = files.read_limited(path, limit=_MAX_LABEL_BYTES).decode("ascii").strip()
        return _IS_LABEL.validate_python(text)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        what = "it is no label" if not isinstance(error, OSError) else str(error)
        raise SyncRecordUnusable(path=path, what=what) from None


def new_label(name: str) -> Label:
    """A label for a folder of that name: ``Stills, day 1`` -> ``stills-day-1-3fa94c21``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_SLUG].rstrip("-")
    return f"{slug or 'folder'}-{secrets.token_hex(4)}"


def _made(home: Home) -> Path:
    with files.reporting_unwritable(home.sync):
        home.sync.mkdir(mode=0o700, parents=True, exist_ok=True)
    return home.sync


def _read_list(home: Home) -> Labels:
    path = home.sync / _LIST
    try:
        return Labels.model_validate_json(files.read_limited(path, limit=_MAX_LIST_BYTES))
    except FileNotFoundError:
        return Labels()
    except (OSError, ValidationError) as error:
        what = "it is damaged" if isinstance(error, ValidationError) else str(error)
        raise SyncRecordUnusable(path=path, what=what) from None


def _write_list(home: Home, listed: dict[str, str]) -> None:
    folders = tuple(Labelled(label=label, path=path) for label, path in sorted(listed.items()))
    text = Labels(folders=folders).model_dump_json(indent=2)
    files.write_atomic(home.sync / _LIST, f"{text}\n".encode())
