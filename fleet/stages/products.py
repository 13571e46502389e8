"""What finishing a shot leaves: the clip, and the master beside it if one was asked for.

Called by the finish stage, on a worker.  Products lie in a folder of the worker's that is gone
afterwards; what is said of them is measured on the files.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from companions import names
from companions.geometry import Size
from companions.picture import Pixels
from companions.video_meta import ClipFacts, MasterFacts
from fleet.encode.clip import ClipWords, ClipWriter
from fleet.encode.marking import mark, source_type_of
from fleet.encode.master import MasterWriter, probe_master
from fleet.encode.probe import ClipProbe, probe_clip
from fleet.errors import BackendFailed
from fleet.stages.base import FinishTask, MasterPiece

PIECE_BYTES: Final = 16 * 1024 * 1024
"""A master travels in pieces of this size: it may be larger than a machine's memory."""


class Products:
    """Writes clip and master of one shot; a context manager.

    On a clean exit both are whole; on an exception neither is there.

    Attributes:
        clip: writes the clip.
        master: writes the master; None where none was asked for.
    """

    def __init__(self, folder: Path, *, task: FinishTask, size: Size, frames: int) -> None:
        """Prepare products of ``frames`` frames of ``size`` in ``folder``.

        Raises:
            EncoderMissing: settings ask for an encoder that this node lacks.
        """
        recipe = task.recipe
        rate, kind = recipe.interpolation.target_fps, recipe.encode.master
        self.clip = ClipWriter(
            folder / "clip.mp4",
            size=size,
            rate=rate,
            params=recipe.encode,
            words=ClipWords(
                title=Path(names.stem_of(task.image_path)).name,
                shot_id=task.shot_id,
                prompt=recipe.prompt,
            ),
            threads=task.encode_threads,
            encoder=task.encoder,
            frames=frames,
        )
        self.master: MasterWriter | None = None
        if kind is not None:
            self.master = MasterWriter(
                folder / f"clip{kind.suffix}",
                size=size,
                rate=rate,
                master=kind,
                threads=task.encode_threads,
            )
        self._frames = frames
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Open the files."""
        with ExitStack() as opened:
            opened.enter_context(self.clip)
            if self.master is not None:
                opened.enter_context(self.master)
            self._open = opened.pop_all()
        return self

    def write_clip(self, _: int, frame: Pixels) -> None:
        """Append one frame to the clip."""
        self.clip.write(frame)

    def write_master(self, _: int, frame: Pixels) -> None:
        """Append one frame to the master."""
        if self.master is not None:
            self.master.write(frame)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the files, or remove what there is of them."""
        self._open.__exit__(kind, error, trace)


@dataclass(frozen=True, slots=True)
class Made:
    """Products as measured.

    Attributes:
        probe: the clip's measures.
        clip: what the meta says of the clip.
        master: what it says of the master; None without one.
        master_path: where the master lies; None without one.
    """

    probe: ClipProbe
    clip: ClipFacts
    master: MasterFacts | None
    master_path: Path | None


def facts_of(products: Products, *, task: FinishTask) -> Made:
    """Mark the finished clip with its origin, then measure what there is.

    Raises:
        BackendFailed: a file cannot be read back, or the master holds another number of frames
            than the clip.
    """
    path = products.clip.path
    origin = source_type_of(task.recipe.generation_params.model)
    mark(path, origin)
    probe = probe_clip(path)
    clip = ClipFacts(
        file=Path(names.clip_of(task.image_path)).name,
        sha256=probe.sha256,
        size_bytes=probe.size_bytes,
        frames=probe.frames,
        fps=probe.rate,
        duration_sec=float(probe.duration_s),
        width=probe.width,
        height=probe.height,
        codec=probe.codec,
        encoder=products.clip.encoder,
        bit_depth=probe.bit_depth,
        frames_sha256=probe.frames_sha256,
        digital_source_type=origin.value,
    )
    if products.master is None:
        return Made(probe, clip, None, None)
    found = probe_master(products.master.path)
    if found.frames != probe.frames:
        raise BackendFailed(
            backend="the master's encoder",
            what=f"it holds {found.frames} frames where the clip has {probe.frames}",
        )
    master = MasterFacts(
        file=Path(names.stem_of(task.image_path)).name + found.master.suffix,
        sha256=found.sha256,
        size_bytes=found.size_bytes,
        frames=found.frames,
        master=found.master,
    )
    return Made(probe, clip, master, products.master.path)


def pieces_of(path: Path | None) -> Iterator[MasterPiece]:
    """A file's bytes in pieces; none where there is no file."""
    if path is None:
        return
    with path.open("rb") as stream:
        while data := stream.read(PIECE_BYTES):
            yield MasterPiece(data)
