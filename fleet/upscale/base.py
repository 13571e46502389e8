"""What an upscaler is: it enlarges one frame by a whole factor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from companions.picture import Pixels


class Upscaler(Protocol):
    """Enlarges frames, each by itself.  Holds its model between shots."""

    @property
    def name(self) -> str:
        """Name as in the manifest."""
        ...

    @property
    def memory_bytes(self) -> int:
        """Memory that its loaded model holds; 0 for one without a model."""
        ...

    @property
    def weights_sha256(self) -> Mapping[str, str]:
        """SHA-256 of each weight file, by its name; empty for one without a model."""
        ...

    def check(self, factor: int) -> None:
        """Refuse a factor it cannot make.

        Raises:
            ParameterRefused: the factor is not one of its own; ``field`` is ``upscaling.factor``.
            WeightsRefused: the file of its weights does not hold its network.
        """
        ...

    def enlarged(self, frame: Pixels, factor: int) -> Pixels:
        """``frame``, (height, width, 3) uint8 sRGB, at ``factor`` times its size each way.

        A new array.  The same frame gives the same bytes on the same device.  Called by one
        thread at a time.

        Raises:
            WeightsRefused: at the first frame, as for ``check``.
            BackendFailed: the network gave what is no colour.
        """
        ...
