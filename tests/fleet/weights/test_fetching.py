"""Folders of weights from a hub on loopback, through the hub's own client."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from companions.errors import FileUnwritable
from fleet.errors import FleetBusy
from fleet.weights import placing
from fleet.weights.errors import WeightsGated, WeightsRefused, WeightsUnreachable
from fleet.weights.fetching import fetch_folder, take_folder
from fleet.weights.folder_receipt import INSIDE, FolderReceipt
from fleet.weights.folders import open_folder
from fleet.weights.repository import Elsewhere, Repository, camera_name
from fleet.weights.shelf import Shelf
from fleet.weights.stock import BEGUN, FETCHED, MISSING, folder_stock
from tests.fleet.weights.hub_server import COMMIT, FakeHub, serving
from tests.fleet.weights.pipelines import (
    INDEX,
    NEEDED,
    PIECES,
    REPO,
    REPOSITORY,
    as_json,
    published,
    tensors,
)  # fmt: skip

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
NAME = REPOSITORY.name
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with serving(FakeHub(REPO, published())) as hub:
        yield hub


def fetched(
    hub: FakeHub, folder: Path, *, repository: Repository = REPOSITORY,
    told: list[tuple[int, int]] | None = None,
) -> FolderReceipt:  # fmt: skip
    return fetch_folder(
        repository, folder=folder, now=NOON, endpoint=hub.endpoint,
        tell=lambda done, total: None if told is None else told.append((done, total)),
    )  # fmt: skip


def files_in(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_what_a_pipeline_needs_is_fetched_at_one_commit_and_nothing_else(
    hub: FakeHub, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []

    receipt = fetched(hub, tmp_path, told=told)

    path = tmp_path / NAME
    assert files_in(path) == NEEDED | {INSIDE}
    assert all((path / name).read_bytes() == hub.files[name] for name in NEEDED)
    assert {note.path: note.sha256 for note in receipt.files} == {
        name: hashlib.sha256(hub.files[name]).hexdigest() for name in NEEDED
    }
    assert (receipt.commit, receipt.source) == (COMMIT, f"https://huggingface.co/{REPO}")
    assert set(hub.ranges) == NEEDED, "nothing else is even asked for"
    assert told[-1] == (receipt.size_bytes, receipt.size_bytes)
    opened = open_folder(NAME, Shelf(tmp_path))
    assert (opened.revision, opened.licence) == (COMMIT, "Apache-2.0")
    assert set(opened.weights_sha256) == {n for n in NEEDED if n.endswith(".safetensors")}


def test_a_pinned_commit_is_the_one_that_is_fetched_and_another_is_an_error(
    hub: FakeHub, tmp_path: Path
) -> None:
    assert fetched(hub, tmp_path, repository=replace(REPOSITORY, revision=COMMIT)).commit == COMMIT

    with pytest.raises(WeightsUnreachable, match="no such commit"):
        fetched(hub, tmp_path, repository=replace(REPOSITORY, revision="f" * 40))


LARGE = tensors(7, count=2_800_000)
"""Larger than the pieces of ten MiB in which the hub's client writes."""
PIECE = 10 * 1024**2


def test_a_connection_that_is_cut_goes_on_where_it_was(hub: FakeHub, tmp_path: Path) -> None:
    hub.files[PIECES[0]] = LARGE
    hub.cut[PIECES[0]] = [PIECE + 7000]

    fetched(hub, tmp_path)

    assert hub.ranges[PIECES[0]] == ["", f"bytes={PIECE}-"]
    assert (tmp_path / NAME / PIECES[0]).read_bytes() == hub.files[PIECES[0]]


def test_a_fetch_that_was_stopped_goes_on_where_it_was_and_leaves_no_half_folder(
    hub: FakeHub, tmp_path: Path
) -> None:
    hub.files[PIECES[0]] = LARGE
    hub.stall[PIECES[0]] = PIECE + 7000
    begun = tmp_path / "models" / f".{NAME}-{COMMIT[:12]}.fetching"
    part = begun / f"{PIECES[0]}.part"
    script = tmp_path / "fetch.py"
    script.write_text(STOPPED)
    with subprocess.Popen(
        [sys.executable, script, tmp_path / "models", hub.endpoint, NAME, REPO], cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        until(lambda: process.poll() is not None or is_stalled(part))
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in said
    assert not (tmp_path / "models" / NAME).exists()
    assert folder_stock(NAME, Shelf(tmp_path / "models")).state == BEGUN
    hub.stall.clear()
    hub.ranges.clear()

    fetched(hub, tmp_path / "models")

    assert hub.ranges == {PIECES[0]: [f"bytes={PIECE}-"]}, "what was whole is not fetched again"
    assert (tmp_path / "models" / NAME / PIECES[0]).read_bytes() == LARGE
    assert not begun.exists()


def is_stalled(part: Path) -> bool:
    """Whether no more can come of it, and all the other weights are here."""
    others = list(part.parents[1].rglob("*.safetensors"))
    return part.exists() and part.stat().st_size == PIECE and len(others) == len(PIECES) + 1


STOPPED = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from fleet.weights.fetching import fetch_folder
from fleet.weights.repository import Elsewhere, Repository
folder, endpoint, name, repo = sys.argv[1:]
repository = Repository(name=name, purpose="", repo=repo, revision="", licence="", licence_page="",
                        to_accept=False)
fetch_folder(repository, folder=Path(folder), endpoint=endpoint, tell=lambda *_: None,
             now=datetime.now(UTC))
"""


def until(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60.0
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("name", [PIECES[1], "vae/config.json"])
def test_other_bytes_than_the_hub_says_are_refused_and_removed(
    name: str, hub: FakeHub, tmp_path: Path
) -> None:
    right = hub.files[name]
    hub.swapped[name] = right[:-1] + bytes([right[-1] ^ 1])

    with pytest.raises(WeightsRefused, match="other bytes"):
        fetched(hub, tmp_path)
    assert not (tmp_path / NAME).exists()
    hub.swapped.clear()

    fetched(hub, tmp_path)

    assert (tmp_path / NAME / name).read_bytes() == right


def test_what_was_here_stays_until_the_new_is_whole(hub: FakeHub, tmp_path: Path) -> None:
    fetched(hub, tmp_path)
    old = (tmp_path / NAME / "vae/config.json").read_bytes()
    hub.commit = "f" * 40
    hub.files["vae/config.json"] = as_json({"_class_name": "newer"})
    hub.swapped[PIECES[0]] = b"x" * len(hub.files[PIECES[0]])

    with pytest.raises(WeightsRefused):
        fetched(hub, tmp_path)
    assert (tmp_path / NAME / "vae/config.json").read_bytes() == old
    assert folder_stock(NAME, Shelf(tmp_path)).revision == COMMIT
    hub.swapped.clear()
    fetched(hub, tmp_path)

    assert (tmp_path / NAME / "vae/config.json").read_bytes() == hub.files["vae/config.json"]
    assert {p.name for p in tmp_path.iterdir()} == {NAME, f".{NAME}.lock"}


def test_a_gated_repository_says_whom_to_ask(hub: FakeHub, tmp_path: Path) -> None:
    hub.gated = True

    with pytest.raises(WeightsGated) as refused:
        fetched(hub, tmp_path)

    assert f"Ask for access on https://huggingface.co/{REPO}" in str(refused.value)
    assert "hf auth login" in str(refused.value)


def test_no_network_is_told_with_what_to_do(tmp_path: Path) -> None:
    nowhere = FakeHub(REPO, {}, endpoint="http://127.0.0.1:9")

    with pytest.raises(WeightsUnreachable) as refused:
        fetched(nowhere, tmp_path)

    assert f"fleet models fetch {NAME} --from PATH" in str(refused.value)


def test_a_login_goes_to_the_hub_and_not_to_its_storage(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")

    fetched(hub, tmp_path)

    assert hub.tokens == {"hub": {"Bearer hf_secret"}, "storage": {None}}
    assert not any(
        b"hf_secret" in place.read_bytes() for place in tmp_path.rglob("*") if place.is_file()
    )


def test_a_disk_without_the_room_is_told_before_weights_are_fetched(
    hub: FakeHub, tmp_path: Path
) -> None:
    hub.claimed[PIECES[0]] = 10**18

    with pytest.raises(FileUnwritable, match=r"ENOSPC: 1000000000\.0 GB are to come"):
        fetched(hub, tmp_path)

    assert PIECES[0] not in hub.ranges


def test_a_disk_that_fills_up_is_told_and_what_came_is_kept(hub: FakeHub, tmp_path: Path) -> None:
    part = tmp_path / f".{NAME}-{COMMIT[:12]}.fetching" / f"{PIECES[0]}.part"
    part.parent.mkdir(parents=True)
    part.symlink_to("/dev/full")

    with pytest.raises(FileUnwritable, match="ENOSPC"):
        fetched(hub, tmp_path)

    assert not (tmp_path / NAME).exists()


def test_two_do_not_fetch_the_same_at_a_time(hub: FakeHub, tmp_path: Path) -> None:
    with (
        placing.staged(NAME, folder=tmp_path, version="other"),
        pytest.raises(FleetBusy, match=f"another fleet models fetch {NAME}"),
    ):
        fetched(hub, tmp_path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"_class_name": ["pipeline", "Mine"]}, "a pipeline of its own"),
        ({"vae": ["pipeline", "Mine"]}, "pipeline.Mine for vae, which is no class of"),
        ({"vae": ["os", "System"]}, "os.System for vae"),
        ({"vae": ["diffusers", "loaders.load"]}, "no class of"),
        ({"../vae": ["diffusers", "AutoencoderKLWan"]}, "for ../vae"),
        ({"transformer": [None, None]}, "of another model: it has no transformer"),
    ],
)
def test_a_pipeline_that_names_code_of_its_own_is_refused_before_weights_are_fetched(
    change: dict[str, object], told: str, hub: FakeHub, tmp_path: Path
) -> None:
    hub.files["model_index.json"] = as_json(INDEX | change)

    with pytest.raises(WeightsRefused) as refused:
        fetched(hub, tmp_path)

    assert told in str(refused.value)
    assert set(hub.ranges) == {"model_index.json"}


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"vae/diffusion_pytorch_model.safetensors": None}, "has weights, but none that are used"),
        ({PIECES[0]: None}, "lacks diffusion_pytorch_model-00001-of-00002.safetensors"),
        ({"model_index.json": None}, "no pipeline of diffusers"),
        ({"model_index.json": b"[" * 100_000}, "is not JSON"),
        (
            {"transformer/diffusion_pytorch_model.safetensors.index.json":
             as_json({"weight_map": {"a": "../../vae/x.safetensors"}})},
            "which is no file of weights beside it",
        ),
        ({"vae/diffusion_pytorch_model.safetensors": b"\x80" * 100}, "no whole file of safetens"),
        ({PIECES[1]: tensors(4)[:-1]}, "shorter or longer than its header says"),
    ],
)  # fmt: skip
def test_a_repository_that_is_not_whole_and_safe_is_refused(
    files: dict[str, bytes | None], told: str, hub: FakeHub, tmp_path: Path
) -> None:
    for name, data in files.items():
        if data is None:
            del hub.files[name]
        else:
            hub.files[name] = data

    with pytest.raises(WeightsRefused) as refused:
        fetched(hub, tmp_path)

    assert told in str(refused.value)
    assert folder_stock(NAME, Shelf(tmp_path)).state in {BEGUN, MISSING}


def test_small_weights_are_fetched_under_the_names_of_what_they_go_onto(tmp_path: Path) -> None:
    files = {"a/high.safetensors": tensors(1), "a/low.safetensors": tensors(2), "x.py": b"code"}
    repository = replace(
        REPOSITORY, name="tiny-video.distilled",
        files={"transformer": "a/high.safetensors", "transformer_2": "a/low.safetensors"},
    )  # fmt: skip

    with serving(FakeHub(REPO, files)) as hub:
        fetched(hub, tmp_path, repository=repository)

    shelf = Shelf(tmp_path)
    assert shelf.find_distilled("tiny-video", "transformer_2").read_bytes() == tensors(2)
    assert set(open_folder("tiny-video.distilled", shelf).weights_sha256) == {
        "transformer.safetensors", "transformer_2.safetensors",
    }  # fmt: skip


@pytest.mark.parametrize("linked", [False, True], ids=["plain", "as the hub's client caches it"])
def test_a_folder_of_the_users_is_taken_in_without_what_is_not_needed(
    linked: bool,  # noqa: FBT001  (of pytest)
    tmp_path: Path,
) -> None:
    given = tmp_path / "given"
    for number, (name, data) in enumerate(published().items()):
        place = given / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if linked:
            blob = tmp_path / "blobs" / str(number)
            blob.parent.mkdir(exist_ok=True)
            blob.write_bytes(data)
            place.symlink_to(blob)
        else:
            place.write_bytes(data)

    receipt = take_folder(
        REPOSITORY, given, folder=tmp_path / "models", tell=lambda *_: None, now=NOON
    )

    path = tmp_path / "models" / NAME
    assert files_in(path) == NEEDED | {INSIDE}
    assert not any(place.is_symlink() for place in path.rglob("*"))
    assert (path / PIECES[0]).samefile(given / PIECES[0]), "linked, not copied"
    assert (receipt.commit, receipt.source) == ("", str(given))
    assert folder_stock(NAME, Shelf(tmp_path / "models")).state == FETCHED
    assert open_folder(NAME, Shelf(tmp_path / "models")).revision == ""


@pytest.mark.parametrize("given", ["lora.safetensors", "dolly-left-v2.safetensors"])
@pytest.mark.parametrize("by_file", [True, False])
def test_small_weights_are_taken_in_whatever_their_file_is_called(
    given: str,
    by_file: bool,  # noqa: FBT001  (of pytest)
    tmp_path: Path,
) -> None:
    name = camera_name("tiny-video", "pan_left")
    repository = replace(REPOSITORY, name=name, parts=(), files={"lora": ""})
    place = tmp_path / "given" / given
    place.parent.mkdir()
    place.write_bytes(tensors(1))

    take_folder(
        repository, place if by_file else place.parent, folder=tmp_path / "models",
        tell=lambda *_: None, now=NOON,
    )  # fmt: skip

    found = Shelf(tmp_path / "models").find_camera_lora("tiny-video", "pan_left")
    assert found.read_bytes() == tensors(1)


def test_of_several_files_of_small_weights_none_is_guessed(tmp_path: Path) -> None:
    repository = replace(REPOSITORY, name="x.camera-static", parts=(), files={"lora": ""})
    for name in ("a", "b"):
        (tmp_path / f"{name}.safetensors").write_bytes(tensors(1))

    with pytest.raises(WeightsRefused, match="has 2 files of safetensors, not one"):
        take_folder(
            repository, tmp_path, folder=tmp_path / "models", tell=lambda *_: None, now=NOON
        )


def test_a_folder_of_another_model_is_not_taken_in(tmp_path: Path) -> None:
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "model_index.json").write_bytes(as_json(INDEX | {"vae": [None, None]}))

    with pytest.raises(WeightsRefused, match="of another model: it has no vae"):
        take_folder(
            REPOSITORY, tmp_path / "given", folder=tmp_path / "models", tell=lambda *_: None,
            now=NOON,
        )  # fmt: skip

    assert not (tmp_path / "models").exists()


def test_what_ended_between_the_two_renames_is_mended_by_the_next_fetch(
    hub: FakeHub, tmp_path: Path
) -> None:
    fetched(hub, tmp_path)
    (tmp_path / NAME).rename(tmp_path / f".{NAME}.replaced")

    with placing.staged(NAME, folder=tmp_path, version="later"):
        pass

    assert open_folder(NAME, Shelf(tmp_path)).revision == COMMIT


def test_parts_that_are_published_elsewhere_take_the_place_of_the_pipelines_own(
    tmp_path: Path,
) -> None:
    other = {"config.json": b"{}", "diffusion_pytorch_model.safetensors": tensors(8), "x.py": b""}
    repository = replace(
        REPOSITORY, pipeline="OtherPipeline",
        elsewhere=(
            Elsewhere(part="transformer", repo=OTHER, revision=COMMIT, folder="",
                      library="diffusers", kind="OtherModel"),
        ),
    )  # fmt: skip

    with serving(FakeHub(REPO, published(), more={OTHER: other})) as hub:
        receipt = fetched(hub, tmp_path, repository=repository)
        fetched(hub, tmp_path, repository=repository)

    path = tmp_path / NAME
    index = json.loads((path / "model_index.json").read_bytes())
    assert index["_class_name"] == "OtherPipeline"
    assert index["transformer"] == ["diffusers", "OtherModel"]
    assert index["vae"] == INDEX["vae"]
    assert {p.name for p in (path / "transformer").iterdir()} == {*other} - {"x.py"}
    assert receipt.source.split(", ") == [
        f"https://huggingface.co/{repo}/tree/{COMMIT}" for repo in (REPO, OTHER)
    ]
    assert open_folder(NAME, Shelf(tmp_path)).revision == COMMIT


OTHER = "others/transformer"
