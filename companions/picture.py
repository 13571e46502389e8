"""A picture file as upright sRGB pixels: one reader, so that desk and fleet see the same picture.

Handles EXIF orientation, ICC profiles (Display P3, Adobe RGB, CMYK), palettes, grey, 16 bits and
alpha (flattened onto white).  Refuses what cannot be one still picture: truncated, animated,
multi-page, oversized.  Pillow reads, because OpenCV passes truncated JPEGs in silence, drops
alpha and cuts 16 bits.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from companions import files
from companions.errors import PictureProblem, PictureRefused
from companions.geometry import Size

Pixels = npt.NDArray[np.uint8]
"""A picture or frame, (height, width, 3), sRGB."""

MAX_PIXELS: Final = 160_000_000
"""Largest picture that is decoded: above every camera on sale, below a decompression bomb."""
MAX_FILE_BYTES: Final = 1024 * 1024 * 1024

_ORIENTATION: Final = 0x0112
_SIDEWAYS: Final = frozenset({5, 6, 7, 8})
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
        PictureRefused: empty, not a picture, animated, multi-page or over ``MAX_PIXELS``.
    """
    with _open(data, file=file) as image:
        width, height = image.size
        if _orientation(image) in _SIDEWAYS:
            width, height = height, width
        return PictureFacts(size=Size(width, height), format=image.format or "")


def decode_picture(data: bytes, *, file: str) -> Pixels:
    """Decode a picture fully: upright, sRGB, 8 bits, alpha flattened onto white.

    Raises:
        PictureRefused: as ``inspect_picture``; also truncated or corrupt.
    """
    with _open(data, file=file) as image:
        try:
            image.load()
            upright = ImageOps.exif_transpose(image)
            pixels = np.asarray(_to_srgb(upright), dtype=np.uint8)
        except (OSError, ValueError, SyntaxError, struct.error, zlib.error, EOFError) as error:
            raise PictureRefused(
                file=file,
                problem=PictureProblem.TRUNCATED,
                what=f"is truncated or corrupt ({error})",
                remedy="Copy the file again from its source.",
            ) from None
    return np.ascontiguousarray(pixels)


def _open(data: bytes, *, file: str) -> Image.Image:
    if not data:
        raise _empty(file)
    _enable_heif()
    try:
        with warnings.catch_warnings():
            # Pillow warns at 89 MP and refuses at twice that; the limit here is our own.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data))
    except Image.DecompressionBombError:
        raise _too_large(file, "over 178 megapixels") from None
    except UnidentifiedImageError:
        raise PictureRefused(
            file=file,
            problem=PictureProblem.NOT_A_PICTURE,
            what="is not a picture in a known format",
            remedy="Give a JPEG, PNG, TIFF, WebP, AVIF or HEIC file.",
        ) from None
    except (OSError, ValueError, SyntaxError, struct.error, zlib.error, EOFError) as error:
        raise PictureRefused(
            file=file,
            problem=PictureProblem.TRUNCATED,
            what=f"has a broken header ({error})",
            remedy="Copy the file again from its source.",
        ) from None
    pixels = image.size[0] * image.size[1]
    if pixels > MAX_PIXELS:
        raise _too_large(file, f"{pixels / 1e6:.0f} megapixels")
    if pixels == 0:
        raise _empty(file)
    # An MPO is a JPEG with a preview or a second eye behind it: its first picture is the picture.
    if getattr(image, "n_frames", 1) > 1 and image.format not in {"MPO", "HEIF", "AVIF"}:
        raise PictureRefused(
            file=file,
            problem=PictureProblem.ANIMATED,
            what=f"holds {getattr(image, 'n_frames', 0)} pictures",
            remedy="Export the one still picture to animate as JPEG or PNG.",
        )
    return image


def _to_srgb(image: Image.Image) -> Image.Image:
    """8-bit sRGB without alpha."""
    profile = image.info.get("icc_profile")
    image = _eight_bits(image)
    alpha = None
    if image.mode in {"LA", "PA", "La", "RGBA", "RGBa"} or "transparency" in image.info:
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
    value = image.getexif().get(_ORIENTATION, 1)
    return value if isinstance(value, int) else 1


def _enable_heif() -> None:
    try:
        import pillow_heif  # an extra: HEIC is read where it is installed
    except ImportError:
        return
    pillow_heif.register_heif_opener()


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
        what=f"is too large ({what}; the limit is {MAX_PIXELS // 1_000_000})",
        remedy="Export a smaller copy.",
    )
