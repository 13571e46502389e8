"""What a sync costs beside doing it by hand: ``python -m benchmarks.sync [--quick]``.

The peers are ``rsync -rt -e ssh`` as it comes, the same with the cipher that the fleet asks for,
and paramiko's ``put`` and ``get``; all take turns, on one disk.  ``fleet push`` is measured as a
whole command, from Enter until every byte was verified and flushed to the disk there, and its
transport alone.  ``--quick`` does one round.
"""

from __future__ import annotations

import shutil
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from benchmarks.report import Figure, median_seconds, tell
from benchmarks.sync_ground import FAST_CIPHER, Ground, alternately, ground, medians
from companions.names import CLIP_SUFFIX, META_SUFFIX
from fleet.sync.transport.base import Item, Pace, Stop
from tests.chaos.transit import (
    fault_of_set,
    files_in,
    label_of,
    manifest_of,
    results,
    shoot,
    shot_of,
    visible_sets,
)
from tests.fleet.sync.sshd import ALIAS

ROUNDS: Final = 5
MB: Final = 1_000_000
BIG, SMALL = (200, 5 * MB), (10_000, 20_000)
"""Files and bytes of each."""
ONE_FILE: Final = 1000 * MB
SPARSE: Final = 5 * 1024**3


def items_in(folder: Path) -> list[Item]:
    """Everything below ``folder``, to be moved."""
    return [Item(path, (folder / path).stat().st_size) for path in files_in(folder)]


def send(place: Ground, source: Path) -> Callable[[], float]:
    """Sending all of ``source`` by the transport alone, the host being reached already."""
    items = items_in(source)

    def action() -> float:
        (place.root / "there").mkdir()
        with place.reached() as host:
            return _seconds(
                lambda: host.transport.send(
                    items, source=source, destination=str(place.root / "there"), pace=Pace(),
                    stop=Stop(),
                )
            )  # fmt: skip

    return action


def fetch(place: Ground, source: Path) -> Callable[[], float]:
    """Fetching all of ``source`` likewise."""
    items = items_in(source)

    def action() -> float:
        (place.root / "there").mkdir()
        with place.reached() as host:
            return _seconds(
                lambda: host.transport.fetch(
                    items, source=str(source), destination=place.root / "there", pace=Pace(),
                    stop=Stop(),
                )
            )  # fmt: skip

    return action


def pushed(place: Ground, *, files: int, size_bytes: int, rounds: int) -> list[Figure]:
    """A push of that many files, beside rsync."""
    shoot(place.desk.folder, pictures=files, size_bytes=size_bytes, seed=1)
    what = f"{files:,} files, {files * size_bytes / MB:,.0f} MB"
    there = str(place.root / "there")
    alone: list[float] = []
    act = send(place, place.desk.folder)
    times = medians(
        alternately(
            {
                "push": lambda: place.fleet("push", ALIAS, place.desk.folder),
                "alone": lambda: alone.append(act()),
                "rsync": lambda: place.rsync(f"{place.desk.folder}/", f"{ALIAS}:{there}"),
                "fast": lambda: place.rsync(
                    f"{place.desk.folder}/", f"{ALIAS}:{there}", cipher=FAST_CIPHER
                ),
            },
            rounds=rounds,
            before=place.forget,
        )
    )
    bare, alone_s, push_s = times["rsync"], statistics.median(alone), times["push"]
    figures = [
        Figure(f"push of {what}: whole command", push_s, "s", runs=rounds),
        Figure("  its transport alone", alone_s, "s", runs=rounds),
        Figure("  bare rsync over ssh", bare, "s", runs=rounds),
        Figure(f"  bare rsync over ssh -c {FAST_CIPHER}", times["fast"], "s", runs=rounds),
    ]
    if size_bytes > MB:
        figures += [
            Figure("  throughput, transport alone / bare rsync", bare / alone_s, "", 0.9, "more",
                   runs=rounds),
            Figure("  throughput, whole command / bare rsync", bare / push_s, "", 0.9, "more",
                   runs=rounds),
        ]  # fmt: skip
    else:
        figures += [
            Figure("  time, transport alone / bare rsync", alone_s / bare, "", 1.5, runs=rounds),
            Figure("  time, whole command / bare rsync", push_s / bare, "", 1.5, runs=rounds),
        ]
    return figures


def pulled(place: Ground, *, files: int, size_bytes: int, rounds: int) -> list[Figure]:
    """A pull of that many clips and their metas, beside rsync."""
    place.forget()
    manifest = shoot(place.desk.folder, pictures=files, size_bytes=100, seed=2)
    place.fleet("push", ALIAS, place.desk.folder)
    outbox = place.outbox / label_of(place.inbox)
    results(outbox, manifest, size_bytes=size_bytes)

    def before() -> None:
        shutil.rmtree(place.root / "there", ignore_errors=True)
        for path in (*place.desk.folder.rglob(f"*{CLIP_SUFFIX}"),
                     *place.desk.folder.rglob(f"*{META_SUFFIX}")):  # fmt: skip
            path.unlink()

    times = medians(
        alternately(
            {
                "pull": lambda: place.fleet("pull", ALIAS, place.desk.folder),
                "rsync": lambda: place.rsync(f"{ALIAS}:{outbox}/", str(place.root / "there")),
            },
            rounds=rounds,
            before=before,
        )
    )
    # The last round may have been the peer's; and the first sync submits, which is once.
    place.fleet("sync", ALIAS, place.desk.folder)
    assert set(files_in(outbox)) <= set(files_in(place.desk.folder)), "not everything came"
    again_s = median_seconds(lambda: place.fleet("sync", ALIAS, place.desk.folder), runs=rounds)
    what = f"{files:,} clips, {files * size_bytes / MB:,.0f} MB, and {files:,} metas"
    return [
        Figure(f"pull of {what}", times["pull"], "s", runs=rounds),
        Figure("  bare rsync over ssh", times["rsync"], "s", runs=rounds),
        Figure("  the sync after it, of which nothing travels", again_s, "s", runs=rounds),
    ]


def unchanged(place: Ground, *, rounds: int) -> list[Figure]:
    """A sync of 10,000 pictures that are all there."""
    place.forget()
    files, size_bytes = SMALL
    shoot(place.desk.folder, pictures=files, size_bytes=size_bytes, seed=3)
    place.fleet("sync", ALIAS, place.desk.folder)
    seconds = median_seconds(lambda: place.fleet("sync", ALIAS, place.desk.folder), runs=rounds)
    return [Figure(f"sync of {files:,} files, nothing new", seconds, "s", 2.0, runs=rounds)]


def single(place: Ground, *, rounds: int) -> list[Figure]:
    """One file by SFTP and by paramiko."""
    source = place.root / "one"
    shutil.rmtree(source, ignore_errors=True)
    shoot(source, pictures=1, size_bytes=ONE_FILE, seed=4, name="one")
    (one,) = source.rglob("*.jpg")
    there = place.root / "there"
    out, back = send(place, source), fetch(place, source)
    ours: dict[str, list[float]] = {"send": [], "fetch": [], "put": [], "get": []}

    def put() -> None:
        there.mkdir()
        with place.paramiko() as sftp:
            ours["put"].append(_seconds(lambda: sftp.put(str(one), str(there / one.name))))

    def get() -> None:
        there.mkdir()
        with place.paramiko() as sftp:
            ours["get"].append(_seconds(lambda: sftp.get(str(one), str(there / one.name))))

    alternately(
        {
            "send": lambda: ours["send"].append(out()), "put": put,
            "fetch": lambda: ours["fetch"].append(back()), "get": get,
        },
        rounds=rounds, before=place.forget,
    )  # fmt: skip
    rate = {name: ONE_FILE / MB / seconds for name, seconds in medians(ours).items()}
    return [
        Figure("SFTP, one file of 1 GB, sent", rate["send"], "MB/s", runs=rounds),
        Figure("  bare paramiko put", rate["put"], "MB/s", runs=rounds),
        Figure("  throughput / bare paramiko put", rate["send"] / rate["put"], "", 0.9, "more",
               runs=rounds),
        Figure("SFTP, one file of 1 GB, fetched", rate["fetch"], "MB/s", runs=rounds),
        Figure("  bare paramiko get", rate["get"], "MB/s", runs=rounds),
        Figure("  throughput / bare paramiko get", rate["fetch"] / rate["get"], "", runs=rounds),
    ]  # fmt: skip


def sparse(place: Ground, *, by: str) -> list[Figure]:
    """A picture of 5 GB that is nearly all holes."""
    place.forget()
    shutil.rmtree(place.desk.folder)
    place.desk.folder.mkdir()
    picture = place.desk.folder / "holes.tif"
    with picture.open("wb") as file:
        file.write(b"begins")
        file.seek(SPARSE - 4)
        file.write(b"ends")
    manifest_of(place.desk.folder / "holes.video_manifest.json", [shot_of(picture, picture.parent)])
    memory: list[int] = []
    seconds = _seconds(lambda: memory.append(place.fleet("push", ALIAS, place.desk.folder)))
    (arrived,) = visible_sets(place.inbox)
    fault = fault_of_set(arrived)
    assert fault is None, fault
    assert (arrived / picture.name).stat().st_size == SPARSE
    on_disk = (arrived / picture.name).stat().st_blocks * 512
    return [
        Figure(f"push of one sparse file of 5 GB by {by}", seconds, "s"),
        Figure("  on the disk there", on_disk / MB, "MB"),
        Figure("  memory of the largest process on the desk", memory[0] / MB, "MB"),
    ]


def _seconds(action: Callable[[], object]) -> float:
    return median_seconds(action, runs=1)


def main(arguments: Sequence[str]) -> None:
    """Measure and tell."""
    rounds = 1 if "--quick" in arguments else ROUNDS
    figures: list[Figure] = []
    for files, size_bytes in (BIG, SMALL):
        with ground() as place:
            figures += pushed(place, files=files, size_bytes=size_bytes, rounds=rounds)
        with ground() as place:
            figures += pulled(place, files=files, size_bytes=size_bytes, rounds=rounds)
    with ground() as place:
        figures += unchanged(place, rounds=rounds)
    with ground(transport="sftp") as place:
        figures += single(place, rounds=rounds)
    for by in ("rsync", "sftp"):
        with ground(transport=by) as place:
            figures += sparse(place, by=by)
    tell("sync", figures, what="a desk and a host on one machine, OpenSSH on loopback")


if __name__ == "__main__":
    main(sys.argv[1:])
