"""One set's arrival: what is there already, what has to travel, what is right at the end.

Everything happens in ``INBOX/.arriving/SETID/``, under a lock that names its holder.  Killed at
any instruction, the next offer of the same set goes on: what has arrived is there, is verified
again and does not travel twice.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from companions.base import Closed
from fleet.sync.errors import NoRoom, SyncBusy
from fleet.sync.far import tree
from fleet.sync.far.apart import take_back
from fleet.sync.far.disk import told
from fleet.sync.far.index import Index
from fleet.sync.far.leftovers import ARRIVING, keep_half, lock_of
from fleet.sync.far.offer import shortage
from fleet.sync.far.watch import Hashed, Watch, look_into
from fleet.sync.wire.sets import Member, Offer

_LAST_WRITES_S: Final = 10.0
_LOOK_S: Final = 0.05
_HASHERS: Final = min(4, os.cpu_count() or 1)

Found = tuple[str, tree.Mark]
"""What a file was when it was read: its SHA-256, and its mark."""


class Arrival:
    """A set that is coming in; ``close`` it at the end, whatever became of it.

    Attributes:
        offer: what is to arrive.
        only: the paths that the published set lacks, or None where no such set is published.
        folder: where it arrives.
        root: the descriptor of that folder.
        into: its name for people.
    """

    def __init__(
        self,
        offer: Offer,
        *,
        inbox: Path,
        only: frozenset[str] | None,
        tell: Callable[[Closed], None],
        gone: threading.Event,
    ) -> None:
        """Prepare to take ``offer`` in; ``tell`` the desk how it goes, until it is ``gone``.

        Raises:
            SyncBusy: another process takes the same set in.
            FileUnwritable: the inbox refuses.
        """
        self.offer, self.only = offer, only
        self.folder = inbox / ARRIVING / offer.set_id
        self.root = -1
        self._tell, self._gone = tell, gone
        self._members = tree.by_folder(
            member for member in offer.members if only is None or member.path in only
        )
        self._hashed: Hashed = {}
        self._watch: Watch | None = None
        with told(inbox):
            self._lock = lock_of(inbox, offer.set_id)
            self._lock.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._lock.acquire():
            raise SyncBusy(what=f"the set {offer.set_id}", holder=self._lock.holder())

    def open(self, index: Index) -> tuple[str, ...]:
        """Find what is there already; the paths of what has to travel, which is then watched for.

        Raises:
            NoRoom: it would not fit; nothing has to be sent.
            FileUnwritable: the inbox refuses.
            SyncRecordUnusable: the index cannot be used.
            DeskGone: the desk has hung up.
        """
        inbox = self.folder.parent.parent
        with told(self.folder):
            self.root = _own_folder(self.folder)
            take_back(self.folder, self.root)
            for folder in self._members:
                tree.make_below(self.root, folder, ours=True)
            # A broken line does not cost reading it all again.
            self._hashed = index.arrived(inbox=inbox, set_id=self.offer.set_id)
            self._forget_but(present := self._present())
            self._read(present)
            self._link(index)
        missing = [m for m in self._all() if m.path not in self._hashed]
        waiting = tree.by_folder(missing)
        half = sum(look_into(self.root, folder, names)[1] for folder, names in waiting.items())
        _ensure_room(inbox, needed=sum(member.size_bytes for member in missing) - half)
        if missing:
            self._watch = Watch(
                self.root,
                waiting,
                there=len(self._all()) - len(missing),
                tell=self._tell,
                gone=self._gone,
            )
            self._watch.start()
        return tuple(member.path for member in missing)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep rsync of restricted keys out for the length of a block, by the lock it takes.

        One that is still writing when the set is verified could still write when it is published.

        Raises:
            SyncBusy: it does not end.
        """
        deadline = time.monotonic() + _LAST_WRITES_S
        while not _locked(self.root):
            if time.monotonic() > deadline or self._gone.is_set():
                raise SyncBusy(what=f"the set {self.offer.set_id}", holder="an earlier rsync")
            time.sleep(_LOOK_S)
        try:
            yield
        finally:
            if self.root >= 0:
                fcntl.flock(self.root, fcntl.LOCK_UN)

    def verify(self) -> tuple[str, ...]:
        """Read what was not read yet; members that are missing or wrong, which are removed.

        Whatever else lies in the folder is removed as well: what is published is what was offered.

        Raises:
            FileUnwritable: the inbox refuses.
            DeskGone: the desk has hung up.
        """
        self._stop_watching()
        with told(self.folder):
            tree.sweep(self.root, {folder: frozenset(m) for folder, m in self._members.items()})
            self._read(self._members)
        return tuple(member.path for member in self._all() if member.path not in self._hashed)

    def left(self) -> Hashed:
        """Stop watching; what was read so far."""
        self._stop_watching()
        return self._hashed

    def stamp_of(self, path: str) -> tree.Stamp | None:
        """The stamp of a member that is verified."""
        found = self._hashed.get(path)
        return found[1].stamp if found is not None else None

    def over(self) -> None:
        """The set is published: nothing of the arrival is left."""
        self._stop_watching()
        self._let_go()
        self._lock.remove()

    def close(self) -> None:
        """Let the set go; what has arrived stays.  Harmless after ``over``."""
        self._stop_watching()
        self._let_go()
        self._lock.release()

    def _forget_but(self, present: Mapping[str, Mapping[str, Member]]) -> None:
        there = {member.path for names in present.values() for member in names.values()}
        self._hashed = {path: found for path, found in self._hashed.items() if path in there}

    def _all(self) -> list[Member]:
        return [member for names in self._members.values() for member in names.values()]

    def _present(self) -> dict[str, dict[str, Member]]:
        """Members that an earlier try has brought; what it brought half is kept to go on from."""
        present = {}
        for folder, names in self._members.items():
            with tree.below(self.root, folder) as descriptor:
                if descriptor is not None:
                    keep_half(descriptor, names)
                    there = tree.names_in(descriptor) & names.keys()
                    present[folder] = {name: names[name] for name in there}
        return present

    def _read(self, members: Mapping[str, Mapping[str, Member]]) -> None:
        """Find out which of ``members`` are right; those that are not are removed."""
        with ThreadPoolExecutor(_HASHERS) as pool:
            for folder, names in members.items():
                with tree.below(self.root, folder) as descriptor:
                    if descriptor is not None:
                        self._read_in(descriptor, names, pool)
                    else:
                        for member in names.values():
                            self._hashed.pop(member.path, None)

    def _read_in(self, folder: int, names: Mapping[str, Member], pool: ThreadPoolExecutor) -> None:
        unread: list[str] = []
        for name, member in names.items():
            found = self._hashed.get(member.path)
            # Nearly all were read while they landed: a thread each would cost more than reading.
            if found is None or found[1] != tree.mark_of(name, folder=folder):
                unread.append(name)
            elif found[0] != member.sha256:
                self._discard(member, name, folder=folder)

        def right(some: Sequence[str]) -> list[Found | None]:
            return [self._right(names[name], name, folder=folder) for name in some]

        shares = [unread[at::_HASHERS] for at in range(min(_HASHERS, len(unread)))]
        for share, founds in zip(shares, pool.map(right, shares), strict=True):
            for name, found in zip(share, founds, strict=True):
                if found is not None:
                    self._hashed[names[name].path] = found
                else:
                    self._discard(names[name], name, folder=folder)

    def _discard(self, member: Member, name: str, *, folder: int) -> None:
        self._hashed.pop(member.path, None)
        tree.remove(name, folder=folder)

    def _right(self, member: Member, name: str, *, folder: int) -> Found | None:
        """What the file is, read anew, if it is the member."""
        size = member.size_bytes
        found = tree.hash_of(name, folder=folder, size=size, gone=self._gone)
        return found if found is not None and found[0] == member.sha256 else None

    def _link(self, index: Index) -> None:
        """Take over what is known under any other name."""
        wanted = [m for m in self._all() if m.path not in self._hashed]
        places = index.places({member.sha256 for member in wanted})
        for folder, names in tree.by_folder(wanted).items():
            with tree.below(self.root, folder) as descriptor:
                if descriptor is None:
                    continue
                for name, member in names.items():
                    for place in places.get(member.sha256, ()):
                        found = self._taken(place.path, place.stamp, member, name, descriptor)
                        if found is not None:
                            self._hashed[member.path] = found
                            break

    def _taken(
        self, source: Path, expected: tree.Stamp, member: Member, name: str, folder: int
    ) -> Found | None:
        mark = tree.take_over(source, name, folder=folder)
        if mark is None:
            return None
        if mark.stamp == expected:
            return member.sha256, mark
        # Another file than the one on record, or a copy of it: only its bytes can tell.
        found = self._right(member, name, folder=folder)
        if found is None:
            tree.remove(name, folder=folder)
        return found

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.stop()
            self._hashed |= self._watch.hashed
            self._watch = None

    def _let_go(self) -> None:
        if self.root >= 0:
            os.close(self.root)
            self.root = -1


def _locked(folder: int) -> bool:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _own_folder(folder: Path) -> int:
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        folder.unlink()
    folder.mkdir(mode=0o700, exist_ok=True)
    os.utime(folder)  # its age is that of the last offer: old ones are swept
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _ensure_room(inbox: Path, *, needed: int) -> None:
    disk = shutil.disk_usage(inbox)
    what = shortage(needed=needed, free=disk.free, total=disk.total)
    if what is not None:
        raise NoRoom(host=os.uname().nodename, folder=str(inbox), what=what)
