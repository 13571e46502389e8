"""A picture file as upright sRGB pixels: one reader, so that desk and fleet see the same picture.

Handles EXIF orientation, ICC profiles (Display P3, Adobe RGB, CMYK), palettes, grey, 16 bits and
alpha (flattened onto white).  Refuses what cannot be one still picture: truncated, animated,
multi-page, oversized.  Pillow reads, because OpenCV passes truncated JPEGs in silence, drops
alpha and cuts 16 bits.
"""

from __future__ import annotations

import contextlib
import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, UnidentifiedImageError

from companions import files
from companions.errors import PictureProblem, PictureRefused
from companions.geometry import MAX_SIDE_PX, Size

Pixels = npt.NDArray[np.uint8]
"""A picture or frame, (height, width, 3), sRGB."""

MAX_PIXELS: Final = 160_000_000
"""Largest picture that is decoded: above every camera on sale, below a decompression bomb."""
_MOST: Final = f"the limit is {MAX_PIXELS // 1_000_000}"
MAX_FILE_BYTES: Final = 1024 * 1024 * 1024

_ORIENTATION: Final = 0x0112
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS: Final = frozenset({5, 6, 7, 8})
# Pillow knows some forty formats, and opens EPS by running Ghostscript; a picture from outside
# is offered to these readers only.
_FORMATS: Final = ("JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF", "AVIF", "HEIF")
DAMAGE: Final = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
)
"""What the readers behind Pillow may raise on damaged bytes; tests damage pictures of every
format."""
# Present in a PNG, literally, wherever it says how it is turned.
_PNG_ORIENTATION_MARKS: Final = (b"eXIf", b"xmp", b"Raw profile type")
_SRGB: Final = ImageCms.createProfile("sRGB")


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What a picture's header says: upright size and file format."""

    size: Size
    format: str


def read_picture_bytes(path: Path) -> bytes:
    """The bytes of the picture file at ``path``.

    Raises:
        PictureRefused: missing, unreadable, empty or over 1 GiB.
    """
    try:
        data = files.read_limited(path, limit=MAX_FILE_BYTES)
    except FileNotFoundError:
        raise PictureRefused(
            file=str(path),
            problem=PictureProblem.MISSING,
            what="there is no such file",
            remedy="Put the picture back beside its companions, or take the shot out.",
        ) from None
    except OSError as error:
        raise PictureRefused(
            file=str(path),
            problem=PictureProblem.UNREADABLE,
            what=f"cannot be read ({error.strerror or error})",
            remedy="Check the file and its rights.",
        ) from None
    if not data:
        raise _empty(str(path))
    return data


def inspect_picture(data: bytes, *, file: str) -> PictureFacts:
    """Check a picture by its header alone; milliseconds, whatever its size.

    Raises:
        PictureRefused: empty, not a picture, animated, multi-page, over ``MAX_PIXELS``, or longer
            than ``MAX_SIDE_PX``.
    """
    with quiet_pillow(), _open(data, file=file) as image:
        width, height = image.size
        # Pillow reports a TIFF's size upright already, and every other format's as stored.
        # It decodes a whole PNG to look for an orientation; without a mark there is none.
        turned = image.format != "TIFF" and (
            image.format != "PNG" or any(mark in data for mark in _PNG_ORIENTATION_MARKS)
        )
        if turned and _orientation(image) in _SIDEWAYS:
            width, height = height, width
        return PictureFacts(size=Size(width, height), format=image.format or "")


def decode_picture(data: bytes, *, file: str) -> Pixels:
    """Decode a picture fully: upright, sRGB, 8 bits, alpha flattened onto white.

    Raises:
        PictureRefused: as ``inspect_picture``; also truncated or corrupt.
    """
    with quiet_pillow(), _open(data, file=file) as image:
        try:
            image.load()
            turn = _TURNS.get(_orientation(image))
            upright = image.transpose(turn) if turn is not None else image
            pixels = np.asarray(_to_srgb(upright), dtype=np.uint8)
        except DAMAGE as error:
            raise PictureRefused(
                file=file,
                problem=PictureProblem.TRUNCATED,
                what=f"is truncated or corrupt ({error})",
                remedy="Copy the file again from its source.",
            ) from None
    return np.ascontiguousarray(pixels)


@contextlib.contextmanager
def quiet_pillow() -> Iterator[None]:
    """Keep Pillow's warnings from the operator's terminal."""
    # Pillow warns from 89 megapixels on (the limit here is our own) and of every oddity in a
    # damaged EXIF block.  The filter is this narrow because threads share it: one that outlives
    # its block hides nothing else.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


def _open(data: bytes, *, file: str) -> Image.Image:
    if not data:
        raise _empty(file)
    enable_heif()
    try:
        image = Image.open(io.BytesIO(data), formats=[f for f in _FORMATS if _reads(f)])
        pictures = getattr(image, "n_frames", 1)
    except Image.DecompressionBombError:
        raise _too_large(file, f"over 178 megapixels; {_MOST}") from None
    except UnidentifiedImageError:
        raise PictureRefused(
            file=file,
            problem=PictureProblem.NOT_A_PICTURE,
            what="is not a picture in a known format",
            remedy="Give a JPEG, PNG, TIFF, WebP, AVIF or HEIC file.",
        ) from None
    except DAMAGE as error:
        raise PictureRefused(
            file=file,
            problem=PictureProblem.TRUNCATED,
            what=f"has a broken header ({error})",
            remedy="Copy the file again from its source.",
        ) from None
    pixels = image.size[0] * image.size[1]
    if pixels > MAX_PIXELS:
        raise _too_large(file, f"{pixels / 1e6:.0f} megapixels; {_MOST}")
    if max(image.size) > MAX_SIDE_PX:
        raise _too_large(file, f"{max(image.size)} pixels long; the limit is {MAX_SIDE_PX}")
    if pixels == 0:
        raise _empty(file)
    # An MPO is a JPEG with a preview or a second eye behind it, a HEIF may hold a burst: both say
    # which picture is the picture.
    if pictures > 1 and image.format not in {"MPO", "HEIF"}:
        raise PictureRefused(
            file=file,
            problem=PictureProblem.ANIMATED,
            what=f"holds {pictures} pictures",
            remedy="Export the one still picture to animate as JPEG or PNG.",
        )
    return image


def _to_srgb(image: Image.Image) -> Image.Image:
    """8-bit sRGB without alpha."""
    profile = image.info.get("icc_profile")
    image = _eight_bits(image)
    alpha = None
    if image.mode == "LA":
        image, alpha = image.getchannel("L"), image.getchannel("A")  # a grey profile fits L alone
    elif image.mode in {"PA", "La", "RGBA", "RGBa"} or "transparency" in image.info:
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
        image = image.convert("RGB")
    elif image.mode in {"P", "1", "YCbCr", "HSV", "LAB"}:
        image = image.convert("RGB")
    if isinstance(profile, bytes) and profile:
        image = _through_profile(image, profile)
    if image.mode != "RGB":
        image = image.convert("RGB")
    if alpha is not None:
        paper = Image.new("RGB", image.size, (255, 255, 255))
        paper.paste(image, mask=alpha)
        image = paper
    return image


def _eight_bits(image: Image.Image) -> Image.Image:
    # Pillow's own conversion of 16-bit grey clips at 255 instead of scaling.
    if image.mode.startswith("I;16") or image.mode == "I":
        values = np.asarray(image).astype(np.int64)
        return Image.fromarray(np.clip((values + 128) // 257, 0, 255).astype(np.uint8))
    if image.mode == "F":
        values_f = np.nan_to_num(np.asarray(image, dtype=np.float32))
        peak = 1.0 if values_f.max(initial=0.0) <= 1.0 else 255.0
        scaled = np.clip(values_f / peak, 0.0, 1.0) * 255.0
        return Image.fromarray(np.rint(scaled).astype(np.uint8))
    return image


def _through_profile(image: Image.Image, profile: bytes) -> Image.Image:
    wanted: dict[str, Literal["RGB", "GRAY", "CMYK"]] = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != wanted.get(image.mode):
            return image  # a profile for other channels than these says nothing about them
        converted = ImageCms.profileToProfile(
            image,
            source,
            _SRGB,
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError):
        return image  # an unreadable profile: every viewer shows such a picture as sRGB
    return converted if converted is not None else image


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except DAMAGE:
        return 1  # every viewer shows a picture whose EXIF block is damaged as it is stored
    return value if isinstance(value, int) else 1


def enable_heif() -> None:
    """Have Pillow read HEIC, where the extra is installed."""
    try:
        import pillow_heif  # an extra: HEIC is read where it is installed
    except ImportError:
        return
    pillow_heif.register_heif_opener()


def _reads(name: str) -> bool:
    Image.init()
    return name in Image.OPEN


def _empty(file: str) -> PictureRefused:
    return PictureRefused(
        file=file,
        problem=PictureProblem.EMPTY,
        what="is empty",
        remedy="Copy the file again from its source.",
    )


def _too_large(file: str, what: str) -> PictureRefused:
    return PictureRefused(
        file=file,
        problem=PictureProblem.TOO_LARGE,
        what=f"is too large ({what})",
        remedy="Export a smaller copy.",
    )
