"""What is proposed: inside the picture, the right shape, safe, faces whole, near the subject."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companions.geometry import Rect, Size, fit_aspect
from companions.motion import MotionType, Move, SafetyVerdict
from selector.core.candidates import candidates, scene_of
from selector.core.faces import find_faces
from selector.core.interest import interest_map
from selector.core.kinds import kind_of_move
from selector.core.proposal import Proposal, propose
from selector.core.safety import SENSITIVE, judge
from tests.selector.stills import FIVE, apart, drawn, holds, photograph

SMALL = Size(480, 270)
OUTPUTS = (SMALL, Size(1280, 720), Size(720, 1280), Size(512, 512), Size(1920, 816))


def proposed(name: str, *, output: Size = SMALL, duration_s: float = 4.0) -> Proposal:
    pixels = photograph(name)
    size = Size(pixels.shape[1], pixels.shape[0])
    return propose(pixels, picture=size, output=output, duration_s=duration_s)


def has_the_outputs_shape(rect: Rect, *, picture: Size, output: Size) -> bool:
    across, down = rect.width * picture.width, rect.height * picture.height
    unchanged = fit_aspect(rect, picture=picture, output=output) == rect
    return unchanged and across == pytest.approx(down * output.aspect, rel=1e-9)


def kept_whole(face: Rect, move: Move) -> bool:
    rects = (move.start_rect, move.end_rect)
    return all(holds(r, face) for r in rects) or all(apart(r, face) for r in rects)


@settings(max_examples=25)
@given(
    width=st.integers(40, 700),
    height=st.integers(40, 700),
    subject=st.tuples(st.floats(0.1, 0.9), st.floats(0.1, 0.9)),
    scale=st.integers(1, 8),
    output=st.sampled_from(OUTPUTS),
    duration_s=st.floats(0.2, 20.0),
)
def test_every_proposal_is_inside_the_picture_of_the_right_shape_and_safe(
    width: int,
    height: int,
    subject: tuple[float, float],
    scale: int,
    output: Size,
    duration_s: float,
) -> None:
    picture = Size(width * scale, height * scale)

    made = propose(
        drawn(width, height, subject=subject), picture=picture, output=output, duration_s=duration_s
    )

    for rect in (made.move.start_rect, made.move.end_rect):
        assert has_the_outputs_shape(rect, picture=picture, output=output)
    assert made.safety == judge(made.move, picture=picture, output=output)
    # A picture with pixels to spare passes; a small one may be magnified, and the smallest is
    # blocked whatever the move: then it is a still.
    assert {finding.limit for finding in made.safety.findings} <= {"source_px"}
    largest = min(picture.width / output.width, picture.height / output.height)
    if largest >= 1.2:
        assert made.safety.verdict is SafetyVerdict.PASS
    elif largest >= 0.6:
        assert made.safety.verdict is not SafetyVerdict.BLOCK
    else:
        assert made.move.type is MotionType.STATIC


@st.composite
def face_boxes(draw: st.DrawFn) -> Rect:
    side = draw(st.floats(0.06, 0.5))
    return Rect.around(draw(st.floats(0.0, 1.0)), draw(st.floats(0.0, 1.0)), side, side)


@settings(max_examples=40)
@given(
    faces=st.lists(face_boxes(), min_size=1, max_size=4),
    picture=st.sampled_from([Size(1200, 800), Size(800, 1200), Size(1000, 1000), Size(2400, 800)]),
    output=st.sampled_from(OUTPUTS),
)
def test_no_candidate_ever_cuts_a_face(faces: list[Rect], picture: Size, output: Size) -> None:
    interest = interest_map(drawn(picture.width // 8, picture.height // 8), faces=faces)
    scene = scene_of(picture=picture, output=output, interest=interest, faces=faces, duration_s=4.0)

    found = candidates(scene)

    assert found
    for face in scene.faces:
        for candidate in found:
            move = Move(start_rect=candidate.start, end_rect=candidate.end, duration_sec=4.0)
            assert kept_whole(face, move)


def test_a_face_is_given_up_only_where_no_window_could_hold_it() -> None:
    huge, small = Rect.of(0.1, 0.1, 0.9, 0.9), Rect.of(0.92, 0.45, 0.98, 0.51)
    interest = interest_map(drawn(100, 100), faces=[small])

    def kept(faces: list[Rect], picture: Size) -> tuple[Rect, ...]:
        return scene_of(
            picture=picture, output=SMALL, interest=interest, faces=faces, duration_s=4.0
        ).faces

    assert kept([small], Size(1000, 1000)) == (small,)
    assert kept([huge], Size(1000, 1000)) == ()  # 800 px high, and the window 562
    assert kept([huge], Size(1600, 900)) == (huge,)


def test_the_astronauts_face_is_found_and_kept_whole() -> None:
    made = proposed("astronaut.png")

    (face,) = made.faces
    assert face.x1 < 0.40 < 0.48 < face.x2  # her eyes
    assert face.y1 < 0.20 < 0.27 < face.y2  # eyes to mouth
    assert holds(made.move.start_rect, face)
    assert holds(made.move.end_rect, face)
    assert any("1 face kept whole" in why for why in made.why)


@pytest.mark.parametrize("name", ["coffee.png", "chelsea.png", "motorcycle_left.png", "rocket.jpg"])
def test_no_face_is_seen_where_there_is_none(name: str) -> None:
    assert find_faces(photograph(name)) == ()


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        pytest.param("astronaut.png", Rect.of(0.31, 0.04, 0.58, 0.33), id="her head"),
        pytest.param("coffee.png", Rect.of(0.33, 0.25, 0.68, 0.70), id="the coffee in its cup"),
        pytest.param("chelsea.png", Rect.of(0.29, 0.28, 0.75, 0.80), id="eyes and nose"),
        pytest.param("motorcycle_left.png", Rect.of(0.2, 0.3, 0.8, 0.7), id="the machine"),
        pytest.param("rocket.jpg", Rect.of(0.48, 0.31, 0.53, 0.95), id="the whole rocket"),
    ],
)
def test_the_subject_is_in_view_from_start_to_end(name: str, subject: Rect) -> None:
    made = proposed(name)

    assert holds(made.move.start_rect, subject)
    assert holds(made.move.end_rect, subject)


@pytest.mark.parametrize("name", FIVE)
def test_a_photograph_gets_a_move_that_shows_and_is_not_blocked(name: str) -> None:
    made = proposed(name)

    assert made.move.type is not MotionType.STATIC
    assert made.safety.verdict is not SafetyVerdict.BLOCK
    assert made.move.type is kind_of_move(made.move.start_rect, made.move.end_rect)


def test_a_zoom_ends_on_the_subject_wherever_it_is() -> None:
    for x, y in ((0.25, 0.3), (0.75, 0.3), (0.3, 0.7), (0.7, 0.75)):
        made = propose(
            drawn(600, 400, subject=(x, y)), picture=Size(6000, 4000), output=SMALL, duration_s=4.0
        )

        rects = (made.move.start_rect, made.move.end_rect)
        tight = min(rects, key=lambda r: r.width)
        assert holds(tight, Rect.around(x, y, 0.1, 0.15))


def test_a_wide_picture_is_panned() -> None:
    made = propose(
        np.concatenate([drawn(300, 200), drawn(300, 200, seed=3), drawn(300, 200, seed=4)], axis=1),
        picture=Size(5400, 1200),
        output=Size(1280, 720),
        duration_s=6.0,
    )

    assert made.move.type in {MotionType.PAN_LEFT, MotionType.PAN_RIGHT}


def test_equal_pictures_get_equal_proposals() -> None:
    assert proposed("motorcycle_left.png") == proposed("motorcycle_left.png")


def test_a_shorter_clip_moves_less() -> None:
    short, long = (proposed("rocket.jpg", duration_s=s).move for s in (1.0, 4.0))

    def octaves(move: Move) -> float:
        return abs(float(np.log2(move.start_rect.width / move.end_rect.width)))

    assert 0.0 < octaves(short) < octaves(long)


def test_a_stricter_profile_is_held_too() -> None:
    made = propose(
        drawn(600, 400, subject=(0.3, 0.3)),
        picture=Size(6000, 4000),
        output=SMALL,
        duration_s=1.0,
        profile=SENSITIVE,
    )

    assert made.safety.profile == "sensitive"
    assert made.safety.verdict is SafetyVerdict.PASS


@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_empty_picture_still_gets_a_safe_move(level: int) -> None:
    made = propose(
        np.full((200, 300, 3), level, np.uint8),
        picture=Size(3000, 2000),
        output=SMALL,
        duration_s=4,
    )

    assert made.safety.verdict is SafetyVerdict.PASS
