"""``fleet models`` for video models, as an operator uses it, against a hub on loopback."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from typer.testing import CliRunner, Result

from fleet.cli.app import app
from fleet.generate.diffusion.published import REPOSITORIES
from fleet.home import HOME_VARIABLE
from fleet.weights.errors import (
    LicenceNotAccepted,
    WeightsChanged,
    WeightsMissing,
    WeightsRefused,
)  # fmt: skip
from fleet.weights.repository import Repository
from tests.fleet.weights.hub_server import FakeHub, serving
from tests.fleet.weights.pipelines import INDEX, PIECES, as_json, published, tensors

WAN = REPOSITORIES["wan-2.2-i2v-a14b"]
STRICT = REPOSITORIES["svd-xt"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def hub_of(repository: Repository) -> FakeHub:
    """A hub with that repository: a few kilobytes under its name, parts and commit."""
    files, parts = published(), {}
    for part in {*repository.parts} - {*INDEX}:
        parts[part] = ["diffusers", "WanTransformer3DModel"]
        files[f"{part}/config.json"] = b"{}"
        files[f"{part}/diffusion_pytorch_model.safetensors"] = tensors(9)
    files["model_index.json"] = as_json(INDEX | parts)
    return FakeHub(repository.repo, files, commit=repository.revision or "0" * 40)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with serving(hub_of(WAN)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        yield hub


def ran(*arguments: str) -> Result:
    ended = CliRunner().invoke(app, ["models", *arguments])
    if ended.exception and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    assert ended.exit_code == 0, ended.output
    return ended


def row(name: str) -> dict[str, object]:
    return next(r for r in json.loads(ran("list", "--json").stdout) if r["name"] == name)


def test_a_video_model_is_fetched_found_verified_shown_and_removed(
    home: Path, hub: FakeHub
) -> None:
    told = json.loads(ran("fetch", WAN.name, "--json").stdout)

    path = home / "models" / WAN.name
    assert (told["path"], told["revision"]) == (str(path), WAN.revision)
    assert set(told["sha256"]) == {
        p.relative_to(path).as_posix() for p in path.rglob("*.*")
    } - {"motionfleet.receipt.json"}  # fmt: skip
    assert ran("where", WAN.name).stdout == f"{path}\n"
    assert (row(WAN.name)["state"], row(WAN.name)["revision"]) == ("fetched", WAN.revision)
    shown = ran("show", WAN.name).stdout
    assert "fetched" in shown
    assert WAN.repo in shown
    assert json.loads(ran("show", WAN.name, "--json").stdout)["declared"]["denoisers"]
    assert json.loads(ran("verify", WAN.name, "--json").stdout)[0]["state"] == "right"
    seen = len(hub.seen)
    assert "is here already" in ran("fetch", WAN.name).stdout
    assert len(hub.seen) == seen, "what is here is not asked for"

    assert "is removed" in ran("remove", WAN.name).stdout
    assert row(WAN.name)["state"] == "missing"
    assert [p.name for p in (home / "models").iterdir()] == []
    with pytest.raises(WeightsMissing):
        ran("where", WAN.name)


def test_what_is_shown_before_a_fetch_is_its_size_and_the_terms_and_each_thing_once(
    home: Path, hub: FakeHub
) -> None:
    before, strict = (ran("show", name).stdout for name in (WAN.name, STRICT.name))
    ran("fetch", WAN.name)
    after = ran("show", WAN.name).stdout

    assert ("weights\t~126 GB" in before, "weights\t~126 GB" in after) == (True, False)
    assert f"fleet models fetch {STRICT.name} --accept-licence" in strict
    for shown in (before, strict, after):
        labels = [line.partition("\t")[0] for line in shown.splitlines()]
        assert sorted({*labels} - {"note"}) == sorted(each for each in labels if each != "note")


def test_on_a_narrow_terminal_the_list_has_every_name_state_and_size_whole(home: Path) -> None:
    listed = on_a_terminal("list", home=home, columns=80)

    lines = {line.split()[0]: line.split() for line in listed.splitlines() if line.strip()}
    assert {*REPOSITORIES} <= {*lines}
    assert lines["wan-2.2-i2v-a14b"][1:4] == ["missing", "~126", "GB"]
    assert lines[STRICT.name][1] == "missing*"
    assert "* its licence sets terms" in listed


def on_a_terminal(command: str, *, home: Path, columns: int) -> str:
    """What ``fleet models`` writes to a person whose terminal is that wide."""
    here, there = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "fleet", "models", command],
        env=os.environ | {HOME_VARIABLE: str(home), "COLUMNS": str(columns), "NO_COLOR": "1"},
        stdin=there, stdout=there, stderr=there,
    ):  # fmt: skip
        os.close(there)
        said = b""
        try:
            while more := os.read(here, 4096):
                said += more
        except OSError:  # how a terminal ends on Linux
            pass
    os.close(here)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode())


def test_weights_that_changed_end_verify_with_a_code_of_its_own(home: Path, hub: FakeHub) -> None:
    ran("fetch", WAN.name)
    (home / "models" / WAN.name / PIECES[0]).write_bytes(b"changed")

    ended = CliRunner().invoke(app, ["models", "verify", "--json"])

    assert isinstance(ended.exception, WeightsChanged)
    assert ended.exception.exit_code not in {0, 1, 2}
    assert json.loads(ended.stdout)[0]["state"] == "changed"
    assert row(WAN.name)["state"] == "changed"
    assert "is here:" in ran("fetch", WAN.name).stdout, "the next fetch mends it"


def test_a_licence_with_terms_is_asked_for_before_anything_is_fetched(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(hub_of(STRICT)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        with pytest.raises(LicenceNotAccepted, match="--accept-licence"):
            ran("fetch", STRICT.name)
        assert (hub.seen, list(home.iterdir())) == ([], [])

        ended = ran("fetch", STRICT.name, "--accept-licence")
        assert f"licence: {STRICT.licence}, {STRICT.licence_page}" in ended.stderr
        ran("remove", STRICT.name)
        ran("fetch", STRICT.name)

    assert row(STRICT.name)["accepted"] is True
    record = json.loads((home / "models" / "licences.json").read_text())["accepted"]
    assert [(one["licence"], one["page"]) for one in record] == [
        (STRICT.licence, STRICT.licence_page)
    ]


@pytest.mark.parametrize(("answer", "accepted"), [("n", False), ("y", True)])
def test_at_a_terminal_a_person_is_asked_and_their_answer_counts(
    answer: str,
    accepted: bool,  # noqa: FBT001  (of pytest)
    home: Path,
) -> None:
    with serving(hub_of(STRICT)) as hub:
        said, code = at_a_terminal(answer, home=home, hub=hub)

    assert "Do you accept the licence" in said
    assert STRICT.licence_page in said.replace("\r\n", "")
    assert (code == 0) == accepted == (home / "models" / STRICT.name).is_dir()


def at_a_terminal(answer: str, *, home: Path, hub: FakeHub) -> tuple[str, int]:
    """What ``fleet models fetch`` says to a person who answers, and how it ends."""
    here, there = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "fleet", "models", "fetch", STRICT.name],
        env=os.environ | {HOME_VARIABLE: str(home), "HF_ENDPOINT": hub.endpoint, "COLUMNS": "200"},
        stdin=there, stdout=there, stderr=there,
    ) as process:  # fmt: skip
        os.close(there)
        said = ""
        while "[y/N]" not in said:
            said += os.read(here, 4096).decode()
        os.write(here, f"{answer}\n".encode())
        try:
            while more := os.read(here, 4096):
                said += more.decode()
        except OSError:  # how a terminal ends on Linux
            pass
    os.close(here)
    return said, process.returncode


def test_a_folder_that_settings_name_is_checked_noted_and_never_removed(
    home: Path, tmp_path: Path, hub: FakeHub
) -> None:
    ran("fetch", WAN.name)
    own = tmp_path / "own"
    (home / "models" / WAN.name).rename(own)
    (own / "motionfleet.receipt.json").unlink()
    (home / "settings.toml").write_text(
        f'[weights]\n"{WAN.name}" = "{own}"\n[loras]\nslow = "{own / PIECES[0]}"\n'
    )
    hub.seen.clear()

    assert "which settings.toml names" in ran("fetch", WAN.name).stdout

    assert hub.seen == []
    assert (row(WAN.name)["state"], row(WAN.name)["path"]) == ("given", str(own))
    assert (row("slow")["kind"], row("slow")["state"]) == ("lora", "given")
    assert ran("where", WAN.name).stdout == f"{own}\n"
    ran("remove", WAN.name)
    assert own.is_dir()


def test_a_folder_that_was_copied_here_is_taken_but_not_removed(home: Path, hub: FakeHub) -> None:
    ran("fetch", WAN.name)
    (home / "models" / WAN.name / "motionfleet.receipt.json").unlink()

    assert row(WAN.name)["state"] == "given"
    with pytest.raises(WeightsRefused, match="was not fetched, and is kept"):
        ran("remove", WAN.name)
    assert json.loads(ran("verify", "--json").stdout)[0]["state"] == "noted"


def test_a_folder_is_given_by_its_path_and_not_by_an_address(home: Path) -> None:
    ended = CliRunner().invoke(app, ["models", "fetch", WAN.name, "--from", "https://x.org/y"])

    assert ended.exit_code == click.UsageError.exit_code
    assert "is a folder" in ended.output


def test_offline_a_fetch_says_so_and_asks_nobody(home: Path, hub: FakeHub) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fleet", "models", "fetch", WAN.name],
        env=os.environ | {HOME_VARIABLE: str(home), "HF_HUB_OFFLINE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 73
    assert "HF_HUB_OFFLINE is set" in done.stderr
    assert (hub.seen, "Traceback" in done.stderr) == ([], False)


def test_a_pinned_commit_that_is_not_the_one_here_is_fetched(home: Path, hub: FakeHub) -> None:
    ran("fetch", WAN.name)
    receipt = home / "models" / WAN.name / "motionfleet.receipt.json"
    receipt.write_text(receipt.read_text().replace(WAN.revision, "f" * 40))
    hub.seen.clear()

    ran("fetch", WAN.name)

    assert hub.seen
    assert row(WAN.name)["revision"] == WAN.revision
