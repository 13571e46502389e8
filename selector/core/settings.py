"""What the window remembers between two days: one JSON file in the platform's place for settings.

A file that cannot be used is kept aside under another name and told; the window then starts as on
its first day.  What a newer program wrote beside is kept as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from companions import files
from companions.codec import problems_of
from companions.errors import FileUnwritable
from companions.geometry import Fraction01, Size
from companions.lock import held_file
from companions.motion import MAX_DURATION_S, OutputSize
from companions.timing import Rate, parse_rate
from companions.wishes import BackendName
from selector.core.look import DEFAULT_DURATION_S, DEFAULT_OUTPUT, Wanted
from selector.core.safety import PROFILES, STANDARD

HOME_VARIABLE: Final = "SELECTOR_HOME"
FILE_NAME: Final = "selector.json"
MOST_RECENT: Final = 12
_MOST_BYTES: Final = 4 * 1024 * 1024
_PATIENCE_S: Final = 0.5


class Theme(StrEnum):
    """The window's colours."""

    SYSTEM = "system"  #: as the rest of the desktop
    LIGHT = "light"
    DARK = "dark"


class DeskSettings(BaseModel):
    """What the window remembers."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="allow", allow_inf_nan=False, protected_namespaces=()
    )

    theme: Theme = Theme.SYSTEM
    """Its colours."""
    recent: Annotated[tuple[str, ...], Field(max_length=MOST_RECENT)] = ()
    """Folders that were opened, the last first; at most 12."""
    overlays: dict[str, str] = Field(default_factory=dict)
    """By opened folder: the folder its companions go to instead."""
    cache_mb: Annotated[int, Field(ge=100, le=100_000)] = 1000
    """Memory the whole process may take, in megabytes, 100 to 100000."""
    threshold: Fraction01 = 0.5
    """From which viability on a picture counts as viable; 0 to 1."""
    output: OutputSize = OutputSize(width=DEFAULT_OUTPUT.width, height=DEFAULT_OUTPUT.height)
    """Size of new clips."""
    duration_s: Annotated[float, Field(gt=0.0, le=MAX_DURATION_S)] = DEFAULT_DURATION_S
    """Length of new clips in seconds, over 0 and at most 60."""
    profile: Annotated[str, Field(min_length=1, max_length=60)] = STANDARD.name
    """Safety profile of new moves, by name."""
    model: BackendName = "camera"
    """Generator of shots that wish for none."""
    target_fps: Rate = parse_rate(24)
    """The clips' rate in frames per second, 1 to 240, of shots that wish for none."""
    fleet_command: Annotated[tuple[str, ...], Field(min_length=1, max_length=100)] = ("fleet",)
    """The program that takes manifests, and its first arguments."""
    fleet_host: Annotated[str, Field(max_length=64, pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$")] = (
        ""
    )
    """The host whose fleet makes the clips; empty: this machine's own."""
    window_geometry: Annotated[str, Field(max_length=10_000, pattern=r"^[A-Za-z0-9+/=]*$")] = ""
    """Where the window was, as Qt tells it, in base64."""

    def wanted(self) -> Wanted:
        """What moves are proposed for."""
        return Wanted(
            output=Size(self.output.width, self.output.height),
            duration_s=self.duration_s,
            profile=PROFILES.get(self.profile, STANDARD),
        )

    def overlay_of(self, folder: Path) -> Path | None:
        """Where the companions of ``folder`` go, if not beside its pictures."""
        overlay = self.overlays.get(str(folder))
        return None if overlay is None else Path(overlay)

    def with_opened(self, folder: Path, *, overlay: Path | None = None) -> DeskSettings:
        """After ``folder`` was opened, its companions in ``overlay`` if not beside its pictures.

        A folder whose name is no text cannot be remembered.
        """
        if not (_is_text(folder) and (overlay is None or _is_text(overlay))):
            return self
        name = str(folder)
        recent = (name, *(each for each in self.recent if each != name))[:MOST_RECENT]
        overlays = {key: value for key, value in self.overlays.items() if key != name}
        if overlay is not None:
            overlays[name] = str(overlay)
        return self.changed(recent=recent, overlays=overlays)

    def without(self, folder: Path) -> DeskSettings:
        """With ``folder`` forgotten."""
        recent = tuple(each for each in self.recent if each != str(folder))
        overlays = {key: value for key, value in self.overlays.items() if key != str(folder)}
        return self.changed(recent=recent, overlays=overlays)

    def changed(self, **values: object) -> DeskSettings:
        """With other values.

        Raises:
            ValidationError: one is out of its range.
        """
        return DeskSettings.model_validate({**dict(self), **values})


@dataclass(frozen=True, slots=True)
class Remembered:
    """Settings as they were found.

    Attributes:
        settings: those of the file, or the first day's.
        problem: what to tell the operator, where the file could not be used.
    """

    settings: DeskSettings
    problem: str | None = None


class SettingsFile:
    """The file the settings are in.  Several windows may use it at once."""

    def __init__(self, path: Path) -> None:
        """The file at ``path``, which need not be there yet."""
        self.path = path

    def load(self) -> Remembered:
        """The settings; a file that cannot be used is moved aside, told, and never an error."""
        try:
            data = files.read_limited(self.path, limit=_MOST_BYTES)
            return Remembered(DeskSettings.model_validate_json(data))
        except FileNotFoundError:
            return Remembered(DeskSettings())
        except ValidationError as error:
            why = "; ".join(str(problem) for problem in problems_of(error)[:3])
        except OSError as error:
            why = error.strerror or str(error)
        told = f"The settings in {self.path} cannot be used ({why}). The usual ones are in force"
        try:
            kept = self._move_aside()
        except FileUnwritable as error:
            return Remembered(DeskSettings(), f"{told}, and no others can be saved: {error}")
        return Remembered(DeskSettings(), f"{told}; the file was kept as {kept.name}.")

    def change(self, how: Callable[[DeskSettings], DeskSettings]) -> DeskSettings:
        """Change the settings as they are on the disk now; returns what they are then.

        Raises:
            FileUnwritable: the folder or disk refuses.
        """
        with files.reporting_unwritable(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        with held_file(self.path.with_name(f".{self.path.name}.lock"), patience_s=_PATIENCE_S):
            # Where another window does not let go, one of two changes may be lost: no harm done.
            before = self.load().settings
            after = how(before)
            if after != before or not self.path.exists():
                data = after.model_dump_json(indent=2).encode() + b"\n"
                # Through a link, for those who keep their settings elsewhere.
                files.write_atomic(self.path.resolve(), data)
        return after

    def _move_aside(self) -> Path:
        number = 1
        while (kept := self.path.with_name(_aside(self.path.stem, number))).exists():
            number += 1
        with files.reporting_unwritable(self.path):
            self.path.rename(kept)
        return kept


def settings_path(environment: Mapping[str, str]) -> Path:
    """Where the settings are: in ``SELECTOR_HOME``, else in the platform's place."""
    home = environment.get(HOME_VARIABLE)
    folder = Path(home) if home else platformdirs.user_config_path("motionfleet")
    return folder / FILE_NAME


def cache_path(environment: Mapping[str, str]) -> Path:
    """Where reduced pictures and looks are kept: in ``SELECTOR_HOME``, else in the platform's
    place for what can be made again."""
    home = environment.get(HOME_VARIABLE)
    return (
        Path(home) / "cache" if home else platformdirs.user_cache_path("motionfleet") / "selector"
    )


def _aside(stem: str, number: int) -> str:
    return f"{stem}.damaged.json" if number == 1 else f"{stem}.damaged-{number}.json"


def _is_text(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True
