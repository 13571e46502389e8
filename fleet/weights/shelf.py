"""Where a model's weights lie on this machine: in the fleet's folder, or at a path of settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fleet.weights.errors import LoraMissing, WeightsMissing
from fleet.weights.repository import LORA, camera_name, distilled_name

SUFFIX = ".safetensors"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Weights by the name of their model.  Picklable: workers are given it with their work.

    Attributes:
        folder: where ``fleet models fetch`` puts them, the same on every node.
        paths: files and folders that settings name, by model.
        loras: files of small weights that settings name, by the name a manifest gives.
    """

    folder: Path
    paths: Mapping[str, Path] = field(default_factory=dict)
    loras: Mapping[str, Path] = field(default_factory=dict)

    def find(self, name: str) -> Path:
        """The file with the weights of ``name``, which exists.

        Raises:
            WeightsMissing: there is none.
        """
        path = self.paths.get(name, self.folder / f"{name}{SUFFIX}")
        if not path.is_file():
            raise WeightsMissing(name=name, folder=path.parent)
        return path

    def find_folder(self, name: str) -> Path:
        """The folder with the weights of ``name``, which exists.

        Raises:
            WeightsMissing: there is none.
        """
        path = self.paths.get(name, self.folder / name)
        if not path.is_dir():
            raise WeightsMissing(name=name, folder=path.parent)
        return path

    def find_distilled(self, family: str, denoiser: str) -> Path:
        """The few-step weights of ``family`` that go onto its part ``denoiser``.

        Raises:
            WeightsMissing: they are not here.
        """
        return self.find_small(distilled_name(family), denoiser)

    def find_camera_lora(self, family: str, move: str) -> Path:
        """The small weights of ``family`` for moves of type ``move``.

        Raises:
            WeightsMissing: they are not here.
        """
        return self.find_small(camera_name(family, move), LORA)

    def find_lora(self, name: str) -> Path:
        """The file of the LoRA that settings call ``name``, which exists.

        Raises:
            LoraMissing: there is none.
        """
        path = self.loras.get(name)
        if path is None or not path.is_file():
            raise LoraMissing(name=name, known=self.loras)
        return path

    def find_small(self, name: str, file: str) -> Path:
        """The file ``file``, named without suffix, of the small weights ``name``.

        Raises:
            WeightsMissing: it is not here.
        """
        folder = self.find_folder(name)
        if not (folder / f"{file}{SUFFIX}").is_file():
            raise WeightsMissing(name=name, folder=folder)
        return folder / f"{file}{SUFFIX}"


NOWHERE = Shelf(Path("models"))
"""For work that needs no weights but those in this package."""
