"""Likeness: the first frame to the picture, and every frame to the one before.

The first frame is compared with what the camera should see at the start (SSIM, PSNR): figures
that inform, since a generator may repaint on purpose.  Neighbouring frames are compared with the
planned motion taken out, on sampled pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from skimage.metrics import structural_similarity

from companions.geometry import Size
from companions.picture import Pixels
from companions.registration import Grey, sampled_frames
from companions.timing import FramePlan
from companions.video_meta import Check, CheckVerdict
from fleet.qc.expected import Expected
from fleet.qc.glance import Glance, luma_of
from fleet.qc.keyframe import PlannedShot
from fleet.qc.profile import Limits

_LONGEST_PX: Final = 640
_PSNR_CAP_DB: Final = 100.0
"""What equal frames are reported as: the contract holds no infinity."""
_SSIM_WINDOW: Final = 7


class FirstFrame:
    """SSIM and PSNR of frame 0 against the keyframe seen through START."""

    def __init__(self, *, shot: PlannedShot, expected: Expected | None = None) -> None:
        """``expected``: what frame 0 is to show instead of the flat picture."""
        self._shot, self._expected = shot, expected
        self._checks: tuple[Check, ...] = ()

    def see(self, glance: Glance) -> None:
        """Look at one frame."""
        if glance.index != 0:
            return
        height, width = glance.frame.shape[:2]
        ratio = max(1.0, max(height, width) / _LONGEST_PX)
        size = Size(round(width / ratio), round(height / ratio))
        frame = cv2.resize(glance.frame, (size.width, size.height), interpolation=cv2.INTER_AREA)
        if self._expected is None:
            planned = self._shot.view(0.0, output=size)
            detail = "frame 0 against the picture through START"
        else:
            planned = self._expected.shown([0.0], output=size).frame(0).pixels
            detail = f"frame 0 against {self._expected.told}"
        ssim = _ssim(luma_of(np.asarray(frame, dtype=np.uint8)), luma_of(planned))
        informing = CheckVerdict.PASS
        self._checks = (
            Check(name="first_frame_ssim", value=ssim, verdict=informing, detail=detail),
            Check(
                name="first_frame_psnr",
                value=_psnr_db(np.asarray(frame, dtype=np.uint8), planned),
                verdict=informing,
                detail=f"{detail}, dB",
            ),
        )

    def checks(self) -> tuple[Check, ...]:
        """``first_frame_ssim`` (to 1) and ``first_frame_psnr`` (dB, to 100); both only inform."""
        return self._checks


class Steadiness:
    """SSIM of neighbouring frames, the planned motion taken out."""

    def __init__(self, *, shot: PlannedShot, plan: FramePlan, limits: Limits) -> None:
        self._shot, self._plan, self._limits = shot, plan, limits
        self._sampled = frozenset(sampled_frames(plan.clip)) - {0}
        self._before: Grey | None = None
        self._found: list[float] = []

    def see(self, glance: Glance) -> None:
        """Look at one frame."""
        before, self._before = self._before, glance.grey
        if before is None or before.shape != glance.grey.shape:
            return
        if glance.index in self._sampled:
            self._found.append(self._compare(before, glance))

    def checks(self) -> tuple[Check, ...]:
        """``temporal_ssim``: mean over the sampled pairs, to 1."""
        if not self._found:
            return ()
        mean = float(np.mean(self._found))
        limit = self._limits.temporal_ssim
        return (
            Check(
                name="temporal_ssim",
                value=mean,
                threshold=limit,
                verdict=CheckVerdict.WARN if mean < limit else CheckVerdict.PASS,
                detail=f"neighbouring frames, planned motion taken out; lowest of "
                f"{len(self._found)} pairs {min(self._found):.3f}",
            ),
        )

    def _compare(self, before: Grey, glance: Glance) -> float:
        height, width = glance.grey.shape
        size = Size(width, height)
        u0, u1 = (self._plan.clip_fraction(i) for i in (glance.index - 1, glance.index))
        now, then = self._shot.map_at(u1, output=size), self._shot.map_at(u0, output=size)
        # Now's pixel -> keyframe -> the same point's pixel one frame ago.
        onto = np.column_stack([now[:, :2], now[:, 2] - then[:, 2]])
        matrix = np.linalg.solve(then[:, :2], onto)
        carried = cv2.warpAffine(
            before,
            matrix,
            (width, height),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return _ssim(np.asarray(carried, dtype=np.uint8), glance.grey)


class Unsteady:
    """``Steadiness`` of a clip whose planned motion is no one map that could be taken out."""

    def __init__(self, *, limits: Limits) -> None:
        self._limits = limits

    def see(self, glance: Glance) -> None:
        """Look at one frame: nothing is made of it."""

    def checks(self) -> tuple[Check, ...]:
        """``temporal_ssim``, unmeasured."""
        return (
            Check(
                name="temporal_ssim",
                threshold=self._limits.temporal_ssim,
                verdict=CheckVerdict.UNMEASURED,
                detail="parts of the picture move each on their own; that cannot be taken out",
            ),
        )


def _ssim(a: Grey, b: Grey) -> float:
    if min(a.shape) < _SSIM_WINDOW:
        return 1.0 if np.array_equal(a, b) else 0.0
    ssim: Callable[..., float] = structural_similarity  # scikit-image is not annotated
    return float(ssim(a, b, win_size=_SSIM_WINDOW, data_range=255))


def _psnr_db(a: Pixels, b: Pixels) -> float:
    error = float(cv2.norm(a, b, cv2.NORM_L2SQR)) / a.size
    return min(_PSNR_CAP_DB, 10.0 * float(np.log10(255.0**2 / error))) if error else _PSNR_CAP_DB
