"""From figures to a verdict: pure, and the only place that decides what a finding costs.

A check that fails flags the shot: there is a clip, and a person should look before it is used.
A warning or a figure that could not be measured is recorded and passes.  ``failed`` is not given
here; it is for shots that ended without a clip.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from companions.video_meta import Check, CheckVerdict, Reason, Verdict

_MAKE_AGAIN: Final = "Delete the clip and submit the manifest again; if it repeats, report it"
_MEANING: Final[Mapping[str, tuple[str, str]]] = {
    "frame_count": ("the clip has another number of frames than planned", _MAKE_AGAIN),
    "duration": ("the clip is longer or shorter than planned", _MAKE_AGAIN),
    "black_ratio": (
        "the clip shows black where the picture is not black",
        "Look at it, then change the seed or the model and submit it again",
    ),
    "frozen_ratio": (
        "the clip stands still where the camera should move",
        "Raise the generator's fps, or choose another interpolation",
    ),
    "flashes": (
        "the clip flashes more often than viewers with photosensitive epilepsy can bear",
        "Do not publish it as it is (WCAG 2.3.1)",
    ),
    "red_flashes": (
        "the clip flashes red more often than viewers with photosensitive epilepsy can bear",
        "Do not publish it as it is (WCAG 2.3.1)",
    ),
    "brightness_swing": (
        "single frames are far brighter or darker than their neighbours",
        "Look at them, then change the seed or the model and submit it again",
    ),
    "adherence": (
        "the clip did not follow its move",
        "Look at the clip, then change the seed or the model and submit it again",
    ),
}
"""What a failed check means, and what to do about it."""


def verdict(checks: Iterable[Check]) -> tuple[Verdict, tuple[Reason, ...]]:
    """``flagged`` with one reason for each failed check, in their order, else ``pass``."""
    reasons = tuple(_reason(check) for check in checks if check.verdict is CheckVerdict.FAIL)
    return (Verdict.FLAGGED if reasons else Verdict.PASS), reasons


def _reason(check: Check) -> Reason:
    meaning, remedy = _MEANING.get(
        check.name, ("a figure is out of its limits", "Look at the clip")
    )
    parts = [meaning]
    if check.detail:
        parts.append(f": {check.detail}")
    if check.value is not None and check.threshold is not None:
        parts.append(f" (measured {check.value:.4g}, limit {check.threshold:.4g})")
    return Reason(code=check.name, message=f"{''.join(parts)}. {remedy}.")
