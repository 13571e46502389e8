"""The examination: ledger, disk and events, held against each other.

Called by ``fleet audit ledger``, by ``fleet repair`` and at the end of a drill.  It changes
nothing.  A fleet at work is judged by what the ledger held at one instant; what its disk has to
show is looked at again where a shot has moved on meanwhile.
"""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from companions import codec, files
from companions.errors import CompanionError
from companions.video_meta import VideoMeta
from fleet.invariants import remains
from fleet.invariants.listing import (
    AT_REST,
    Breach,
    CountAgain,
    Examination,
    Finding,
    Invariant,
)
from fleet.invariants.places import Comer, Seen, on_disk, on_record
from fleet.invariants.shots import breaches_of
from fleet.invariants.snapshot import Snapshot
from fleet.ledger.database import Database
from fleet.ledger.lock import ProcessLock
from fleet.settings import Home
from fleet.stages.publish import Target

Told = Callable[[int, int], None]
"""Called now and then with how many shots and places were looked at, and how many there are."""

_DISK = frozenset({Invariant.CLIPS_STAND, Invariant.METAS_TELL})


def examine(home: Home, *, quick: bool = False, told: Told | None = None) -> Examination:
    """Look into the fleet of ``home``, at work or at rest.

    ``quick`` compares sizes where it would read every clip.

    Raises:
        LedgerUnusable: the ledger cannot be opened.
    """
    Database(home.ledger).close()  # an older layout is brought up to this one
    busy_before = is_at_work(home)
    found = judge(home, at_work=busy_before, quick=quick, told=told)
    if busy_before or not is_at_work(home):
        return found
    # A dispatcher came meanwhile, so what it does was taken for what was left behind.
    return judge(home, at_work=True, quick=quick, told=told)


def is_at_work(home: Home) -> bool:
    """Whether a dispatcher holds the ledger.

    Raises:
        LedgerUnusable: the lock's file cannot be opened.
    """
    lock = ProcessLock(home.dispatcher_lock)
    free = lock.acquire()
    lock.release()
    return not free


def judge(
    home: Home, *, at_work: bool, quick: bool = False, told: Told | None = None
) -> Examination:
    """As ``examine``, for a caller who knows whether a dispatcher is ``at_work``.

    Raises:
        LedgerUnusable: the ledger cannot be read.
    """
    breaches: dict[Invariant, list[Breach]] = defaultdict(list)
    with Snapshot(home.ledger) as ledger:
        for about, what in ledger.damage(quick=quick):
            breaches[Invariant.LEDGER_WHOLE].append(Breach(Invariant.LEDGER_WHOLE, about, what))
        whole = not breaches
        if whole:
            looked = _all(ledger, home, at_work=at_work, quick=quick, told=told)
            for breach in looked:
                breaches[breach.invariant].append(breach)
        shots, instant = ledger.shots, ledger.last_event
    if at_work and any(breaches[each] for each in _DISK):
        with Snapshot(home.ledger) as later:
            touched = later.touched_since(instant)
        for each in _DISK:
            breaches[each] = [one for one in breaches[each] if one.about not in touched]
    return Examination(
        findings=[
            Finding(each, breaches[each], _why_unjudged(each, at_work=at_work, whole=whole))
            for each in Invariant
        ],
        at_work=at_work,
        quick=quick,
        shots=shots,
    )


def look(target: Path, comers: Sequence[Comer], *, hashed: bool) -> Seen:
    """What lies in a place now."""
    place = Target(target)
    size = sha256 = None
    with contextlib.suppress(OSError):
        if target.is_file():
            size = target.stat().st_size
            sha256 = files.sha256_of(target) if hashed else None
    meta = None
    with contextlib.suppress(CompanionError):
        meta = codec.read(place.meta, VideoMeta)
    return Seen(
        there=target.is_symlink() or target.exists(),
        size_bytes=size,
        sha256=sha256,
        meta_there=place.meta.exists(),
        meta=meta,
        picture_there=any(Path(comer.picture).exists() for comer in comers),
    )


def _all(
    ledger: Snapshot, home: Home, *, at_work: bool, quick: bool, told: Told | None
) -> Iterator[Breach]:
    tell = told or (lambda _done, _total: None)
    total = 2 * ledger.shots
    done = 0
    for shot in ledger.shot_facts():
        yield from breaches_of(shot, at_work=at_work)
        done += 1
        tell(done, total)
    for about, what in ledger.dangling():
        yield Breach(Invariant.LEDGER_WHOLE, about, what)
    yield from _tallies(ledger)
    for target, comers, records in ledger.places():
        yield from on_record(target, comers, records)
        yield from on_disk(target, comers, records, look(target, comers, hashed=not quick))
        done += len(comers)
        tell(done, total)
    if at_work:
        return

    def sha256_of(path: Path) -> str | None:
        return None if quick else files.sha256_of(path)

    yield from remains.staging(ledger.staged(), remains.listed(home.staging), sha256_of=sha256_of)
    yield from remains.checkpoints(
        ledger.kept(), remains.listed(home.checkpoints), sha256_of=sha256_of
    )
    yield from remains.pieces(home.pieces, unmade=ledger.unmade(), sha256_of=sha256_of)
    yield from _left(ledger, home)


def _tallies(ledger: Snapshot) -> Iterator[Breach]:
    kept, true = ledger.tallies()
    for key in sorted(kept.keys() | true.keys()):
        if kept.get(key, 0) != true.get(key, 0):
            manifest, stage, state = key
            yield Breach(
                Invariant.TALLIES_TRUE,
                f"{manifest}/{stage}/{state}",
                f"{kept.get(key, 0)} are told, and {true.get(key, 0)} are there",
                CountAgain(),
            )


def _left(ledger: Snapshot, home: Home) -> Iterator[Breach]:
    own = (home.root, home.staging, home.checkpoints, home.audit)
    for folder in own:
        yield from remains.left_in_home(remains.listed(folder))
    ids, now = ledger.shot_ids(), time.time()
    for folder in _others(ledger.folders(), but=own):
        yield from remains.left_beside_clips(remains.listed(folder), shot_ids=ids, now=now)


def _others(folders: Iterable[Path], *, but: Iterable[Path]) -> list[Path]:
    known = set(but)
    return [folder for folder in folders if folder not in known]


def _why_unjudged(invariant: Invariant, *, at_work: bool, whole: bool) -> str:
    if not whole and invariant is not Invariant.LEDGER_WHOLE:
        return "the ledger is damaged"
    if at_work and invariant in AT_REST:
        return "only at rest: a dispatcher is at work"
    return ""
