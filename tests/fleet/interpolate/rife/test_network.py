"""The network against hand-written maths, on weights that leave nothing out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from fleet.interpolate.rife.network import IFNet
from fleet.interpolate.rife.structure import STRUCTURES, V4_6, V4_25, Structure
from tests.fleet.interpolate.rife import reference
from tests.fleet.interpolate.rife.by_hand import SMALL, panning, random

Reference = Callable[..., tuple[reference.Array, reference.Array, reference.Array]]
VERSIONS = pytest.mark.parametrize(
    ("structure", "maths"),
    [(V4_6, reference.v4_6), (V4_25, reference.v4_25)],
    ids=["4.6", "4.25"],
)
BOTH = pytest.mark.parametrize("structure", [V4_6, V4_25], ids=["4.6", "4.25"])


def network(structure: Structure, state: dict[str, torch.Tensor]) -> IFNet:
    made = IFNet(structure)
    made.load_state_dict(state)
    return made.eval()


def frames(height: int, width: int, *, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Two smooth pictures, so that a flow that is a little off gives a frame a little off."""
    rng = np.random.default_rng(seed)
    rough = rng.uniform(0.0, 1.0, (2, 3, height // 4, width // 4))
    smooth = [reference.resized(each, height, width) for each in rough]
    return tuple(torch.from_numpy(each.astype(np.float32))[None] for each in smooth)  # type: ignore[return-value]


def made_by(net: IFNet, pair: tuple[torch.Tensor, torch.Tensor], *instants: float) -> torch.Tensor:
    before, after = pair
    with torch.inference_mode():
        told = net.features(before), net.features(after)
        made: torch.Tensor = net(before, after, *told, torch.tensor(instants))
    return made


@pytest.mark.parametrize(
    ("structure", "tensors", "parameters"),
    [(V4_6, 120, 5_306_256), (V4_25, 158, 5_664_776)],
    ids=["4.6", "4.25"],
)
def test_a_table_has_the_published_tensors_and_parameters(
    structure: Structure, tensors: int, parameters: int
) -> None:
    table = structure.table()

    assert len(table) == tensors
    assert sum(int(np.prod(shape)) for shape in table.values()) == parameters


@BOTH
def test_a_network_has_exactly_the_tensors_of_its_table(structure: Structure) -> None:
    state = IFNet(structure).state_dict()

    assert {name: tuple(value.shape) for name, value in state.items()} == dict(structure.table())


def test_some_shapes_are_those_of_the_published_checkpoints() -> None:
    small, recommended = V4_6.table(), V4_25.table()

    assert small["block0.conv0.0.0.weight"] == (96, 7, 3, 3)
    assert small["block3.conv0.0.0.weight"] == (32, 12, 3, 3)
    assert small["block1.convblock.7.beta"] == (1, 128, 1, 1)
    assert small["block2.lastconv.0.weight"] == (96, 24, 4, 4)
    assert small["block2.lastconv.0.bias"] == (24,)
    assert recommended["block0.conv0.0.0.weight"] == (96, 15, 3, 3)
    assert recommended["block4.conv0.0.0.weight"] == (16, 28, 3, 3)
    assert recommended["block4.lastconv.0.weight"] == (32, 52, 4, 4)
    assert recommended["encode.cnn3.weight"] == (16, 4, 4, 4)
    assert recommended["encode.cnn3.bias"] == (4,)


def test_every_name_in_a_manifest_has_its_versions() -> None:
    assert {name: [s.version for s in all_] for name, all_ in STRUCTURES.items()} == {
        "rife": ["4.25", "4.6"],
        "rife-4.6": ["4.6"],
        "rife-4.25": ["4.25"],
        "rife-4.26": ["4.25"],
    }


@VERSIONS
def test_a_frame_is_what_the_maths_say(structure: Structure, maths: Reference) -> None:
    t = 0.1875
    state = random(structure, seed=7)
    pair = frames(64, 128)

    made = made_by(network(structure, state), pair, t)[0].numpy()

    numbers = {name: value.numpy().astype(np.float64) for name, value in state.items()}
    before, after = (frame[0].numpy().astype(np.float64) for frame in pair)
    expected, flow, share = maths(before, after, t, numbers)
    # Flows that go nowhere and masks that choose nothing would let every mistake pass.
    assert np.abs(flow).mean() > 1.0
    assert share.std() > 0.1
    assert np.abs(made - expected).max() < 2e-4


def test_looking_more_coarsely_makes_steps_of_larger_pixels() -> None:
    net, pair = network(SMALL, panning(SMALL, dx=3.0, dy=-2.0)), frames(32, 64)
    before, after = pair

    with torch.inference_mode():
        told = net.features(before), net.features(after)
        made = net(before, after, *told, torch.tensor([0.25]), coarser=2.0)[0].numpy()

    twice_a_quarter = np.broadcast_to(np.array([1.5, -1.0])[:, None, None], (2, 32, 64))
    expected = reference.warped(before[0].numpy().astype(np.float64), twice_a_quarter)
    assert np.abs(made - expected).max() < 1e-5


@BOTH
def test_instants_made_together_are_those_made_alone(structure: Structure) -> None:
    net, pair = network(structure, random(structure, seed=3)), frames(64, 64)

    together = made_by(net, pair, 0.2, 0.5, 0.9)

    for index, t in enumerate((0.2, 0.5, 0.9)):
        assert torch.abs(together[index] - made_by(net, pair, t)[0]).max() < 1e-4
    assert torch.abs(together[0] - together[2]).max() > 0.01


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=["fp16", "bf16"])
def test_half_precision_loses_nothing_on_a_wide_frame(dtype: torch.dtype) -> None:
    net, pair = network(SMALL, panning(SMALL, dx=4.0, dy=1.0)).to(dtype), frames(16, 1920)

    half = made_by(net, pair, 0.25)[0].numpy()

    moved = np.broadcast_to(np.array([1.0, 0.25])[:, None, None], (2, 16, 1920))
    exact = reference.warped(pair[0][0].numpy().astype(np.float64), moved)
    # Places in sixteen bits would be a pixel off at the right: 0.05 and more.
    assert np.abs(half - exact).max() < 2e-3
