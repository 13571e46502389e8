"""The player: the fleet's frames in their moments, late ones dropped, refusals told."""

from __future__ import annotations

import hashlib
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot
from skimage.metrics import structural_similarity

from companions.generation_params import GenerationParams
from companions.geometry import Rect, Size
from companions.motion import Move
from companions.picture import Pixels
from companions.video_manifest import InterpolationParams, Recipe
from fleet.generate.camera import Camera
from fleet.stages.base import GenerateTask
from fleet.stages.generate import generate
from selector.media.player import FRAMES_BUDGET_BYTES, Clip, PreviewPlayer, source_of
from selector.media.rendering import Frame, FrameSource
from selector.media.stills import Stills
from tests.companions import moves
from tests.companions.test_reference import FLIES
from tests.selector import stills as photographs
from tests.selector.desks import PATIENCE_MS

OUTPUT = Size(320, 180)
FPS = Fraction(24)


class Clock:
    """Time that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Seen:
    """What a player has shown, in order."""

    def __init__(self, player: PreviewPlayer) -> None:
        self.indices: list[int] = []
        self.images: list[QImage] = []
        player.frame.connect(self._take)

    def _take(self, image: QImage, index: int) -> None:
        self.indices.append(index)
        self.images.append(image)

    def has(self, index: int) -> Callable[[], bool]:
        """Whether that frame has been shown, to be waited for."""
        return lambda: index in self.indices


@contextmanager
def playing(
    clock: Callable[[], float] | None = None,
    make: Callable[[Clip, Pixels], FrameSource] = source_of,
    budget_bytes: int = FRAMES_BUDGET_BYTES,
) -> Iterator[PreviewPlayer]:
    stills = Stills()
    player = PreviewPlayer(stills, make=make, clock=clock or Clock(), budget_bytes=budget_bytes)
    try:
        yield player
    finally:
        player.close()
        stills.close()


def clip_of(picture: Path, move: Move = moves.PUSH_IN, *, drawn: Size = OUTPUT) -> Clip:
    return Clip(picture, move, output=OUTPUT, fps=FPS, drawn=drawn)


def begin(qtbot: QtBot, player: PreviewPlayer) -> None:
    """Play, until it follows the clock."""
    player.play()
    qtbot.waitUntil(lambda: player.started, timeout=PATIENCE_MS)


def go_on(qtbot: QtBot, player: PreviewPlayer, clock: Clock, frames: int, *, then: int = 0) -> None:
    """Let the time of so many frames pass, once what is due then is rendered, and ``then`` more.

    A frame that is late is never rendered, and beside a clock that stands it would be late for
    ever: on a machine that is slow for a moment nothing would come any more.
    """
    due = player.index + frames
    wanted = [at % player.count for at in range(due, due + then + 1)]
    there = player._renderer
    qtbot.waitUntil(lambda: all(at in there for at in wanted), timeout=PATIENCE_MS)
    clock.now += frames / 24


def arrived(player: PreviewPlayer, index: int) -> Callable[[], bool]:
    """Whether that is the frame of the moment, to be waited for."""
    return lambda: player.index == index


def pixels_of(image: QImage) -> Pixels:
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(rgb.constBits(), dtype=np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
    return rows[:, : 3 * rgb.width()].copy().reshape(rgb.height(), rgb.width(), 3)


def similarity(a: Pixels, b: Pixels) -> float:
    """SSIM, 1 for equal frames."""
    return float(structural_similarity(a, b, channel_axis=2))  # type: ignore[no-untyped-call]


def made_by_the_fleet(picture: Path, move: Move) -> Pixels:
    """Every frame that the fleet's own generate stage makes of it with the camera."""
    data = picture.read_bytes()
    recipe = Recipe(
        image_sha256=hashlib.sha256(data).hexdigest(),
        motion=move,
        generation_params=GenerationParams(width=OUTPUT.width, height=OUTPUT.height, fps=FPS),
        interpolation=InterpolationParams(target_fps=FPS),
    )
    task = GenerateTask(shot_id="s", image_path=picture.name, recipe=recipe, attempt=1)
    chunks = generate(task, data, Camera())
    return np.concatenate([chunk for chunk in chunks if isinstance(chunk, np.ndarray)])


@pytest.mark.parametrize("move", moves.EVERY.values(), ids=moves.EVERY.keys())
@pytest.mark.parametrize("name", ["astronaut.png", "coffee.png", "rocket.jpg"])
def test_what_is_previewed_is_what_the_fleet_renders(
    qtbot: QtBot, tmp_path: Path, name: str, move: Move
) -> None:
    picture = photographs.copied(name, tmp_path)
    fleet = made_by_the_fleet(picture, move)
    with playing() as player:
        seen = Seen(player)
        player.load(clip_of(picture, move))
        assert player.count == len(fleet)

        for index in (0, 7, 12, player.count - 1):
            player.seek(index)
            qtbot.waitUntil(seen.has(index), timeout=PATIENCE_MS)
            shown = pixels_of(seen.images[seen.indices.index(index)])
            assert similarity(shown, fleet[index]) > 0.99
            assert np.array_equal(shown, fleet[index])


def test_late_frames_are_dropped_and_old_ones_never_shown(qtbot: QtBot, tmp_path: Path) -> None:
    clock = Clock()
    with playing(clock) as player:
        seen = Seen(player)
        player.load(clip_of(photographs.copied("coffee.png", tmp_path)))
        begin(qtbot, player)

        go_on(qtbot, player, clock, 12, then=1)

        qtbot.waitUntil(lambda: seen.indices == [0, 12], timeout=PATIENCE_MS)
        go_on(qtbot, player, clock, 1)
        qtbot.waitUntil(lambda: seen.indices == [0, 12, 13], timeout=PATIENCE_MS)


class Held:
    """A source whose frame of one number is not done until it is let go."""

    def __init__(self, source: FrameSource, slow: int) -> None:
        self._source, self._slow = source, slow
        self.go = threading.Event()

    def frame(self, index: int) -> Frame:
        if index == self._slow:
            assert self.go.wait(PATIENCE_MS / 1000)
        return self._source.frame(index)


class Watched:
    """Makes sources, and knows what of all that was made and made of is held no more."""

    def __init__(self) -> None:
        self._made: list[weakref.ref[object]] = []

    def __call__(self, clip: Clip, pixels: Pixels) -> FrameSource:
        source = Held(source_of(clip, pixels), slow=-1)
        self._made.extend((weakref.ref(source), weakref.ref(pixels)))
        return source

    def gone(self) -> list[bool]:
        """Of each source, whether it is gone and whether its pixels are, in their order."""
        return [ref() is None for ref in self._made]


def test_a_frame_that_is_done_after_its_moment_is_not_shown(qtbot: QtBot, tmp_path: Path) -> None:
    clock, made = Clock(), []

    def slow(clip: Clip, pixels: Pixels) -> FrameSource:
        made.append(Held(source_of(clip, pixels), slow=8))
        return made[-1]

    with playing(clock, slow) as player:
        seen = Seen(player)
        player.load(clip_of(photographs.copied("coffee.png", tmp_path)))
        begin(qtbot, player)
        clock.now += 12 / 24
        qtbot.waitUntil(lambda: player.index == 12, timeout=PATIENCE_MS)
        assert seen.indices == [0]  # the renderer is still at frame 8

        made[0].go.set()

        for due in range(13, 20):
            clock.now += 1 / 24
            qtbot.waitUntil(arrived(player, due), timeout=PATIENCE_MS)
        qtbot.waitUntil(lambda: player.index in seen.indices, timeout=PATIENCE_MS)
        assert seen.indices == sorted(seen.indices)
        assert not set(seen.indices) & set(range(1, 13))


def test_a_clip_stops_at_end_and_plays_from_start_again(qtbot: QtBot, tmp_path: Path) -> None:
    clock = Clock()
    with playing(clock) as player:
        seen = Seen(player)
        player.load(clip_of(photographs.copied("coffee.png", tmp_path)))
        begin(qtbot, player)

        clock.now += 2.0

        qtbot.waitUntil(lambda: not player.playing, timeout=PATIENCE_MS)
        qtbot.waitUntil(lambda: seen.indices == [0, player.count - 1], timeout=PATIENCE_MS)
        begin(qtbot, player)
        assert seen.indices[-1] == 0


def test_a_loop_goes_on_at_start(qtbot: QtBot, tmp_path: Path) -> None:
    clock = Clock()
    with playing(clock) as player:
        seen = Seen(player)
        player.load(clip_of(photographs.copied("coffee.png", tmp_path)))
        player.set_looping(True)
        begin(qtbot, player)

        go_on(qtbot, player, clock, 26)

        qtbot.waitUntil(lambda: seen.indices == [0, 2], timeout=PATIENCE_MS)
        assert player.playing


def test_looping_can_be_switched_while_it_plays_without_a_jump(
    qtbot: QtBot, tmp_path: Path
) -> None:
    clock = Clock()
    with playing(clock) as player:
        seen = Seen(player)
        player.load(clip_of(photographs.copied("coffee.png", tmp_path)))
        begin(qtbot, player)
        go_on(qtbot, player, clock, 10, then=1)
        qtbot.waitUntil(lambda: seen.indices == [0, 10], timeout=PATIENCE_MS)

        player.set_looping(True)
        go_on(qtbot, player, clock, 1)

        qtbot.waitUntil(lambda: seen.indices == [0, 10, 11], timeout=PATIENCE_MS)


def test_pausing_stays_and_playing_goes_on_from_there(qtbot: QtBot, tmp_path: Path) -> None:
    clock = Clock()
    with playing(clock) as player:
        seen = Seen(player)
        player.load(clip_of(photographs.copied("coffee.png", tmp_path)))
        begin(qtbot, player)
        go_on(qtbot, player, clock, 6, then=1)
        qtbot.waitUntil(seen.has(6), timeout=PATIENCE_MS)

        player.pause()
        clock.now += 5.0
        begin(qtbot, player)
        go_on(qtbot, player, clock, 1)

        qtbot.waitUntil(seen.has(7), timeout=PATIENCE_MS)
        assert seen.indices == [0, 6, 7]


def test_another_move_over_the_same_picture_is_shown_at_the_same_share(
    qtbot: QtBot, tmp_path: Path
) -> None:
    picture = photographs.copied("coffee.png", tmp_path)
    fleet = made_by_the_fleet(picture, moves.PAN)
    with playing() as player:
        seen = Seen(player)
        player.load(clip_of(picture))
        player.seek(10)
        qtbot.waitUntil(lambda: seen.indices[-1:] == [10], timeout=PATIENCE_MS)
        before = len(seen.indices)

        player.load(clip_of(picture, moves.PAN))

        qtbot.waitUntil(lambda: len(seen.indices) > before, timeout=PATIENCE_MS)
        assert seen.indices[-1] == 10
        assert np.array_equal(pixels_of(seen.images[-1]), fleet[10])


def test_loading_what_is_loaded_renders_nothing_anew(qtbot: QtBot, tmp_path: Path) -> None:
    made = []

    def counted(clip: Clip, pixels: Pixels) -> FrameSource:
        made.append(clip)
        return source_of(clip, pixels)

    picture = photographs.copied("coffee.png", tmp_path)
    with playing(make=counted) as player:
        seen = Seen(player)
        player.load(clip_of(picture))
        qtbot.waitUntil(lambda: seen.indices == [0], timeout=PATIENCE_MS)
        player.load(clip_of(picture))
        player.seek(3)
        qtbot.waitUntil(lambda: seen.indices == [0, 3], timeout=PATIENCE_MS)

    assert len(made) == 1


def test_frames_larger_than_the_budget_are_still_played(qtbot: QtBot, tmp_path: Path) -> None:
    clock = Clock()
    with playing(clock, budget_bytes=1) as player:
        seen = Seen(player)
        player.load(clip_of(photographs.copied("coffee.png", tmp_path)))
        begin(qtbot, player)

        for _ in range(8):
            due = player.index + 1
            go_on(qtbot, player, clock, 1)
            qtbot.waitUntil(seen.has(due), timeout=PATIENCE_MS)

        assert seen.indices == list(range(9))


def test_objects_come_with_their_masks(qtbot: QtBot, tmp_path: Path) -> None:
    picture = photographs.copied("coffee.png", tmp_path)
    move = moves.PAN.model_copy(update={"objects": (FLIES,)})
    with playing() as player:
        seen = Seen(player)
        player.load(clip_of(picture, move))
        qtbot.waitUntil(lambda: seen.indices == [0], timeout=PATIENCE_MS)

        masks = player.masks(0)

        assert masks is not None
        assert all(mask.size() == seen.images[0].size() for mask in masks)
        player.load(clip_of(picture))
        qtbot.waitUntil(lambda: len(seen.indices) == 2, timeout=PATIENCE_MS)
        assert player.masks(0) is None


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("gone", "there is no such file"),
        ("truncated", "corrupt"),
        ("too long and thin", "choose a clip size like the picture's"),
    ],
)
def test_what_cannot_be_shown_is_told_with_its_reason(
    qtbot: QtBot, tmp_path: Path, what: str, words: str
) -> None:
    picture = photographs.copied("coffee.png", tmp_path)
    if what == "gone":
        picture.unlink()
    elif what == "truncated":
        picture.write_bytes(picture.read_bytes()[:40_000])
    else:
        photographs.saved(np.zeros((2, 6000, 3), dtype=np.uint8), picture)
    whole = Rect.of(0.0, 0.0, 1.0, 1.0)
    with playing() as player:
        clip = clip_of(picture, Move(start_rect=whole, end_rect=whole, duration_sec=1.0))
        with qtbot.waitSignal(player.failed, timeout=PATIENCE_MS) as told:
            player.load(clip)
            player.play()

        assert words in (told.args or [""])[0]
        assert not player.playing


def test_after_a_picture_that_cannot_be_shown_another_can(qtbot: QtBot, tmp_path: Path) -> None:
    with playing() as player:
        seen = Seen(player)
        with qtbot.waitSignal(player.failed, timeout=PATIENCE_MS):
            player.load(clip_of(tmp_path / "gone.png"))

        player.load(clip_of(photographs.copied("coffee.png", tmp_path)))

        qtbot.waitUntil(lambda: seen.indices == [0], timeout=PATIENCE_MS)


def test_the_pace_says_how_many_frames_were_shown(qtbot: QtBot, tmp_path: Path) -> None:
    clock, told = Clock(), []
    long = moves.PUSH_IN.model_copy(update={"duration_sec": 4.0})
    with playing(clock) as player:
        seen = Seen(player)
        player.pace.connect(lambda shown, wanted: told.append((shown, wanted)))
        player.load(clip_of(photographs.copied("coffee.png", tmp_path), long))
        begin(qtbot, player)

        for _ in range(20):  # every second frame of the clip
            due = player.index + 2
            go_on(qtbot, player, clock, 2)
            qtbot.waitUntil(seen.has(due), timeout=PATIENCE_MS)

    assert told[-1] == (pytest.approx(12.0, abs=0.7), 24.0)


def test_an_unloaded_player_keeps_nothing_that_it_rendered_with(
    qtbot: QtBot, tmp_path: Path
) -> None:
    watched = Watched()
    with playing(make=watched) as player:
        seen = Seen(player)
        player.load(clip_of(photographs.copied("coffee.png", tmp_path)))
        qtbot.waitUntil(lambda: seen.indices == [0], timeout=PATIENCE_MS)
        player.load(clip_of(photographs.copied("chelsea.png", tmp_path)))
        qtbot.waitUntil(lambda: seen.indices == [0, 0], timeout=PATIENCE_MS)
        assert watched.gone()[2:] == [False, False]

        player.unload()

        def only_the_pixels_of_the_second_are_there() -> bool:
            return watched.gone() == [True, True, True, False]

        qtbot.waitUntil(only_the_pixels_of_the_second_are_there, timeout=PATIENCE_MS)
        stills = player._stills  # which has kept them, for whoever comes back to the picture
        with qtbot.waitSignal(stills.ready, timeout=PATIENCE_MS):
            stills.want(photographs.copied("rocket.jpg", tmp_path))
        assert stills.pixels(tmp_path / "rocket.jpg") is not None
        stills.trim()
        qtbot.waitUntil(lambda: watched.gone()[3], timeout=PATIENCE_MS)


def test_a_closed_player_ends_its_thread(qtbot: QtBot, tmp_path: Path) -> None:
    with playing() as player:
        seen = Seen(player)
        player.load(clip_of(photographs.copied("coffee.png", tmp_path)))
        qtbot.waitUntil(lambda: seen.indices == [0], timeout=PATIENCE_MS)
        assert "preview" in {thread.name for thread in threading.enumerate()}

    assert "preview" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_that_nobody_foresaw_is_told_and_the_next_clip_is_shown(
    qtbot: QtBot, tmp_path: Path
) -> None:
    def broken_for_one(clip: Clip, pixels: Pixels) -> FrameSource:
        if clip.picture.name == "coffee.png":
            raise RuntimeError("nobody foresaw this")
        return source_of(clip, pixels)

    with playing(make=broken_for_one) as player:
        seen = Seen(player)
        with qtbot.waitSignal(player.failed, timeout=PATIENCE_MS) as told:
            player.load(clip_of(photographs.copied("coffee.png", tmp_path)))
        assert "not foreseen" in (told.args or [""])[0]

        player.load(clip_of(photographs.copied("chelsea.png", tmp_path)))

        qtbot.waitUntil(lambda: seen.indices == [0], timeout=PATIENCE_MS)


def test_what_there_is_no_memory_for_is_told_in_words(qtbot: QtBot, tmp_path: Path) -> None:
    def too_large(_clip: Clip, _pixels: Pixels) -> FrameSource:
        raise MemoryError

    with playing(make=too_large) as player:
        with qtbot.waitSignal(player.failed, timeout=PATIENCE_MS) as told:
            player.load(clip_of(photographs.copied("coffee.png", tmp_path)))

        assert "not enough memory" in (told.args or [""])[0]


def test_a_closed_player_keeps_nothing_that_it_rendered(qtbot: QtBot, tmp_path: Path) -> None:
    watched = Watched()
    with playing(make=watched) as player:
        seen = Seen(player)
        player.load(clip_of(photographs.copied("coffee.png", tmp_path)))
        qtbot.waitUntil(lambda: seen.indices == [0], timeout=PATIENCE_MS)

    assert watched.gone() == [True, True]
    assert player.masks(0) is None
    assert 0 not in player._renderer
