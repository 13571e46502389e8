"""The byte budget: how many generated frames may be in memory at once.

Ray's object store spills to disk in silence when it is full; a budget in the dispatcher keeps
the pipeline from generating faster than it finishes.
"""

from __future__ import annotations

import math

from companions.video_manifest import Recipe

BYTES_PER_PIXEL = 3


def frames_bytes(recipe: Recipe) -> int:
    """Bytes of the shot's generated frames, to within a few frames of any grid."""
    params = recipe.generation_params
    frames = params.num_frames or math.ceil(recipe.motion.duration_sec * params.fps) + 1
    return frames * params.width * params.height * BYTES_PER_PIXEL


def admits(*, in_flight: int, wanted: int, budget: int) -> bool:
    """Whether ``wanted`` more bytes may start; one shot may always, however large it is."""
    return in_flight == 0 or in_flight + wanted <= budget
