"""A family's pipeline in memory, as one ``Setup`` placed it."""

from __future__ import annotations

from typing import Any

import torch

from fleet.generate.diffusion import loading, placing
from fleet.generate.diffusion.distilled import scheduler_for
from fleet.generate.diffusion.family import Distilled, Family
from fleet.generate.diffusion.loras import Laid
from fleet.generate.diffusion.plans import Setup, setup_for
from fleet.generate.diffusion.prompts import Prompts, encoder_of
from fleet.generate.tuning import Tuning
from fleet.weights.folders import Opened


def setup_here(family: Family, wanted: str, tuning: Tuning) -> Setup:
    """How ``family`` is to run on this machine, as ``plans.setup_for``."""
    return setup_for(family, wanted=wanted, gpu_bytes=placing.gpu_bytes(), tuning=tuning)


class Loaded:
    """One pipeline, loaded and placed.

    Attributes:
        family: whose it is.
        setup: how it was placed.
        pipeline: diffusers' own.
        laid: the small weights on it.
        memory_bytes: what it holds, measured; on a GPU, its peak over the shots so far.
        prompts: encoded prompts; None: none are kept.
    """

    def __init__(self, family: Family, opened: Opened, setup: Setup, tuning: Tuning) -> None:
        """Load it.

        Raises:
            WeightsRefused, ExtraMissing, AttentionUnavailable.
        """
        self.family, self.setup = family, setup
        folder = opened.path
        before = placing.used_bytes()
        placing.check(family, setup)
        self.pipeline = loading.load(family, folder, half=setup.on_gpu)
        placing.place(self.pipeline, family, setup)
        self._before_bytes = before
        self._own_scheduler = self.pipeline.scheduler
        self.laid = Laid(self.pipeline, family)
        self.prompts: Prompts | None = None
        if tuning.cache is not None and family.text.outputs:
            self.prompts = Prompts(tuning.cache, most_bytes=tuning.cache_bytes)
            self.pipeline.encode_prompt = self.prompts.remembered(
                self.pipeline.encode_prompt,
                encoder=encoder_of(folder, half=setup.on_gpu),
                tokenizer=getattr(self.pipeline, "tokenizer", None),
            )
        self.memory_bytes = 0
        self.measure()

    def begin(self, few: Distilled | None) -> Any:
        """The pipeline, ready for a run: its scheduler new, its own or that of ``few``."""
        self.pipeline.scheduler = scheduler_for(self._own_scheduler, few)
        return self.pipeline

    def measure(self) -> None:
        """Look again at how much memory it holds."""
        held = placing.held_bytes(self.pipeline) - self._before_bytes
        self.memory_bytes = max(self.memory_bytes, held)

    def let_go(self) -> None:
        """Free it; this object is of no use afterwards."""
        if self.setup.on_gpu:
            self.pipeline.remove_all_hooks()
        del self.pipeline, self.laid, self.prompts, self._own_scheduler
        if self.setup.compiled:
            torch.compiler.reset()
        placing.let_go()
