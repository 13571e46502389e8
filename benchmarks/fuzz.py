"""A long search for inputs that a loader does not know what to do with: ``... benchmarks.fuzz``.

``python -m benchmarks.fuzz [SEED]``.  At least 100,000 inputs: golden files tampered with as bytes
and as values, documents and bytes that hypothesis makes, and the files that operations leave
beside pictures.  A loader gives a document or one of our errors; anything else ends the run with
the input.  Then the worst that can be thought of, each in a process of its own, for its time and
its memory.
"""

from __future__ import annotations

import os
import random
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.report import Figure, tell
from companions import codec, strict_json, validation
from companions.errors import CompanionError
from tests.companions import documents, fuzzing
from tests.companions.fuzzing import Loader

DOCUMENTS: Final = 95_000
LEFT_BEHIND: Final = 5_000
MADE: Final = 5_000
SUSPECTS: Final = 20
SLOWEST_MS: Final = 100.0
WORST_S: Final = 30.0
WORST_MIB: Final = 4096.0

MIB: Final = 1 << 20
_HEAD: Final = b'{"kind":"motion","schema_version":1,'

WORST: Final[Mapping[str, Callable[[], bytes]]] = {
    "64 MiB of [": lambda: b"[" * (64 * MIB),
    "64 MiB of objects in objects": lambda: b'{"a":' * (64 * MIB // 5),
    "64 MiB of lists 60 deep": lambda: _x(b"[" * 60 + b"]" * 60, times=MIB // 2),
    "64 MiB of empty lists": lambda: _x(b"[]", times=21 * MIB),
    "64 MiB of numbers": lambda: _x(b"0", times=32 * MIB),
    "as many lists 60 deep as may be": lambda: _x(
        b"[" * 60 + b"]" * 60, times=strict_json.MAX_CONTAINERS // 60 - 1
    ),
    "as many empty lists as may be": lambda: _x(b"[]", times=strict_json.MAX_CONTAINERS - 3),
    "as many empty objects as may be": lambda: _x(b"{}", times=strict_json.MAX_CONTAINERS - 3),
    "as many numbers as may be": lambda: _x(b"0.1", times=strict_json.MAX_VALUES - 3),
    "a million unknown fields": lambda: _keys(b'"k%d":0', count=1_000_000),
    "a million keys under x": lambda: _keys(b'"k%d":0', count=10**6, head=_HEAD + b'"x":{') + b"}",
    "one key a million times": lambda: _keys(b'"k":0', count=1_000_000),
    "an integer of a million digits": lambda: _HEAD + b'"duration_sec":' + b"1" * 10**6 + b"}",
    "a fraction of a million digits": lambda: _HEAD + b'"duration_sec":0.' + b"1" * 10**6 + b"}",
    "a text of 250 MiB": lambda: _HEAD + b'"x":{"a":"' + b"a" * (250 * MIB) + b'"}}',
    "250 MiB of escapes": lambda: _HEAD + b'"x":{"a":"' + b"\\n" * (125 * MIB) + b'"}}',
    "250 MiB of quotes": lambda: b'"' * (250 * MIB),
    "250 MiB of blanks": lambda: b" " * (250 * MIB),
}
"""Inputs made to be slow or large, by what they are."""


def _x(part: bytes, *, times: int) -> bytes:
    return _HEAD + b'"x":{"a":[' + (part + b",") * times + b"0]}}"


def _keys(pattern: bytes, *, count: int, head: bytes = _HEAD) -> bytes:
    if b"%" not in pattern:
        return head + b",".join([pattern] * count) + b"}"
    return head + b",".join(pattern % number for number in range(count)) + b"}"


class Tally:
    """What became of all inputs, and the slowest of them."""

    def __init__(self) -> None:
        self.inputs = self.taken = self.refused = 0
        self._slow: list[tuple[float, bytes, Loader]] = []

    def feed(self, data: bytes, loaders: Sequence[Loader]) -> None:
        """Put one input into each loader.

        Raises:
            AssertionError: one did what it must not.
        """
        self.inputs += 1
        for loader in loaders:
            begun = time.perf_counter()
            took = fuzzing.outcome(loader, data)
            spent = time.perf_counter() - begun
            self.taken += took
            self.refused += not took
            if len(self._slow) < SUSPECTS or spent > self._slow[0][0]:
                self._slow = sorted([*self._slow, (spent, data, loader)], key=itemgetter(0))
                self._slow = self._slow[-SUSPECTS:]

    def slowest(self) -> tuple[float, bytes]:
        """Seconds of the slowest input, and itself.

        The slowest are tried again: once, the machine may have been at something else.
        """
        timed = (
            (min(_seconds(loader, data) for _ in range(3)), data) for _, data, loader in self._slow
        )
        return max(timed, key=itemgetter(0))


def _seconds(loader: Loader, data: bytes) -> float:
    begun = time.perf_counter()
    fuzzing.outcome(loader, data)
    return time.perf_counter() - begun


def made_by_hypothesis(feed: Callable[[bytes], None], *, seed: int) -> None:
    """Feed documents that are right, JSON that is anything, and bytes."""
    written = st.one_of(documents.manifests(), documents.motions(), documents.reviews()).map(
        codec.encode
    )
    of_any_kind = st.binary(max_size=300) | documents.user_keys().map(documents.text_of) | written

    @settings(
        max_examples=MADE, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(of_any_kind)
    def every(data: bytes) -> None:
        feed(data)

    random.seed(seed)
    every()


def worst_cases() -> Iterator[Figure]:
    """Each of ``WORST`` in a process of its own."""
    for name, make in WORST.items():
        size = len(make()) / MIB
        command = [sys.executable, "-m", "benchmarks.fuzz", "--worst", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        seconds, grown_mib = map(float, done.stdout.split())
        yield Figure(f"{name} ({size:.0f} MiB)", seconds, "s", target=WORST_S)
        yield Figure("  grows by", grown_mib, "MiB", target=WORST_MIB)


def one_worst_case(name: str) -> None:
    """Print the seconds it takes and the MiB by which the process grows meanwhile."""
    data = WORST[name]()
    before = _peak_mib()
    begun = time.perf_counter()
    message = ""
    try:
        validation.decode(data, kind="motion", file="f")
    except CompanionError as error:
        message = str(error)
    assert 0 < len(message) < 10_000, name
    print(time.perf_counter() - begun, _peak_mib() - before)


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(arguments: Sequence[str]) -> None:
    """Search and tell."""
    if arguments[:1] == ["--worst"]:
        one_worst_case(arguments[1])
        return
    seed = int(arguments[0]) if arguments else secrets.randbits(32)
    print(f"seed {seed}")
    rng, tally = random.Random(seed), Tally()
    loaders, seeds = fuzzing.pure_loaders(), fuzzing.golden_seeds()
    for data in seeds:
        tally.feed(data, loaders)
    before, begun = _peak_mib(), time.perf_counter()
    for data in fuzzing.mutations(seeds, count=DOCUMENTS, rng=rng):
        tally.feed(data, loaders)
    made_by_hypothesis(lambda data: tally.feed(data, loaders), seed=seed)
    with tempfile.TemporaryDirectory(dir=_in_memory()) as name:
        folder = Path(name)
        left = fuzzing.file_seeds(folder)
        of_files = fuzzing.file_loaders(folder)
        for data in fuzzing.mutations([*left, *left, *left, seeds[0]], count=LEFT_BEHIND, rng=rng):
            tally.feed(data, of_files)
        slowest_s, slowest = tally.slowest()
    spent, grown = time.perf_counter() - begun, _peak_mib() - before
    tell(
        "fuzz",
        [
            Figure("inputs", tally.inputs, "", target=100_000, better="more"),
            Figure("inputs a second", tally.inputs / spent, "/s", better="more"),
            Figure("taken by a loader", tally.taken, ""),
            Figure("refused by a loader", tally.refused, ""),
            Figure("neither", 0, "", target=0),
            Figure("slowest input", slowest_s * 1000, "ms", target=SLOWEST_MS),
            Figure("its size", len(slowest) / 1024, "KiB"),
            Figure("memory grown by", grown, "MiB", target=200),
            *worst_cases(),
        ],
        what=f"golden files tampered with, seed {seed}; then the worst there is, one at a time",
    )


def _in_memory() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  (files, not names)


if __name__ == "__main__":
    main(sys.argv[1:])
