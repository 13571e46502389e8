"""Keys and shapes of the published models, and telling a network by them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.upscale.realesrgan.network import network
from fleet.upscale.realesrgan.tables import MODELS, Compact, Dense, Structure, told

KEYS = st.sampled_from(
    ["conv_first.weight", "body.0.weight", "body.0.bias", "body.0.rdb1.conv1.bias", "body.4.bias"]
) | st.text(max_size=12)
SHAPES = st.lists(st.integers(0, 10**12), max_size=5).map(tuple)


@pytest.mark.parametrize(
    ("name", "tensors", "parameters"),
    [
        ("realesrgan-x4", 702, 16_697_987),
        ("realesrgan-x2", 702, 16_703_171),
        ("realesrgan-anime-x4", 192, 4_467_779),
        ("realesr-general-x4", 101, 1_213_296),
        ("realesr-animevideo-x4", 53, 621_424),
    ],
)
def test_a_published_model_has_as_many_tensors_and_parameters_as_published(
    name: str, tensors: int, parameters: int
) -> None:
    table = MODELS[name].table()

    assert len(table) == tensors
    assert sum(math.prod(shape) for shape in table.values()) == parameters


@pytest.mark.parametrize(
    ("name", "key", "shape"),
    [
        ("realesrgan-x4", "conv_first.weight", (64, 3, 3, 3)),
        ("realesrgan-x4", "body.0.rdb1.conv1.weight", (32, 64, 3, 3)),
        ("realesrgan-x4", "body.22.rdb3.conv4.weight", (32, 160, 3, 3)),
        ("realesrgan-x4", "body.22.rdb3.conv5.weight", (64, 192, 3, 3)),
        ("realesrgan-x4", "body.22.rdb3.conv5.bias", (64,)),
        ("realesrgan-x4", "conv_up2.weight", (64, 64, 3, 3)),
        ("realesrgan-x4", "conv_last.weight", (3, 64, 3, 3)),
        ("realesrgan-x2", "conv_first.weight", (64, 12, 3, 3)),
        ("realesrgan-anime-x4", "body.5.rdb2.conv2.weight", (32, 96, 3, 3)),
        ("realesr-general-x4", "body.1.weight", (64,)),
        ("realesr-general-x4", "body.66.weight", (48, 64, 3, 3)),
        ("realesr-animevideo-x4", "body.34.weight", (48, 64, 3, 3)),
    ],
)
def test_its_tensors_are_called_and_shaped_as_in_the_published_files(
    name: str, key: str, shape: tuple[int, ...]
) -> None:
    assert MODELS[name].table()[key] == shape


@pytest.mark.parametrize("name", MODELS)
def test_the_layers_hold_what_the_table_says(name: str) -> None:
    import torch

    table = MODELS[name].table()

    made = network(MODELS[name], {k: torch.empty(v, device="meta") for k, v in table.items()})

    assert {k: tuple(v.shape) for k, v in made.state_dict().items()} == table


@pytest.mark.parametrize(
    "structure",
    [
        *MODELS.values(),
        Dense(blocks=3, factor=2, features=8, growth=4),
        Compact(convolutions=0, factor=2, features=5),
    ],
    ids=str,
)
def test_a_network_is_told_by_its_tensors(structure: Structure) -> None:
    assert told(structure.table()) == structure


@pytest.mark.parametrize("structure", [MODELS["realesrgan-anime-x4"], Compact(4, 4)], ids=str)
@pytest.mark.parametrize("change", ["one less", "one more", "another shape"])
def test_what_is_almost_a_network_is_none(structure: Structure, change: str) -> None:
    table = structure.table()
    key = list(table)[len(table) // 2]
    if change == "one less":
        del table[key]
    elif change == "one more":
        table["step"] = (1,)
    else:
        table[key] = (*table[key], 1)

    assert told(table) is None


@pytest.mark.parametrize(
    "structure", [Compact(convolutions=2, factor=3), Compact(convolutions=2, factor=1)], ids=str
)
def test_a_network_for_a_factor_that_no_manifest_can_ask_for_is_none(structure: Structure) -> None:
    assert told(structure.table()) is None


@pytest.mark.parametrize(
    "structure",
    [
        Compact(convolutions=-1, factor=4),
        Compact(convolutions=2, factor=4, features=0),
        Dense(blocks=1, factor=4, features=0),
        Dense(blocks=1, factor=4, growth=0),
    ],
    ids=str,
)
def test_a_network_without_layers_or_without_channels_is_none(structure: Structure) -> None:
    assert told(structure.table()) is None


@settings(max_examples=50)
@given(shapes=st.dictionaries(KEYS, SHAPES, max_size=8))
def test_nothing_that_a_file_may_claim_is_more_than_refused(
    shapes: dict[str, tuple[int, ...]],
) -> None:
    assert told(shapes) is None
