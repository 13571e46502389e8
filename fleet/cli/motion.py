"""``fleet motion``: a shot's motion as a Time-to-Move folder, and such a folder as a shot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleet.cli.output import Output

if TYPE_CHECKING:
    from companions.geometry import Size

group = typer.Typer(
    name="motion",
    help="Take a shot's motion out as a Time-to-Move folder, or take one in.",
    epilog="Example: fleet motion export stills/all.video_manifest.json --shot img_001 --to out/",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
EXPORT_EXAMPLE = (
    "Example: fleet motion export stills/all.video_manifest.json --shot img_001 --to img_001_ttm"
)
IMPORT_EXAMPLE = "Example: fleet motion import examples/monkey --to stills --model wan-2.2-i2v-a14b"

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@group.command("export", epilog=EXPORT_EXAMPLE)
def export(
    manifest: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    *,
    shot: Annotated[str, typer.Option(help="The shot: its picture's name, or its number from 0.")],
    to: Annotated[Path, typer.Option(help="Folder to make; an empty one is taken.")],
    frames: Annotated[
        int | None, typer.Option(min=1, help="How many frames; by default as the model makes.")
    ] = None,
    fps: Annotated[
        str | None, typer.Option(help="Their rate; by default the manifest's, for the model.")
    ] = None,
    size: Annotated[
        str | None, typer.Option(metavar="WxH", help="Their size; by default the manifest's.")
    ] = None,
    json_: Json = False,
) -> None:
    """Write what the model is held to for a shot: first_frame.png, motion_signal.mp4, mask.mp4 and
    prompt.txt, as the official scripts of Time-to-Move read them."""
    from companions.timing import parse_rate
    from fleet.stages.motion_folder import export_shot

    try:
        rate = parse_rate(fps) if fps is not None else None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--fps") from None
    written = export_shot(manifest, shot, to=to, frames=frames, fps=rate, size=_size(size))
    if json_:
        Output().json(
            {
                "folder": str(written.folder),
                "frames": written.frames,
                "fps": float(written.fps),
                "width": written.size.width,
                "height": written.size.height,
            }
        )
        return
    Output().say(
        f"{written.frames} frames, {written.size.width} x {written.size.height} at "
        f"{float(written.fps):g} per second, in {written.folder}"
    )


@group.command("import", epilog=IMPORT_EXAMPLE)
def import_(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False)],
    *,
    to: Annotated[Path, typer.Option(help="Folder of pictures to put the shot into.")],
    model: Annotated[str, typer.Option(help="Video model that is to make the clip.")],
    name: Annotated[
        str | None, typer.Option(help="Name of the picture; by default the folder's.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of its noise.")] = 0,
    json_: Json = False,
) -> None:
    """Make a picture, its reference and a manifest of one shot out of a Time-to-Move folder."""
    from datetime import UTC, datetime

    from fleet.stages.motion_folder import import_folder

    made = import_folder(
        folder, to=to, name=name or folder.resolve().name, model=model, now=datetime.now(UTC),
        seed=seed,
    )  # fmt: skip
    if json_:
        Output().json({"manifest": str(made)})
        return
    Output().say(f"{made}\nSubmit it with: fleet submit {made}")


def _size(text: str | None) -> Size | None:
    from companions.geometry import Size

    if text is None:
        return None
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise typer.BadParameter("must be like 832x480", param_hint="--size")
    sides = int(width), int(height)
    if any(side % 2 or not 64 <= side <= 8192 for side in sides):
        raise typer.BadParameter("sides are even, 64 to 8192", param_hint="--size")
    return Size(*sides)
