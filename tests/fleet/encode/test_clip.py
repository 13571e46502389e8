from __future__ import annotations

import resource
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companions.errors import FileUnwritable
from companions.geometry import Size
from companions.picture import Pixels
from companions.timing import parse_rate
from companions.video_manifest import Codec, EncodeParams, Poster
from fleet.encode.clip import ClipWords, ClipWriter
from fleet.encode.errors import EncoderMissing
from fleet.encode.hardware import nvenc_fault
from fleet.encode.probe import probe_clip
from fleet.errors import BackendFailed
from tests.fleet.footage import filmed, flat, move, photo

SMALL = Size(160, 96)
TICKS = Fraction(24)
FILM = Fraction(24000, 1001)


def frames(count: int, *, size: Size = SMALL, name: str = "coffee.png") -> Iterator[Pixels]:
    picture = photo(name)
    return filmed(picture, move(picture, output=size), frames=count, output=size)


def encode(
    path: Path,
    pictures: Iterable[Pixels],
    *,
    codec: Codec = Codec.H264,
    rate: Fraction = TICKS,
    size: Size = SMALL,
    title: str = "a shot",
    threads: int | None = 2,
    crf: int | None = None,
    bitrate_kbps: int | None = None,
    depth: Literal[8, 10] | None = None,
) -> Path:
    params = EncodeParams(codec=codec, crf=crf, bitrate_kbps=bitrate_kbps, bit_depth=depth)
    with ClipWriter(
        path, size=size, rate=rate, params=params, words=ClipWords(title=title), threads=threads
    ) as writer:
        for picture in pictures:
            writer.write(picture)
    return path


def atoms(data: bytes) -> list[bytes]:
    """Names of the file's top-level boxes, in order."""
    names, at = [], 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        names.append(data[at + 4 : at + 8])
        at += length
    return names


@pytest.mark.parametrize("rate", [TICKS, FILM, Fraction(60), parse_rate(12.34567)])
@pytest.mark.parametrize("codec", list(Codec))
def test_a_clip_has_the_frames_written_at_the_exact_rate(
    tmp_path: Path, codec: Codec, rate: Fraction
) -> None:
    clip = probe_clip(encode(tmp_path / "a.mp4", frames(7), codec=codec, rate=rate))

    assert (clip.frames, clip.rate, clip.even) == (7, rate, True)
    assert clip.duration_s == 7 / rate
    assert (clip.codec, clip.width, clip.height) == (codec, SMALL.width, SMALL.height)


@settings(max_examples=25, deadline=None)
@given(
    count=st.integers(1, 9),
    rate=st.one_of(
        st.integers(1, 240).map(Fraction),
        st.sampled_from([23.976, 29.97, 59.94, 119.88, 239.99999]).map(parse_rate),
    ),
)
def test_whatever_the_rate_a_clip_lasts_its_frames_over_its_rate(
    tmp_path_factory: pytest.TempPathFactory, count: int, rate: Fraction
) -> None:
    size = Size(64, 64)
    pictures = (flat(20 * i, output=size) for i in range(count))
    path = tmp_path_factory.mktemp("clip") / "a.mp4"

    clip = probe_clip(encode(path, pictures, rate=rate, size=size))

    assert (clip.frames, clip.duration_s, clip.rate) == (count, count / rate, rate)


def test_a_minute_of_film_rate_does_not_drift(tmp_path: Path) -> None:
    size = Size(64, 64)
    pictures = (flat(i % 256, output=size) for i in range(1439))

    clip = probe_clip(encode(tmp_path / "a.mp4", pictures, rate=FILM, size=size))

    assert clip.duration_s == Fraction(1439 * 1001, 24000)
    assert clip.even


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("depth", [8, 10])
@pytest.mark.parametrize("codec", list(Codec))
def test_a_clip_may_have_a_frame_or_two(
    tmp_path: Path, codec: Codec, depth: Literal[8, 10], count: int
) -> None:
    made = set[bytes]()
    # x265 stamps clips of one or two frames with what lies in memory, which is not always wrong.
    for _ in range(4 if codec is Codec.HEVC and count < 3 else 1):
        path = encode(
            tmp_path / "a.mp4", frames(count), codec=codec, depth=depth, rate=FILM, threads=4
        )
        made.add(path.read_bytes())
        clip = probe_clip(path)
        assert (clip.frames, clip.even, clip.duration_s) == (count, True, count / FILM)

    assert len(made) == 1


@pytest.mark.parametrize("codec", list(Codec))
def test_frames_are_decoded_in_the_order_they_lie_and_before_they_are_shown(
    tmp_path: Path, codec: Codec
) -> None:
    path = encode(tmp_path / "a.mp4", frames(40), codec=codec)

    with av.open(str(path)) as container:
        times = [(p.dts, p.pts) for p in container.demux(video=0) if p.size]

    decoded = [dts for dts, _ in times if dts is not None]
    assert len(decoded) == 40
    assert decoded == sorted(set(decoded))
    assert all(pts is not None and dts is not None and dts <= pts for dts, pts in times)


def test_hevc_is_never_made_of_several_frames_at_once(tmp_path: Path) -> None:
    # libx265 then waits for ever at the end of a clip, one in thousands.
    clip = encode(tmp_path / "a.mp4", frames(3), codec=Codec.HEVC, threads=4)

    assert b" frame-threads=1 " in clip.read_bytes()


# Sizes at which encoders were caught giving other bytes every time.
@pytest.mark.parametrize("size", [Size(64, 64), Size(96, 64), Size(320, 180)], ids=str)
@pytest.mark.parametrize("codec", list(Codec))
@pytest.mark.parametrize("depth", [8, 10])
def test_the_same_frames_give_the_same_bytes(
    tmp_path: Path, codec: Codec, size: Size, depth: Literal[8, 10]
) -> None:
    if (codec, depth) == (Codec.H264, 10):
        pytest.skip("x264 in 10 bits gives other bytes once in some 150 times: not promised")
    pictures = list(frames(20 if depth == 8 else 10, size=size))
    params = EncodeParams(codec=codec, bit_depth=depth, poster=Poster.MIDDLE, with_prompt=True)
    words = ClipWords(title="Dusk", shot_id="p/b/1", prompt="a slow push in")

    made = set[bytes]()
    for _ in range(4 if depth == 8 else 3):
        path = tmp_path / "a.mp4"
        with ClipWriter(
            path, size=size, rate=TICKS, params=params, words=words, threads=3,
            frames=len(pictures),
        ) as writer:  # fmt: skip
            for picture in pictures:
                writer.write(picture)
        made.add(path.read_bytes())

    assert len(made) == 1


def test_the_bytes_do_not_depend_on_the_machine_unless_threads_are_asked_for(
    tmp_path: Path,
) -> None:
    unsaid = encode(tmp_path / "a.mp4", frames(30), threads=None)
    said = encode(tmp_path / "b.mp4", frames(30), threads=4)

    assert unsaid.read_bytes() == said.read_bytes()


def test_the_threads_asked_for_are_used(tmp_path: Path) -> None:
    size = Size(320, 320)
    for threads in (1, 3):
        clip = encode(tmp_path / "a.mp4", frames(2, size=size), size=size, threads=threads)
        # x264 writes its settings into the stream.
        assert b" threads=%d " % threads in clip.read_bytes()


@pytest.mark.parametrize(
    ("codec", "depth", "tag", "profile"),
    [
        (Codec.H264, 8, "avc1", "High"),
        (Codec.H264, 10, "avc1", "High 10"),
        (Codec.HEVC, 8, "hvc1", "Main"),
        (Codec.HEVC, 10, "hvc1", "Main 10"),
        (Codec.AV1, 8, "av01", "Main"),
        (Codec.AV1, 10, "av01", "Main"),
    ],
)
def test_a_clip_says_what_it_is(
    tmp_path: Path, codec: Codec, depth: Literal[8, 10], tag: str, profile: str
) -> None:
    path = encode(tmp_path / "a.mp4", frames(5), codec=codec, depth=depth, title='Häuser "am" Meer')

    assert probe_clip(path).bit_depth == depth
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert container.metadata["title"] == 'Häuser "am" Meer'
        pixels = {8: "yuv420p", 10: "yuv420p10le"}[depth]
        assert (context.codec_tag, context.pix_fmt, stream.profile) == (tag, pixels, profile)
        assert (context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1)
        assert context.color_range == 1
    assert b"colrnclx" in path.read_bytes(), "players that trust the container see BT.709 too"


def words_in(path: Path) -> dict[str, str]:
    with av.open(str(path)) as container:
        return {
            name: container.metadata[name]
            for name in ("title", "comment", "description", "creation_time")
            if name in container.metadata
        }


def clip_with(path: Path, words: ClipWords | None, params: EncodeParams) -> Path:
    with ClipWriter(path, size=SMALL, rate=TICKS, params=params, words=words) as writer:
        writer.write(flat(9, output=SMALL))
    return path


def test_title_shot_and_prompt_are_written_into_the_clip(tmp_path: Path) -> None:
    words = ClipWords(title="dawn", shot_id="trip/b1/3", prompt="Nebel, langsam näher; 東京")
    path = clip_with(tmp_path / "a.mp4", words, EncodeParams(with_prompt=True))

    assert words_in(path) == {
        "title": "dawn", "comment": "shot trip/b1/3", "description": "Nebel, langsam näher; 東京"
    }  # fmt: skip


def test_a_prompt_that_is_not_allowed_is_nowhere_in_the_clip(tmp_path: Path) -> None:
    words = ClipWords(title="dawn", prompt="a secret place")
    path = clip_with(tmp_path / "a.mp4", words, EncodeParams())

    assert words_in(path) == {"title": "dawn"}
    assert b"secret" not in path.read_bytes()


def test_a_clip_without_words_says_nothing_not_even_when_it_was_made(tmp_path: Path) -> None:
    path = clip_with(tmp_path / "a.mp4", None, EncodeParams())

    assert words_in(path) == {}


def test_the_longest_prompt_is_written_whole_and_controls_do_no_harm(tmp_path: Path) -> None:
    prompt = "ü" * 19_990 + "\0\n\x1b end"
    words = ClipWords(prompt=prompt)
    path = clip_with(tmp_path / "a.mp4", words, EncodeParams(with_prompt=True))

    assert words_in(path)["description"] == prompt.replace("\0", "")
    assert probe_clip(path).frames == 1


@pytest.mark.skipif(nvenc_fault("h264_nvenc") is None, reason="this node has NVIDIA's encoder")
def test_where_the_chip_is_missing_nvenc_is_refused_and_auto_falls_to_software(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.mp4"

    with pytest.raises(EncoderMissing, match="h264_nvenc"):
        ClipWriter(path, size=SMALL, rate=TICKS, params=EncodeParams(), encoder="nvenc")
    writer = ClipWriter(path, size=SMALL, rate=TICKS, params=EncodeParams(), encoder="auto")

    assert writer.encoder == "libx264"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(nvenc_fault("hevc_nvenc") is not None, reason="needs NVIDIA's encoder")
@pytest.mark.parametrize("depth", [8, 10])
def test_the_chip_makes_clips_that_keep_the_same_promises(
    tmp_path: Path, depth: Literal[8, 10]
) -> None:
    size = Size(320, 192)
    params = EncodeParams(codec=Codec.HEVC, bit_depth=depth)
    path = tmp_path / "a.mp4"
    with ClipWriter(path, size=size, rate=FILM, params=params, encoder="nvenc") as writer:
        for picture in frames(9, size=size):
            writer.write(picture)

    clip = probe_clip(path)
    assert writer.encoder == "hevc_nvenc"
    assert (clip.frames, clip.rate, clip.even, clip.bit_depth) == (9, FILM, True, depth)


@pytest.mark.parametrize("codec", list(Codec))
def test_the_index_lies_before_the_pictures(tmp_path: Path, codec: Codec) -> None:
    order = atoms(encode(tmp_path / "a.mp4", frames(5), codec=codec).read_bytes())

    assert order.index(b"moov") < order.index(b"mdat")


@pytest.mark.parametrize("codec", list(Codec))
def test_encoders_keep_quiet(
    tmp_path: Path, codec: Codec, capfd: pytest.CaptureFixture[str]
) -> None:
    encode(tmp_path / "a.mp4", frames(5), codec=codec)

    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("codec", list(Codec))
def test_a_lower_crf_makes_a_larger_clip(tmp_path: Path, codec: Codec) -> None:
    coarse = encode(tmp_path / "a.mp4", frames(8), codec=codec, crf=45)
    default = encode(tmp_path / "b.mp4", frames(8), codec=codec)
    fine = encode(tmp_path / "c.mp4", frames(8), codec=codec, crf=5)

    assert coarse.stat().st_size < default.stat().st_size < fine.stat().st_size


@pytest.mark.parametrize("codec", list(Codec))
def test_a_bit_rate_is_followed(tmp_path: Path, codec: Codec) -> None:
    small = encode(tmp_path / "a.mp4", frames(48), codec=codec, bitrate_kbps=100)
    large = encode(tmp_path / "b.mp4", frames(48), codec=codec, bitrate_kbps=800)

    assert 2 * small.stat().st_size < large.stat().st_size


def test_a_reviewer_can_jump_to_within_two_seconds(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mp4", frames(120))

    with av.open(str(path)) as container:
        starts = [p.pts for p in container.demux(video=0) if p.size and p.is_keyframe]
        tick = container.streams.video[0].time_base
    assert tick is not None
    assert [float(p * tick) for p in starts if p is not None] == [0.0, 2.0, 4.0]


def test_an_exception_leaves_nothing_behind(tmp_path: Path) -> None:
    def broken() -> Iterator[Pixels]:
        yield from frames(20)
        raise RuntimeError("the generator died")

    with pytest.raises(RuntimeError, match="the generator died"):
        encode(tmp_path / "a.mp4", broken())

    assert list(tmp_path.iterdir()) == []


def test_a_clip_that_was_there_survives_a_failed_attempt(tmp_path: Path) -> None:
    old = encode(tmp_path / "a.mp4", frames(3)).read_bytes()

    with pytest.raises(BackendFailed):
        encode(tmp_path / "a.mp4", [flat(9, output=Size(64, 64))])

    assert (tmp_path / "a.mp4").read_bytes() == old
    assert len(list(tmp_path.iterdir())) == 1


def test_nothing_lies_under_the_final_name_before_the_clip_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"

    with ClipWriter(path, size=SMALL, rate=TICKS, params=EncodeParams(), threads=1) as writer:
        for picture in frames(12):
            writer.write(picture)
            assert not path.exists()

    assert probe_clip(path).frames == 12


def test_a_clip_without_frames_is_no_clip(tmp_path: Path) -> None:
    with pytest.raises(BackendFailed, match="no frame"):
        encode(tmp_path / "a.mp4", [])

    assert list(tmp_path.iterdir()) == []


def test_a_frame_of_another_size_is_named_and_refused(tmp_path: Path) -> None:
    pictures = [flat(0, output=SMALL), flat(0, output=Size(96, 160))]

    with pytest.raises(BackendFailed, match=r"frame 1 is uint8\[160, 96, 3\]"):
        encode(tmp_path / "a.mp4", pictures)


def test_a_missing_folder_is_for_the_operator_to_mend(tmp_path: Path) -> None:
    with pytest.raises(FileUnwritable, match="ENOENT"):
        encode(tmp_path / "nowhere" / "a.mp4", frames(1))


@pytest.mark.parametrize("count", [2, 60], ids=["at the end", "in the middle"])
def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path, count: int) -> None:
    noise = np.random.default_rng(1)
    size = Size(320, 192)
    pictures = (noise.integers(0, 256, (192, 320, 3), dtype=np.uint8) for _ in range(count))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The nearest thing to a full disk that a test may make: no file may grow past this.
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(FileUnwritable, match="EFBIG"):
            encode(tmp_path / "a.mp4", pictures, size=size, crf=5)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert list(tmp_path.iterdir()) == []


def test_odd_names_are_only_names(tmp_path: Path) -> None:
    path = encode(tmp_path / "pipe:1 %03d -y ü'.mp4", frames(2))

    assert probe_clip(path).frames == 2
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
