"""Errors about weights: a branch of the fleet's tree.

FleetError              40
+-- WeightsMissing      66  a model's weights are not on this machine    fetch them, or give a path
+-- WeightsRefused      67  a file of weights is not what it should be   see the message
+-- WeightsUnreachable  73  weights cannot be fetched from their source  retried by hand
"""

from __future__ import annotations

from pathlib import Path

from fleet.errors import FleetError


class WeightsMissing(FleetError):
    """A model is known, but its weights are not on this machine."""

    exit_code = 66
    code = "weights_missing"

    def __init__(self, *, name: str, folder: Path) -> None:
        self.name, self.folder = name, str(folder)
        super().__init__(
            f"the weights of {name!r} are not in {folder}. Get them with: fleet models fetch "
            f'{name}; or name a file of them in settings.toml: [weights] {name} = "PATH"'
        )


class WeightsRefused(FleetError):
    """A file of weights was not loaded: other keys or shapes than the model's, damaged, or a pickle
    that would run code."""

    exit_code = 67
    code = "weights_refused"

    def __init__(self, *, path: Path, what: str, remedy: str) -> None:
        self.path, self.what = str(path), what
        super().__init__(f"{path} {what}. {remedy} Nothing in it was executed.")


class WeightsUnreachable(FleetError):
    """Weights could not be fetched."""

    exit_code = 73
    code = "weights_unreachable"

    def __init__(self, *, name: str, source: str, what: str) -> None:
        self.name, self.source, self.what = name, source, what
        super().__init__(
            f"the weights of {name!r} could not be fetched from {source} ({what}). Try again, or "
            f"fetch them on another machine and give the file: fleet models fetch {name} --from "
            f"PATH"
        )
