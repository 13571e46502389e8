"""A host that lies: nothing of what it sends is put in place, and each lie is told."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from companions import codec, names
from companions.names import CLIP_SUFFIX, META_SUFFIX
from companions.video_meta import VideoMeta
from fleet.sync.desk.folder import Synced
from fleet.sync.errors import AnswerRefused
from tests.chaos import transit
from tests.fleet.sync.desk.desks import PULL, Desk, hostile

SIZE = 4_096
Told = dict[str, Any]


class Liar:
    """A desk whose host has results of its two pictures, and may be told to lie about them.

    Attributes:
        outbox: what the host lets be fetched.
        told: what it says it has; the first is the one to lie about.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.outbox = root / "loot"
        self._stage = root / "stage"
        self._stage.mkdir()
        self._manifest = transit.shoot(self._stage, pictures=2, size_bytes=100, seed=1)
        transit.results(self.outbox, self._manifest, size_bytes=SIZE)
        self.told: list[Told] = [
            self._announced(path.relative_to(self._stage).as_posix())
            for path in sorted(self._stage.rglob("*.jpg"))
        ]

    def _announced(self, picture: str) -> Told:
        meta, clip = self.outbox / names.meta_of(picture), self.outbox / names.clip_of(picture)
        return {
            "picture": picture, "meta_sha256": _sha256(meta), "meta_size": meta.stat().st_size,
            "clip_sha256": _sha256(clip), "clip_size": clip.stat().st_size,
        }  # fmt: skip

    @property
    def picture(self) -> str:
        return str(self.told[0]["picture"])

    @property
    def meta(self) -> Path:
        return self.outbox / names.meta_of(self.picture)

    @property
    def clip(self) -> Path:
        return self.outbox / names.clip_of(self.picture)

    def rewrite(self, **values: object) -> None:
        """Give the meta other words, and announce it as it is then."""
        meta = codec.read(self.meta, VideoMeta).model_copy(update=values)
        self.meta.write_bytes(codec.encode(meta))
        self.told[0] |= {"meta_sha256": _sha256(self.meta), "meta_size": self.meta.stat().st_size}

    def replace_clip(self, data: bytes) -> None:
        """Another clip, with a meta that says so, and announced so."""
        self.clip.write_bytes(data)
        facts = codec.read(self.meta, VideoMeta).clip
        assert facts is not None
        new = {"sha256": _sha256(self.clip), "size_bytes": len(data)}
        self.rewrite(clip=facts.model_copy(update=new))
        self.told[0] |= {"clip_sha256": new["sha256"], "clip_size": len(data)}

    def pulled(self, *, tries: int = 2, more: Sequence[Told] = ()) -> tuple[Desk, Synced]:
        """What a pull makes of it; ``more`` is what the host says when asked yet again."""
        found = {"say": "results_found", "outbox": str(self.outbox), "results": self.told}
        # Asked once more, it lies again, of those that it is asked for.
        again = found | {"only_asked": True}
        desk = hostile(self.root, {"ask_results": [found, again, *more]}, tries=tries)
        for path in transit.files_in(self._stage):
            place = desk.folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            (self._stage / path).rename(place)
        return desk, desk.sync(PULL)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _results(desk: Desk) -> list[str]:
    return sorted(
        path for path in transit.files_in(desk.folder) if path.endswith((CLIP_SUFFIX, META_SUFFIX))
    )


def test_the_truth_is_believed(tmp_path: Path) -> None:
    desk, done = Liar(tmp_path).pulled()

    assert done.problems == ()
    assert len(_results(desk)) == 4


def _a_stranger(liar: Liar) -> None:
    liar.told.append(liar.told[0] | {"picture": "shoot/stranger.jpg"})
    liar.told.pop(0)


def _twice(liar: Liar) -> None:
    liar.told[0] = liar.told[1] | {"clip_sha256": "0" * 64}
    liar.told.reverse()


def _a_huge_meta(liar: Liar) -> None:
    liar.told[0]["meta_size"] = 10**12


def _a_huge_clip(liar: Liar) -> None:
    liar.told[0]["clip_size"] = 10**15


def _a_longer_clip_than_announced(liar: Liar) -> None:
    with liar.clip.open("ab") as file:
        file.write(b"\0" * 100_000)


def _other_clip_bytes(liar: Liar) -> None:
    liar.clip.write_bytes(transit.clip_bytes(SIZE, seed=(9, 9)))


def _other_meta_bytes(liar: Liar) -> None:
    liar.meta.write_bytes(liar.meta.read_bytes().replace(b"shot-", b"SHOT-"))


def _a_meta_that_names_another_picture(liar: Liar) -> None:
    liar.rewrite(image="shoot/day 1/other.jpg")


def _a_meta_that_names_another_clip(liar: Liar) -> None:
    facts = codec.read(liar.meta, VideoMeta).clip
    assert facts is not None
    liar.rewrite(clip=facts.model_copy(update={"file": "other.mp4"}))


def _a_foreign_recipe(liar: Liar) -> None:
    used = codec.read(liar.meta, VideoMeta).manifest.model_copy(update={"sha256": "9" * 64})
    liar.rewrite(shot_fingerprint="0" * 64, manifest=used)


def _no_meta_at_all(liar: Liar) -> None:
    liar.meta.write_bytes(b"[1, 2, 3]")
    liar.told[0] |= {"meta_sha256": _sha256(liar.meta), "meta_size": 9}


def _a_script_for_a_clip(liar: Liar) -> None:
    liar.replace_clip(b"#!/bin/sh\nrm -rf ~\n")


def _a_torn_clip(liar: Liar) -> None:
    liar.replace_clip(liar.clip.read_bytes()[:-50])


def _a_link_for_a_clip(liar: Liar) -> None:
    secret = liar.root / "secret"
    liar.clip.rename(secret)  # the right bytes, by way of a link
    liar.clip.symlink_to(secret)


def _a_linked_folder(liar: Liar) -> None:
    liar.clip.parent.rename(liar.root / "real")
    liar.clip.parent.symlink_to(liar.root / "real")


def _nothing_there(liar: Liar) -> None:
    liar.clip.unlink()


LIES: dict[str, Callable[[Liar], None]] = {
    "a result of a picture that was not asked for": _a_stranger,
    "two results of one picture": _twice,
    "a meta of a terabyte": _a_huge_meta,
    "a clip of a petabyte": _a_huge_clip,
    "other clip bytes than announced": _other_clip_bytes,
    "other meta bytes than announced": _other_meta_bytes,
    "a meta of another picture": _a_meta_that_names_another_picture,
    "a meta of another clip": _a_meta_that_names_another_clip,
    "a meta of a recipe that nobody asked for": _a_foreign_recipe,
    "bytes that are no meta": _no_meta_at_all,
    "a script instead of a clip": _a_script_for_a_clip,
    "a clip that is cut off": _a_torn_clip,
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_costs_one_result_and_is_told(tmp_path: Path, lie: str) -> None:
    liar = Liar(tmp_path)
    LIES[lie](liar)

    desk, done = liar.pulled()

    assert [type(each.error) for each in done.problems] == [AnswerRefused]
    assert len(_results(desk)) == 2  # the other picture's
    assert all(Path(path).is_relative_to("shoot") for path in _results(desk))


def test_who_lies_twice_of_one_result_is_not_asked_a_third_time(tmp_path: Path) -> None:
    liar = Liar(tmp_path)
    _other_clip_bytes(liar)

    # To be asked yet again, it would answer what ends the conversation.
    _, done = liar.pulled(tries=5, more=[{"say": "let"}])

    assert [type(each.error) for each in done.problems] == [AnswerRefused]
    assert "not those that its meta names" in str(done.problems[0].error)


@pytest.mark.parametrize(
    "lie", [_a_link_for_a_clip, _a_linked_folder, _nothing_there, _a_longer_clip_than_announced]
)
def test_what_cannot_be_fetched_leaves_nothing_behind(
    tmp_path: Path, lie: Callable[[Liar], None]
) -> None:
    liar = Liar(tmp_path)
    lie(liar)

    desk, done = liar.pulled()

    assert len(done.problems) == 1
    assert len(_results(desk)) == 2  # the other picture's
    assert not (desk.folder / names.clip_of(liar.picture)).exists()
    assert not (desk.folder / names.meta_of(liar.picture)).exists()
    assert not any(path.is_symlink() for path in desk.folder.rglob("*"))


@pytest.mark.parametrize(
    "picture", ["../../.bashrc", "/etc/passwd", "a/../../b.jpg", "a\\b.jpg", "x\n.jpg"]
)
def test_a_name_that_leads_out_of_the_folder_ends_the_conversation(
    tmp_path: Path, picture: str
) -> None:
    liar = Liar(tmp_path)
    liar.told[0]["picture"] = picture

    with pytest.raises(AnswerRefused, match="no message"):
        liar.pulled()
