"""Where a model's weights lie on this machine: in the fleet's folder, or at a path of settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fleet.weights.errors import WeightsMissing

SUFFIX = ".safetensors"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Weights by the name of their model.  Picklable: workers are given it with their work.

    Attributes:
        folder: where ``fleet models fetch`` puts them, the same on every node.
        paths: files that settings name, by model.
    """

    folder: Path
    paths: Mapping[str, Path] = field(default_factory=dict)

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


NOWHERE = Shelf(Path("models"))
"""For work that needs no weights but those in this package."""
