"""What every generator does.  Each backend subclasses and gives ``generator``."""

from __future__ import annotations

import gc
import socket
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest

from companions.camera import CameraPath
from companions.easing import EasingName
from companions.generation_params import GenerationParams
from companions.geometry import Rect, Size, fit_aspect
from companions.motion import MotionKeyframe, Move, Rotation
from companions.picture import Pixels
from companions.video_meta import ConditioningUsed
from fleet.errors import AttemptStopped, ParameterRefused
from fleet.generate.base import GenerateRequest, Generator
from fleet.jobs.progress import Progress
from tests.contracts.photographs import photograph, psnr, seen_through

WIDE = Size(320, 180)
PLAIN = Move(
    start_rect=Rect.of(0.0, 0.0, 1.0, 1.0), end_rect=Rect.of(0.2, 0.2, 0.8, 0.8), duration_sec=2.0
)


def move(
    picture: Pixels,
    *,
    start: Sequence[float] = (0.05, 0.1, 0.85, 0.9),
    end: Sequence[float] = (0.3, 0.35, 0.7, 0.75),
    output: Size = WIDE,
    easing: EasingName = EasingName.EASE_IN_OUT,
) -> CameraPath:
    """A move over ``picture`` with its rectangles grown to the output's aspect."""
    size = Size(picture.shape[1], picture.shape[0])
    rects = [fit_aspect(Rect.of(*r), picture=size, output=output) for r in (start, end)]
    return CameraPath(rects[0], rects[1], easing)


def turning_move(picture: Pixels, *, output: Size = WIDE) -> CameraPath:
    """A move by way of one stop at half its time, turned differently at each of the three."""
    size = Size(picture.shape[1], picture.shape[0])
    return CameraPath.of(
        Move(
            start_rect=Rect.of(0.2, 0.3, 0.8, 0.6),
            end_rect=Rect.of(0.25, 0.3, 0.7, 0.5),
            duration_sec=2.0,
            keyframes=(
                MotionKeyframe(at=0.5, rect=Rect.of(0.4, 0.35, 0.7, 0.5), rotation_deg=-20.0),
            ),
            rotation=Rotation(start_deg=7.0, end_deg=12.0),
        ),
        picture=size,
        output=output,
    )


def fractions(count: int) -> list[float]:
    """``count`` instants evenly over the whole move."""
    return [i / (count - 1) for i in range(count)] if count > 1 else [0.0]


@dataclass
class Run:
    """One shot that was made, and what was told of it."""

    frames: list[Pixels]
    told: list[Progress]
    used: list[ConditioningUsed]


def run(generator: Generator, request: GenerateRequest) -> Run:
    """Make ``request``, listening."""
    told: list[Progress] = []
    used: list[ConditioningUsed] = []
    frames = list(generator.frames(replace(request, tell=told.append, used=used.append)))
    return Run(frames, told, used)


@contextmanager
def unplugged() -> Iterator[list[str]]:
    """No connection is made and no name is looked up; the attempts are listed."""
    attempts: list[str] = []

    def refuse(*what: object, **_: object) -> None:
        attempts.append(str(what[1:]))
        raise OSError("the network is unplugged")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket.socket, "connect_ex", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        yield attempts


class GeneratorContract:
    """What every generator does.

    A subclass gives ``generator``, made once for the class, and ``params``; ``wanted`` frames are
    asked for, or the next more that it can make.
    """

    output = WIDE
    wanted = 3
    refused: Mapping[str, object] = {"width": 66}
    """A parameter that it cannot honour."""

    @pytest.fixture(scope="class")
    def generator(self) -> Generator:
        raise NotImplementedError

    @pytest.fixture(scope="class")
    def params(self) -> GenerationParams:
        return GenerationParams()

    @pytest.fixture(scope="class")
    def request_(self, generator: Generator, params: GenerationParams) -> GenerateRequest:
        count = generator.grid.at_least(self.wanted)
        return self.request_for(params, at=fractions(count), output=self.output)

    @pytest.fixture(scope="class")
    def made(self, generator: Generator, request_: GenerateRequest) -> Run:
        """The shot, made once for the tests that only look at it."""
        with unplugged() as attempts:
            done = run(generator, request_)
        assert attempts == [], "it asked the network"
        return done

    def request_for(
        self,
        params: GenerationParams,
        *,
        picture: Pixels | None = None,
        path: CameraPath | None = None,
        at: Sequence[float] | None = None,
        output: Size = WIDE,
    ) -> GenerateRequest:
        shown = photograph("astronaut.png") if picture is None else picture
        return GenerateRequest(
            picture=shown,
            path=path or move(shown, output=output),
            move_fractions=fractions(5) if at is None else at,
            output=output,
            prompt="",
            negative_prompt="",
            params=params,
        )

    def test_it_says_who_it_is(self, generator: Generator) -> None:
        assert all((generator.card.name, generator.card.revision, generator.card.licence))

    def test_its_default_parameters_pass_its_own_check(
        self, generator: Generator, declared: GenerationParams, declared_move: Move
    ) -> None:
        generator.check(declared, declared_move, prompt="a calm sea")

    @pytest.fixture
    def declared_move(self) -> Move:
        """A move that it can follow."""
        return PLAIN

    @pytest.fixture
    def declared(self, params: GenerationParams) -> GenerationParams:
        """Parameters as a manifest would have them."""
        return params

    def test_what_it_cannot_honour_is_refused_before_anything_is_loaded(
        self, generator: Generator, declared: GenerationParams, declared_move: Move
    ) -> None:
        before = generator.memory_bytes

        with pytest.raises(ParameterRefused) as refused:
            generator.check(declared.model_copy(update=dict(self.refused)), declared_move)

        assert refused.value.field == f"generation_params.{next(iter(self.refused))}"
        assert generator.memory_bytes == before

    def test_it_makes_exactly_the_frames_asked_for_in_size_and_type(
        self, request_: GenerateRequest, made: Run
    ) -> None:
        size = (self.output.height, self.output.width, 3)
        count = len(request_.move_fractions)

        assert [(f.shape, f.dtype) for f in made.frames] == [(size, np.dtype(np.uint8))] * count

    def test_its_pieces_are_the_whole_shot(
        self, generator: Generator, params: GenerationParams
    ) -> None:
        for count in (generator.grid.at_least(2), generator.grid.at_least(40)):
            pieces = generator.pieces(params, count)

            assert (pieces[0].begin, pieces[-1].end) == (0, count)
            assert all(after.begin == piece.end - after.shared for piece, after in pairwise(pieces))

    def test_progress_never_falls_and_ends_at_the_end(self, made: Run) -> None:
        shares = [progress.share for progress in made.told]

        assert shares == sorted(shares)
        assert all(0.0 < share <= 1.0 for share in shares)
        assert not shares or shares[-1] == 1.0

    def test_how_a_model_was_held_is_told_once_for_each_piece(
        self, generator: Generator, request_: GenerateRequest, made: Run
    ) -> None:
        pieces = generator.pieces(request_.params, len(request_.move_fractions))

        assert len(made.used) in {0, len(pieces)}
        assert bool(made.used) is bool(made.told)

    def test_the_same_request_gives_the_same_bytes(
        self, generator: Generator, request_: GenerateRequest, made: Run
    ) -> None:
        picture = request_.picture.copy()
        picture.setflags(write=False)

        again = run(generator, replace(request_, picture=picture))

        assert all(np.array_equal(a, b) for a, b in zip(made.frames, again.frames, strict=True))
        assert again.told == made.told
        assert np.array_equal(picture, request_.picture)

    def test_a_shot_that_is_called_off_ends_at_the_next_step(
        self, generator: Generator, request_: GenerateRequest, made: Run
    ) -> None:
        told: list[Progress] = []
        request = replace(request_, tell=told.append, stopped=lambda: len(told) >= 1)
        if len(made.told) < 2:
            return  # it has no steps that take long: whoever takes its frames asks

        with pytest.raises(AttemptStopped):
            list(generator.frames(request))

        assert len(told) == 1

    def test_frames_are_not_overwritten_by_later_ones(self, made: Run) -> None:
        assert not any(np.shares_memory(a, b) for a, b in pairwise(made.frames))

    def test_a_moving_camera_makes_frames_that_differ(self, made: Run) -> None:
        assert not any(np.array_equal(a, b) for a, b in pairwise(made.frames))

    def test_what_it_unloads_is_freed_and_it_makes_the_same_again(
        self, generator: Generator, request_: GenerateRequest, made: Run
    ) -> None:
        held = self.held(generator)

        generator.unload()
        gc.collect()

        assert {ref() for ref in held} <= {None}
        again = run(generator, request_)
        assert all(np.array_equal(a, b) for a, b in zip(made.frames, again.frames, strict=True))

    def held(self, generator: Generator) -> Sequence[weakref.ref[object]]:
        """What it holds while it is loaded; nothing, for one without a model."""
        del generator
        return ()


class RenderingContract(GeneratorContract):
    """What a generator does that shows the picture itself, and nothing made up."""

    fidelity_db = 40.0
    """How near the first and last frame are to START and END of the picture itself."""

    @pytest.mark.parametrize("wanted", [1, 2, 7])
    def test_it_makes_as_few_or_many_frames_as_are_asked_for(
        self, generator: Generator, params: GenerationParams, wanted: int
    ) -> None:
        count = generator.grid.at_least(wanted)

        made = list(generator.frames(self.request_for(params, at=fractions(count))))

        assert [frame.shape for frame in made] == [(180, 320, 3)] * count

    @pytest.mark.parametrize("name", ["astronaut.png", "coffee.png", "rocket.jpg"])
    def test_the_first_frame_shows_start_and_the_last_shows_end(
        self, generator: Generator, params: GenerationParams, name: str
    ) -> None:
        picture = photograph(name)
        path = move(picture)
        at = fractions(generator.grid.at_least(3))

        made = list(generator.frames(self.request_for(params, picture=picture, path=path, at=at)))

        for frame, u in ((made[0], 0.0), (made[-1], 1.0)):
            assert psnr(frame, seen_through(picture, path, u, WIDE)) > self.fidelity_db

    @pytest.mark.parametrize("name", ["astronaut.png", "coffee.png", "rocket.jpg"])
    def test_stops_on_the_way_and_turns_are_shown_where_the_path_has_them(
        self, generator: Generator, params: GenerationParams, name: str
    ) -> None:
        picture = photograph(name)
        path = turning_move(picture)
        assert path.overhang(picture=Size(picture.shape[1], picture.shape[0])).px == 0.0
        count = generator.grid.at_least(5)
        at = fractions(count)

        made = list(generator.frames(self.request_for(params, picture=picture, path=path, at=at)))

        for index in (0, count // 2, count - 1):
            exact = seen_through(picture, path, at[index], WIDE)
            assert psnr(made[index], exact, border=4) > self.fidelity_db - 3.0

    @pytest.mark.parametrize(
        ("height", "width", "output"),
        [
            (300, 201, Size(90, 160)),
            (333, 517, Size(130, 130)),
            (12, 16, Size(320, 180)),
            (1, 1, Size(64, 36)),
            (40, 1000, Size(160, 90)),
        ],
        ids=["portrait", "odd", "tiny picture", "one pixel", "a strip"],
    )
    def test_it_takes_pictures_of_any_shape(
        self,
        generator: Generator,
        params: GenerationParams,
        height: int,
        width: int,
        output: Size,
    ) -> None:
        picture = np.ascontiguousarray(photograph("coffee.png")[:height, :width])
        picture = np.pad(
            picture,
            ((0, height - picture.shape[0]), (0, width - picture.shape[1]), (0, 0)),
            mode="edge",
        )
        path = move(picture, start=(0, 0, 1, 1), end=(0.2, 0.2, 0.6, 0.6), output=output)
        request = self.request_for(
            params,
            picture=picture,
            path=path,
            at=fractions(generator.grid.at_least(3)),
            output=output,
        )

        made = list(generator.frames(request))

        assert {frame.shape for frame in made} == {(output.height, output.width, 3)}
        assert psnr(made[0], seen_through(picture, path, 0.0, output)) > self.fidelity_db - 12.0
