"""Errors about weights: a branch of the fleet's tree.

FleetError              40
+-- WeightsMissing      66  a model's weights are not on this machine    fetch them, or give a path
+-- WeightsRefused      67  a file of weights is not what it should be   see the message
+-- WeightsUnreachable  73  weights cannot be fetched from their source  retried by hand
+-- LicenceNotAccepted  75  a licence sets terms nobody accepted here    accept it once
+-- WeightsGated        76  their authors let only some people fetch     ask them, log in
+-- LoraMissing         77  no file of small weights has that name       name it in settings
+-- WeightsChanged      97  weights are not what they were               fetch them again
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from fleet.errors import FleetError


class WeightsMissing(FleetError):
    """A model is known, but its weights are not on this machine."""

    exit_code = 66
    code = "weights_missing"

    @property
    def curable(self) -> bool:
        """They can be fetched."""
        return True

    def __init__(self, *, name: str, folder: Path) -> None:
        self.name, self.folder = name, str(folder)
        super().__init__(
            f"the weights of {name!r} are not in {folder}. Get them with: fleet models fetch "
            f'{name}; or name where they lie in settings.toml: [weights] "{name}" = "PATH"'
        )


class WeightsRefused(FleetError):
    """A file of weights was not loaded: other keys or shapes than the model's, damaged, or a pickle
    that would run code."""

    exit_code = 67
    code = "weights_refused"

    @property
    def curable(self) -> bool:
        """They can be replaced by others."""
        return True

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


class LicenceNotAccepted(FleetError):
    """A model's licence sets terms, and nobody has accepted them on this machine."""

    exit_code = 75
    code = "licence_not_accepted"

    @property
    def curable(self) -> bool:
        """It can be accepted."""
        return True

    def __init__(self, *, name: str, licence: str, page: str) -> None:
        self.name, self.licence, self.page = name, licence, page
        super().__init__(
            f"the licence of {name!r} ({licence}) sets terms that have to be accepted once. Read "
            f"them at {page}, then: fleet models fetch {name} --accept-licence"
        )


class WeightsGated(FleetError):
    """The hub hands weights out only to people whom their authors let in."""

    exit_code = 76
    code = "weights_gated"

    def __init__(self, *, name: str, page: str) -> None:
        self.name, self.page = name, page
        super().__init__(
            f"the authors of {name!r} hand its weights out only to people they know. Ask for "
            f"access on {page}, log in on this machine with: hf auth login, then run the same "
            f"command again"
        )


class LoraMissing(FleetError):
    """A shot names small weights that are not on this machine."""

    exit_code = 77
    code = "lora_missing"

    @property
    def curable(self) -> bool:
        """It can be put there."""
        return True

    def __init__(self, *, name: str, known: Iterable[str]) -> None:
        self.name, self.known = name, tuple(sorted(known))
        there = f"There are {', '.join(self.known)}. " if self.known else ""
        super().__init__(
            f"no file here is the LoRA {name!r}. {there}Name where it lies in settings.toml: "
            f'[loras] "{name}" = "/PATH.safetensors"'
        )


class WeightsChanged(FleetError):
    """Weights on this machine are not what they were when they came here."""

    exit_code = 97
    code = "weights_changed"

    def __init__(self, *, names: Sequence[str], total: int) -> None:
        self.names, self.total = tuple(names), total
        super().__init__(
            f"{len(self.names)} of {total} are not what they were: {', '.join(self.names)}. Fetch "
            f"them again: fleet models fetch NAME"
        )
