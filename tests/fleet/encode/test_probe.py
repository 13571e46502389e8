from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from companions.geometry import Size
from companions.picture import Pixels
from companions.video_manifest import Codec, EncodeParams
from fleet.encode.clip import ClipWriter
from fleet.encode.probe import probe_clip, read_frames
from fleet.errors import BackendFailed
from tests.fleet.footage import filmed, flat, move, photo

SIZE = Size(320, 180)
PRIMARIES = [
    (235, 20, 20), (20, 235, 20), (20, 20, 235), (20, 235, 235), (235, 20, 235), (235, 235, 20),
    (0, 0, 0), (255, 255, 255), (128, 128, 128), (200, 120, 80),
]  # fmt: skip


def encode(
    path: Path, pictures: list[Pixels], *, codec: Codec = Codec.H264, crf: int | None = None
) -> Path:
    params = EncodeParams(codec=codec, crf=crf)
    with ClipWriter(
        path, size=SIZE, rate=Fraction(24), params=params, title="", threads=2
    ) as writer:
        for picture in pictures:
            writer.write(picture)
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    picture = photo("coffee.png")
    pictures = filmed(picture, move(picture, output=SIZE), frames=30, output=SIZE)
    return encode(tmp_path_factory.mktemp("clip") / "a.mp4", list(pictures))


def levels_apart(a: Pixels, b: Pixels) -> float:
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


@pytest.mark.parametrize("codec", list(Codec))
def test_flat_colours_come_back_as_they_went_in(tmp_path: Path, codec: Codec) -> None:
    patches = [flat(colour, output=SIZE) for colour in PRIMARIES]
    path = encode(tmp_path / "a.mp4", patches, codec=codec, crf=10)

    back = read_frames(path, range(len(patches)))

    # A mix-up of BT.601 and BT.709 puts green 20 and more levels off.
    for index, patch in enumerate(patches):
        centre = back[index][40:140, 80:240]
        assert levels_apart(centre, patch[40:140, 80:240]) < 2.0, PRIMARIES[index]


@pytest.mark.parametrize("codec", list(Codec))
@pytest.mark.parametrize("name", ["astronaut.png", "coffee.png"])
def test_a_photograph_comes_back_as_it_went_in(tmp_path: Path, codec: Codec, name: str) -> None:
    picture = photo(name)
    pictures = list(filmed(picture, move(picture, output=SIZE), frames=3, output=SIZE))
    path = encode(tmp_path / "a.mp4", pictures, codec=codec, crf=10)

    back = read_frames(path, [0, 2])

    for index in (0, 2):
        apart = back[index].astype(int) - pictures[index].astype(int)
        assert np.abs(apart).mean() < 3.0
        assert np.abs(apart.mean(axis=(0, 1))).max() < 0.5  # no colour cast, no darkening


def test_other_players_see_the_same_colours(tmp_path: Path) -> None:
    # Not read_frames: the equations of BT.709 by hand, on the decoder's planes.
    path = encode(tmp_path / "a.mp4", [flat((200, 60, 30), output=SIZE)], crf=10)

    with av.open(str(path)) as container:
        planes = next(container.decode(video=0)).to_ndarray()
    y, u, v = (
        float(planes[:180].mean()),
        float(planes[180:225].mean()),
        float(planes[225:].mean()),
    )
    luma = (0.2126 * 200 + 0.7152 * 60 + 0.0722 * 30) / 255
    assert y == pytest.approx(16 + 219 * luma, abs=1.0)
    assert u == pytest.approx(128 + 224 * (30 / 255 - luma) / 1.8556, abs=1.0)
    assert v == pytest.approx(128 + 224 * (200 / 255 - luma) / 1.5748, abs=1.0)


def test_a_probe_by_path_and_by_bytes_agree(clip: Path) -> None:
    data = clip.read_bytes()

    probe = probe_clip(clip)

    assert probe == probe_clip(data)
    assert probe.sha256 == hashlib.sha256(data).hexdigest()
    assert probe.size_bytes == len(data)


@pytest.mark.parametrize("kept", [0.0, 0.05, 0.3, 0.6, 0.95, 0.999])
def test_a_clip_that_is_cut_off_is_not_playable(clip: Path, kept: float) -> None:
    data = clip.read_bytes()

    with pytest.raises(BackendFailed):
        probe_clip(data[: int(len(data) * kept)])


def test_what_is_not_a_clip_is_not_playable(tmp_path: Path) -> None:
    text = tmp_path / "a.mp4"
    text.write_text("not a clip " * 100)

    with pytest.raises(BackendFailed, match=r"a\.mp4"):
        probe_clip(text)
    with pytest.raises(BackendFailed, match=r"b\.mp4"):
        probe_clip(tmp_path / "b.mp4")
    with pytest.raises(BackendFailed):
        probe_clip(tmp_path)


def test_a_codec_outside_the_contract_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        frame = av.VideoFrame.from_ndarray(flat(9, output=Size(64, 64)), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

    with pytest.raises(BackendFailed, match="mpeg4"):
        probe_clip(path)


def test_a_clip_whose_frames_last_unequally_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for pts in (0, 1, 3, 4):
            frame = av.VideoFrame.from_ndarray(flat(50 * pts, output=Size(64, 64)), format="rgb24")
            frame.pts, frame.time_base = pts, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

    probe = probe_clip(path)

    assert (probe.frames, probe.even) == (4, False)


def test_frames_are_read_by_their_place_in_the_clip(tmp_path: Path) -> None:
    pictures = [flat(8 * i, output=SIZE) for i in range(30)]
    path = encode(tmp_path / "a.mp4", pictures, crf=5)

    back = read_frames(path, [29, 0, 17, 17])

    assert sorted(back) == [0, 17, 29]
    for index, picture in back.items():
        assert levels_apart(picture, pictures[index]) < 2.0


def test_a_frame_that_is_not_there_is_asked_for_in_vain(clip: Path) -> None:
    assert read_frames(clip, []) == {}
    with pytest.raises(BackendFailed, match="has no frame 30"):
        read_frames(clip, [0, 30])
