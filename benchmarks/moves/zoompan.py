"""ffmpeg's zoompan filter, the common way to move over a photograph, for comparison.

It cuts whole-pixel windows (in pairs where chroma is subsampled) and scales them bicubically.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from av.filter import Graph

from companions.camera import CameraPath
from companions.geometry import Size
from companions.picture import Pixels

Source = av.VideoFrame
"""A picture as zoompan takes it."""


def frame_in(picture: Pixels, pixel_format: str) -> Source:
    """``picture`` as zoompan's input; conversion is not part of any measured time."""
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pixel_format)
    frame.pts, frame.time_base = 0, Fraction(1, 24)
    return frame


def frames(source: Source, path: CameraPath, *, count: int, output: Size) -> Iterator[Pixels]:
    """Yield ``count`` frames of the linear-eased ``path`` over ``source``, rgb24.

    The rectangles must have the picture's aspect: zoompan knows no other window.
    """
    zoom = path.start.width / path.end.width
    last = max(1, count - 1)
    width = f"{path.start.width!r}*pow({1 / zoom!r},on/{last})"
    if abs(zoom - 1.0) < 1e-9:
        along = f"(on/{last})"
    else:
        along = f"((pow({1 / zoom!r},on/{last})-1)/({1 / zoom - 1!r}))"
    x, y = (
        f"{extent}*({a!r}+({b - a!r})*{along})"
        for extent, a, b in (
            ("iw", path.start.x1, path.end.x1),
            ("ih", path.start.y1, path.end.y1),
        )
    )
    graph = Graph()
    head = graph.add_buffer(
        width=source.width,
        height=source.height,
        format=source.format,
        time_base=Fraction(1, 24),
    )
    middle = graph.add(
        "zoompan",
        f"z='1/({width})':x='{x}':y='{y}':d={count}:s={output.width}x{output.height}:fps=24",
    )
    tail = graph.add("buffersink")
    head.link_to(middle)
    middle.link_to(tail)
    graph.configure()
    graph.push(source)
    for _ in range(count):
        made = graph.pull()
        assert isinstance(made, av.VideoFrame)
        yield np.asarray(made.to_ndarray(format="rgb24"), dtype=np.uint8)
