"""A file put in the place of another of the same name: whole, on the disk, or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from companions import files


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Gives a new file, open to write and read, that takes ``path``'s name after a clean exit.

    On an exception ``path`` is as it was, and nothing else is left.  In constant memory, unlike
    ``files.Pending``: clips can be larger than is held at once.

    Raises:
        FileUnwritable: the folder is missing or read-only, or the disk is full.
    """
    name = f"{files.TEMPORARY_PREFIX}{secrets.token_hex(8)}{files.TEMPORARY_SUFFIX}"
    temporary = path.absolute().with_name(name)
    with files.reporting_unwritable(path):
        try:
            descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
            with os.fdopen(descriptor, "w+b") as stream:
                yield stream
                stream.flush()
                files.flush_to_disk(stream.fileno())
            temporary.replace(path)
            files.flush_folder(temporary.parent)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
