"""One shot on several GPUs: several processes, here on the processor, make the clip of one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed

from companions.picture import Pixels
from companions.video_meta import ConditioningUsed
from fleet.errors import AttemptStopped, WorkerLost
from fleet.generate.base import GenerateRequest
from fleet.generate.diffusion.backend import Diffusion
from fleet.generate.diffusion.families import FAMILIES
from fleet.generate.diffusion.partners import Partners
from fleet.jobs.progress import Progress
from fleet.weights.shelf import Shelf
from tests.fleet.generate.diffusion.shots import WAN, shot


@pytest.fixture(scope="module")
def wan(models: Callable[[str], Path]) -> Iterator[Diffusion]:
    """A model whose partner, once a test has started it, stays for the next."""
    generator = Diffusion(FAMILIES[WAN], Shelf(models(WAN).parent))
    yield generator
    generator.unload()


@pytest.fixture(scope="module")
def alone(wan: Diffusion) -> Sequence[Pixels]:
    """The clip as one process makes it, held to the move."""
    return list(wan.frames(shot()))


@dataclass
class Seen:
    """Of a run: how many places its denoisers computed, and what came of each call."""

    places: set[int] = field(default_factory=set)
    predicted: list[torch.Tensor] = field(default_factory=list)


def on_two(**more: Any) -> GenerateRequest:
    return replace(shot(gpus_per_shot=2), **more)


def test_two_make_the_clip_of_one_and_each_computes_half_of_it(
    wan: Diffusion, alone: Sequence[Pixels]
) -> None:
    told: list[ConditioningUsed] = []

    with watched(wan) as one:
        list(wan.frames(shot()))
    with watched(wan) as both:
        made = list(wan.frames(on_two(used=told.append)))

    assert np.abs(np.asarray(made, int) - np.asarray(alone, int)).max() <= 1
    # Frames of a tiny model hardly show what it predicts, so that is compared as well.
    assert len(one.predicted) == len(both.predicted)
    assert all(map(partial(torch.allclose, atol=1e-5), one.predicted, both.predicted))
    whole = 4 * 4 * 2
    assert (one.places, both.places) == ({whole}, {whole // 2})
    assert (told[-1].control, told[-1].shortcuts) == ("time_to_move", ("gpus:2",))


def test_called_off_between_two_steps_all_stop_and_are_there_for_the_next(
    wan: Diffusion, alone: Sequence[Pixels]
) -> None:
    steps: list[Progress] = []
    list(wan.frames(on_two()))
    before = partners_of(wan).pids

    with pytest.raises(AttemptStopped):
        list(wan.frames(on_two(tell=steps.append, stopped=lambda: bool(steps))))
    made = list(wan.frames(on_two()))

    assert len(steps) == 1
    assert partners_of(wan).pids == before
    assert np.abs(np.asarray(made, int) - np.asarray(alone, int)).max() <= 1


def test_a_partner_that_is_killed_is_named_and_nobody_waits_for_it(
    wan: Diffusion, alone: Sequence[Pixels]
) -> None:
    list(wan.frames(on_two()))
    partner = partners_of(wan).pids[0]

    with pytest.raises(WorkerLost, match=r"GPU 2 of 2 ended by itself \(signal 9\)"):
        list(wan.frames(on_two(tell=lambda _: os.kill(partner, signal.SIGKILL))))

    assert not torch.distributed.is_initialized()
    with pytest.raises(ChildProcessError):
        os.waitpid(partner, 0)
    assert np.array_equal(list(wan.frames(shot())), alone), "alone, it is as if nothing had been"


def test_a_partner_does_not_outlive_the_process_that_started_it(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    told = str(theirs.fileno())
    partner = subprocess.Popen(
        [sys.executable, "-m", "fleet.generate.diffusion.partner", told],
        pass_fds=(theirs.fileno(),),
    )
    theirs.close()

    ours.close()  # as the end of a process closes all that it has

    assert partner.wait(timeout=60) == 0


@contextmanager
def watched(generator: Diffusion) -> Iterator[Seen]:
    """Notes what this process's denoisers compute and what they give."""
    seen = Seen()

    def predicted(_: Any, __: Any, made: Any) -> None:
        seen.predicted.append(made[0].clone())

    def computed(_: Any, __: Any, made: Any) -> None:
        seen.places.add(made.shape[1])

    assert generator._loaded is not None
    pipeline = generator._loaded.pipeline
    handles = [
        handle
        for denoiser in (pipeline.transformer, pipeline.transformer_2)
        for handle in (
            denoiser.register_forward_hook(predicted),
            denoiser.blocks[0].register_forward_hook(computed),
        )
    ]
    yield seen
    for handle in handles:
        handle.remove()


def partners_of(generator: Diffusion) -> Partners:
    assert generator._partners is not None
    return generator._partners
