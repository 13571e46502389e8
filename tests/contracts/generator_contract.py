"""What every generator does.  Each backend subclasses and gives ``generator``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from companions.camera import CameraPath
from companions.easing import EasingName
from companions.generation_params import GenerationParams
from companions.geometry import Rect, Size, fit_aspect
from companions.motion import MotionKeyframe, Move, Rotation
from companions.picture import Pixels
from fleet.generate.base import GenerateRequest, Generator
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


class GeneratorContract:
    """What every generator does."""

    fidelity_db = 40.0
    """How near the first and last frame are to START and END of the picture itself."""

    @pytest.fixture
    def generator(self) -> Generator:
        raise NotImplementedError

    @pytest.fixture
    def params(self) -> GenerationParams:
        return GenerationParams()

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
        self, generator: Generator, params: GenerationParams
    ) -> None:
        generator.check(params, PLAIN)

    @pytest.mark.parametrize("wanted", [1, 2, 7])
    def test_it_makes_exactly_the_frames_asked_for_in_size_and_type(
        self, generator: Generator, params: GenerationParams, wanted: int
    ) -> None:
        count = generator.grid.at_least(wanted)

        made = list(generator.frames(self.request_for(params, at=fractions(count))))

        assert [(f.shape, f.dtype) for f in made] == [((180, 320, 3), np.dtype(np.uint8))] * count

    def test_the_same_request_gives_the_same_bytes(
        self, generator: Generator, params: GenerationParams
    ) -> None:
        request = self.request_for(params, at=fractions(generator.grid.at_least(3)))

        first, second = (list(generator.frames(request)) for _ in range(2))

        assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))

    def test_frames_are_not_overwritten_by_later_ones(
        self, generator: Generator, params: GenerationParams
    ) -> None:
        count = generator.grid.at_least(4)
        kept, copies = [], []
        for frame in generator.frames(self.request_for(params, at=fractions(count))):
            kept.append(frame)
            copies.append(frame.copy())

        assert all(np.array_equal(a, b) for a, b in zip(kept, copies, strict=True))

    def test_it_leaves_the_picture_as_it_is(
        self, generator: Generator, params: GenerationParams
    ) -> None:
        picture = photograph("chelsea.png").copy()
        before = picture.tobytes()
        picture.setflags(write=False)

        list(
            generator.frames(
                self.request_for(params, picture=picture, at=fractions(generator.grid.at_least(2)))
            )
        )

        assert picture.tobytes() == before

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

    def test_a_moving_camera_makes_frames_that_differ(
        self, generator: Generator, params: GenerationParams
    ) -> None:
        count = generator.grid.at_least(4)

        made = list(generator.frames(self.request_for(params, at=fractions(count))))

        assert not any(np.array_equal(a, b) for a, b in pairwise(made))
