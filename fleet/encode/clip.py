"""One clip, written frame by frame: H.264, HEVC or AV1 in MP4, whole or not at all.

Called by the finish stage, which streams the clip's frames through it.  Promises: exactly one
picture per frame interval from zero (constant frame rate, to the tick, also at 24000/1001);
BT.709 tags and conversion; index in front of the data, so that playback starts before the file
has arrived; with a software encoder, the same frames and thread count give the same bytes, except
in 10-bit H.264 (x264 gives others once in some 150 times).  The clip appears under its name only
when it is finished and on the disk.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import cv2
from av.container import OutputContainer
from av.video.stream import VideoStream

from companions.geometry import Size
from companions.picture import Pixels
from companions.video_manifest import Codec, EncodeParams
from fleet.encode import encoders
from fleet.encode.colour import BT709, LIMITED, ToVideo
from fleet.encode.encoders import EncoderWish
from fleet.encode.film import FilmWriter
from fleet.encode.hardware import nvenc_fault
from fleet.encode.poster import PosterTaker
from fleet.encode.scheduling import ordinary_threads
from fleet.errors import BackendFailed

_CPU_AVX2: Final = 11
"""OpenCV's number for the AVX2 instructions; it has no name in Python."""


@dataclass(frozen=True, slots=True)
class ClipWords:
    """What is written into a clip for people and their programs; empty: nothing.

    Attributes:
        title: shown by players (``title``).
        shot_id: the shot's id in the ledger (``comment``, behind the word "shot").
        prompt: what the clip should show (``description``); written only where the shot's
            ``encode.with_prompt`` allows it.
    """

    title: str = ""
    shot_id: str = ""
    prompt: str = ""

    def tags(self, *, with_prompt: bool) -> dict[str, str]:
        """FFmpeg's names of the fields, with the words of those that are not empty."""
        tags = {
            "title": self.title,
            "comment": f"shot {self.shot_id}" if self.shot_id else "",
            "description": self.prompt if with_prompt else "",
        }
        # A NUL would end the word early, and its rest would be lost in silence.
        return {name: word.replace("\0", "") for name, word in tags.items() if word}


class ClipWriter(FilmWriter):
    """Writes one clip; a context manager.

    On a clean exit the clip lies at ``path``, flushed to the disk; on an exception nothing does,
    and a clip that was there before is untouched.

    Attributes:
        path: where the clip will lie.
        encoder: FFmpeg's name of the encoder, such as ``libx264``, for the meta.
        frames: frames written so far.
    """

    def __init__(
        self,
        path: Path,
        *,
        size: Size,
        rate: Fraction,
        params: EncodeParams,
        words: ClipWords | None = None,
        threads: int | None = None,
        encoder: EncoderWish = "software",
        frames: int | None = None,
    ) -> None:
        """Prepare a clip of ``size`` (even sides) at ``rate`` frames per second.

        Args:
            path: where the clip will lie; its folder exists.
            size: width and height of every frame, in pixels.
            rate: exact frames per second.
            params: codec, quality, bit depth and poster.
            words: title, shot and prompt; none of them if None.
            threads: encoder threads, ``film.DEFAULT_THREADS`` if None.  The bytes depend on it.
            encoder: what encodes; see ``encoders.choose``.
            frames: how many frames the clip will have, if that is known; a clip that ends with
                another number is then refused.  A poster other than the first frame needs it.

        Raises:
            EncoderMissing: ``encoder`` is "nvenc", and this node has none for this clip.
            ValueError: the poster needs ``frames``.
        """
        self._chosen = encoders.choose(params, wish=encoder, fault=nvenc_fault)
        super().__init__(path, size=size, rate=rate, encoder=self._chosen.name, threads=threads)
        self._decode_lead = self._chosen.decode_lead
        self._params, self._promised = params, frames
        self._words = words or ClipWords()
        self._poster = PosterTaker(params.poster, frames=frames) if params.poster else None
        self._convert = ToVideo(self._chosen.pixels[encoders.bit_depth_of(params)])

    def write(self, frame: Pixels) -> None:
        """Append one frame, (height, width, 3) uint8 sRGB; it may be changed afterwards.

        Raises:
            FileUnwritable: the disk is full or gone.
            BackendFailed: the frame has another size, or the encoder failed.
        """
        super().write(frame)
        if self._poster is not None:
            self._poster.see(frame, index=self.frames - 1)

    def _open_container(self, path: str) -> OutputContainer:
        container = av.open(path, "w", format="mp4", options={"movflags": "+faststart"})
        tags = self._words.tags(with_prompt=self._params.with_prompt is True)
        container.metadata.update(tags)
        return container

    def _add_film(self, container: OutputContainer) -> VideoStream:
        if self._chosen.codec is Codec.AV1 and not self._chosen.hardware:
            # SVT-AV1 has no option for its banner, only this variable (1: errors).
            os.environ.setdefault("SVT_LOG", "1")
        with ordinary_threads():
            film = super()._add_film(container)
        if self._poster is not None:
            # Before the header, and after the film: readers take the first stream for the film.
            self._poster.announce(container, size=self._size)
        return film

    def _codec_options(self) -> Mapping[str, str]:
        return encoders.options(
            self._chosen,
            self._params,
            size=self._size,
            threads=self._threads,
            avx2=cv2.checkHardwareSupport(_CPU_AVX2),
        )

    def _set_up(self, stream: VideoStream) -> None:
        context = stream.codec_context
        stream.pix_fmt = self._convert.pixels
        context.codec_tag = self._chosen.tag
        context.gop_size = encoders.keyframe_distance(self._rate)
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = LIMITED
        if self._params.bitrate_kbps is not None:
            stream.bit_rate = self._params.bitrate_kbps * 1000

    def _picture(self, frame: Pixels) -> av.VideoFrame:
        return self._convert(frame)

    def _before_end(self, container: OutputContainer) -> None:
        if self._promised is not None and self.frames != self._promised:
            what = f"{self.frames} frames were written where {self._promised} were promised"
            raise BackendFailed(backend=self.encoder, what=what)
        if self._poster is not None:
            self._poster.put(container)
