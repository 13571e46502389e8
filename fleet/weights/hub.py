"""The Hugging Face hub: what a repository holds at one commit, and its files, one by one.

Its own client asks, with the login that it keeps; files come over plain HTTP, because that goes on
where it was cut off, also after the command was ended.  Nothing else in the fleet asks a hub.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from companions.files import flush_to_disk, pieces_of, reporting_unwritable
from fleet.weights.errors import WeightsGated, WeightsRefused, WeightsUnreachable
from fleet.weights.repository import Repository

if TYPE_CHECKING:
    from typing_extensions import Buffer

PART: Final = ".part"
"""Ends the name of a file that is not all here yet."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of a repository.

    Attributes:
        path: in the repository.
        size_bytes: of it.
        sha256: of its bytes, as the hub says; empty: it says none.
        git_sha1: git's name for it, where there is no other hash.
    """

    path: str
    size_bytes: int
    sha256: str
    git_sha1: str


class Cancelled(Exception):
    """Raised in a thread that fetches, once the others are of no use."""


class Hub:
    """One hub, for one repository."""

    def __init__(self, repository: Repository, *, endpoint: str = "") -> None:
        """``endpoint`` is another hub's address than the public one's.

        Raises:
            ModuleNotFoundError: the hub's client is not installed; the command line names the
                extra.
        """
        import huggingface_hub
        from huggingface_hub.utils import logging

        # It tells of each cut connection on its own; what matters is told by the command.
        logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        self._repository, self._endpoint = repository, endpoint or None
        self._api = huggingface_hub.HfApi(endpoint=self._endpoint, library_name="motionfleet")
        self.commit = ""

    @property
    def page(self) -> str:
        """The repository, for people."""
        return self._repository.page

    def list(self) -> dict[str, Listed]:
        """The files of the repository at its pinned commit, or at the one that is current, by path.

        Afterwards ``commit`` says which it is.

        Raises:
            WeightsUnreachable, WeightsGated: the hub cannot be asked, or refuses.
        """
        from huggingface_hub.hf_api import RepoFile

        repo = self._repository.repo
        with self._asking():
            info = self._api.model_info(repo, revision=self._repository.revision or None)
            if not info.sha:
                raise self._unreachable("the hub names no commit")
            self.commit = info.sha
            return {
                each.path: Listed(
                    each.path, each.size, each.lfs.sha256 if each.lfs else "", each.blob_id
                )
                for each in self._api.list_repo_tree(repo, recursive=True, revision=self.commit)
                if isinstance(each, RepoFile)
            }

    def fetch(self, file: Listed, into: Path, *, tell: Callable[[int], None]) -> str:
        """Put ``file`` to ``into``, whole, and return its SHA-256.

        What is there already, whole or in part, is not asked for again.

        Args:
            file: one of ``list``.
            into: its place here; its folder is made.
            tell: told how many more bytes are here; may be taken back (negative), and may raise
                to end it.

        Raises:
            WeightsUnreachable, WeightsGated: the hub cannot be asked, or refuses.
            WeightsRefused: what came is not what the hub says it is; it was removed.
            FileUnwritable: the disk is full or refuses.
        """
        if into.is_file():
            tell(file.size_bytes)
            return self._checked(file, into, named=into)
        part = into.with_name(into.name + PART)
        with reporting_unwritable(into):
            into.parent.mkdir(parents=True, exist_ok=True)
            there = part.stat().st_size if part.exists() else 0
            if there > file.size_bytes:
                part.unlink()
                there = 0
        tell(there)
        with _Told(part, tell) as stream:
            self._get(file, stream, there=there)
            with reporting_unwritable(into):
                flush_to_disk(stream.fileno())
        sha256 = self._checked(file, part, named=into)
        with reporting_unwritable(into):
            part.replace(into)
        return sha256

    def _get(self, file: Listed, stream: _Told, *, there: int) -> None:
        from huggingface_hub import hf_hub_url
        from huggingface_hub.file_download import http_get
        from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

        url = hf_hub_url(
            self._repository.repo, file.path, revision=self.commit, endpoint=self._endpoint
        )
        with self._asking():
            http_get(
                url,
                stream,
                resume_size=there,
                headers=build_hf_headers(library_name="motionfleet"),
                expected_size=file.size_bytes,
                tqdm_class=_NoBar,
            )

    def _checked(self, file: Listed, path: Path, *, named: Path) -> str:
        sha256 = hashlib.sha256()
        git = hashlib.sha1(b"blob %d\0" % file.size_bytes, usedforsecurity=False)
        for piece in pieces_of(path):
            sha256.update(piece)
            if not file.sha256:
                git.update(piece)
        found = sha256.hexdigest()
        right = found == file.sha256 if file.sha256 else git.hexdigest() == file.git_sha1
        if not right or path.stat().st_size != file.size_bytes:
            path.unlink()
            raise WeightsRefused(
                path=named,
                what=f"arrived with other bytes than {self._repository.page} says it has",
                remedy=f"It was removed; try again: fleet models fetch {self._repository.name}.",
            )
        return found

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        """Turn what the hub's client raises into what an operator can act on."""
        from huggingface_hub import errors

        # The transport's own root, whichever library the client is built on.
        transport: type[Exception] = errors.HTTPError  # type: ignore[attr-defined]
        try:
            yield
        except errors.GatedRepoError as error:
            name, page = self._repository.name, self._repository.page
            raise WeightsGated(name=name, page=page) from error
        except errors.RepositoryNotFoundError as error:
            what = "there is no such repository, or it is private: log in with hf auth login"
            raise self._unreachable(what) from error
        except (errors.RevisionNotFoundError, errors.EntryNotFoundError) as error:
            raise self._unreachable("it has no such commit or file any more") from error
        except errors.OfflineModeIsEnabled as error:
            raise self._unreachable("HF_HUB_OFFLINE is set") from error
        except errors.HfHubHTTPError as error:
            status = error.response.status_code if error.response is not None else "an error"
            raise self._unreachable(f"the hub answered {status}") from error
        except (transport, OSError, ValueError) as error:
            what = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise self._unreachable(what[:200]) from error

    def _unreachable(self, what: str) -> WeightsUnreachable:
        name, page = self._repository.name, self._repository.page
        return WeightsUnreachable(name=name, source=page, what=what)


class _Told(io.FileIO):
    """A file that is added to; tells how much, and names the disk where it refuses."""

    def __init__(self, path: Path, tell: Callable[[int], None]) -> None:
        self._path, self._tell = path, tell
        with reporting_unwritable(path):
            super().__init__(path, "ab")

    def write(self, data: Buffer) -> int:
        rest = memoryview(data)
        with reporting_unwritable(self._path):
            while rest:
                count = super().write(rest)
                self._tell(count)
                rest = rest[count:]
        return memoryview(data).nbytes

    def truncate(self, size: int | None = None) -> int:
        # The hub sends all of it again where it was asked for the rest.
        before = os.fstat(self.fileno()).st_size
        after = super().truncate(size)
        self._tell(after - before)
        return after


class _NoBar:
    """What the hub's client draws its progress with: nothing, because the command does."""

    def __init__(self, **_: object) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def update(self, count: float | None = 1) -> None: ...
