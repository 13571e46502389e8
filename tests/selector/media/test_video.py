"""Clips frame by frame: the frame asked for is the frame shown, forwards, backwards, damaged."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from companions.geometry import Size
from selector.media.clip_clock import Clock, next_needed, worth_holding
from selector.media.clip_source import ClipIndex, ClipSource, frames_of
from selector.media.video import ClipReader
from tests.selector.clips import encoded, number_in, numbered
from tests.selector.desks import PATIENCE_MS

COUNT = 100
"""More than two runs between key frames, which are two seconds apart."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encoded(tmp_path_factory.mktemp("clips") / "numbers: 1.mp4", numbered(COUNT))


class Watched:
    """A reader and what it has shown: the frame's number, and the number that is in its picture."""

    def __init__(self, budget_bytes: int = 64 * 1024**2) -> None:
        self.reader = ClipReader(budget_bytes=budget_bytes)
        self.seen: list[tuple[int, int]] = []
        self.why: list[str] = []
        self.reader.shown.connect(self._take)
        self.reader.failed.connect(self.why.append)

    def _take(self, frame: int, image: QImage) -> None:
        self.seen.append((frame, read(image)))

    @property
    def frames(self) -> list[int]:
        return [frame for frame, _ in self.seen]


def read(image: QImage) -> int:
    data = np.frombuffer(image.constBits(), dtype=np.uint8)
    return number_in(data.reshape(image.height(), image.bytesPerLine() // 4, 4).copy())


@pytest.fixture
def watched(qtbot: QtBot) -> Iterator[Watched]:
    made = Watched()
    yield made
    made.reader.close()


def shows(qtbot: QtBot, watched: Watched, frame: int) -> None:
    """Wait until that frame is what is seen."""
    qtbot.waitUntil(lambda: bool(watched.seen) and watched.seen[-1][0] == frame,
                    timeout=PATIENCE_MS)  # fmt: skip


def opened(qtbot: QtBot, watched: Watched, clip: Path) -> ClipReader:
    watched.reader.open(clip)
    shows(qtbot, watched, 0)
    return watched.reader


def index_of(clip: Path) -> ClipIndex:
    source = ClipSource(clip)
    source.close()
    return source.index


def test_a_clip_is_listed_by_its_packets(clip: Path) -> None:
    index = index_of(clip)

    assert (index.size, index.rate, index.frames) == (Size(320, 180), Fraction(24), COUNT)
    assert index.keys[0] == 0
    assert len(index.keys) >= 3
    assert index.key_before(index.keys[1] + 3) == index.keys[1]
    assert index.duration_s == pytest.approx(COUNT / 24)


def test_every_frame_that_is_sought_is_the_very_frame(
    qtbot: QtBot, watched: Watched, clip: Path
) -> None:
    reader = opened(qtbot, watched, clip)

    for frame in (99, 0, 50, 49, 48, 47, 51, *random.Random(5).sample(range(COUNT), 12)):
        reader.seek(frame)
        shows(qtbot, watched, frame)

    assert all(frame == inside for frame, inside in watched.seen)


def test_stepping_back_shows_every_frame_on_the_way(
    qtbot: QtBot, watched: Watched, clip: Path
) -> None:
    reader = opened(qtbot, watched, clip)
    reader.seek(COUNT - 1)
    shows(qtbot, watched, COUNT - 1)
    watched.seen.clear()

    for frame in range(COUNT - 2, 39, -1):
        reader.step(-1)
        shows(qtbot, watched, frame)

    assert watched.seen == [(frame, frame) for frame in range(COUNT - 2, 39, -1)]


def test_steps_stop_at_both_ends(qtbot: QtBot, watched: Watched, clip: Path) -> None:
    reader = opened(qtbot, watched, clip)

    reader.step(-1)
    assert reader.at == 0
    reader.step(1)
    shows(qtbot, watched, 1)
    reader.step(1000)
    shows(qtbot, watched, COUNT - 1)


def test_playing_shows_frames_in_their_order_and_on_time(
    qtbot: QtBot, watched: Watched, clip: Path
) -> None:
    reader = opened(qtbot, watched, clip)
    reader.set_loop(loop=False)

    begun = time.monotonic()
    reader.play()
    shows(qtbot, watched, COUNT - 1)
    took_s = time.monotonic() - begun

    assert watched.frames == sorted(set(watched.frames))
    assert all(frame == inside for frame, inside in watched.seen)
    assert (COUNT - 1) / 24 - 0.1 < took_s < (COUNT - 1) / 24 + 10.0  # late only by the machine
    qtbot.waitUntil(lambda: reader.speed == 0.0, timeout=PATIENCE_MS)


@pytest.mark.parametrize(("direction", "ends"), [(1, COUNT - 1), (-1, 0)])
def test_playing_four_times_as_fast_gets_to_the_end(
    qtbot: QtBot, watched: Watched, clip: Path, direction: int, ends: int
) -> None:
    reader = opened(qtbot, watched, clip)
    reader.set_loop(loop=False)
    reader.seek(COUNT - 1 - ends)
    shows(qtbot, watched, COUNT - 1 - ends)
    watched.seen.clear()

    for _ in range(4):
        reader.faster(direction)
    assert reader.speed == 4.0 * direction
    shows(qtbot, watched, ends)

    assert watched.frames == sorted(set(watched.frames), reverse=direction < 0)
    assert all(frame == inside for frame, inside in watched.seen)


def test_the_other_direction_begins_at_real_time_again(
    qtbot: QtBot, watched: Watched, clip: Path
) -> None:
    reader = opened(qtbot, watched, clip)
    told: list[float] = []
    reader.speed_changed.connect(told.append)

    for direction in (1, 1, -1, -1, 1):
        reader.faster(direction)
    reader.pause()

    assert told == [1.0, 2.0, -1.0, -2.0, 1.0, 0.0]


def test_a_loop_goes_on_at_the_first_frame(qtbot: QtBot, watched: Watched, tmp_path: Path) -> None:
    reader = opened(qtbot, watched, encoded(tmp_path / "short.mp4", numbered(6)))

    reader.play()

    qtbot.waitUntil(lambda: watched.frames.count(5) >= 2, timeout=PATIENCE_MS)
    assert reader.speed == 1.0


def test_memory_is_bounded_and_a_small_budget_still_finds_every_frame(
    qtbot: QtBot, clip: Path
) -> None:
    frame_bytes = 320 * 180 * 4
    watched = Watched(budget_bytes=16 * frame_bytes)
    most = 0

    def note(*_: object) -> None:
        nonlocal most
        most = max(most, watched.reader.held_bytes)

    watched.reader.shown.connect(note)
    reader = opened(qtbot, watched, clip)
    reader.set_loop(loop=False)
    reader.faster(1)
    reader.faster(1)
    reader.faster(1)
    shows(qtbot, watched, COUNT - 1)
    for frame in (60, 59, 58, 40, 20, 3, 99):
        reader.seek(frame)
        shows(qtbot, watched, frame)
    reader.close()

    assert all(frame == inside for frame, inside in watched.seen)
    assert 0 < most <= 16 * frame_bytes


def test_opening_another_clip_shows_no_frame_of_the_one_before(
    qtbot: QtBot, watched: Watched, clip: Path, tmp_path: Path
) -> None:
    other = encoded(tmp_path / "other.mp4", list(numbered(200))[150:156])
    reader = opened(qtbot, watched, clip)
    reader.play()

    reader.open(other)
    assert reader.image(0) is None
    watched.seen.clear()
    qtbot.waitUntil(lambda: bool(watched.seen), timeout=PATIENCE_MS)

    assert watched.seen[0] == (0, 150)
    assert all(inside >= 150 for _, inside in watched.seen)


@pytest.mark.parametrize("data", [b"", b"not a clip at all", b"\x00\x00\x00\x18ftypmp42"])
def test_what_is_no_clip_is_told_in_words(
    qtbot: QtBot, watched: Watched, tmp_path: Path, data: bytes
) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(data)

    watched.reader.open(bad)

    qtbot.waitUntil(lambda: bool(watched.why), timeout=PATIENCE_MS)
    assert "bad.mp4" in watched.why[0]
    assert watched.reader.index is None


def test_a_clip_that_is_gone_is_told_and_the_next_one_plays(
    qtbot: QtBot, watched: Watched, clip: Path, tmp_path: Path
) -> None:
    watched.reader.open(tmp_path / "gone.mp4")
    qtbot.waitUntil(lambda: bool(watched.why), timeout=PATIENCE_MS)

    opened(qtbot, watched, clip)


def test_a_truncated_clip_shows_the_frames_that_are_there(
    qtbot: QtBot, watched: Watched, clip: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.mp4"
    data = clip.read_bytes()
    cut.write_bytes(data[: len(data) * 2 // 3])

    reader = opened(qtbot, watched, cut)

    assert reader.index is not None
    assert 1 < reader.index.frames < COUNT
    middle = reader.index.frames // 2
    reader.seek(middle)
    shows(qtbot, watched, middle)
    assert watched.seen[-1] == (middle, middle)


def test_a_damaged_stretch_does_not_end_the_clip(
    qtbot: QtBot, watched: Watched, clip: Path, tmp_path: Path
) -> None:
    index = index_of(clip)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(overwritten(clip, first=index.keys[1], last=index.keys[1] + 10))
    reader = opened(qtbot, watched, damaged)

    last = index.keys[2] + 2
    reader.seek(last)
    shows(qtbot, watched, last)

    assert watched.seen[-1] == (last, last)
    reader.seek(index.keys[1])
    qtbot.waitUntil(lambda: bool(watched.why), timeout=PATIENCE_MS)
    assert f"frame {index.keys[1]} of damaged.mp4 cannot be decoded" in watched.why
    reader.seek(3)
    shows(qtbot, watched, 3)
    assert len(watched.why) == len(set(watched.why)) <= 11  # each that is lost is told once


def test_no_damage_stops_the_reader(
    qtbot: QtBot, watched: Watched, clip: Path, tmp_path: Path
) -> None:
    whole = clip.read_bytes()
    chance = random.Random(11)
    for number in range(24):
        data = bytearray(whole)
        for _ in range(chance.choice([1, 8, 200])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        hurt = tmp_path / f"{number}.mp4"
        hurt.write_bytes(data)
        watched.seen.clear()
        watched.why.clear()
        watched.reader.open(hurt)
        qtbot.waitUntil(lambda: bool(watched.seen or watched.why), timeout=PATIENCE_MS)
        watched.reader.seek(chance.randrange(COUNT))
        watched.reader.play(chance.choice([-4.0, 1.0, 4.0]))

    opened(qtbot, watched, clip)
    assert watched.seen[-1] == (0, 0)


def overwritten(clip: Path, *, first: int, last: int) -> bytes:
    """The clip's bytes with the packets of some frames made noise."""
    data = bytearray(clip.read_bytes())
    stamps = index_of(clip).stamps
    noise = random.Random(1)
    with av.open(str(clip)) as container:
        for packet in container.demux(video=0):
            if packet.pts is None or packet.pos is None or not packet.size:
                continue
            if stamps[first] <= packet.pts <= stamps[last]:
                data[packet.pos : packet.pos + packet.size] = noise.randbytes(packet.size)
    return bytes(data)


def test_chosen_frames_are_read_in_order(clip: Path) -> None:
    found = [(number, read(image)) for number, image in frames_of(clip, lambda n: (0, 33, n - 1))]

    assert found == [(0, 0), (33, 33), (COUNT - 1, COUNT - 1)]


@pytest.mark.parametrize("loop", [True, False])
@pytest.mark.parametrize("speed", [-4.0, -1.0, 1.0, 2.0, 4.0])
def test_the_clock_names_the_frame_of_every_moment(*, speed: float, loop: bool) -> None:
    clock = Clock(frame=10.0, since_s=5.0, speed=speed, rate=Fraction(24), frames=48, loop=loop)

    for steps in range(200):
        now = 5.0 + (steps + 0.5) / 96
        moved = int((10 + speed * 24 * (now - 5.0)) // 1)
        expected = moved % 48 if loop else min(max(moved, 0), 47)
        assert clock.at(now) == expected
    assert clock.has_ended(1000.0) is (not loop)


def test_what_is_needed_next_is_the_nearest_in_the_direction_of_playing() -> None:
    held = {10, 11, 12}

    assert next_needed(10, direction=1, frames=100, held=held, room=12) == 13
    assert next_needed(10, direction=1, frames=100, held=held, room=3) is None
    assert next_needed(12, direction=-1, frames=100, held=held, room=12) == 9
    assert next_needed(12, direction=-1, frames=100, held=held, room=6) is None
    assert next_needed(99, direction=1, frames=100, held={99}, room=12) is None
    assert next_needed(99, direction=1, frames=100, held={99}, room=12, loop=True) == 0


def test_close_ends_the_thread_at_once(qtbot: QtBot, watched: Watched, clip: Path) -> None:
    reader = opened(qtbot, watched, clip)
    reader.play(4.0)

    reader.close()

    assert "clip-reader" not in {thread.name for thread in threading.enumerate()}


@given(
    frames=st.integers(1, 60),
    room=st.integers(12, 40),
    at=st.integers(0, 59),
    direction=st.sampled_from([1, -1]),
    loop=st.booleans(),
    behind=st.integers(0, 40),
)
def test_decoding_comes_to_an_end_with_what_is_needed_held(
    *, frames: int, room: int, at: int, direction: int, loop: bool, behind: int
) -> None:
    at %= frames
    passed = (at - direction * by for by in range(1, min(behind, room) + 1))
    there = [frame for frame in passed if 0 <= frame < frames]

    def needed() -> int | None:
        return next_needed(at, direction=direction, frames=frames, held=there, room=room, loop=loop)

    for _ in range(frames):
        wanted = needed()
        if wanted is None:
            break
        kept = worth_holding(
            # What was held for long comes first, as in the reader.
            [*there, wanted],
            at,
            direction=direction,
            frames=frames,
            room=room,
            loop=loop,
        )
        assert len(kept) <= room
        there = kept

    assert needed() is None
    assert at in there


@pytest.mark.parametrize("room", [12, 13, 14])
def test_a_clip_at_rest_is_not_decoded_on_and_on(qtbot: QtBot, clip: Path, room: int) -> None:
    watched = Watched(budget_bytes=room * 320 * 180 * 4)
    decoded: list[int] = []
    watched.reader._decoded.connect(lambda _turn, frame: decoded.append(frame))
    reader = opened(qtbot, watched, clip)
    for frame in range(40, 51):  # as after playing: some are held that lie behind
        reader.seek(frame)
        shows(qtbot, watched, frame)
    qtbot.waitUntil(lambda: 50 + room * 2 // 3 in decoded, timeout=PATIENCE_MS)
    at_rest = len(decoded)

    qtbot.wait(300)

    assert len(decoded) <= at_rest + 2  # it may have been at the last ones
    reader.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_that_nobody_foresaw_is_told_and_the_next_clip_plays(
    qtbot: QtBot, watched: Watched, clip: Path
) -> None:
    watched.reader.open(cast("Path", "no path at all"))
    qtbot.waitUntil(lambda: bool(watched.why), timeout=PATIENCE_MS)
    assert "not foreseen" in watched.why[0]

    opened(qtbot, watched, clip)


def test_a_closed_reader_keeps_no_frame_and_no_file_open(
    qtbot: QtBot, watched: Watched, clip: Path
) -> None:
    reader = opened(qtbot, watched, clip)
    assert reader.held_bytes > 0

    reader.close()

    assert reader.held_bytes == 0
    assert reader._source is None
