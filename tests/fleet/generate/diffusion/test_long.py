"""Clips longer than a model's window: each piece continues the one before, none drifts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from companions.generation_params import Long
from companions.geometry import Size
from companions.picture import Pixels
from fleet.generate.base import GenerateRequest, Piece
from fleet.generate.diffusion import latents, long
from fleet.generate.diffusion.backend import Diffusion
from fleet.generate.diffusion.families import FAMILIES
from fleet.generate.diffusion.family import Family
from fleet.generate.diffusion.loaded import Loaded, setup_here
from fleet.generate.diffusion.shot import made
from fleet.generate.referenced import reference_frames
from fleet.generate.tuning import PLAIN
from fleet.weights.folders import open_folder
from fleet.weights.shelf import NOWHERE, Shelf
from tests.fleet.generate.diffusion.shots import WAN, sha256, shot

OVERLAP = 5
TOTAL = 29
FLF = "wan-2.1-flf2v-14b"


def short_window(name: str) -> Family:
    """That family, for which 17 frames are as long as it gets."""
    family = FAMILIES[name]
    return replace(family, defaults=replace(family.defaults, frames=17), overlap=OVERLAP)


@pytest.fixture(scope="module")
def wan(models: Callable[[str], Path]) -> Diffusion:
    return Diffusion(short_window(WAN), Shelf(models(WAN).parent))


@pytest.fixture(scope="module")
def loaded(models: Callable[[str], Path]) -> Loaded:
    family = short_window(WAN)
    opened = open_folder(WAN, Shelf(models(WAN).parent))
    return Loaded(family, opened, setup_here(family, "", PLAIN), PLAIN)


@pytest.fixture(scope="module")
def whole(wan: Diffusion) -> list[Pixels]:
    """A clip of two pieces, made in one go."""
    return list(wan.frames(small(frames=TOTAL)))


def small(name: str = WAN, *, frames: int, **more: Any) -> GenerateRequest:
    """A long clip of 32 by 32 pixels, in two steps."""
    return replace(shot(name, frames=frames, steps=2, **more), output=Size(32, 32))


def piece_of(wan: Diffusion, request: GenerateRequest, number: int, **more: Any) -> GenerateRequest:
    pieces = wan.pieces(request.params, len(request.move_fractions))
    return replace(request, piece=pieces[number], **more)


def test_a_long_clip_is_its_pieces_with_even_steps_over_what_they_share(
    wan: Diffusion, whole: list[Pixels]
) -> None:
    request = small(frames=TOTAL)

    first = list(wan.frames(piece_of(wan, request, 0)))
    second = list(wan.frames(piece_of(wan, request, 1, before=first[-OVERLAP:])))

    assert (len(first), len(second), len(whole)) == (17, 17, TOTAL)
    assert sha256([*first[:-OVERLAP], *second]) == sha256(whole)


def test_the_first_piece_is_the_short_clip_of_the_same_seed(
    wan: Diffusion, whole: list[Pixels]
) -> None:
    request = small(frames=TOTAL)
    short = replace(request, move_fractions=request.move_fractions[:17])

    made = list(wan.frames(short))

    assert sha256(made[:-OVERLAP]) == sha256(whole[: 17 - OVERLAP])


def test_frames_come_out_before_the_next_piece_is_made(wan: Diffusion) -> None:
    pieces_made: list[int] = []
    request = replace(small(frames=TOTAL), used=lambda used: pieces_made.append(used.pieces))

    frames = wan.frames(request)
    next(frames)

    assert pieces_made == [2], "the first of two, and no more"


@pytest.mark.parametrize("control", ["time_to_move", "none"])
def test_latents_of_what_two_pieces_share_are_equal(
    wan: Diffusion, loaded: Loaded, whole: list[Pixels], control: str
) -> None:
    """Exactly: what is denoised ends as the earlier piece's frames, encoded anew."""
    before = whole[12:17]
    request = piece_of(wan, small(frames=TOTAL, control=control), 1, before=before)

    decoded = latents_decoded(loaded, part_of(wan, request))

    shared = encoded(loaded, before)
    assert torch.equal(decoded[:, :, :2], shared)
    assert not torch.equal(decoded[:, :, 2:4], shared)


def test_every_piece_is_held_to_the_move_over_the_keyframe_and_to_its_own_instants(
    wan: Diffusion, loaded: Loaded
) -> None:
    """Held to the end, what is denoised is the reference, whatever the piece before looks like:
    nothing that went wrong there goes on."""
    whole = small(frames=TOTAL, weak_clock=1.0, strong_clock=0.0)
    strange = [np.full((32, 32, 3), 255, np.uint8)] * OVERLAP
    request = piece_of(wan, whole, 1, before=strange)

    decoded = latents_decoded(loaded, part_of(wan, request))

    shown = [frame.pixels for frame in reference_frames(whole)]
    assert torch.equal(decoded, encoded(loaded, [*strange, *shown[17:]]))


def test_segments_go_from_reference_frame_to_reference_frame_and_need_no_other(
    models: Callable[[str], Path],
) -> None:
    family = replace(short_window(FLF), in_float32=())
    flf = Diffusion(family, Shelf(models(FLF).parent))
    request = small(FLF, frames=33, long="segments")

    second = list(flf.frames(piece_of(flf, request, 1)))
    whole = list(flf.frames(request))

    assert len(whole) == 33
    assert sha256(whole[16:]) == sha256(second), "the frame that two share is there once"


def latents_decoded(loaded: Loaded, part: GenerateRequest) -> torch.Tensor:
    """What the denoising of ``part`` came to, as it is decoded."""
    vae = loaded.pipeline.vae
    seen: list[torch.Tensor] = []
    decode = vae.decode

    def seeing(given: torch.Tensor, **named: Any) -> Any:
        seen.append(given)
        return decode(given, **named)

    vae.decode = seeing
    try:
        made(loaded, part, NOWHERE, number=1, of=2)
    finally:
        del vae.decode
    return seen[0]


def encoded(loaded: Loaded, frames: list[Pixels]) -> torch.Tensor:
    """The latents of ``frames``, as Wan's pipeline hands them to its autoencoder."""
    vae, how = loaded.pipeline.vae, loaded.family.latents
    assert how is not None
    clip = latents.clip_tensor(frames, device=vae.device, dtype=vae.dtype)
    made = latents.encoded(vae, clip, scaling=how.scaling, rhythm=how.rhythm)
    mean = torch.tensor(vae.config.latents_mean).view(1, -1, 1, 1, 1)
    share = 1.0 / torch.tensor(vae.config.latents_std).view(1, -1, 1, 1, 1)
    scaled: torch.Tensor = made / share + mean
    return scaled


def part_of(wan: Diffusion, request: GenerateRequest) -> GenerateRequest:
    pieces = wan.pieces(request.params, len(request.move_fractions))
    return long.part(request, pieces=pieces)[1]


# -- pure ------------------------------------------------------------------------------------------

PIXELS = st.integers(0, 255).map(lambda value: np.full((1, 1, 3), value, np.uint8))


@given(shared=st.lists(PIXELS, max_size=40))
def test_where_two_pieces_agree_fading_changes_nothing(shared: list[Pixels]) -> None:
    faded = list(long.faded(shared, before=shared))

    assert all(np.array_equal(a, b) for a, b in zip(faded, shared, strict=True))


def test_fading_goes_in_even_steps_from_the_one_to_the_other() -> None:
    black, white = np.zeros((1, 1, 3), np.uint8), np.full((1, 1, 3), 240, np.uint8)

    faded = list(long.faded([white] * 5, before=[black] * 3))

    assert [int(frame[0, 0, 0]) for frame in faded] == [60, 120, 180, 240, 240]


def test_a_minute_streams_with_no_more_than_what_two_pieces_share_in_memory() -> None:
    family = FAMILIES[WAN]
    pieces = Diffusion(family, NOWHERE).pieces(shot().params, 977)
    asked: list[int] = []

    def frames(request: GenerateRequest) -> Iterator[Pixels]:
        assert isinstance(request.piece, Piece)
        asked.append(request.piece.begin)
        assert len(request.before) == request.piece.shared
        for index in range(request.piece.begin, request.piece.end):
            yield np.full((1, 1, 3), index % 251, np.uint8)

    streamed = long.whole(shot(frames=977), pieces=pieces, frames=frames)
    shown = [int(frame[0, 0, 0]) for frame in streamed]

    assert shown == [index % 251 for index in range(977)]
    assert asked == [piece.begin for piece in pieces]


def test_a_piece_without_what_it_continues_is_refused(wan: Diffusion) -> None:
    request = small(frames=TOTAL, long=Long.OVERLAP)

    with pytest.raises(ValueError, match="to continue"):
        next(iter(wan.frames(piece_of(wan, request, 1))))
