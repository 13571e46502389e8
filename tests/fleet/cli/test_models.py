"""``fleet models``, as an operator uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from fleet.cli.app import app
from fleet.errors import UnknownBackend
from fleet.generate.diffusion.families import FAMILIES
from fleet.generate.diffusion.published import REPOSITORIES
from fleet.home import HOME_VARIABLE
from fleet.interpolate.registry import INTERPOLATORS, interpolator
from fleet.interpolate.rife.structure import V4_6, V4_25
from fleet.upscale.registry import UPSCALERS
from fleet.weights.errors import WeightsRefused, WeightsUnreachable
from fleet.weights.shelf import Shelf
from tests.fleet.interpolate.rife.by_hand import empty
from tests.fleet.weights.files import Marker

WAN = REPOSITORIES["wan-2.2-i2v-a14b"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Version 4.6 as its authors publish it."""
    path = tmp_path / "flownet.pkl"
    torch.save({f"module.{name}": tensor for name, tensor in empty(V4_6).items()}, path)
    return path


def fleet(*arguments: str) -> str:
    ended = CliRunner().invoke(app, ["models", *arguments])
    if ended.exception and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    assert ended.exit_code == 0, ended.output
    return ended.stdout


def listed() -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in json.loads(fleet("list", "--json"))}


def test_every_model_that_needs_weights_is_listed(home: Path) -> None:
    backends = [*INTERPOLATORS.values(), *UPSCALERS.values()]

    rows = listed()

    assert set(rows) == {backend.weights for backend in backends if backend.weights} | {
        *REPOSITORIES
    }
    assert {*FAMILIES} <= set(rows)
    assert {row["state"] for row in rows.values()} == {"missing"}
    assert rows["rife-4.6"]["path"] == str(home / "models" / "rife-4.6.safetensors")
    assert rows[WAN.name]["path"] == str(home / "models" / WAN.name)
    assert len(fleet("list").splitlines()) == len(rows)


def test_weights_are_fetched_from_a_file_used_and_removed(home: Path, published: Path) -> None:
    told = json.loads(fleet("fetch", "rife", "--from", str(published), "--json"))

    row = listed()["rife"]
    assert (row["state"], row["sha256"], row["fetched_from"]) == (
        "fetched", told["sha256"], str(published),
    )  # fmt: skip
    assert interpolator("rife", Shelf(home / "models")).weights_sha256 == {
        "rife.safetensors": told["sha256"]
    }
    assert "is here already" in fleet("fetch", "rife")

    assert "rife is removed" in fleet("remove", "rife")
    assert json.loads(fleet("remove", "rife", "--json")) == {"name": "rife", "removed": False}
    assert listed()["rife"]["state"] == "missing"


def test_weights_of_another_model_are_refused(home: Path, published: Path) -> None:
    for name in ("rife-4.25", "realesrgan", "realesr-general-x4"):
        with pytest.raises(WeightsRefused, match=f"is not a file of {name}"):
            fleet("fetch", name, "--from", str(published))

    assert not (home / "models").exists()


def test_a_pickle_with_code_is_refused_and_nothing_is_executed(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "flownet.pkl"
    torch.save({"module.block0": Marker(tmp_path / "executed")}, path)

    with pytest.raises(WeightsRefused, match="code in it"):
        fleet("fetch", "rife", "--from", str(path))

    assert not (tmp_path / "executed").exists()


def test_where_only_browsers_are_served_it_says_where_to_go(home: Path) -> None:
    with pytest.raises(WeightsUnreachable) as failure:
        fleet("fetch", "rife")

    assert "https://github.com/hzwer/Practical-RIFE" in str(failure.value)
    assert "fleet models fetch rife --from PATH" in str(failure.value)


def test_an_address_that_is_not_encrypted_is_refused(home: Path) -> None:
    with pytest.raises(WeightsUnreachable, match="only https"):
        fleet("fetch", "rife", "--from", "http://127.0.0.1/flownet.pkl")


def test_a_name_nobody_knows_is_refused_with_those_there_are(home: Path) -> None:
    for command in ("fetch", "remove", "show", "where", "verify"):
        with pytest.raises(UnknownBackend, match=r"rife-4\.25"):
            fleet(command, "riff")


def test_a_file_that_settings_name_is_listed_and_never_removed(home: Path, published: Path) -> None:
    (home / "settings.toml").write_text(f'[weights]\nrife = "{published}"\n')

    row = listed()["rife"]
    ended = CliRunner().invoke(app, ["models", "remove", "rife"])

    assert (row["state"], row["path"]) == ("given", str(published))
    assert "settings.toml names" in ended.stderr
    assert published.exists()


def test_the_versions_of_rife_are_told_apart(home: Path, tmp_path: Path) -> None:
    torch.save(empty(V4_25), tmp_path / "newer.pth")

    fleet("fetch", "rife", "--from", str(tmp_path / "newer.pth"))
    fleet("fetch", "rife-4.26", "--from", str(tmp_path / "newer.pth"))

    assert {row["name"] for row in listed().values() if row["state"] == "fetched"} == {
        "rife", "rife-4.26",
    }  # fmt: skip
