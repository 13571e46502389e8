"""The models whose weights can be fetched: what for, from whom, on what terms.

Data alone.  Hashes are not among it: where these lines were written, nothing could be downloaded,
and a hash that nobody saw protects nobody; what was fetched is remembered by its receipt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Entry:
    """Weights of one model, as their authors publish them.

    Attributes:
        name: the backend's in a manifest.
        purpose: what it does, for the listing.
        licence: SPDX name, as the authors state it for code and weights.
        page: where the authors say how to get them.
        file: what the file is called there, or in the archive they publish.
        source: address of that file; empty: there is none that serves it without a browser.
    """

    name: str
    purpose: str
    licence: str
    page: str
    file: str
    source: str = ""


_RIFE_PAGE: Final = "https://github.com/hzwer/Practical-RIFE#model-list"
_REALESRGAN: Final = "https://github.com/xinntao/Real-ESRGAN"


def _rife(name: str, purpose: str) -> Entry:
    # The authors publish zip archives on a web drive, which serves them to browsers only.
    return Entry(name, purpose, "MIT", page=_RIFE_PAGE, file="flownet.pkl")


def _realesrgan(name: str, purpose: str, *, release: str = "", file: str = "") -> Entry:
    source = f"{_REALESRGAN}/releases/download/{release}/{file}" if release else ""
    return Entry(name, purpose, "BSD-3-Clause", page=_REALESRGAN, file=file, source=source)


_ENTRIES: Final = (
    _rife("rife", "interpolation, any of the versions below"),
    _rife("rife-4.6", "interpolation, the smallest"),
    _rife("rife-4.25", "interpolation, what its authors recommend"),
    _rife("rife-4.26", "interpolation, newer"),
    _realesrgan("realesrgan", "upscaling, any of the versions below"),
    _realesrgan("realesrgan-x4", "upscaling of photographs, 4x",
                release="v0.1.0", file="RealESRGAN_x4plus.pth"),
    _realesrgan("realesrgan-x2", "upscaling of photographs, 2x",
                release="v0.2.1", file="RealESRGAN_x2plus.pth"),
    _realesrgan("realesrgan-anime-x4", "upscaling of drawings, 4x",
                release="v0.2.2.4", file="RealESRGAN_x4plus_anime_6B.pth"),
    _realesrgan("realesr-general-x4", "upscaling of photographs, 4x, fast",
                release="v0.2.5.0", file="realesr-general-x4v3.pth"),
    _realesrgan("realesr-animevideo-x4", "upscaling of drawn video, 4x, fast",
                release="v0.2.5.0", file="realesr-animevideov3.pth"),
)  # fmt: skip

CATALOGUE: Final[Mapping[str, Entry]] = {entry.name: entry for entry in _ENTRIES}
