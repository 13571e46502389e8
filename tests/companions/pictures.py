"""Picture files for tests, made here byte by byte where no library writes them."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import Image

Pixels = npt.NDArray[np.uint8]
Matrix = npt.NDArray[np.float64]

pillow_heif.register_heif_opener()

ORIENTATION = 0x0112

P3_PRIMARIES = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
ADOBE_RGB_PRIMARIES = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
SRGB_PRIMARIES = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
D65 = (0.3127, 0.3290)
D50_XYZ = np.array([0.9642, 1.0, 0.8249])


def scene(width: int = 60, height: int = 40) -> Pixels:
    """A picture without any symmetry, smooth enough for JPEG."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    red = 255 * x / (width - 1)
    green = 255 * y / (height - 1)
    blue = 40 + 160 * (x > width / 2) * (y < height / 2)
    return np.asarray(np.rint(np.stack([red, green, blue], axis=2)), dtype=np.uint8)


def encoded(image: Image.Image | npt.NDArray[Any], kind: str, **options: object) -> bytes:
    """``image`` as a file of Pillow's format ``kind``."""
    stream = io.BytesIO()
    if not isinstance(image, Image.Image):
        image = Image.fromarray(image)
    image.save(stream, kind, **options)
    return stream.getvalue()


def stored_for(upright: Pixels, orientation: int) -> Pixels:
    """How a camera stores ``upright`` under an EXIF orientation (TIFF 6.0, tag 274)."""
    turned = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    return np.ascontiguousarray(turned)


def exif(orientation: int) -> Image.Exif:
    """An EXIF block that says how the picture is turned."""
    block = Image.Exif()
    block[ORIENTATION] = orientation
    return block


def sixteen_bits(values: npt.NDArray[np.uint16], suffix: str) -> bytes:
    """A 16-bit grey or RGB file."""
    stored = values if values.ndim == 2 else values[:, :, ::-1]
    done, data = cv2.imencode(suffix, stored)
    assert done
    return data.tobytes()


def png(width: int, height: int, *, bits: int, colour: int, body: bytes) -> bytes:
    """A PNG of any header around any compressed body."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", body)
        + png_chunk(b"IEND", b"")
    )


def png_chunk(name: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def with_late_exif(data: bytes) -> bytes:
    """A PNG whose eXIf chunk is moved behind the pixels, where the standard allows it too."""
    at = data.index(b"eXIf") - 4
    end = at + 12 + struct.unpack(">I", data[at : at + 4])[0]
    chunk, rest = data[at:end], data[:at] + data[end:]
    tail = rest.index(b"IEND") - 4
    return rest[:tail] + chunk + rest[tail:]


def rgb_profile(primaries: tuple[tuple[float, float], ...], *, gamma: float | None) -> bytes:
    """A matrix ICC profile (version 4); ``gamma`` None is the sRGB curve."""
    columns = adapted_to_d50(xyz_of_rgb(primaries)).T
    if gamma is None:  # parametric curve type 3, IEC 61966-2-1
        curve = b"para" + bytes(4) + struct.pack(">HH", 3, 0)
        curve += b"".join(map(_fixed, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)))
    else:
        curve = b"para" + bytes(4) + struct.pack(">HH", 0, 0) + _fixed(gamma)
    tags = {b"desc": _text("test"), b"cprt": _text("none"), b"wtpt": _xyz(D50_XYZ)}
    for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True):
        tags[name] = _xyz(column)
    for name in (b"rTRC", b"gTRC", b"bTRC"):
        tags[name] = curve
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def grey_profile(*, gamma: float) -> bytes:
    """An ICC profile for grey pictures."""
    curve = b"para" + bytes(4) + struct.pack(">HH", 0, 0) + _fixed(gamma)
    tags = {
        b"desc": _text("test"),
        b"cprt": _text("none"),
        b"wtpt": _xyz(D50_XYZ),
        b"kTRC": curve,
    }
    return _profile(b"mntr", b"GRAY", b"XYZ ", tags)


def cmyk_profile(*, cyan_prints_as_lab: tuple[float, float, float]) -> bytes:
    """A CMYK profile of an odd press: paper is white, one ink is as told, all else is black."""
    white, black = (255, 128, 128), (0, 128, 128)
    lightness, a, b = cyan_prints_as_lab
    cyan = (round(lightness * 2.55), round(a + 128), round(b + 128))
    # Two grid points per ink, cyan varying slowest: entry 0 is no ink, entry 8 is cyan alone.
    grid = {0: white, 8: cyan}
    table = b"".join(bytes(grid.get(i, black)) for i in range(16))
    ramp = bytes(range(256))
    identity = b"".join(_fixed(v) for v in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + identity + ramp * 4 + table + ramp * 3
    tags = {
        b"desc": _text("test"),
        b"cprt": _text("none"),
        b"wtpt": _xyz(D50_XYZ),
        b"A2B0": lut,
        b"A2B1": lut,
    }
    return _profile(b"prtr", b"CMYK", b"Lab ", tags)


def in_srgb(
    colour: tuple[float, float, float],
    primaries: tuple[tuple[float, float], ...],
    *,
    gamma: float | None,
) -> Matrix:
    """``colour`` (0..255) of another space in sRGB (0..255), by the definitions of both."""
    linear = _linear(np.array(colour) / 255.0, gamma=gamma)
    both = np.linalg.inv(xyz_of_rgb(SRGB_PRIMARIES)) @ xyz_of_rgb(primaries)
    clipped = np.clip(both @ linear, 0.0, 1.0)
    low, high = 12.92 * clipped, 1.055 * clipped ** (1 / 2.4) - 0.055
    return np.asarray(np.where(clipped <= 0.0031308, low, high) * 255.0)


def xyz_of_rgb(primaries: tuple[tuple[float, float], ...]) -> Matrix:
    """The matrix from linear RGB with a D65 white to XYZ."""
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in primaries]).T
    white = np.array([D65[0] / D65[1], 1.0, (1 - D65[0] - D65[1]) / D65[1]])
    return np.asarray(columns * np.linalg.solve(columns, white))


def adapted_to_d50(matrix: Matrix) -> Matrix:
    """Bradford's adaptation, as ICC asks for."""
    bradford = np.array(
        [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
    )
    white = matrix.sum(axis=1)
    scale = np.diag((bradford @ D50_XYZ) / (bradford @ white))
    return np.asarray(np.linalg.inv(bradford) @ scale @ bradford @ matrix)


def _linear(values: Matrix, *, gamma: float | None) -> Matrix:
    if gamma is not None:
        return np.asarray(values**gamma)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz(values: Matrix) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(_fixed(float(value)) for value in values)


def _text(text: str) -> bytes:
    utf16 = text.encode("utf-16-be")
    return (
        b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(utf16), 28) + utf16
    )


def _profile(kind: bytes, colour: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        padded = data + bytes(-len(data) % 4)
        table += name + struct.pack(">II", start + len(body), len(data))
        body += padded
    size = struct.pack(">I", start + len(body))
    white = b"".join(_fixed(float(value)) for value in D50_XYZ)
    header = size + bytes(4) + struct.pack(">I", 0x04000000) + kind + colour + connection
    header += bytes(12) + b"acsp" + bytes(28) + white
    return header.ljust(128, b"\0") + table + body
