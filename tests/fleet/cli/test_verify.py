"""``fleet verify`` finds whatever was changed, swapped or lost, and no file makes it fail."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import typer
from click.testing import CliRunner, Result

from companions import codec
from companions.timing import parse_rate
from companions.video_manifest import Codec, Master, Recipe
from companions.video_meta import (
    ClipFacts,
    Cost,
    CredentialFacts,
    ManifestUsed,
    MasterFacts,
    Reason,
    Verdict,
    VideoMeta,
)
from fleet.cli.app import app
from fleet.encode.credentials import Claim, Signer, sign
from fleet.encode.errors import ClipDoubtful
from fleet.encode.marking import SourceType, mark
from fleet.encode.probe import probe_clip
from tests.fleet.encode.certificates import authority, pem, signing_key, written
from tests.fleet.encode.clips import FRAMES, SIZE, clip_at
from tests.fleet.making import recipe

TRAINED = SourceType.TRAINED_ALGORITHMIC_MEDIA
CLAIM = Claim(title="a.mp4", source_type=TRAINED, model="wan", revision="1")
MASTER = b"frames for further work"


@cache
def published() -> dict[str, bytes]:
    """A clip as the fleet publishes it, signed, with its master and its meta."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        clip = clip_at(folder / "a.mp4")
        mark(clip, TRAINED)
        keys = written(folder)
        signer = Signer.load(certificate=keys.certificate, key=keys.key, timestamps=None)
        facts = sign(clip, signer=signer, claim=CLAIM)
        (folder / "a.master.mkv").write_bytes(MASTER)
        write_meta(folder, credentials=facts)
        return {
            name: (folder / name).read_bytes()
            for name in ("a.mp4", "a.master.mkv", "a.video_meta.json")
        }


def write_meta(folder: Path, **changes: Any) -> None:
    """The meta of ``folder``'s clip as it lies there, but for ``changes`` of the clip's facts."""
    film = probe_clip(folder / "a.mp4")
    facts: dict[str, Any] = {
        "file": "a.mp4", "sha256": film.sha256, "size_bytes": film.size_bytes,
        "frames": FRAMES, "fps": parse_rate(24), "duration_sec": 0.25, "width": SIZE.width,
        "height": SIZE.height, "codec": Codec.H264, "encoder": "libx264",
        "frames_sha256": film.frames_sha256, "digital_source_type": TRAINED.value,
    }  # fmt: skip
    clip = ClipFacts(**(facts | changes))
    codec.write(folder / "a.video_meta.json", meta_of(clip=clip, master=master_facts()))


def master_facts() -> MasterFacts:
    return MasterFacts(
        file="a.master.mkv", sha256=hashlib.sha256(MASTER).hexdigest(), size_bytes=len(MASTER),
        frames=FRAMES, master=Master.FFV1,
    )  # fmt: skip


def meta_of(*, clip: ClipFacts | None, master: MasterFacts | None = None) -> VideoMeta:
    asked: Recipe = recipe(seed=1)
    return VideoMeta(
        shot_id="a-1",
        shot_fingerprint=codec.fingerprint(asked),
        manifest=ManifestUsed(project_id="p", batch_id="b", sha256="1" * 64),
        image="a.png",
        verdict=Verdict.PASS if clip else Verdict.FAILED,
        reasons=() if clip else (Reason(code="picture_truncated", message="broken"),),
        recipe=asked,
        clip=clip,
        master=master,
        cost=Cost(seconds=1.0, rate_per_hour=0.0, amount=0.0),
        finished_at=datetime(2026, 1, 2, tzinfo=UTC),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one sound clip."""
    place = tmp_path / "clips"
    place.mkdir()
    for name, data in published().items():
        (place / name).write_bytes(data)
    return place


@cache
def command() -> Any:
    # Made once: Typer takes a second to put all commands of the fleet together.
    return typer.main.get_command(app)


def run(*arguments: str | Path) -> Result:
    ran = CliRunner().invoke(command(), ["verify", *map(str, arguments)])
    assert ran.exception is None or isinstance(ran.exception, ClipDoubtful | SystemExit), ran
    return ran


def facts_of(*arguments: str | Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(*arguments, "--json").stdout)
    return found


def test_a_published_clip_is_what_its_meta_and_signature_say(folder: Path) -> None:
    by_name, by_folder = run(folder / "a.mp4"), run(folder)

    assert by_name.exit_code == by_folder.exit_code == 0
    assert by_name.stdout == by_folder.stdout
    assert by_name.stdout.rstrip("\n").split("\t") == [
        str(folder / "a.mp4"), "sound", "trainedAlgorithmicMedia", "Studio Ost", "",
    ]  # fmt: skip
    assert "1 clip, and nothing speaks against any" in by_name.stderr
    assert facts_of(folder) == [
        {
            "clip": str(folder / "a.mp4"),
            "state": "sound",
            "doubts": [],
            "digital_source_type": "trainedAlgorithmicMedia",
            "credentials": {
                "state": "valid", "issuer": "Studio Ost", "serial": "4242", "algorithm": "es256",
            },
        }
    ]  # fmt: skip


def test_a_set_that_was_renamed_is_still_what_its_meta_says(folder: Path) -> None:
    for path in list(folder.iterdir()):
        path.rename(path.with_name("b" + path.name.removeprefix("a")))

    assert facts_of(folder)[0]["state"] == "sound"


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def in_the_film(folder: Path) -> None:
    clip = folder / "a.mp4"
    flip(clip, clip.read_bytes().index(b"mdat") + 400)


def rewritten(folder: Path) -> None:
    # An editor that keeps the film and adds a box of its own, outside of what is signed.
    clip = folder / "a.mp4"
    clip.write_bytes(clip.read_bytes() + b"\0\0\0\x0cfree....")


def signed_by_another(folder: Path) -> None:
    keys = written(
        folder.parent, chain=pem(authority("other").issue(signing_key(), organisation="Someone"))
    )
    signer = Signer.load(certificate=keys.certificate, key=keys.key, timestamps=None)
    sign(folder / "a.mp4", signer=signer, claim=CLAIM)


def signed_as_something_else(folder: Path) -> None:
    clip = clip_at(folder / "a.mp4")
    mark(clip, SourceType.COMPOSITE_CAPTURE)
    keys = written(folder.parent)
    signer = Signer.load(certificate=keys.certificate, key=keys.key, timestamps=None)
    facts = sign(clip, signer=signer, claim=CLAIM)
    write_meta(folder, credentials=facts, digital_source_type="compositeCapture")


def other_marking(folder: Path) -> None:
    clip = clip_at(folder / "a.mp4")
    mark(clip, SourceType.COMPOSITE_CAPTURE)
    write_meta(folder)


def stripped(folder: Path) -> None:
    clip_at(folder / "a.mp4")
    keys = CredentialFacts(issuer="Studio Ost", serial="4242", algorithm="es256")
    write_meta(folder, credentials=keys)


@pytest.mark.parametrize(
    ("change", "doubts"),
    [
        (in_the_film, ["sha256", "credentials", "hash"]),
        (rewritten, ["sha256", "bytes, its meta says", "the file was rewritten, not the film"]),
        (signed_by_another, ["signed by Someone", "by Studio Ost (4242)", "sha256"]),
        (
            signed_as_something_else,
            ["signed as trainedAlgorithmicMedia and marked as compositeCapture"],
        ),
        (other_marking, ["marked as compositeCapture, its meta says trainedAlgorithmicMedia"]),
        (stripped, ["the signature is gone", "marked as nothing"]),
        (write_meta, ["knows of no signature"]),
        (lambda folder: write_meta(folder, frames=7), ["frames: it has 6, its meta says 7"]),
        (lambda folder: write_meta(folder, width=98), ["size: it has 96x64, its meta says 98x64"]),
        (lambda folder: write_meta(folder, codec=Codec.AV1), ["codec: it has h264"]),
        (lambda folder: write_meta(folder, bit_depth=10), ["bit depth: it has 8"]),
        (lambda folder: write_meta(folder, frames_sha256="0" * 64), ["its pictures are not"]),
        (lambda folder: flip(folder / "a.master.mkv", 3), ["master a.master.mkv is not the one"]),
        (lambda folder: (folder / "a.master.mkv").unlink(), ["master a.master.mkv is gone"]),
        (lambda folder: (folder / "a.mp4").unlink(), ["the clip is gone"]),
        (
            lambda folder: codec.write(folder / "a.video_meta.json", meta_of(clip=None)),
            ["ended without a clip"],
        ),
        (
            lambda folder: (folder / "a.video_meta.json").write_text("{", "utf-8"),
            ["meta cannot be used"],
        ),
        (
            lambda folder: (folder / "a.video_meta.json").write_text(
                '{"kind": "video_meta", "schema_version": 9}', "utf-8"
            ),
            ["Upgrade motionfleet"],
        ),
        (lambda folder: (folder / "a.mp4").write_bytes(b"no film"), ["sha256", "cannot be read"]),
        (lambda folder: (folder / "a.mp4").write_bytes(b""), ["sha256"]),
    ],
    ids=[
        "film", "rewritten", "re-signed", "signed as other", "other marking", "stripped",
        "unknown signature",
        "frames", "size", "codec", "bit depth", "pictures", "other master", "no master", "no clip",
        "failed shot", "torn meta", "newer meta", "no film", "empty",
    ],
)  # fmt: skip
def test_what_was_changed_swapped_or_lost_is_doubtful_and_named(
    folder: Path, change: Callable[[Path], object], doubts: list[str]
) -> None:
    change(folder)

    ran = run(folder)

    assert isinstance(ran.exception, ClipDoubtful)
    assert "doubtful" in ran.stdout
    told = " ".join(facts_of(folder)[0]["doubts"])
    for words in doubts:
        assert words in told, told


def test_one_doubtful_clip_of_two_ends_with_the_number_of_both(folder: Path) -> None:
    (folder / "b.mp4").write_bytes(b"no film")
    (folder / "b.video_meta.json").write_bytes((folder / "a.video_meta.json").read_bytes())

    ran = run(folder)

    assert isinstance(ran.exception, ClipDoubtful)
    assert (ran.exception.doubtful, ran.exception.total) == (1, 2)
    assert ran.exception.exit_code == 74
    assert [line.split("\t")[1] for line in ran.stdout.splitlines()] == ["sound", "doubtful"]


def test_a_clip_without_a_meta_is_listed_as_such_and_is_no_error(folder: Path) -> None:
    (folder / "a.video_meta.json").unlink()

    ran = run(folder)

    assert ran.exit_code == 0
    assert ran.stdout.split("\t")[1] == "no meta"


def test_a_clip_without_a_meta_but_with_broken_credentials_is_doubtful(folder: Path) -> None:
    (folder / "a.video_meta.json").unlink()
    in_the_film(folder)

    assert isinstance(run(folder).exception, ClipDoubtful)


def test_without_decoding_the_bytes_are_still_held_against_the_meta(folder: Path) -> None:
    write_meta(folder, frames_sha256="0" * 64, credentials=published_facts())
    assert run(folder, "--quick").exit_code == 0
    assert isinstance(run(folder).exception, ClipDoubtful)

    in_the_film(folder)

    assert isinstance(run(folder, "--quick").exception, ClipDoubtful)


def published_facts() -> CredentialFacts:
    return CredentialFacts(issuer="Studio Ost", serial="4242", algorithm="es256")


def test_signatures_can_be_held_against_an_authority(folder: Path, tmp_path: Path) -> None:
    own, other, none = tmp_path / "own.pem", tmp_path / "other.pem", tmp_path / "none.pem"
    own.write_bytes(pem(authority().certificate))
    other.write_bytes(pem(authority("other").certificate))
    none.write_bytes(b"no certificate")

    assert run(folder, "--issued-by", own).exit_code == 0
    assert isinstance(run(folder, "--issued-by", other).exception, ClipDoubtful)
    for wrong in (none, tmp_path / "missing.pem", tmp_path):
        assert run(folder, "--issued-by", wrong).exit_code == 2

    clip_at(folder / "a.mp4")
    write_meta(folder, digital_source_type="")

    assert run(folder).exit_code == 0, "unsigned, as its meta says"
    assert isinstance(run(folder, "--issued-by", own).exception, ClipDoubtful)


def test_a_failed_shot_leaves_nothing_to_verify(folder: Path) -> None:
    for path in list(folder.iterdir()):
        path.unlink()
    codec.write(folder / "a.video_meta.json", meta_of(clip=None))

    ran = run(folder)

    assert (ran.exit_code, ran.stdout) == (0, "")
    assert "no clip here" in ran.stderr


def test_folders_within_are_looked_into_when_asked_and_each_clip_counts_once(folder: Path) -> None:
    inner = folder / "inner" / "day2"
    shutil.copytree(folder, inner)
    (folder / ".motionfleet-left.mp4").write_bytes(b"torn")
    (folder / "round").symlink_to(folder)

    flat = facts_of(folder, folder / "a.mp4")
    deep = facts_of(folder, "--recursive")

    assert [each["clip"] for each in flat] == [str(folder / "a.mp4")]
    assert [each["clip"] for each in deep] == [str(folder / "a.mp4"), str(inner / "a.mp4")]


def test_hostile_names_stand_in_one_line_and_links_out_and_pipes_do_no_harm(folder: Path) -> None:
    os.mkfifo(folder / "pipe.mp4")
    (folder / "loop.mp4").symlink_to("loop.mp4")
    (folder / "dir.mp4").mkdir()
    (folder / "x\n\x1b[31m.mp4").write_bytes(b"no film")
    os.mkfifo(folder / "x\n\x1b[31m.video_meta.json")

    ran = run(folder)

    assert isinstance(ran.exception, ClipDoubtful)
    assert len(ran.stdout.splitlines()) == 4
    assert "\x1b" not in ran.stdout
    assert ran.exception.doubtful == 3


def test_a_place_that_is_not_there_is_a_fault_of_the_command_line(tmp_path: Path) -> None:
    assert run(tmp_path / "none").exit_code == 2
