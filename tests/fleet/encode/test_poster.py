from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from companions.geometry import Size
from companions.picture import Pixels
from companions.video_manifest import Codec, EncodeParams, Poster
from fleet.encode.clip import ClipWriter
from fleet.encode.poster import jpeg, poster_index, shown_size
from fleet.encode.probe import probe_clip, read_frames
from fleet.errors import BackendFailed
from tests.fleet.footage import flat

SIZE = Size(96, 64)
GREYS = [flat(30 * i, output=SIZE) for i in range(8)]


def encode(
    path: Path,
    pictures: Sequence[Pixels],
    *,
    poster: Poster | None,
    codec: Codec = Codec.H264,
    promised: int | None = None,
) -> Path:
    with ClipWriter(
        path,
        size=SIZE,
        rate=Fraction(24),
        params=EncodeParams(codec=codec, poster=poster),
        threads=2,
        frames=promised,
    ) as writer:
        for picture in pictures:
            writer.write(picture)
    return path


def cover(path: Path) -> Pixels:
    """The clip's cover, found as any player finds it."""
    with av.open(str(path)) as container:
        film, shown = container.streams.video
        assert film.codec_context.width == SIZE.width
        assert shown.disposition == av.stream.Disposition.attached_pic
        packet = next(packet for packet in container.demux(shown) if packet.size)
        (picture,) = packet.decode()
        assert isinstance(picture, av.VideoFrame)
        return np.asarray(picture.to_ndarray(format="rgb24"), np.uint8)


@pytest.mark.parametrize("codec", list(Codec))
@pytest.mark.parametrize(
    ("poster", "grey"), [(Poster.FIRST, 0), (Poster.MIDDLE, 90), (Poster.LAST, 210)]
)
def test_the_poster_is_the_frame_asked_for(
    tmp_path: Path, codec: Codec, poster: Poster, grey: int
) -> None:
    path = encode(tmp_path / "a.mp4", GREYS, poster=poster, codec=codec, promised=8)

    assert abs(float(cover(path).mean()) - grey) < 3.0


@pytest.mark.parametrize("codec", list(Codec))
def test_a_poster_is_no_frame_of_the_film(tmp_path: Path, codec: Codec) -> None:
    plain = probe_clip(encode(tmp_path / "a.mp4", GREYS, poster=None, codec=codec))
    path = encode(tmp_path / "b.mp4", GREYS, poster=Poster.LAST, codec=codec, promised=8)
    posted = probe_clip(path)

    assert (plain.poster, posted.poster) == (False, True)
    assert (posted.frames, posted.rate, posted.even) == (plain.frames, plain.rate, plain.even)
    assert posted.frames_sha256 == plain.frames_sha256
    assert abs(float(read_frames(path, [0])[0].mean())) < 3.0


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("poster", list(Poster))
def test_the_shortest_clips_have_posters(tmp_path: Path, poster: Poster, count: int) -> None:
    path = encode(tmp_path / "a.mp4", GREYS[:count], poster=poster, promised=count)

    assert probe_clip(path).frames == count
    assert abs(float(cover(path).mean()) - 30 * poster_index(poster, frames=count)) < 3.0


def test_the_middle_is_the_earlier_of_two() -> None:
    assert [poster_index(Poster.MIDDLE, frames=count) for count in (1, 2, 3, 4, 5)] == [
        0,
        0,
        1,
        1,
        2,
    ]


@pytest.mark.parametrize("poster", [Poster.MIDDLE, Poster.LAST])
def test_a_poster_from_within_needs_the_number_of_frames(tmp_path: Path, poster: Poster) -> None:
    with pytest.raises(ValueError, match="number of frames"):
        encode(tmp_path / "a.mp4", GREYS, poster=poster)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("promised", [7, 9])
def test_a_clip_of_another_length_than_promised_is_refused(tmp_path: Path, promised: int) -> None:
    with pytest.raises(BackendFailed, match=f"8 frames were written where {promised}"):
        encode(tmp_path / "a.mp4", GREYS, poster=Poster.MIDDLE, promised=promised)

    assert list(tmp_path.iterdir()) == []


def test_the_index_still_lies_before_the_pictures(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mp4", GREYS, poster=Poster.LAST, promised=8)

    data = path.read_bytes()

    assert data.index(b"moov") < data.index(b"covr") < data.index(b"mdat")


def test_the_poster_of_a_large_clip_is_small(tmp_path: Path) -> None:
    frame = np.zeros((2160, 3840, 3), np.uint8)
    frame[:, :1920] = (200, 60, 30)
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(frame))

    with Image.open(path) as picture:
        assert picture.size == (1280, 720)
        left = np.asarray(picture)[:, :600].reshape(-1, 3).mean(axis=0)
    assert np.abs(left - (200, 60, 30)).max() < 3.0, "red and blue in their places"


@pytest.mark.parametrize("size", [Size(8192, 2), Size(2, 8192)], ids=str)
def test_the_narrowest_poster_has_a_pixel(size: Size) -> None:
    assert min(shown_size(size).width, shown_size(size).height) == 1
