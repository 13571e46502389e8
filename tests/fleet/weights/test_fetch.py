"""Published weights into the fleet's folder, and what is remembered of them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fleet.weights.catalogue import CATALOGUE, Entry
from fleet.weights.errors import WeightsRefused
from fleet.weights.fetch import Published, put, remove
from fleet.weights.reading import load
from fleet.weights.receipt import Receipt, receipt_of, receipt_path
from fleet.weights.shelf import Shelf
from fleet.weights.stock import CHANGED, FETCHED, GIVEN, MISSING, stock_of
from tests.fleet.weights.files import TABLE, Marker, archive, checkpoint, safe, state

ENTRY = Entry("one-layer", "tests", "MIT", page="https://example.org", file="flownet.pkl")
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def given(data: bytes, folder: Path, *, seen: str = "v9.zip") -> tuple[Path, Receipt]:
    published = Published(data, Path(seen), f"/somewhere/{seen}")
    return put(published, entry=ENTRY, expected=lambda _: TABLE, folder=folder / "models", now=NOON)


@pytest.mark.parametrize(
    "data",
    [
        checkpoint(state()),
        safe(state()),
        archive({"train_log/flownet.pkl": checkpoint(state()), "train_log/IFNet.py": b"import os"}),
        archive({"a/flownet.pkl": checkpoint(state()), "b/other.pth": checkpoint(state(1)),
                 "__MACOSX/a/._flownet.pkl": b"junk"}),
        archive({"only.safetensors": safe(state())}),
    ],
    ids=["checkpoint", "safetensors", "archive", "archive with others", "archive of another name"],
)  # fmt: skip
def test_weights_are_converted_once_and_remembered(data: bytes, tmp_path: Path) -> None:
    path, receipt = given(data, tmp_path)

    assert path == tmp_path / "models" / "one-layer.safetensors"
    assert path.read_bytes() == safe(dict(sorted(state().items())))
    assert receipt == receipt_of(path)
    assert receipt.sha256 == hashlib.sha256(path.read_bytes()).hexdigest() == load(path).sha256
    assert receipt.source_sha256 == hashlib.sha256(data).hexdigest()
    assert (receipt.source, receipt.licence, receipt.fetched_at) == (
        "/somewhere/v9.zip",
        "MIT",
        NOON,
    )
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name, receipt_path(path).name]


def _damaged(data: bytes) -> bytes:
    return data[:60] + bytes(20) + data[80:]


def hostile(folder: Path) -> dict[str, bytes]:
    code = checkpoint({"a.weight": Marker(folder / "executed")})
    return {
        "is a pickle with code in it": code,
        "code in it: it names posix.mkdir": archive({"flownet.pkl": code}),
        "lacks a.bias": checkpoint({"a.weight": state()["a.weight"]}),
        "an archive with 0 files of weights": archive({"readme.md": b""}),
        "an archive with 2 files of weights": archive({"a.pth": b"1", "b.pth": b"2"}),
        "is a damaged archive": _damaged(archive({"flownet.pkl": bytes(range(256)) * 9})),
        "is neither safetensors nor": b"<html>Sign in</html>",
    }


@pytest.mark.parametrize("told", hostile(Path()))
def test_what_is_not_the_models_is_refused_and_changes_nothing(told: str, tmp_path: Path) -> None:
    path, _ = given(safe(state()), tmp_path)
    before = {p: p.read_bytes() for p in path.parent.iterdir()}

    with pytest.raises(WeightsRefused) as refusal:
        given(hostile(tmp_path)[told], tmp_path)

    assert told in str(refusal.value)
    assert {p: p.read_bytes() for p in path.parent.iterdir()} == before
    assert not (tmp_path / "executed").exists()


def test_fetching_again_replaces_what_was_there(tmp_path: Path) -> None:
    given(safe(state()), tmp_path)

    path, receipt = given(safe(state(1)), tmp_path)

    assert load(path).sha256 == receipt.sha256 == hashlib.sha256(safe(state(1))).hexdigest()


def test_a_file_that_changed_since_it_was_fetched_is_refused(tmp_path: Path) -> None:
    path, _ = given(safe(state()), tmp_path)
    path.write_bytes(safe(state(1)))

    with pytest.raises(
        WeightsRefused, match=r"changed since it was fetched.*models fetch one-layer"
    ):
        load(path)


def test_a_receipt_that_cannot_be_read_is_no_permission(tmp_path: Path) -> None:
    path, _ = given(safe(state()), tmp_path)
    receipt_path(path).write_text('{"sha256": "no hash"}')

    with pytest.raises(WeightsRefused, match="is no receipt"):
        load(path)


def test_what_is_here_is_told(tmp_path: Path) -> None:
    path, receipt = given(safe(state()), tmp_path)
    shelf = Shelf(path.parent)

    fetched = stock_of("one-layer", shelf)
    assert (fetched.state, fetched.sha256, fetched.size_bytes, fetched.fetched_from) == (
        FETCHED, receipt.sha256, path.stat().st_size, "/somewhere/v9.zip",
    )  # fmt: skip
    assert stock_of("another", shelf).state == MISSING

    path.write_bytes(safe(state(1)))
    assert stock_of("one-layer", shelf).state == CHANGED
    receipt_path(path).unlink()
    assert stock_of("one-layer", shelf).state == GIVEN
    assert stock_of("named", Shelf(tmp_path, {"named": path})).path == path


def test_what_was_fetched_can_be_removed_once(tmp_path: Path) -> None:
    path, _ = given(safe(state()), tmp_path)

    assert remove("one-layer", folder=path.parent)
    assert not remove("one-layer", folder=path.parent)
    assert list(path.parent.iterdir()) == []


def test_every_entry_says_whose_it_is_and_where_it_comes_from() -> None:
    for name, entry in CATALOGUE.items():
        assert entry.name == name
        assert entry.licence in {"MIT", "BSD-3-Clause"}
        assert entry.page.startswith("https://")
        assert entry.source.startswith("https://") or not entry.source
        assert entry.source.endswith(entry.file) or not entry.source
