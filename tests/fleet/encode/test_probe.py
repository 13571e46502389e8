from __future__ import annotations

import contextlib
import hashlib
from fractions import Fraction
from pathlib import Path
from typing import Final, Literal

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companions.geometry import Size
from companions.picture import Pixels
from companions.video_manifest import Codec, EncodeParams
from fleet.encode.clip import ClipWriter
from fleet.encode.colour import ToVideo, to_pixels
from fleet.encode.probe import probe_clip, read_frames
from fleet.encode.reading import MOST_FRAMES
from fleet.errors import BackendFailed
from tests.fleet.footage import filmed, flat, move, photo

SIZE = Size(320, 180)
DEPTHS: Final[tuple[Literal[8, 10], ...]] = (8, 10)
PRIMARIES = [
    (235, 20, 20), (20, 235, 20), (20, 20, 235), (20, 235, 235), (235, 20, 235), (235, 235, 20),
    (0, 0, 0), (255, 255, 255), (128, 128, 128), (200, 120, 80),
]  # fmt: skip


def encode(
    path: Path,
    pictures: list[Pixels],
    *,
    codec: Codec = Codec.H264,
    crf: int | None = None,
    depth: Literal[8, 10] | None = None,
) -> Path:
    params = EncodeParams(codec=codec, crf=crf, bit_depth=depth)
    with ClipWriter(path, size=SIZE, rate=Fraction(24), params=params, threads=2) as writer:
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


def test_ten_bits_lose_no_colour_at_all_before_the_encoder() -> None:
    colours = np.random.default_rng(5).integers(0, 256, (40, 3), np.uint8)
    lost = {}
    for pixels in ("yuv420p", "yuv420p10le"):
        convert = ToVideo(pixels)
        patches = [np.ascontiguousarray(np.broadcast_to(c, (32, 32, 3))) for c in colours]
        lost[pixels] = max(
            int(np.abs(to_pixels(convert(patch)).astype(int) - patch).max()) for patch in patches
        )

    assert (lost["yuv420p"], lost["yuv420p10le"]) == (2, 0)


@pytest.mark.parametrize("codec", list(Codec))
def test_a_soft_sky_has_more_steps_in_ten_bits(tmp_path: Path, codec: Codec) -> None:
    ramp = np.linspace(96, 112, SIZE.width).round().astype(np.uint8)
    sky = np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (180, 320, 3)))
    apart = {}
    for depth in DEPTHS:
        path = encode(tmp_path / "a.mp4", [sky] * 3, codec=codec, crf=4, depth=depth)
        apart[depth] = levels_apart(read_frames(path, [1])[1], sky)

    assert apart[10] <= apart[8]
    assert apart[10] < 0.3


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


def test_other_samples_than_the_contracts_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv444p"
        frame = av.VideoFrame.from_ndarray(flat(9, output=Size(64, 64)), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

    with pytest.raises(BackendFailed, match="samples of the kind yuv444p"):
        probe_clip(path)


def test_a_playlist_that_names_another_file_is_not_followed(tmp_path: Path, clip: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_text(f"ffconcat version 1.0\nfile '{clip}'\n")

    with pytest.raises(BackendFailed, match="cannot be read"):
        probe_clip(path)


@settings(max_examples=60, deadline=None)
@given(at=st.floats(0.0, 1.0), byte=st.integers(0, 255), run=st.integers(1, 64))
def test_a_damaged_clip_is_measured_or_refused_and_nothing_else(
    clip: Path, at: float, byte: int, run: int
) -> None:
    data = bytearray(clip.read_bytes())
    start = int(at * (len(data) - 1))
    data[start : start + run] = bytes([byte]) * len(data[start : start + run])

    with contextlib.suppress(BackendFailed):
        assert 0 < probe_clip(bytes(data)).frames <= MOST_FRAMES


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
