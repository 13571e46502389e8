"""Bad input costs nothing and loses nothing: it is named, with file, field and remedy."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from companions import codec
from companions.video_meta import Verdict, VideoMeta
from tests.acceptance.cli import Ran, command, environment, fleet
from tests.fleet.making import photo, sha256, shot, small_picture, write_manifest


def good_manifest(folder: Path) -> tuple[Path, dict[str, Any]]:
    picture = small_picture(folder / "a.png")
    path = write_manifest(folder / "m.video_manifest.json", [shot(picture, folder)])
    return path, json.loads(path.read_text())


def submit(folder: Path, manifest: Path, *more: str | Path) -> Ran:
    return fleet(folder / "home", "submit", manifest, *more)


def first_shot(document: dict[str, Any]) -> dict[str, Any]:
    shots: list[dict[str, Any]] = document["shots"]
    return shots[0]


def _set(*path: str | int, to: object) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        at: Any = document
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = to

    return change


MOTION = ("shots", 0, "motion")
REFUSED: dict[str, tuple[Callable[[dict[str, Any]], None], int, list[str]]] = {
    "an unknown field": (_set("shots", 0, "promt", to="x"), 10, ["shots[0].promt", "not a field"]),
    "a path that climbs out": (
        _set("shots", 0, "image_path", to="../a.png"), 10, ["shots[0].image_path", "'..'"]),
    "an absolute path": (
        _set("shots", 0, "image_path", to="/etc/a.png"), 10, ["shots[0].image_path", "absolute"]),
    "a rectangle outside": (
        _set(*MOTION, "end_rect", to=[0.1, 0.1, 1.2, 0.9]), 10, ["shots[0].motion.end_rect[2]"]),
    "a rectangle without area": (
        _set(*MOTION, "start_rect", to=[0.5, 0.1, 0.5, 0.9]), 10,
        ["shots[0].motion.start_rect", "empty"]),
    "no duration": (_set(*MOTION, "duration_sec", to=0), 10, ["shots[0].motion.duration_sec"]),
    "ten hours": (_set(*MOTION, "duration_sec", to=36000), 10, ["duration_sec", "60"]),
    "less than one frame": (
        _set(*MOTION, "duration_sec", to=0.001), 10, ["duration_sec", "not one frame"]),
    "a newer version": (_set("schema_version", to=7), 11, ["schema_version", "Upgrade"]),
    "an unknown model": (
        _set("shots", 0, "generation_params", "model", to="sora"), 41,
        ["shots[0].generation_params.model", "sora", "camera"]),
    "an unknown interpolator": (
        _set("shots", 0, "interpolation", "backend", to="magic"), 41,
        ["shots[0].interpolation.backend", "magic", "flow"]),
    "a parameter the model does not have": (
        _set("shots", 0, "generation_params", "steps", to=30), 43,
        ["shots[0].generation_params.steps"]),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_a_manifest_that_cannot_be_honoured_is_refused_whole(what: str, tmp_path: Path) -> None:
    path, document = good_manifest(tmp_path)
    change, code, words = REFUSED[what]
    change(document)
    path.write_text(json.dumps(document))

    ran = submit(tmp_path, path)

    assert (ran.code, ran.out) == (code, ""), ran.err
    for word in [path.name, *words]:
        assert word in ran.err
    assert fleet(tmp_path / "home", "status", "--shots", "--json").json() == []
    assert not list(tmp_path.glob("*.mp4"))


BYTES = {
    "not JSON": (b"{'single': 'quotes'}", "is not JSON: line 1"),
    "empty": (b"", "is empty"),
    "NaN": (b'{"kind": "video_manifest", "schema_version": 1, "x": {"a": NaN}}', "NaN"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00", "UTF-8"),
    "a list": (b"[]", "not a JSON object"),
}


@pytest.mark.parametrize("what", BYTES)
def test_a_file_that_is_no_manifest_is_refused_in_words(what: str, tmp_path: Path) -> None:
    data, words = BYTES[what]
    path = tmp_path / "m.video_manifest.json"
    path.write_bytes(data)

    ran = submit(tmp_path, path)

    assert ran.code == 10
    assert words in ran.err
    assert path.read_bytes() == data


def test_a_manifest_that_is_not_there_is_named(tmp_path: Path) -> None:
    ran = submit(tmp_path, tmp_path / "nowhere.video_manifest.json")

    assert ran.code == 10
    assert "nowhere.video_manifest.json" in ran.err


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    outside = small_picture(tmp_path / "outside" / "secret.png")
    folder = tmp_path / "in"
    picture = small_picture(folder / "a.png")
    manifest = write_manifest(folder / "m.video_manifest.json", [shot(picture, folder)])
    picture.unlink()
    picture.symlink_to(outside)

    ran = submit(tmp_path, manifest)

    assert ran.code == 12
    assert "symbolic link" in ran.err


def test_two_pictures_for_one_clip_are_refused(tmp_path: Path) -> None:
    first, second = small_picture(tmp_path / "a.png"), small_picture(tmp_path / "A.jpg")
    manifest = write_manifest(
        tmp_path / "m.video_manifest.json", [shot(first, tmp_path), shot(second, tmp_path)]
    )

    ran = submit(tmp_path, manifest)

    assert ran.code == 13
    assert "'a.png'" in ran.err
    assert "'A.jpg'" in ran.err


def bomb(path: Path) -> None:
    """A PNG whose header promises 400 megapixels in a few bytes."""

    def part(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    head = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1000)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", rows) + part(b"IEND", b"")
    )


def bad_pictures(folder: Path) -> dict[str, str]:
    """Every way a picture can be bad, with the reason its meta must give."""
    whole = photo("rocket.jpg", folder / "x").read_bytes()
    (folder / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.png").write_text("this is no picture")
    bomb(folder / "bomb.png")
    frames = [Image.new("RGB", (32, 32), (i * 60, 0, 0)) for i in range(3)]
    frames[0].save(folder / "animated.gif", save_all=True, append_images=frames[1:])
    small_picture(folder / "missing.png")
    small_picture(folder / "changed.png", shade=1)
    return {
        "truncated.jpg": "picture_truncated",
        "empty.jpg": "picture_empty",
        "text.png": "picture_not_a_picture",
        "bomb.png": "picture_too_large",
        "animated.gif": "picture_animated",
        "missing.png": "picture_missing",
        "changed.png": "picture_changed",
    }


def test_one_bad_picture_never_stops_the_others_and_its_meta_says_why(tmp_path: Path) -> None:
    reasons = bad_pictures(tmp_path)
    good = [photo("coffee.png", tmp_path), photo("chelsea.png", tmp_path)]
    pictures = [good[0], *(tmp_path / name for name in reasons), good[1]]
    manifest = write_manifest(
        tmp_path / "m.video_manifest.json", [shot(picture, tmp_path) for picture in pictures]
    )
    (tmp_path / "missing.png").unlink()
    small_picture(tmp_path / "changed.png", shade=2)

    ran = submit(tmp_path, manifest)

    assert ran.code == 60, ran.err
    assert "7 of 9 shots" in ran.err
    for picture in good:
        meta = codec.read(picture.with_suffix(".video_meta.json"), VideoMeta)
        assert meta.verdict is Verdict.PASS
        assert picture.with_suffix(".mp4").exists()
    for name, reason in reasons.items():
        meta = codec.read((tmp_path / name).with_suffix(".video_meta.json"), VideoMeta)
        assert meta.verdict is Verdict.FAILED, name
        assert meta.reasons[0].code == reason
        assert name in meta.reasons[0].message
        assert not (tmp_path / name).with_suffix(".mp4").exists()


def test_a_missing_picture_that_is_put_back_is_made_by_the_same_command(tmp_path: Path) -> None:
    picture = photo("coffee.png", tmp_path)
    manifest = write_manifest(tmp_path / "m.video_manifest.json", [shot(picture, tmp_path)])
    data = picture.read_bytes()
    picture.unlink()
    before = submit(tmp_path, manifest)
    picture.write_bytes(data)

    after = submit(tmp_path, manifest)

    assert (before.code, after.code) == (60, 0), after.err
    assert codec.read(tmp_path / "coffee.video_meta.json", VideoMeta).verdict is Verdict.PASS


def test_a_clip_that_is_not_ours_is_kept_and_the_shot_says_so(tmp_path: Path) -> None:
    picture = photo("coffee.png", tmp_path)
    manifest = write_manifest(tmp_path / "m.video_manifest.json", [shot(picture, tmp_path)])
    (tmp_path / "coffee.mp4").write_bytes(b"a wedding")

    ran = submit(tmp_path, manifest)

    assert ran.code == 60
    assert "--out" in ran.out
    assert (tmp_path / "coffee.mp4").read_bytes() == b"a wedding"


def test_pictures_in_unusual_forms_come_out_as_the_eye_sees_them(tmp_path: Path) -> None:
    """A sideways photograph: its clip is upright, which the adherence check would notice."""
    with Image.open(photo("coffee.png", tmp_path / "x")) as image:
        exif = Image.Exif()
        exif[0x0112] = 6
        image.transpose(Image.Transpose.ROTATE_90).save(
            tmp_path / "sideways.jpg", exif=exif, quality=95
        )
        image.convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
        image.convert("L").save(tmp_path / "grey.png")
        image.quantize(64).save(tmp_path / "palette.png")
        faded = image.convert("RGBA")
        faded.putalpha(200)
        faded.save(tmp_path / "alpha.png")
    names = ["sideways.jpg", "cmyk.jpg", "grey.png", "palette.png", "alpha.png"]
    manifest = write_manifest(
        tmp_path / "m.video_manifest.json", [shot(tmp_path / name, tmp_path) for name in names]
    )

    ran = submit(tmp_path, manifest, "--json")

    assert ran.code == 0, ran.err
    for row in ran.json():
        assert row["verdict"] == "pass", row
        assert row["adherence"] < 0.03, row


def test_settings_that_cannot_be_meant_are_refused_in_words(tmp_path: Path) -> None:
    path, _ = good_manifest(tmp_path)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "settings.toml").write_text("genration_slots = 2\n")

    ran = submit(tmp_path, path)

    assert ran.code == 48
    assert "settings.toml" in ran.err
    assert "genration_slots" in ran.err


def test_an_output_folder_that_cannot_be_made_refuses_before_anything_is_queued(
    tmp_path: Path,
) -> None:
    path, _ = good_manifest(tmp_path)
    (tmp_path / "file").write_text("in the way")

    ran = submit(tmp_path, path, "--out", tmp_path / "file" / "clips")

    assert ran.code == 30
    assert "clips" in ran.err
    assert fleet(tmp_path / "home", "status", "--shots", "--json").json() == []


# -- a disk of its own ------------------------------------------------------------------------

_IN_NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")


def _namespaces_work() -> bool:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    return (
        subprocess.run([*_IN_NAMESPACE, "true"], check=False, capture_output=True).returncode == 0
    )


needs_namespaces = pytest.mark.skipif(
    not _namespaces_work(), reason="a disk small enough to fill needs Linux mount namespaces"
)


def in_namespace(home: Path, script: str) -> Ran:
    """Run a shell script where it may mount, seen by nobody else."""
    done = subprocess.run(
        [*_IN_NAMESPACE, "sh", "-ec", script],
        env=environment(home), capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)


@needs_namespaces
def test_a_full_disk_while_publishing_leaves_nothing_half_done_and_the_same_command_goes_on(
    tmp_path: Path,
) -> None:
    picture = photo("coffee.png", tmp_path)
    manifest = write_manifest(
        tmp_path / "m.video_manifest.json", [shot(picture, tmp_path, width=320, height=180)]
    )
    home, out = tmp_path / "home", tmp_path / "out"
    home.mkdir()
    out.mkdir()
    (home / "settings.toml").write_text("first_retry_s = 0.01\n")
    submitting = " ".join(command("submit", manifest, "--out", out, "--json"))
    script = f"""
        mount -t tmpfs -o size=128k none {out}
        head -c 120k /dev/zero > {out}/filler
        code=0; {submitting} > {tmp_path}/first.json || code=$?
        echo "first $code"; ls -A {out}
        rm {out}/filler
        {submitting} > {tmp_path}/second.json; echo "second $?"; ls -A {out}
    """

    ran = in_namespace(home, script)

    lines = ran.out.splitlines()
    assert lines[:2] == ["first 60", "filler"], ran.err
    assert lines[2:] == ["second 0", "coffee.mp4", "coffee.video_meta.json"], ran.err
    first = json.loads((tmp_path / "first.json").read_text())
    assert first[0]["reasons"][0]["code"] == "file_unwritable"
    assert "ENOSPC" in first[0]["reasons"][0]["message"]
    attempts = fleet(home, "show", "coffee.png", "--json").json()["attempts"]
    assert [a["stage"] for a in attempts].count("generate") == 1, "nothing was paid for twice"


@needs_namespaces
def test_a_read_only_output_folder_refuses_before_anything_is_queued(tmp_path: Path) -> None:
    path, _ = good_manifest(tmp_path)
    home, out = tmp_path / "home", tmp_path / "out"
    out.mkdir()
    submitting = " ".join(command("submit", path, "--out", out))

    ran = in_namespace(home, f"mount -t tmpfs -o ro none {out}; {submitting}")

    assert ran.code == 30
    assert "EROFS" in ran.err
    assert fleet(home, "status", "--shots", "--json").json() == []


def test_the_hash_in_a_manifest_is_the_hash_of_the_file(tmp_path: Path) -> None:
    path, document = good_manifest(tmp_path)
    first_shot(document)["sha256"] = sha256(tmp_path / "a.png").replace("a", "b")
    path.write_text(json.dumps(document))

    ran = submit(tmp_path, path)

    assert ran.code == 60
    assert "sha256 differs" in ran.out
