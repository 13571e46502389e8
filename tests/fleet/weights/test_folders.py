"""Folders of weights that are here: looked through, opened, hashed again, told in words."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fleet.weights.errors import LoraMissing, WeightsMissing, WeightsRefused
from fleet.weights.fetching import take_folder
from fleet.weights.folders import check_folder, open_folder, open_lora
from fleet.weights.shelf import Shelf
from fleet.weights.stock import CHANGED, FETCHED, GIVEN, MISSING, folder_stock
from fleet.weights.verifying import NOTED, RIGHT, WRONG, Verified, verify_folder
from tests.fleet.weights.pipelines import (
    INDEX,
    NEEDED,
    PIECES,
    REPOSITORY,
    as_json,
    published,
    tensors,
)  # fmt: skip

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
NAME = REPOSITORY.name


def saved(folder: Path) -> Path:
    """A pipeline as ``save_pretrained`` leaves it."""
    for name in NEEDED:
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(published()[name])
    return folder


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """With the pipeline taken in, as a fetch leaves it."""
    given = saved(tmp_path / "given")
    take_folder(REPOSITORY, given, folder=tmp_path / "models", tell=lambda *_: None, now=NOON)
    shutil.rmtree(given)
    return Shelf(tmp_path / "models")


def verified(shelf: Shelf) -> Verified:
    return verify_folder(REPOSITORY, shelf, tell=lambda *_: None, now=NOON)


def swapped(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


CHANGES: dict[str, Callable[[Path], object]] = {
    "another byte": lambda path: swapped(path / PIECES[0]),
    "another configuration": lambda path: (path / "vae/config.json").write_bytes(b"{}"),
    "a file more": lambda path: (path / "vae/more.json").write_bytes(b"{}"),
    "a file less": lambda path: (path / "tokenizer/tokenizer.json").unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changed_since_it_came_is_refused_at_a_load_and_found_by_verify(
    change: Callable[[Path], object], shelf: Shelf
) -> None:
    assert (open_folder(NAME, shelf).path, verified(shelf).state) == (shelf.folder / NAME, RIGHT)

    change(shelf.folder / NAME)

    with pytest.raises(WeightsRefused, match=f"since {NAME} came here"):
        open_folder(NAME, shelf)
    assert folder_stock(NAME, shelf).state == CHANGED
    assert verified(shelf).state == WRONG


def test_a_folder_that_was_only_copied_is_right_again_once_it_was_hashed(shelf: Shelf) -> None:
    before = open_folder(NAME, shelf).weights_sha256
    os.utime(shelf.folder / NAME / PIECES[0], (1, 1))
    with pytest.raises(WeightsRefused, match=f"fleet models verify {NAME}"):
        open_folder(NAME, shelf)

    found = verified(shelf)

    assert found.state == RIGHT
    assert open_folder(NAME, shelf).weights_sha256 == before


def test_a_load_takes_hashes_from_the_receipt_and_reads_no_weights(shelf: Shelf) -> None:
    place = shelf.folder / NAME / PIECES[0]
    times = place.stat()
    swapped(place)
    os.utime(place, ns=(times.st_atime_ns, times.st_mtime_ns))

    known = open_folder(NAME, shelf).weights_sha256

    assert len(known) == 4, "what only hashing would find is verify's to find"
    assert verified(shelf).state == WRONG


def test_a_folder_that_settings_name_is_used_hashed_and_noted_without_being_touched(
    tmp_path: Path,
) -> None:
    own = saved(tmp_path / "own")
    shelf = Shelf(tmp_path / "models", {NAME: own})
    before = {place: place.read_bytes() for place in own.rglob("*") if place.is_file()}
    assert open_folder(NAME, shelf).weights_sha256[PIECES[0]]

    found = verified(shelf)

    assert (found.state, verified(shelf).state) == (NOTED, RIGHT)
    assert (open_folder(NAME, shelf).path, open_folder(NAME, shelf).revision) == (own, "")
    assert folder_stock(NAME, shelf).state == GIVEN
    assert {place: place.read_bytes() for place in own.rglob("*") if place.is_file()} == before
    swapped(own / PIECES[0])
    with pytest.raises(WeightsRefused, match="was changed"):
        open_folder(NAME, shelf)
    other = saved(tmp_path / "other")
    assert open_folder(NAME, Shelf(tmp_path / "models", {NAME: other})).path == other


@pytest.mark.parametrize("file", [
    "pipeline.py", "vae/diffusion_pytorch_model.bin", "vae/x.PKL", "text_encoder/model.pt",
    "transformer/deeper/x.msgpack", "vae/x.h5", "vae/x.so",
])  # fmt: skip
def test_a_folder_with_a_file_that_could_run_code_is_refused(file: str, tmp_path: Path) -> None:
    path = saved(tmp_path / NAME)
    (path / file).parent.mkdir(exist_ok=True)
    (path / file).write_bytes(b"x")

    with pytest.raises(WeightsRefused, match="could run code") as refused:
        open_folder(NAME, Shelf(tmp_path))

    assert file in str(refused.value)


def test_a_folder_whose_links_lead_out_is_refused_and_one_with_links_within_is_not(
    tmp_path: Path,
) -> None:
    path = saved(tmp_path / NAME)
    (path / PIECES[1]).rename(path / "kept.safetensors")
    (path / PIECES[1]).symlink_to(path / "kept.safetensors")
    assert open_folder(NAME, Shelf(tmp_path)).weights_sha256[PIECES[1]]

    (path / "kept.safetensors").rename(tmp_path / "out.safetensors")
    (path / PIECES[1]).unlink()
    (path / PIECES[1]).symlink_to(tmp_path / "out.safetensors")

    with pytest.raises(WeightsRefused, match="leads out of the folder"):
        open_folder(NAME, Shelf(tmp_path))


@pytest.mark.parametrize(
    ("file", "data", "told"),
    [
        ("model_index.json", as_json(INDEX | {"vae": ["mine", "Vae"]}), "no class of diffusers"),
        ("model_index.json", as_json(INDEX | {"_class_name": ["x", "Y"]}), "pipeline of its own"),
        ("model_index.json", b"\xff", "is not JSON"),
        ("model_index.json", b"[]", "names no pipeline"),
        (PIECES[0], b"", "no whole file of safetensors"),
        (PIECES[0], b"\xff" * 100, "no whole file of safetensors"),
        (PIECES[0], (2).to_bytes(8, "little") + b"[]", "no whole file of safetensors"),
        (PIECES[0], tensors(3, count=5000)[:-4], "shorter or longer than its header says"),
    ],
)
def test_a_damaged_or_hostile_file_refuses_the_folder_before_anything_is_loaded(
    file: str, data: bytes, told: str, tmp_path: Path
) -> None:
    path = saved(tmp_path / NAME)
    (path / file).write_bytes(data)

    with pytest.raises(WeightsRefused, match=told):
        check_folder(path, pipeline=True)


def test_a_part_that_only_one_pipeline_has_is_of_diffusers_too(tmp_path: Path) -> None:
    path = saved(tmp_path / NAME)
    (path / "model_index.json").write_bytes(as_json(INDEX | {"vocoder": ["ltx2", "LTX2Vocoder"]}))

    assert set(check_folder(path, pipeline=True)) == NEEDED


def test_a_folder_that_is_not_here_is_missing_with_the_command_that_brings_it(
    tmp_path: Path,
) -> None:
    with pytest.raises(WeightsMissing, match=f"fleet models fetch {NAME}"):
        open_folder(NAME, Shelf(tmp_path))

    assert folder_stock(NAME, Shelf(tmp_path)).state == MISSING


def test_a_lora_is_found_by_its_name_in_settings_and_only_as_safetensors(tmp_path: Path) -> None:
    path = tmp_path / "slow.safetensors"
    path.write_bytes(tensors(1))
    shelf = Shelf(tmp_path, loras={"slow": path, "gone": tmp_path / "gone.safetensors"})

    opened = open_lora("slow", shelf)

    assert (opened.path, list(opened.weights_sha256)) == (path, ["slow.safetensors"])
    for name in ("gone", "other"):
        with pytest.raises(LoraMissing, match="There are gone, slow"):
            open_lora(name, shelf)
    path.write_bytes(b"\x80\x02}q\x00.")
    with pytest.raises(WeightsRefused, match="no whole file of safetensors"):
        open_lora("slow", shelf)


def test_states_of_folders_are_told_without_reading_their_weights(shelf: Shelf) -> None:
    stock = folder_stock(NAME, shelf)

    assert (stock.state, stock.sha256) == (FETCHED, None)
    assert stock.size_bytes == sum(len(published()[name]) for name in NEEDED)
