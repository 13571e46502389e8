"""The whole examination, in order: safety first, then the cluster, then this machine."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from fleet.check import Check, State, failed, passed, warned
from fleet.cluster import probe, processes
from fleet.cluster.environment import wanted_environment
from fleet.cluster.pools import object_store_bytes, pool_sizes, this_machine
from fleet.cluster.record import ClusterRecord, read_record
from fleet.doctor import checks, probes
from fleet.doctor.sockets import listeners_of
from fleet.encode import credentials
from fleet.encode.errors import CredentialsRefused
from fleet.errors import ClusterFailed, ExtraMissing, LedgerUnusable, SettingsInvalid
from fleet.jobs.model import POOL_OF, JobState, Pool, Stage
from fleet.ledger import nodes
from fleet.ledger.database import Database
from fleet.ledger.lock import ProcessLock
from fleet.ledger.nodes import NodeRow
from fleet.settings import Home, Settings, load_settings
from fleet.upkeep.ending import standing
from fleet.upkeep.keeper import GIVEN_UP, keeper_lock, keeper_log


def examine(home: Home) -> Iterator[Check]:
    """Every check, as it is done; nothing is changed but for a file written and removed."""
    yield checks.ray_version(_installed("ray"))
    try:
        settings = load_settings(home)
        yield passed("settings", "defaults" if not home.settings_file.exists() else "valid")
    except SettingsInvalid as invalid:
        settings = Settings()
        yield failed("settings", str(invalid), remedy=f"Correct {home.settings_file}.")
    yield _token(home.token)
    yield _credentials(settings)
    yield (writable := probes.home_writable(home.root))
    yield from _disks(home)
    yield (ledger := probes.ledger_whole(home.ledger))
    usable = home.ledger.exists() and {writable.state, ledger.state} == {State.PASS}
    yield from _cluster(home, settings, usable=usable)
    yield from _this_machine(settings)


def _cluster(home: Home, settings: Settings, *, usable: bool) -> Iterator[Check]:
    skews: Mapping[str, float] = {}
    try:
        record = read_record(home)
    except ClusterFailed as broken:
        yield failed("cluster", broken.what, remedy=broken.remedy)
        return
    if record is None:
        yield _no_cluster(home)
    else:
        yield _upkeep(home, record)
        anonymous = probe.ask(record.address, token=None)
        known = probe.ask(record.address, token=home.token)
        yield checks.authentication(address=record.address, anonymous=anonymous, with_token=known)
        if record.folder:
            heard = listeners_of(processes.members(Path(record.folder)))
            yield checks.ports(heard, address=record.address, loopback=record.loopback)
        yield _dispatcher(home)
        if known is probe.Answer.OPEN:
            skews = probes.clock_skews(
                record.address, environment=wanted_environment(home, loopback=record.loopback)
            )
    newest = probes.newest_event(home.ledger) if usable else None
    yield checks.clock(now=time.time(), newest=newest, skews=skews)
    yield from _pools(home, settings, record, usable=usable)


def _no_cluster(home: Home) -> Check:
    with contextlib.suppress(OSError):
        lines = keeper_log(home).read_text("utf-8", "replace").splitlines()
        told = next((line for line in reversed(lines) if f" {GIVEN_UP}: " in line), None)
        if told is not None:
            why = told.partition(f" {GIVEN_UP}: ")[2]
            return warned("cluster", f"none; the last was given up: {why}", remedy="fleet up")
    return passed("cluster", "none; fleet submit starts one for as long as there is work")


def _upkeep(home: Home, record: ClusterRecord) -> Check:
    told = (
        f"at {record.address}, Ray {record.ray_version or 'of its own'}, {record.restarts} restarts"
    )
    if not record.ours:
        return passed("cluster", f"{told}; kept by whoever started it")
    if not standing(record):
        return failed(
            "cluster", f"its head at {record.address} is gone",
            remedy=f"fleet up; why it went may stand in {keeper_log(home)}",
        )  # fmt: skip
    if not keeper_lock(home).is_held():
        return warned(
            "cluster", f"{told}; its keeper is gone, and nothing would restart it",
            remedy="fleet up starts another keeper, and the cluster goes on.",
        )  # fmt: skip
    return passed("cluster", told)


def _dispatcher(home: Home) -> Check:
    lock = ProcessLock(home.dispatcher_lock)
    if lock.is_held():
        return passed("dispatcher", f"at work ({lock.holder()})")
    return failed(
        "dispatcher", "none is at work", remedy=f"fleet up; why it went may stand in {home.log}"
    )


def _pools(
    home: Home, settings: Settings, record: ClusterRecord | None, *, usable: bool
) -> Iterator[Check]:
    queued: dict[Pool, int] = {}
    rows: list[NodeRow] = []
    if usable:
        try:
            with contextlib.closing(Database(home.ledger)) as database:
                queued, rows = _queued(database), nodes.listing(database)
        except LedgerUnusable:
            return  # said by the check of the ledger
    if record is None:
        yield checks.pools(
            pool_sizes(this_machine(), settings), queued=queued, where="when fleet submit runs here"
        )
        return
    slots = {
        Pool.GENERATION: sum(row.generation for row in rows if row.usable),
        Pool.INTERPOLATION: sum(row.interpolation for row in rows if row.usable),
    }
    alive = sum(row.alive for row in rows)
    yield checks.pools(slots, queued=queued, where=f"on {alive} node{'' if alive == 1 else 's'}")
    blocked = [f"{row.name} ({row.blocked})" for row in rows if row.alive and row.blocked]
    if blocked:
        yield warned(
            "nodes", f"blocked: {', '.join(blocked)}",
            remedy="Mend what failed there, then: fleet nodes use NAME",
        )  # fmt: skip
    shares = {
        Pool.GENERATION: settings.generation_gpus,
        Pool.INTERPOLATION: settings.interpolation_gpus,
    }
    yield checks.gpu_shares(rows, gpus=shares)


def _queued(database: Database) -> dict[Pool, int]:
    counts = dict.fromkeys(Pool, 0)
    for row in database.rows(
        "SELECT stage, sum(count) AS waiting FROM tallies WHERE state = ? GROUP BY stage",
        (JobState.QUEUED,),
    ):
        pool = POOL_OF.get(Stage(row["stage"])) if row["stage"] in set(Stage) else None
        if pool is not None:
            counts[pool] += int(row["waiting"])
    return counts


def _disks(home: Home) -> Iterator[Check]:
    places = [
        ("home disk", home.root, "the ledger and finished clips"),
        ("staging disk", home.staging, "finished clips"),
        ("checkpoints disk", home.checkpoints, "kept frames"),
        ("temporary disk", Path(tempfile.gettempdir()), "Ray and the encoder"),
    ]
    told: set[int] = set()
    for name, path, needed_for in places:
        nearest = next((each for each in (path, *path.parents) if each.exists()), path)
        device = nearest.stat().st_dev
        if device in told:
            continue  # the same file system, said already
        told.add(device)
        free = probes.free_bytes(path) or 0
        yield checks.disk(name, free_bytes=free, path=str(nearest), needed_for=needed_for)


def _this_machine(settings: Settings) -> Iterator[Check]:
    yield checks.shared_memory(
        free_bytes=probes.shared_memory_free(),
        store_bytes=object_store_bytes(this_machine(), settings),
    )
    yield checks.open_files(probes.open_file_limit())
    yield probes.gpus()
    yield probes.encoders()
    yield probes.models()


def _token(path: Path) -> Check:
    try:
        found = path.stat()
        letters = len(path.read_bytes().strip())
    except FileNotFoundError:
        return checks.token(mode=None, owner=0, me=0, letters=0, path=str(path))
    except OSError as error:
        return failed("token", f"{path} cannot be read ({error})", remedy="Correct its rights.")
    return checks.token(
        mode=found.st_mode, owner=found.st_uid, me=os.getuid(), letters=letters, path=str(path)
    )


def _credentials(settings: Settings) -> Check:
    try:
        signer = credentials.configured(
            certificate=settings.credentials_certificate,
            key=settings.credentials_key,
            timestamps=settings.credentials_timestamps,
        )
    except (CredentialsRefused, ExtraMissing) as refused:
        return failed(
            "credentials", str(refused),
            remedy="Mend it, or take credentials_* out of settings.toml to leave clips unsigned.",
        )  # fmt: skip
    if signer is None:
        return passed("credentials", "none configured; clips are marked, and not signed")
    return checks.credentials(
        issuer=signer.issuer,
        algorithm=signer.algorithm,
        days_left=(signer.ends - datetime.now(UTC)).days,
    )


def _installed(package: str) -> str | None:
    with contextlib.suppress(metadata.PackageNotFoundError):
        return metadata.version(package)
    return None
