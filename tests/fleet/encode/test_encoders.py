from __future__ import annotations

from fractions import Fraction
from typing import Literal

import pytest
from av.codec import CodecContext

from companions.geometry import Size
from companions.video_manifest import Codec, EncodeParams
from fleet.encode import encoders
from fleet.encode.encoders import NVENC, SOFTWARE, Encoder, choose
from fleet.encode.errors import EncoderMissing
from fleet.encode.hardware import nvenc_fault

SIZE = Size(1280, 720)
EVERY = [*SOFTWARE.values(), *NVENC.values()]


def here(_: str) -> str | None:
    return None


def nowhere(_: str) -> str | None:
    return "there is no driver"


def options(encoder: Encoder, params: EncodeParams, *, size: Size = SIZE) -> dict[str, str]:
    return encoders.options(encoder, params, size=size, threads=3, avx2=True)


@pytest.mark.parametrize("codec", list(Codec))
@pytest.mark.parametrize("depth", [8, 10])
def test_software_is_taken_without_looking_for_a_chip(codec: Codec, depth: Literal[8, 10]) -> None:
    def never(name: str) -> str | None:
        raise AssertionError(f"{name} was tried")

    chosen = choose(EncodeParams(codec=codec, bit_depth=depth), wish="software", fault=never)

    assert chosen is SOFTWARE[codec]


@pytest.mark.parametrize("codec", list(Codec))
def test_the_chip_is_taken_where_it_is(codec: Codec) -> None:
    params = EncodeParams(codec=codec)

    assert choose(params, wish="nvenc", fault=here) is NVENC[codec]
    assert choose(params, wish="auto", fault=here) is NVENC[codec]


def test_where_there_is_no_chip_auto_takes_software_and_nvenc_says_why() -> None:
    params = EncodeParams(codec=Codec.HEVC)

    assert choose(params, wish="auto", fault=nowhere) is SOFTWARE[Codec.HEVC]
    with pytest.raises(EncoderMissing, match=r"hevc_nvenc .*there is no driver.*\"auto\""):
        choose(params, wish="nvenc", fault=nowhere)


def test_the_chip_is_not_asked_for_ten_bits_of_h264() -> None:
    params = EncodeParams(codec=Codec.H264, bit_depth=10)

    assert choose(params, wish="auto", fault=here) is SOFTWARE[Codec.H264]
    with pytest.raises(EncoderMissing, match=r"h264_nvenc .*no 10-bit h264"):
        choose(params, wish="nvenc", fault=here)


@pytest.mark.parametrize("encoder", EVERY, ids=lambda encoder: encoder.name)
def test_a_bit_rate_takes_the_place_of_quality(encoder: Encoder) -> None:
    by_rate = options(encoder, EncodeParams(codec=encoder.codec, bitrate_kbps=900))
    by_quality = options(encoder, EncodeParams(codec=encoder.codec))

    assert not {"crf", "cq", "b"} & set(by_rate)
    assert {"crf", "cq"} & set(by_quality)


@pytest.mark.parametrize("encoder", EVERY, ids=lambda encoder: encoder.name)
def test_the_quality_asked_for_is_the_quality_set(encoder: Encoder) -> None:
    chosen = options(encoder, EncodeParams(codec=encoder.codec, crf=31))

    assert chosen.get("crf", chosen.get("cq")) == "31"


def test_the_best_quality_is_not_the_drivers_own_choice() -> None:
    chosen = options(NVENC[Codec.HEVC], EncodeParams(codec=Codec.HEVC, crf=0))

    assert chosen["cq"] == "1"
    assert chosen["b"] == "0", "or FFmpeg's 2 Mbit/s would hold it down"


@pytest.mark.parametrize("encoder", EVERY, ids=lambda encoder: encoder.name)
def test_this_ffmpeg_knows_every_option_and_pixel_format(encoder: Encoder) -> None:
    context = CodecContext.create(encoder.name, "w")
    known = {
        option.name: option
        for kind in (context.supported_options.generic, context.supported_options.private)
        for option in kind
    }
    formats = {pixels.name for pixels in context.codec.video_formats or ()}

    chosen = options(encoder, EncodeParams(codec=encoder.codec, crf=51))

    assert set(encoder.pixels.values()) <= formats
    assert set(chosen) <= set(known)
    for name, value in chosen.items():
        choices = {choice.name for choice in known[name].choices}
        assert not choices or value in choices, name
        if name in {"crf", "cq"}:
            assert float(value) <= known[name].max


@pytest.mark.parametrize("rate", [Fraction(1, 10), Fraction(24000, 1001), Fraction(240)])
def test_intra_pictures_are_two_seconds_apart(rate: Fraction) -> None:
    distance = encoders.keyframe_distance(rate)

    assert distance >= 1
    assert distance == 1 or abs(distance / rate - 2) <= 1 / rate


def test_a_chip_that_does_not_open_says_what_it_takes() -> None:
    assert nvenc_fault("nonsense_nvenc") == "FFmpeg was built without it"
    fault = nvenc_fault("h264_nvenc")
    assert fault is None or "driver" in fault
