"""Planes in optical flow: what is found, how exactly, and when nothing is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from fleet.interpolate.refine.planes import Matrix, halfway, inverse, moved, planes_of

Field = npt.NDArray[np.float32]

SIZE = 160, 120
PAN: Matrix = np.array([[1.0, 0.0, 6.0], [0.0, 1.0, -2.0], [0.0, 0.0, 1.0]])
ZOOM: Matrix = np.array([[1.05, 0.02, -3.0], [-0.02, 1.05, 1.0], [0.0, 0.0, 1.0]])
TILT: Matrix = np.array([[1.01, 0.0, 2.0], [0.0, 1.0, 0.0], [8e-5, 0.0, 1.0]])


def grid() -> Field:
    width, height = SIZE
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.stack([x, y], axis=-1)


def flow_of(plane: Matrix, *, noise: float = 0.0, seed: int = 1) -> Field:
    places = grid()
    flow = (moved(plane, places.reshape(-1, 2)) - places.reshape(-1, 2)).reshape(places.shape)
    return flow + np.random.default_rng(seed).normal(0.0, noise, flow.shape).astype(np.float32)


def both_ways(plane: Matrix, *, noise: float = 0.0) -> tuple[Field, Field]:
    return flow_of(plane, noise=noise), flow_of(inverse(plane), noise=noise, seed=2)


def apart(plane: Matrix, other: Matrix, part: tuple[slice, ...] = (slice(None),)) -> float:
    places = grid()[part].reshape(-1, 2)
    return float(np.linalg.norm(moved(plane, places) - moved(other, places), axis=1).max())


@pytest.mark.parametrize("plane", [PAN, ZOOM, TILT], ids=["pan", "zoom and turn", "perspective"])
def test_one_motion_is_found_once_and_more_exactly_than_any_of_its_vectors(plane: Matrix) -> None:
    found = planes_of(*both_ways(plane, noise=0.15))

    assert len(found) == 1
    assert apart(found[0], plane) < 0.1


def test_a_thing_that_moves_over_a_ground_is_a_plane_of_its_own_and_the_larger_comes_first() -> (
    None
):
    thing = (slice(30, 80), slice(40, 110))
    (forward, backward), (over, under) = both_ways(PAN, noise=0.05), both_ways(ZOOM, noise=0.05)
    forward[thing], backward[thing] = over[thing], under[thing]

    found = planes_of(forward, backward)

    assert len(found) == 2
    # A thing's motion is known where it is, not at the far end of the picture.
    assert apart(found[0], PAN) < 0.5
    assert apart(found[1], ZOOM, thing) < 0.3


def test_flow_that_does_not_return_is_no_plane() -> None:
    forward, _ = both_ways(PAN)

    assert planes_of(forward, forward) == []


def test_noise_has_no_plane() -> None:
    chance = np.random.default_rng(3)
    shape = (SIZE[1], SIZE[0], 2)
    forward, backward = (chance.normal(0.0, 9.0, shape).astype(np.float32) for _ in range(2))

    assert planes_of(forward, backward) == []


def test_the_same_flow_gives_the_same_planes() -> None:
    flows = both_ways(ZOOM, noise=0.3)

    first, second = planes_of(*flows), planes_of(*flows)

    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_part_of_the_way_lies_on_the_straight_line() -> None:
    places = grid().reshape(-1, 2)

    there = moved(halfway(ZOOM, 0.25), places)

    assert np.allclose(there, places + 0.25 * (moved(ZOOM, places) - places), atol=1e-3)
