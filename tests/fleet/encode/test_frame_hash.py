from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import pytest

from companions.geometry import Size
from companions.picture import Pixels
from companions.video_manifest import Codec, EncodeParams, Poster
from fleet.encode.clip import ClipWords, ClipWriter
from fleet.encode.probe import probe_clip
from tests.fleet.footage import filmed, move, photo

# Neither side is a multiple of what decoders pad to.
SIZE = Size(166, 94)


def pictures(count: int = 7) -> list[Pixels]:
    picture = photo("chelsea.png")
    return list(filmed(picture, move(picture, output=SIZE), frames=count, output=SIZE))


def encode(path: Path, frames: list[Pixels], params: EncodeParams, *, title: str = "") -> Path:
    with ClipWriter(
        path, size=SIZE, rate=Fraction(24), params=params, words=ClipWords(title=title),
        threads=2, frames=len(frames),
    ) as writer:  # fmt: skip
        for frame in frames:
            writer.write(frame)
    return path


def by_ffmpeg(path: Path, scratch: Path) -> str:
    """As ``ffmpeg -i CLIP -map 0:v:0 -f hash -hash sha256 -`` does: FFmpeg's own hash muxer."""
    with (
        av.open(str(path)) as source,
        av.open(str(scratch), "w", format="hash", options={"hash": "sha256"}) as target,
    ):
        film = source.streams.video[0]
        raw = target.add_stream("rawvideo", rate=24)
        raw.width, raw.height = film.codec_context.width, film.codec_context.height
        raw.pix_fmt = film.codec_context.pix_fmt or ""
        for frame in source.decode(film):
            target.mux(raw.encode(frame))
        target.mux(raw.encode(None))
    return scratch.read_text().strip().removeprefix("SHA256=")


@pytest.mark.parametrize("codec", list(Codec))
@pytest.mark.parametrize("depth", [8, 10])
def test_the_hash_is_the_one_that_ffmpeg_computes(
    tmp_path: Path, codec: Codec, depth: Literal[8, 10]
) -> None:
    path = encode(tmp_path / "a.mp4", pictures(), EncodeParams(codec=codec, bit_depth=depth))

    assert probe_clip(path).frames_sha256 == by_ffmpeg(path, tmp_path / "hash")


def test_the_hash_is_over_the_samples_alone(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mp4", pictures(3), EncodeParams())

    with av.open(str(path)) as container:
        packed = b"".join(frame.to_ndarray().tobytes() for frame in container.decode(video=0))

    assert probe_clip(path).frames_sha256 == hashlib.sha256(packed).hexdigest()


def test_words_and_poster_leave_the_hash_as_it_is(tmp_path: Path) -> None:
    plain = probe_clip(encode(tmp_path / "a.mp4", pictures(), EncodeParams()))
    dressed = probe_clip(
        encode(tmp_path / "b.mp4", pictures(), EncodeParams(poster=Poster.LAST), title="Dusk")
    )

    assert dressed.sha256 != plain.sha256
    assert dressed.frames_sha256 == plain.frames_sha256


def test_other_pictures_or_another_order_give_another_hash(tmp_path: Path) -> None:
    shown = pictures()
    params = EncodeParams(crf=0)

    told = {
        probe_clip(encode(tmp_path / "a.mp4", frames, params)).frames_sha256
        for frames in (shown, shown[::-1], shown[:-1], [*shown[:-1], shown[0]])
    }

    assert len(told) == 4
