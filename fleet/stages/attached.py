"""The files that a shot's move names: read on the head, sent along, opened on the worker.

Whatever is wrong with one of them is the shot's own end, as with its picture: told at submit where
that can be, and else by the attempt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NoReturn

from companions import files
from companions.depth_map import MAX_DEPTH_BYTES, Depth, decode_depth
from companions.errors import PictureProblem, PictureRefused
from companions.geometry import Size
from companions.masks import Mask, decode_mask
from companions.motion import Move
from companions.named_files import NamedFile, named_files
from companions.trajectory import MaskRegion
from fleet.generate.base import GivenReference
from fleet.stages.signal import GivenClip

MOST_BYTES: Final = MAX_DEPTH_BYTES
"""No file that a move names may be larger."""
_REMEDY: Final = "Put it back as it was, or write the manifest again."


@dataclass(frozen=True, slots=True)
class Opened:
    """What the files of one move hold.

    Attributes:
        masks: by the object's name.
        depth: None without a depth map.
        given: the given reference; None: it is rendered.
    """

    masks: Mapping[str, Mask] = field(default_factory=dict)
    depth: Depth | None = None
    given: GivenReference | None = None


def read_attached(move: Move, *, root: Path) -> dict[str, bytes]:
    """The bytes of every file that ``move`` names, by its path in the manifest's folder ``root``.

    Raises:
        PictureRefused: one is missing, leaves the folder by a link, or is too large.
    """
    return {named.path: _bytes(root, named) for named in named_files(move)}


def opened(move: Move, attached: Mapping[str, bytes], *, picture: Size) -> Opened:
    """What those files hold, for a picture of that size.

    Raises:
        PictureRefused: one is not there, is not what the move names, or cannot be used.
    """
    for named in named_files(move):
        if named.path not in attached:
            _refuse(named, PictureProblem.MISSING, "did not arrive with its shot")
    masks = {
        each.name: decode_mask(
            attached[each.region.path], each.region, picture=picture, file=each.region.path
        )
        for each in move.objects
        if isinstance(each.region, MaskRegion)
    }
    depth: Depth | None = None
    given: GivenReference | None = None
    if (named_depth := move.depth) is not None:
        data = attached[named_depth.path]
        depth = decode_depth(data, named_depth, picture=picture, file=named_depth.path)
    if (clips := move.reference) is not None:
        given = GivenClip.of(clips, attached[clips.path], attached[clips.mask_path])
    return Opened(masks, depth, given)


def _bytes(root: Path, named: NamedFile) -> bytes:
    path = files.resolve_inside(root, named.path)
    if path is None:
        _refuse(named, PictureProblem.UNREADABLE, "leads out of the manifest's folder by a link")
    try:
        return files.read_limited(path, limit=MOST_BYTES)
    except FileNotFoundError:
        _refuse(named, PictureProblem.MISSING, f"is named by motion.{named.field} and not there")
    except OSError as error:
        _refuse(named, PictureProblem.UNREADABLE, f"cannot be read ({error.strerror or error})")


def _refuse(named: NamedFile, problem: PictureProblem, what: str) -> NoReturn:
    raise PictureRefused(file=named.path, problem=problem, what=what, remedy=_REMEDY) from None
