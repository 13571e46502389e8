"""``fleet submit`` where this machine is to do the work: what it lacks is told before anything is
queued."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from companions import codec
from companions.generation_params import Control, LoraUse, Speed
from companions.motion import MotionType, Move
from companions.video_manifest import VideoManifest
from fleet.cli.app import app
from fleet.errors import FleetError
from fleet.generate.diffusion.families import FAMILIES
from fleet.generate.diffusion.published import REPOSITORIES
from fleet.home import HOME_VARIABLE
from fleet.jobs.retry import failure_of
from fleet.stages.base import GenerateTask, never_stopped
from fleet.stages.work import Work
from fleet.weights.errors import LicenceNotAccepted, LoraMissing, WeightsMissing, WeightsRefused
from fleet.weights.licences import accept
from fleet.weights.shelf import Shelf
from tests.fleet.making import MOVE, shot, small_picture, write_manifest
from tests.fleet.weights.pipelines import INDEX, NEEDED, as_json, published, tensors

WAN = FAMILIES["wan-2.2-ti2v-5b"]
FEW_STEPS = "wan-2.2-i2v-a14b"
CAMERA = "ltx-2"
STRICT = FAMILIES["svd-xt"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return manifest_of(WAN.name, tmp_path / "set")


def manifest_of(model: str, folder: Path, *, move: Move = MOVE, **generation: Any) -> Path:
    size = FAMILIES[model].defaults.size
    shots = [
        shot(small_picture(folder / f"{shade}.png", shade=shade), folder, move=move, model=model,
             width=size.width, height=size.height, **generation)
        for shade in (1, 2)
    ]  # fmt: skip
    return write_manifest(folder / "m.video_manifest.json", shots)


def weights_of(name: str, home: Path) -> Path:
    """A folder with that name that a look through finds in order."""
    for file in NEEDED:
        place = home / "models" / name / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(published()[file])
    return home / "models" / name


def refused(*arguments: str | Path) -> FleetError:
    ended = CliRunner().invoke(app, ["submit", *map(str, arguments)])
    assert isinstance(ended.exception, FleetError), ended.output
    return ended.exception


@pytest.mark.parametrize("option", ["--wait", "--no-wait", "--dry-run"])
def test_a_manifest_whose_weights_are_not_here_is_refused_and_nothing_is_queued(
    option: str, home: Path, manifest: Path
) -> None:
    error = refused(manifest, option)

    assert isinstance(error, WeightsMissing)
    assert "shots[0].generation_params.model: the weights of" in str(error)
    assert f"fleet models fetch {WAN.name}" in str(error)
    assert CliRunner().invoke(app, ["status", "--json"]).stdout.count('"id"') == 0


def test_weights_that_would_be_refused_at_the_load_are_refused_at_once(
    home: Path, manifest: Path
) -> None:
    (weights_of(WAN.name, home) / "vae" / "diffusion_pytorch_model.bin").write_bytes(b"\x80")

    assert isinstance(refused(manifest, "--no-wait"), WeightsRefused)


def test_a_licence_that_nobody_accepted_is_refused_and_one_that_somebody_did_is_not(
    home: Path, tmp_path: Path
) -> None:
    manifest = manifest_of(STRICT.name, tmp_path / "strict")
    folder = weights_of(STRICT.name, home)
    (folder / "model_index.json").write_bytes(
        as_json(INDEX | {"unet": ["diffusers", "UNetSpatioTemporalConditionModel"]})
    )

    assert isinstance(refused(manifest, "--no-wait"), LicenceNotAccepted)
    accept(REPOSITORIES[STRICT.name], folder=home / "models", who="ada", now=datetime.now(UTC))

    ended = CliRunner().invoke(app, ["submit", str(manifest), "--no-wait"])
    assert (ended.exit_code, "2 new" in ended.stderr) == (0, True), ended.output


def test_where_a_cluster_does_the_work_its_head_needs_no_weights(
    home: Path, manifest: Path
) -> None:
    (home / "cluster.json").write_text("{}")

    ended = CliRunner().invoke(app, ["submit", str(manifest), "--no-wait"])

    assert (ended.exit_code, "2 new" in ended.stderr) == (0, True), ended.output


def test_a_node_without_the_weights_ends_the_shot_with_that_reason_until_it_is_submitted_again(
    home: Path, tmp_path: Path
) -> None:
    picture = small_picture(tmp_path / "a.png")
    made = shot(picture, tmp_path, model=WAN.name, width=1280, height=704)
    manifest = write_manifest(tmp_path / "m.video_manifest.json", [made])
    recipe = codec.decode(manifest.read_bytes(), VideoManifest, file="m").recipe(made)
    task = GenerateTask(shot_id="s", image_path="a.png", recipe=recipe, attempt=1)

    with pytest.raises(WeightsMissing) as ended:
        list(Work(shelf=Shelf(home / "models")).generate(
            task, picture.read_bytes(), never_stopped))  # fmt: skip

    reason = failure_of(ended.value)
    assert (reason.code, reason.retryable, reason.curable) == ("weights_missing", False, True)


def test_weights_that_are_here_are_looked_through_and_the_shots_queued(
    home: Path, manifest: Path
) -> None:
    weights_of(WAN.name, home)

    ended = CliRunner().invoke(app, ["submit", str(manifest), "--no-wait"])

    assert (ended.exit_code, "2 new" in ended.stderr) == (0, True), ended.output


def test_few_step_weights_that_are_not_here_whole_are_refused_by_the_field_that_asks_for_them(
    home: Path, tmp_path: Path
) -> None:
    weights_of(FEW_STEPS, home)
    manifest = manifest_of(FEW_STEPS, tmp_path / "set", speed=Speed.DISTILLED)
    small = home / "models" / f"{FEW_STEPS}.distilled"

    nothing = refused(manifest, "--no-wait")
    small.mkdir()
    (small / "transformer.safetensors").write_bytes(tensors(1))
    half = refused(manifest, "--no-wait")
    (small / "transformer_2.safetensors").write_bytes(tensors(2))
    ended = CliRunner().invoke(app, ["submit", str(manifest), "--no-wait"])

    for error in (nothing, half):
        assert isinstance(error, WeightsMissing)
        assert "shots[0].generation_params.speed: the weights of" in str(error)
        assert f"fleet models fetch {FEW_STEPS}.distilled" in str(error)
    assert (ended.exit_code, "2 new" in ended.stderr) == (0, True), ended.output


def test_a_lora_that_settings_do_not_name_is_refused_before_anything_is_queued(
    home: Path, tmp_path: Path
) -> None:
    weights_of(WAN.name, home)
    manifest = manifest_of(WAN.name, tmp_path / "set", loras=(LoraUse(name="grain"),))

    missing = refused(manifest, "--no-wait")
    (home / "settings.toml").write_text(f'[loras]\ngrain = "{tmp_path / "grain.safetensors"}"\n')
    (tmp_path / "grain.safetensors").write_bytes(b"no weights")
    damaged = refused(manifest, "--no-wait")
    (tmp_path / "grain.safetensors").write_bytes(tensors(1))
    ended = CliRunner().invoke(app, ["submit", str(manifest), "--no-wait"])

    assert isinstance(missing, LoraMissing)
    assert "shots[0].generation_params.loras[0]: no file here is the LoRA 'grain'" in str(missing)
    assert isinstance(damaged, WeightsRefused)
    assert (ended.exit_code, "2 new" in ended.stderr) == (0, True), ended.output


def test_camera_weights_are_asked_for_by_the_type_of_the_move(home: Path, tmp_path: Path) -> None:
    weights_of(CAMERA, home)
    accept(REPOSITORIES[CAMERA], folder=home / "models", who="ada", now=datetime.now(UTC))
    left, right = (
        manifest_of(
            CAMERA, tmp_path / kind, control=Control.CAMERA_LORA,
            move=MOVE.model_copy(update={"type": kind}),
        )
        for kind in (MotionType.PAN_LEFT, MotionType.PAN_RIGHT)
    )  # fmt: skip
    place = home / "models" / f"{CAMERA}.camera-pan_left"
    place.mkdir()
    (place / "lora.safetensors").write_bytes(tensors(1))

    error = refused(right, "--no-wait")
    ended = CliRunner().invoke(app, ["submit", str(left), "--no-wait"])

    assert isinstance(error, WeightsMissing)
    assert "shots[0].generation_params.control: the weights of" in str(error)
    assert f"fleet models fetch {CAMERA}.camera-pan_right" in str(error)
    assert (ended.exit_code, "2 new" in ended.stderr) == (0, True), ended.output
