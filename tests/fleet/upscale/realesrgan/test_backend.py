"""Upscaling with a network: files, factors, tiles, refusals."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from companions.geometry import Size
from companions.picture import Pixels
from fleet.errors import BackendFailed, ParameterRefused
from fleet.upscale.base import Upscaler
from fleet.upscale.realesrgan.backend import MARGIN, PIECES, Pieces, RealEsrgan
from fleet.upscale.realesrgan.tables import MODELS, Compact, Dense, Structure
from fleet.weights.errors import WeightsRefused
from tests.contracts.upscaler_contract import (
    FaithfulUpscalerContract,
    UpscalerContract,
    part,
)
from tests.fleet.upscale.realesrgan import reference
from tests.fleet.upscale.realesrgan.made import (
    COMPACT_X2,
    COMPACT_X4,
    DENSE_X2,
    DENSE_X4,
    as_published,
    as_safetensors,
    random_state,
    repeating_state,
)

STRUCTURES = (DENSE_X4, DENSE_X2, COMPACT_X4, COMPACT_X2)


@pytest.fixture(scope="module", params=STRUCTURES, ids=str)
def structure(request: pytest.FixtureRequest) -> Structure:
    made: Structure = request.param
    return made


def made(
    structure: Structure, folder: Path, *, pieces: Pieces | None = None, device: str = "cpu"
) -> RealEsrgan:
    path = as_safetensors(random_state(structure), folder / "weights.safetensors")
    return RealEsrgan(path, device=device, pieces=pieces)


class TestDenseForFour(UpscalerContract):
    name = "realesrgan"
    factors = (2, 4)

    @pytest.fixture
    def upscaler(self, tmp_path: Path) -> Upscaler:
        return made(DENSE_X4, tmp_path)


class TestDenseForTwo(UpscalerContract):
    name = "realesrgan"
    factors = (2,)

    @pytest.fixture
    def upscaler(self, tmp_path: Path) -> Upscaler:
        return made(DENSE_X2, tmp_path)


class TestCompactThatRepeatsPixels(FaithfulUpscalerContract):
    name = "realesrgan"
    factors = (2, 4)

    @pytest.fixture
    def upscaler(self, tmp_path: Path) -> Upscaler:
        path = as_published(repeating_state(COMPACT_X4), tmp_path / "repeats.pth", under="params")
        return RealEsrgan(path, device="cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA on this machine")
class TestDenseForFourOnCuda(UpscalerContract):
    name = "realesrgan"
    factors = (2, 4)

    @pytest.fixture
    def upscaler(self, tmp_path: Path) -> Upscaler:
        return made(DENSE_X4, tmp_path, device="cuda")

    def test_half_precision_shows_the_same_picture(self, tmp_path: Path) -> None:
        on_cuda = made(DENSE_X4, tmp_path, device="cuda").enlarged(part(), 4)
        on_cpu = made(DENSE_X4, tmp_path).enlarged(part(), 4)

        assert difference(on_cuda, on_cpu) <= 2


def difference(a: Pixels, b: Pixels) -> int:
    """The largest of any channel."""
    return int(np.abs(a.astype(int) - b.astype(int)).max())


def expected(structure: Structure, frame: Pixels) -> reference.Array:
    """What the maths written out make of ``frame``, 0 to 255, not rounded."""
    x = frame.transpose(2, 0, 1) / 255.0
    state = random_state(structure)
    if isinstance(structure, Dense):
        shown = reference.dense(x, state, structure)
    else:
        shown = reference.compact(x, state, structure)
    return shown.transpose(1, 2, 0).clip(0.0, 1.0) * 255.0


def test_a_frame_becomes_what_the_formulas_make_of_it(structure: Structure, tmp_path: Path) -> None:
    frame = part(size=Size(20, 14))

    shown = made(structure, tmp_path).enlarged(frame, structure.factor)

    assert np.abs(shown - expected(structure, frame)).max() < 0.51
    assert shown.std() > 10.0


@pytest.mark.parametrize("structure", [DENSE_X4, COMPACT_X4], ids=str)
def test_half_of_what_a_network_makes_is_the_mean_of_its_pixels(
    structure: Structure, tmp_path: Path
) -> None:
    frame = part(size=Size(12, 10))
    state = random_state(structure)
    if isinstance(structure, Dense):
        # Away from black and white, where the mean of what is cut off is another.
        state["conv_last.weight"] *= 0.3
    else:
        state["body.8.weight"] *= 0.1
        frame = (frame // 2 + 64).astype(np.uint8)
    upscaler = RealEsrgan(as_safetensors(state, tmp_path / "x4.safetensors"), device="cpu")

    four, two = (upscaler.enlarged(frame, factor).astype(float) for factor in (4, 2))

    mean = four.reshape(20, 2, 24, 2, 3).mean(axis=(1, 3))
    assert np.abs(two - mean).max() < 1.01  # four was rounded before its mean was taken


def test_sides_that_are_not_even_are_filled_with_their_last_pixels(tmp_path: Path) -> None:
    frame = part(size=Size(13, 9))
    filled = np.pad(frame, ((0, 1), (0, 1), (0, 0)), mode="edge")

    shown = made(DENSE_X2, tmp_path).enlarged(frame, 2)

    assert np.abs(shown - expected(DENSE_X2, filled)[:18, :26]).max() < 0.51


def test_tiles_give_what_the_whole_frame_gives(structure: Structure, tmp_path: Path) -> None:
    # Wide enough on the grid of each to be cut both ways, into pieces of pieces.
    frame = part("chelsea.png", Size(165, 50) if structure == DENSE_X2 else Size(91, 35))
    small = Pieces(trunk=2 * MARGIN + 11, tail=11)

    tiled = made(structure, tmp_path, pieces=small).enlarged(frame, structure.factor)

    whole = made(structure, tmp_path, pieces=Pieces(trunk=1000, tail=1000))
    # Sums in another order may fall on the other side of a half.
    assert difference(tiled, whole.enlarged(frame, structure.factor)) <= 1


def test_seams_of_a_network_that_looks_further_than_its_margin_do_not_show(tmp_path: Path) -> None:
    far = Dense(blocks=6, factor=4, features=12, growth=6)
    frame = part("chelsea.png", Size(100, 12))

    tiled = made(far, tmp_path, pieces=Pieces(trunk=2 * MARGIN + 16, tail=64)).enlarged(frame, 4)

    whole = made(far, tmp_path, pieces=Pieces(trunk=1000, tail=1000))
    assert difference(tiled, whole.enlarged(frame, 4)) <= 1


def test_no_more_of_a_frame_than_a_tile_is_in_a_network_at_once(
    structure: Structure, tmp_path: Path
) -> None:
    pieces = Pieces(trunk=2 * MARGIN + 8, tail=16)
    upscaler = made(structure, tmp_path, pieces=pieces)
    seen: list[int] = []
    layers = upscaler._loaded.network
    assert isinstance(layers, torch.nn.Module)
    for layer in layers.modules():
        layer.register_forward_hook(lambda _, __, out: seen.append(max(out.shape[2:])))

    upscaler.enlarged(part(size=Size(171, 24)), structure.factor)

    enlarged_piece = 4 * (pieces.tail + 4)
    assert 0 < max(seen) <= max(pieces.trunk, enlarged_piece)


def test_the_margin_is_as_far_as_the_published_compact_networks_look() -> None:
    compact = [made for made in MODELS.values() if isinstance(made, Compact)]

    assert max(made.convolutions + 2 for made in compact) == MARGIN


def test_on_every_device_a_tile_is_wider_than_its_margins() -> None:
    assert all(pieces.trunk > 4 * MARGIN and pieces.tail > 0 for pieces in PIECES.values())


@pytest.mark.parametrize("under", ["params_ema", "params"])
def test_a_published_file_gives_what_safetensors_give(under: str, tmp_path: Path) -> None:
    state = random_state(COMPACT_X4)
    published = as_published(state, tmp_path / "net.pth", under=under)
    plain = as_safetensors(state, tmp_path / "net.safetensors")

    a, b = (RealEsrgan(p, device="cpu").enlarged(part(), 4) for p in (published, plain))

    assert np.array_equal(a, b)


def test_the_running_mean_is_used_where_a_file_holds_both(tmp_path: Path) -> None:
    mean, last = (random_state(COMPACT_X4, seed=seed) for seed in (1, 2))
    both = {
        name: {key: torch.from_numpy(value) for key, value in state.items()}
        for name, state in (("params", last), ("params_ema", mean))
    }
    torch.save(both, tmp_path / "both.pth")
    alone = as_safetensors(mean, tmp_path / "mean.safetensors")

    a, b = (RealEsrgan(p, device="cpu").enlarged(part(), 4) for p in (tmp_path / "both.pth", alone))

    assert np.array_equal(a, b)


def test_what_is_recorded_is_the_hash_of_the_file(tmp_path: Path) -> None:
    upscaler = made(COMPACT_X2, tmp_path)
    data = (tmp_path / "weights.safetensors").read_bytes()

    assert upscaler.weights_sha256 == {"weights.safetensors": hashlib.sha256(data).hexdigest()}
    assert upscaler.memory_bytes == len(data)


def test_a_named_model_refuses_another_models_file_and_says_what_differs(tmp_path: Path) -> None:
    path = as_safetensors(random_state(COMPACT_X4), tmp_path / "other.safetensors")

    for action in (
        lambda: RealEsrgan(path, name="realesrgan-x4", device="cpu").check(4),
        lambda: RealEsrgan(path, name="realesrgan-x4", device="cpu").enlarged(part(), 4),
    ):
        with pytest.raises(WeightsRefused) as caught:
            action()
        assert "realesrgan-x4" in str(caught.value)
        assert "body.0.rdb1.conv1.bias" in str(caught.value)
        assert "body.0.weight" in str(caught.value)


def test_a_file_that_holds_no_such_network_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    state = {"encode.weight": np.zeros((2, 2), dtype=np.float32)}
    path = as_safetensors(state, tmp_path / "other.safetensors")

    with pytest.raises(
        WeightsRefused, match=r"no network of Real-ESRGAN.*encode\.weight"
    ) as caught:
        RealEsrgan(path, device="cpu").check(2)

    assert "realesr-general-x4" in str(caught.value)


class Marker:
    """Would make a file if it were unpickled by anything that runs code."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def test_a_pickle_with_code_is_refused_and_nothing_runs(tmp_path: Path) -> None:
    marker = tmp_path / "it-ran"
    weights = tmp_path / "net.pth"
    weights.write_bytes(pickle.dumps({"params_ema": Marker(marker)}, protocol=2))
    upscaler = RealEsrgan(weights, device="cpu")

    for action in (lambda: upscaler.check(4), lambda: upscaler.enlarged(part(), 4)):
        with pytest.raises(WeightsRefused, match=r"code in it|more than weights"):
            action()

    assert not marker.exists()
    pickle.loads(weights.read_bytes())  # noqa: S301  the marker does mark
    assert marker.exists()


def test_a_file_that_is_gone_is_refused_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(WeightsRefused, match=r"gone\.pth cannot be read"):
        RealEsrgan(tmp_path / "gone.pth", device="cpu").check(4)


def test_a_file_that_was_replaced_is_read_again(tmp_path: Path) -> None:
    path = as_safetensors(random_state(COMPACT_X4), tmp_path / "net.safetensors")
    RealEsrgan(path, device="cpu").check(4)

    path.unlink()
    as_safetensors(random_state(COMPACT_X2), path)

    with pytest.raises(ParameterRefused, match="enlarges by 2, not by 4"):
        RealEsrgan(path, device="cpu").check(4)


def test_a_network_that_gives_no_colours_fails_by_the_name_of_its_file(tmp_path: Path) -> None:
    state = random_state(COMPACT_X4)
    state["body.8.weight"][:] = 3e38
    path = as_safetensors(state, tmp_path / "burst.safetensors")

    with pytest.raises(BackendFailed, match=r"burst\.safetensors gave NaN or infinity"):
        RealEsrgan(path, device="cpu").enlarged(part(), 4)


def test_half_precision_would_show_the_same_picture() -> None:
    # CPUs can be made to; CUDA does so always.  This holds the networks, not the device.
    from fleet.upscale.realesrgan.network import network

    x = torch.from_numpy(part().copy()).permute(2, 0, 1)[None] / 255.0
    for structure in (DENSE_X4, Compact(convolutions=16, factor=4)):
        state = {k: torch.from_numpy(v) for k, v in random_state(structure).items()}
        shown = []
        for kind in (torch.float32, torch.float16):
            net = network(structure, {k: v.to(kind) for k, v in state.items()})
            with torch.inference_mode():
                shown.append(net.tail(net.trunk(x.to(kind)), x.to(kind)).float())
        assert float((shown[0] - shown[1]).abs().max()) < 2.0 / 255.0


def test_listing_upscalers_imports_no_torch_and_its_lack_is_told() -> None:
    script = """
import sys
from fleet.upscale import registry
registry.known()
assert "torch" not in sys.modules and "cv2" not in sys.modules
sys.modules["torch"] = None  # as where it is not installed
from pathlib import Path
from fleet.errors import ExtraMissing
from fleet.weights.shelf import Shelf
try:
    registry.upscaler("realesrgan", Shelf(Path("."), {"realesrgan": Path(sys.argv[0])}))
except ExtraMissing as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )

    assert "motionfleet[gpu]" in done.stdout
