"""Choosing a move for one picture: look once, try candidates, take the best that is safe.

Pure: equal pixels give equal proposals.  Faces are hard constraints, safety limits too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from companions.easing import EasingName
from companions.geometry import Rect, Size
from companions.motion import Move, Safety, SafetyVerdict, Viability
from companions.picture import Pixels
from selector.core.candidates import Candidate, Scene, candidates, scene_of
from selector.core.faces import find_faces
from selector.core.interest import interest_map
from selector.core.kinds import kind_of_move
from selector.core.safety import STANDARD, Profile, judge
from selector.core.viability import assess
from selector.core.windows import SHARP_ROOM

EASING: Final = EasingName.EASE_IN_OUT
"""Easing of every proposal: a move that starts and ends at rest cuts with anything."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A move, why it was chosen, and what was found on the way."""

    move: Move
    safety: Safety
    viability: Viability
    faces: tuple[Rect, ...]
    """Faces found, grown; largest first."""
    why: tuple[str, ...]


def propose(
    pixels: Pixels,
    *,
    picture: Size,
    output: Size,
    duration_s: float,
    profile: Profile = STANDARD,
) -> Proposal:
    """A move over the picture whose reduced, upright pixels are given.

    Both rectangles have the output's aspect and lie inside the picture; each face lies inside
    both or outside both.  The move passes ``profile``, save that a picture too small for the
    output warns (or, below 0.6 source pixels per output pixel, blocks) whatever the move.

    Args:
        pixels: the picture at any size, usually reduced.
        picture: its full size, upright.
        output: size of the finished clip.
        duration_s: length of the finished clip, over 0 and at most 60.
        profile: the safety limits to hold.

    Raises:
        ValueError: the picture has no room for such windows (``has_room``).
    """
    faces = find_faces(pixels)
    scene = scene_of(
        picture=picture,
        output=output,
        interest=interest_map(pixels, faces=faces),
        faces=faces,
        duration_s=duration_s,
    )
    ranked = candidates(scene)
    chosen, move, safety = _first_safe(ranked, scene=scene, profile=profile)
    viability = assess(pixels, picture=picture, output=output)
    why = [chosen.why, f"best of {len(ranked)} candidates with score {chosen.score:.2f}"]
    why += _about_faces(found=len(faces), kept=len(scene.faces))
    if scene.framing.source_px < SHARP_ROOM:
        why.append(
            f"the picture has {scene.framing.source_px:.2f} source pixels per output pixel in its "
            f"largest frame, so the move stays small"
        )
    return Proposal(
        move=move,
        safety=safety,
        viability=_marked(viability, faces, scene),
        faces=faces,
        why=tuple(why),
    )


def _first_safe(
    ranked: list[Candidate], *, scene: Scene, profile: Profile
) -> tuple[Candidate, Move, Safety]:
    for candidate in ranked:
        move = _move(candidate, duration_s=scene.duration_s)
        safety = judge(
            move, picture=scene.framing.picture, output=scene.framing.output, profile=profile
        )
        if _acceptable(safety):
            return candidate, move, safety
    # Only a picture too small even for a still: the widest one, and its verdict says so.
    still = next(candidate for candidate in ranked if candidate.start == candidate.end)
    move = _move(still, duration_s=scene.duration_s)
    safety = judge(
        move, picture=scene.framing.picture, output=scene.framing.output, profile=profile
    )
    return still, move, safety


def _acceptable(safety: Safety) -> bool:
    """Pass, or a warning that only the picture's own size causes."""
    return safety.verdict is not SafetyVerdict.BLOCK and all(
        finding.limit == "source_px" for finding in safety.findings
    )


def _move(candidate: Candidate, *, duration_s: float) -> Move:
    return Move(
        type=kind_of_move(candidate.start, candidate.end),
        start_rect=candidate.start,
        end_rect=candidate.end,
        duration_sec=duration_s,
        easing=EASING,
    )


def _about_faces(*, found: int, kept: int) -> list[str]:
    if found == 0:
        return []
    noun = "face" if found == 1 else "faces"
    if kept == found:
        return [f"{found} {noun} kept whole in every frame"]
    return [f"only {kept} of {found} {noun} could be kept whole: no frame of this shape holds more"]


def _marked(viability: Viability, faces: tuple[Rect, ...], scene: Scene) -> Viability:
    if len(scene.faces) == len(faces):
        return viability
    return Viability(score=round(0.7 * viability.score, 3), flags=(*viability.flags, "face_cut"))
