from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from companions.errors import FileUnwritable
from companions.geometry import Size
from companions.picture import Pixels
from companions.video_manifest import Master
from fleet.encode.colour import to_pixels
from fleet.encode.master import MasterWriter, probe_master
from fleet.errors import BackendFailed
from tests.fleet.footage import filmed, flat, move, photo

SIZE = Size(160, 90)
FILM = Fraction(24000, 1001)


def frames(count: int, *, size: Size = SIZE) -> Iterator[Pixels]:
    picture = photo("coffee.png")
    return filmed(picture, move(picture, output=size), frames=count, output=size)


def write(
    path: Path,
    pictures: Iterable[Pixels],
    *,
    master: Master,
    size: Size = SIZE,
    threads: int | None = None,
) -> Path:
    with MasterWriter(path, size=size, rate=FILM, master=master, threads=threads) as writer:
        for picture in pictures:
            writer.write(picture)
    return path


def test_ffv1_gives_back_every_sample(tmp_path: Path) -> None:
    pictures = [*frames(4), np.random.default_rng(3).integers(0, 256, (90, 160, 3), np.uint8)]
    path = write(tmp_path / "a.mkv", pictures, master=Master.FFV1)

    with av.open(str(path)) as container:
        back = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]

    assert len(back) == 5
    for picture, again in zip(pictures, back, strict=True):
        np.testing.assert_array_equal(again, picture)


def test_prores_keeps_colours_to_one_level(tmp_path: Path) -> None:
    patches = [flat(c, output=SIZE) for c in ((200, 60, 30), (20, 235, 20), (0, 0, 0), (255,) * 3)]
    path = write(tmp_path / "a.mov", patches, master=Master.PRORES)

    with av.open(str(path)) as container:
        back = [to_pixels(frame) for frame in container.decode(video=0)]

    for patch, again in zip(patches, back, strict=True):
        assert np.abs(again.astype(int) - patch).max() <= 1


@pytest.mark.parametrize("master", list(Master))
@pytest.mark.parametrize("count", [1, 2, 7])
def test_a_master_has_the_frames_written(tmp_path: Path, master: Master, count: int) -> None:
    path = write(tmp_path / "a", frames(count), master=master)

    probe = probe_master(path)

    assert (probe.master, probe.frames) == (master, count)
    assert (probe.width, probe.height) == (SIZE.width, SIZE.height)
    assert probe.size_bytes == path.stat().st_size


def test_masters_say_what_they_are(tmp_path: Path) -> None:
    prores = write(tmp_path / "a.mov", frames(2), master=Master.PRORES)
    ffv1 = write(tmp_path / "a.mkv", frames(2), master=Master.FFV1)

    with av.open(str(prores)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (stream.profile, context.codec_tag, context.pix_fmt) == ("HQ", "apch", "yuv422p10le")
        assert (context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1)
        assert stream.average_rate == FILM
    with av.open(str(ffv1)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc) == (0, 1, 13)
        assert stream.average_rate == FILM


@pytest.mark.parametrize("size", [Size(64, 64), Size(160, 90)], ids=str)
@pytest.mark.parametrize("master", list(Master))
def test_the_same_frames_give_the_same_master(tmp_path: Path, master: Master, size: Size) -> None:
    pictures = list(frames(6, size=size))

    made = {
        write(tmp_path / "a", pictures, master=master, size=size, threads=threads).read_bytes()
        for threads in (1, 1, 3, 3)
    }

    assert len(made) == 1


@pytest.mark.parametrize("master", list(Master))
def test_an_exception_leaves_no_master(tmp_path: Path, master: Master) -> None:
    def broken() -> Iterator[Pixels]:
        yield from frames(3)
        raise RuntimeError("the generator died")

    with pytest.raises(RuntimeError, match="the generator died"):
        write(tmp_path / "a", broken(), master=master)

    assert list(tmp_path.iterdir()) == []


def test_a_master_of_no_frames_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackendFailed, match="no frame was written"):
        write(tmp_path / "a", [], master=Master.FFV1)
    with pytest.raises(FileUnwritable, match="ENOENT"):
        write(tmp_path / "nowhere" / "a", frames(1), master=Master.FFV1)


@pytest.mark.parametrize("master", list(Master))
@pytest.mark.parametrize("kept", [0.0, 0.1, 0.6])
def test_a_master_that_is_cut_off_is_told(tmp_path: Path, master: Master, kept: float) -> None:
    path = write(tmp_path / "a", frames(12), master=master)
    whole = probe_master(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])

    try:
        cut = probe_master(path)
    except BackendFailed:
        return
    # Matroska is read as far as it goes, so that the count is what tells.
    assert cut.frames < whole.frames


def test_a_clip_is_no_master(tmp_path: Path) -> None:
    path = tmp_path / "a.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        frame = av.VideoFrame.from_ndarray(flat(9, output=Size(64, 64)), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

    with pytest.raises(BackendFailed, match="mpeg4"):
        probe_master(path)
