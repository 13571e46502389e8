"""What a declaration says, in words: for ``fleet models show`` and the table of families."""

from __future__ import annotations

from fleet.generate.diffusion.family import Family, Hub, Offload, Plan, Stored
from fleet.generate.diffusion.parameters import gpu_counts

_GIB = 1024**3
_OFFLOAD = {
    Offload.NONE: "all on the GPU",
    Offload.MODEL: "one part at a time",
    Offload.GROUP: "a few layers at a time",
}
_STORED = {
    Stored.BF16: "",
    Stored.FP8_LAYERWISE: "weights kept in 8 bits",
    Stored.INT8: "8-bit integers",
    Stored.FP8: "8-bit floats",
}


def told(family: Family) -> tuple[tuple[str, str], ...]:
    """Label and text of everything that is worth knowing before a manifest names ``family``."""
    rows = [
        ("title", family.title),
        ("repository", family.hub.repo),
        ("revision", family.hub.revision or "none known here: the first fetch pins the current"),
        ("licence", licence(family.hub)),
        *((f"{name} from", f"{part.hub.repo} {part.hub.revision}".strip())
          for name, part in family.parts.items()),
        ("frames", frames(family)),
        ("size", size(family)),
        ("own choice", own_choice(family)),
        ("follows the move by", controls(family)),
        ("clocks", clocks(family)),
        *((f"memory, {name.value}", plan(each)) for name, each in family.plans.items()),
        ("few steps", few_steps(family)),
        ("camera weights", ", ".join(sorted(family.camera_loras))),
        ("GPUs of one shot", ", ".join(map(str, gpu_counts(family)))),
        ("also takes", ", ".join(sorted(family.takes))),
        ("negative prompt", "yes" if family.text.takes_negative else "no"),
        ("tried here", family.tried.value),
        *(("note", note) for note in family.notes),
    ]  # fmt: skip
    return tuple((label, text) for label, text in rows if text)


def licence(hub: Hub) -> str:
    """Its name, and whether it waits for somebody's consent."""
    return f"{hub.licence}, to be accepted once" if hub.to_accept else hub.licence


def frames(family: Family) -> str:
    """Counts of one piece, and how longer clips are put together."""
    window, grid = family.defaults.frames, family.grid
    counts = f"{window}, no other" if grid.least == grid.most else f"{grid}, {window} at most"
    ways = " or ".join(way.value for way in family.longs)
    return f"{counts}; longer by {ways}" if ways else counts


def size(family: Family) -> str:
    """Which frame sizes it makes."""
    if len(family.sizes) == 1:
        return f"{family.sizes[0].width}x{family.sizes[0].height} alone"
    if family.sizes:
        return f"{len(family.sizes)} sizes, all about as large as its own"
    return f"multiples of {family.multiple}"


def own_choice(family: Family) -> str:
    """What it was trained for."""
    own = family.defaults
    return (
        f"{own.size.width}x{own.size.height}, {own.frames} frames at {own.fps:g}, "
        f"{own.steps} steps, guidance {own.guidance:g}"
    )


def controls(family: Family) -> str:
    """The ways in which it follows a move, its own first."""
    return ", ".join(control.value for control in family.controls)


def clocks(family: Family) -> str:
    """Time-to-Move's, as shares of noise."""
    own = family.time_to_move
    if own is None:
        return ""
    camera, objects = (f"{each.weak:g}/{each.strong:g}" for each in (own.camera, own.objects))
    return camera if camera == objects else f"camera {camera}, objects {objects}"


def plan(each: Plan) -> str:
    """How much of a GPU, where from the figure is, and how."""
    how = [_OFFLOAD[each.offload], _STORED[each.stored], "autoencoder in tiles" * each.tiled]
    ways = ", ".join(part for part in how if part)
    return f"{each.gpu_bytes / _GIB:.1f} GiB {each.source} ({ways})"


def few_steps(family: Family) -> str:
    """Its distilled weights."""
    few = family.distilled
    return "" if few is None else f"{few.steps} by {few.hub.repo} {few.hub.revision}".strip()
