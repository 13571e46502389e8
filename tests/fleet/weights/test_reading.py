"""What is read from files of weights, and what is refused."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.weights.errors import WeightsRefused
from fleet.weights.reading import MOST_BYTES, check_table, load, load_state, shapes, tensors
from tests.fleet.weights.files import (
    TABLE,
    Marker,
    archive,
    checkpoint,
    newer_pickle,
    old_checkpoint,
    plain_pickle,
    safe,
    state,
    with_header,
)


def write(folder: Path, data: bytes, name: str = "some.weights") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


PARALLEL = {f"module.{name}": tensor for name, tensor in state().items()}


@pytest.mark.parametrize(
    "data",
    [
        safe(state()),
        checkpoint(state()),
        old_checkpoint(state()),
        checkpoint(PARALLEL),
        checkpoint(PARALLEL | {"teacher.weight": torch.ones(3)}),
        checkpoint({"params": state()}),
        checkpoint({"params": state(1), "params_ema": state()}),
        checkpoint({name: torch.nn.Parameter(tensor) for name, tensor in state().items()}),
    ],
    ids=["safetensors", "checkpoint", "old checkpoint", "parallel", "parallel with more",
         "nested", "nested twice", "parameters"],
)  # fmt: skip
def test_weights_are_read_from_what_authors_publish(data: bytes, tmp_path: Path) -> None:
    weights = load(write(tmp_path, data))

    assert same(weights.state, state())
    assert weights.sha256 == hashlib.sha256(data).hexdigest()
    assert weights.size_bytes == len(data)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("written", [safe, checkpoint], ids=["safetensors", "checkpoint"])
def test_half_precision_is_read_as_float32(
    written: Callable[[dict[str, torch.Tensor]], bytes], dtype: torch.dtype, tmp_path: Path
) -> None:
    half = {name: tensor.to(dtype) for name, tensor in state().items()}

    read = load_state(write(tmp_path, written(half)))

    assert same(read, {name: tensor.to(torch.float32) for name, tensor in half.items()})


def test_other_names_of_nested_weights_can_be_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, checkpoint({"generator": state(), "params": state(1)}))

    assert same(load_state(path, nested=("generator",)), state())


@pytest.mark.parametrize(
    "written", [checkpoint, old_checkpoint, plain_pickle], ids=["zip", "old", "pickle"]
)
def test_a_pickle_with_code_in_it_is_refused_and_nothing_is_executed(
    written: Callable[[object], bytes], tmp_path: Path
) -> None:
    marker = tmp_path / "executed"
    data = written({"a.weight": Marker(marker)})
    path = write(tmp_path, data, "flownet.pkl")

    with pytest.raises(WeightsRefused) as refusal:
        load(path)

    assert not marker.exists()
    told = str(refusal.value)
    assert told.startswith(str(path))
    assert "is a pickle with code in it: it names posix.mkdir" in told
    assert "Nothing in it was executed" in told


def test_a_pickle_in_newer_words_is_refused_and_nothing_is_executed(tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    path = write(tmp_path, newer_pickle({"a.weight": Marker(marker)}))

    with pytest.raises(WeightsRefused, match="is damaged or holds more than weights"):
        load(path)

    assert not marker.exists()


def test_the_marker_of_these_tests_would_be_seen(tmp_path: Path) -> None:
    marker = tmp_path / "executed"

    pickle.loads(plain_pickle({"a.weight": Marker(marker)}))  # noqa: S301  (our own)

    assert marker.exists()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is neither safetensors nor a whole checkpoint"),
        (b"<!DOCTYPE html><html>", "is neither safetensors nor a whole checkpoint"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is neither safetensors nor"),
        (archive({"readme.txt": b"no weights"}), "is neither safetensors nor"),
        (b"PK\x03\x04 and no archive", "is neither safetensors nor"),
        (b"\x80\x02no pickle", "damaged"),
        (safe(state())[:-1], "is shorter or longer than its header says"),
        (safe(state()) + b"\0", "is shorter or longer than its header says"),
        (safe(state())[:40], "has no whole header"),
        (with_header(b"{" + b" " * 5_000_000), "has no whole header"),
        (with_header(b"{no json"), "has a header that cannot be understood"),
        (with_header(b"{" + b'"a":{' * 100_000), "has a header that cannot be understood"),
        (with_header({"a": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]}}, bytes(8)),
         "has a header that cannot be understood"),
        (with_header({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, bytes(4)),
         "has a header that cannot be understood"),
        (with_header({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, bytes(4)),
         "is damaged"),
        (with_header({"a": {"dtype": "F32", "shape": [2**62], "data_offsets": [0, 4]}}, bytes(4)),
         "is shorter or longer than its header says"),
        (with_header({}), "holds no weights"),
        (checkpoint(state())[:-200], "is neither safetensors nor"),
        (checkpoint([torch.ones(3)]), "holds a list, not tensors by name"),
        (checkpoint({1: torch.ones(3)}), "holds a dict, not tensors by name"),
        (checkpoint({"a": torch.ones(3), "epoch": 5}), "holds epoch, a int and no tensor"),
        (checkpoint({}), "holds no weights"),
        (checkpoint({"a": torch.ones(3, dtype=torch.int64)}), "holds a as torch.int64"),
        (checkpoint({"a": torch.ones(3, dtype=torch.float64)}), "holds a as torch.float64"),
        (checkpoint({"a": torch.eye(3).to_sparse()}), "holds a as"),
        (checkpoint({"a": torch.ones(3, device="meta")}), "holds a as"),
        (checkpoint({"a": torch.ones(1).expand(1_000_000_000_000)}),
         "claims to hold more than its own size"),
        (checkpoint({"a": torch.tensor([1.0, float("nan")])}), "holds NaN or infinity in a"),
        (safe({"a": torch.tensor([1.0, float("inf")])}), "holds NaN or infinity in a"),
    ],
    ids=["empty", "web page", "git lfs", "archive without", "broken archive", "broken pickle",
         "cut", "too long", "header cut", "header huge", "header no json", "header deep",
         "integers", "negative", "offsets", "overflow", "nothing", "checkpoint cut", "list",
         "numbers as names", "a number", "empty checkpoint", "int64", "float64", "sparse", "meta",
         "a bomb of views", "nan", "inf"],
)  # fmt: skip
def test_what_is_not_weights_is_refused_by_what_it_is(
    data: bytes, told: str, tmp_path: Path
) -> None:
    path = write(tmp_path, data)

    with pytest.raises(WeightsRefused) as refusal:
        load(path)

    assert str(path) in str(refusal.value)
    assert told in str(refusal.value)


def test_a_checkpoint_that_unpacks_to_more_than_itself_is_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    whole = zipfile.ZipFile(io.BytesIO(checkpoint({"a": torch.zeros(1_000_000)})))
    with whole, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for entry in whole.infolist():
            packed.writestr(entry.filename, whole.read(entry))

    with pytest.raises(WeightsRefused, match="torch did not write"):
        load(write(tmp_path, stream.getvalue()))


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.safetensors"
    with path.open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)

    with pytest.raises(WeightsRefused, match="larger than"):
        load(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for name in ("pipe", "missing", "."):
        with pytest.raises(WeightsRefused, match="cannot be read"):
            load(tmp_path / name)


@settings(max_examples=80)
@given(st.data())
def test_no_damage_to_a_checkpoint_ends_otherwise_than_by_refusal(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([_ZIPPED, _OLD, _SAFE]))
    place = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.binary(min_size=1, max_size=8))
    damaged = whole[:place] + other + whole[place + len(other) :]

    try:
        read = tensors(damaged, path=Path("damaged"))
    except WeightsRefused:
        return
    assert all(torch.isfinite(tensor).all() for tensor in read.values())


_ZIPPED, _OLD, _SAFE = checkpoint(state()), old_checkpoint(state()), safe(state())


def test_other_names_and_shapes_are_named(tmp_path: Path) -> None:
    path = tmp_path / "file"
    other = {"a.weight": torch.ones(4, 4), "b.bias": torch.ones(4)}

    with pytest.raises(WeightsRefused) as refusal:
        check_table(other, TABLE, path=path, model="rife-9")

    told = str(refusal.value)
    assert "is not a file of rife-9's weights" in told
    assert "lacks a.bias" in told
    assert "holds b.bias, which rife-9 has not" in told
    assert "a.weight [4, 4] instead of [4, 3]" in told


def test_of_many_wrong_names_the_first_are_told_and_the_rest_counted(tmp_path: Path) -> None:
    table = {f"layer{index}": (1,) for index in range(40)}

    with pytest.raises(WeightsRefused, match=r"layer0, layer1, layer10 and 37 more\b"):
        check_table({}, table, path=tmp_path, model="rife-9")


def test_names_and_shapes_are_read_without_torch(tmp_path: Path) -> None:
    path = write(tmp_path, safe(state()))
    script = (
        "import sys; from pathlib import Path; from fleet.weights.reading import shapes; "
        "print(shapes(Path(sys.argv[1])), 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )

    assert shapes(path) == dict(TABLE)
    assert done.stdout.strip().endswith("False")


def test_names_and_shapes_of_a_checkpoint_are_not_told(tmp_path: Path) -> None:
    with pytest.raises(WeightsRefused, match="no safetensors file"):
        shapes(write(tmp_path, checkpoint(state())))
