"""Which encoder makes a clip, and with what options: the decisions, without opening anything.

Asked by the clip's writer and by ``fleet doctor``.  Every codec has an encoder in software, whose
bytes are the same every time (10-bit H.264 excepted), and one of NVIDIA's, whose bytes are not and
which a node may lack.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from companions.geometry import Size
from companions.video_manifest import Codec, EncodeParams
from fleet.encode.errors import EncoderMissing

EncoderWish = Literal["software", "nvenc", "auto"]
"""The processor, NVIDIA's encoder or nothing, or NVIDIA's where it can be had."""

_KEYFRAME_EVERY_S: Final = 2
"""Longest distance between intra pictures: a reviewer's scrub lands within two seconds."""
_CODING_TREE_PX: Final = 64
_MOST_SVT_THREADS: Final = 6


@dataclass(frozen=True, slots=True)
class Encoder:
    """How one codec is made.

    Attributes:
        name: FFmpeg's name of the encoder.
        codec: what it makes.
        crf: constant quality used when a shot gives neither crf nor bit rate.  The three of the
            software encoders were chosen to look alike and to be hard to tell from the frames:
            x264 18, x265 20, SVT-AV1 28 (its scale ends at 63).
        preset: speed setting of the encoder.
        tag: four-character code in the file; QuickTime and Safari play HEVC only as ``hvc1``.
        pixels: FFmpeg's pixel format by bit depth; a depth that is missing cannot be made.
        hardware: whether it is a chip that a node may lack.
        decode_lead: by how many frames decoding runs ahead of showing, for an encoder that does
            not always say when a frame is decoded; None for those that do.
    """

    name: str
    codec: Codec
    crf: int
    preset: str
    tag: str
    pixels: Mapping[int, str]
    hardware: bool = False
    decode_lead: int | None = None


_PLANAR: Final[Mapping[int, str]] = {8: "yuv420p", 10: "yuv420p10le"}
_INTERLEAVED: Final[Mapping[int, str]] = {8: "nv12", 10: "p010le"}

SOFTWARE: Final[Mapping[Codec, Encoder]] = {
    Codec.H264: Encoder("libx264", Codec.H264, 18, "medium", "avc1", _PLANAR),
    # x265 takes the decoding times of a clip of one or two frames from memory it never wrote, so
    # that the clip now and then cannot be muxed; at this preset they are always two frames ahead.
    Codec.HEVC: Encoder("libx265", Codec.HEVC, 20, "medium", "hvc1", _PLANAR, decode_lead=2),
    Codec.AV1: Encoder("libsvtav1", Codec.AV1, 28, "8", "av01", _PLANAR),
}
NVENC: Final[Mapping[Codec, Encoder]] = {
    # The chip makes no 10-bit H.264 before Blackwell, and few players show it.
    Codec.H264: Encoder("h264_nvenc", Codec.H264, 18, "p5", "avc1", {8: "nv12"}, hardware=True),
    Codec.HEVC: Encoder("hevc_nvenc", Codec.HEVC, 20, "p5", "hvc1", _INTERLEAVED, hardware=True),
    Codec.AV1: Encoder("av1_nvenc", Codec.AV1, 28, "p5", "av01", _INTERLEAVED, hardware=True),
}


def bit_depth_of(params: EncodeParams) -> int:
    """Bits of a sample, 8 where the shot does not say."""
    return params.bit_depth or 8


def choose(
    params: EncodeParams, *, wish: EncoderWish, fault: Callable[[str], str | None]
) -> Encoder:
    """The encoder for a clip of ``params``.

    Args:
        params: codec and bit depth.
        wish: what the settings say.
        fault: why the hardware encoder of that name cannot be used here; None if it can.

    Raises:
        EncoderMissing: ``wish`` is "nvenc", and it cannot be used for this clip.
    """
    software = SOFTWARE[params.codec]
    if wish == "software":
        return software
    hardware, depth = NVENC[params.codec], bit_depth_of(params)
    if depth in hardware.pixels:
        what = fault(hardware.name)
    else:
        what = f"it makes no {depth}-bit {params.codec.value}"
    if what is None:
        return hardware
    if wish == "nvenc":
        raise EncoderMissing(encoder=hardware.name, what=what)
    return software


def keyframe_distance(rate: Fraction) -> int:
    """Longest distance between intra pictures, in frames."""
    return max(1, round(_KEYFRAME_EVERY_S * rate))


def options(
    encoder: Encoder, params: EncodeParams, *, size: Size, threads: int, avx2: bool
) -> dict[str, str]:
    """FFmpeg's options for ``encoder``, all but the bit rate, which is the stream's own.

    Args:
        encoder: what ``choose`` chose.
        params: quality.
        size: of the frames, in pixels.
        threads: that a software encoder may use.
        avx2: whether the processor has those instructions.
    """
    if encoder.hardware:
        return _nvenc_options(encoder, params)
    chosen = {"preset": encoder.preset}
    if params.bitrate_kbps is None:
        chosen["crf"] = str(encoder.crf if params.crf is None else params.crf)
    if encoder.codec is Codec.H264 and avx2:
        # x264's AVX-512 code reads memory it never wrote (macroblock tree, at many frame
        # widths such as 320 and 854): the same frames then give other bytes every time.
        # AVX2 costs 7 % of the speed and gives the same bytes on every machine that has it.
        chosen["x264-params"] = "asm=AVX2"
    elif encoder.codec is Codec.HEVC:
        # x265 writes its banner to stderr by itself, and takes every core for its pools.  Of
        # several frames at once it sometimes waits for ever for one that never comes, at the
        # clip's end (its rate control misses the word that there are no more); rows of one
        # frame keep the threads as busy.
        chosen["x265-params"] = f"log-level=none:pools={threads}:frame-threads=1"
        if max(size.width, size.height) <= _CODING_TREE_PX:
            # A frame of one single coding-tree unit comes out differently every time.
            chosen["x265-params"] += ":ctu=32"
    elif encoder.codec is Codec.AV1:
        chosen["svtav1-params"] = f"lp={min(threads, _MOST_SVT_THREADS)}"
    return chosen


def _nvenc_options(encoder: Encoder, params: EncodeParams) -> dict[str, str]:
    chosen = {"preset": encoder.preset, "tune": "hq", "rc": "vbr"}
    if params.bitrate_kbps is None:
        # NVENC's scales end where the software encoders' do: at 51, of AV1 at 63.
        crf = encoder.crf if params.crf is None else params.crf
        # 0 would mean that the driver chooses; and without b=0 FFmpeg's own 2 Mbit/s caps it.
        chosen |= {"cq": str(max(1, crf)), "b": "0"}
    return chosen
