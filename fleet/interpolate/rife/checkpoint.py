"""A file of weights to a network that is ready to run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from fleet.interpolate.rife.network import IFNet
from fleet.interpolate.rife.structure import STRUCTURES
from fleet.weights.reading import check_table, load, shapes_of
from fleet.weights.tables import nearest


@dataclass(frozen=True, slots=True)
class Loaded:
    """A network and the hash of the file it came from."""

    network: IFNet
    sha256: str


def loaded(path: Path, *, name: str, device: torch.device, dtype: torch.dtype) -> Loaded:
    """The network whose weights ``path`` holds, its version told by the names in it.

    ``name``: the interpolator's; it says which versions the file may be of.

    Raises:
        WeightsRefused: damaged, hostile, or not of that version.
    """
    weights = load(path)
    tables = [structure.table() for structure in STRUCTURES[name]]
    table = nearest(shapes_of(weights.state), tables)
    check_table(weights.state, table, path=path, model=name)
    structure = STRUCTURES[name][tables.index(table)]
    # Without memory for a moment: torch would fill with random numbers what is overwritten next.
    with torch.device("meta"):
        network = IFNet(structure)
    network.load_state_dict(weights.state, strict=True, assign=True)
    network.requires_grad_(requires_grad=False)
    network.eval()
    network.to(device=device, dtype=dtype)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch lacks it
    return Loaded(network, weights.sha256)
