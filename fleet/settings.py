"""Settings of the fleet: where it keeps its state and how much it does at once.

``FLEET_HOME`` (default: the platform's data directory) holds the ledger, staged clips, the token
and, if there is one, ``settings.toml``.  Only the command line and the dispatcher's start read
settings or the environment.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from companions import codec
from fleet.errors import SettingsInvalid
from fleet.home import HOME_VARIABLE, Home, find_home
from fleet.jobs.retry import RetryPolicy

__all__ = ["HOME_VARIABLE", "Home", "Host", "Settings", "find_home", "load_settings"]

Slots = Annotated[int, Field(ge=1, le=64)]
PositiveSeconds = Annotated[float, Field(gt=0.0, le=7 * 86400.0)]


HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""A host as ``~/.ssh/config`` names it; never an option to ssh."""
PlainPath = Annotated[str, Field(pattern=r"^[A-Za-z0-9_./~@%+=:,-]+$", max_length=1024)]
"""A path that every remote shell takes as it is."""


class Host(BaseModel):
    """What may be said of one host in ``[hosts.NAME]``; ssh's own part stands in its config."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    ssh: HostName | None = None
    """The name in ``~/.ssh/config``; by default the host's name here."""
    ssh_config: Path | None = None
    """Another file than ``~/.ssh/config``."""
    transport: Literal["auto", "rsync", "sftp", "local"] = "auto"
    """How files travel: rsync where both sides have it, else sftp; ``local`` for a disk that is
    mounted here and needs no ssh."""
    fleet: Annotated[str, Field(min_length=1, max_length=1024)] = "fleet"
    """The ``fleet`` command there, as words: ``/opt/motionfleet/bin/fleet``."""
    inbox: PlainPath | None = None
    """Where sets are taken in there; by default the fleet's own choice."""
    outbox: PlainPath | None = None
    """Where clips are published there; likewise."""
    bandwidth_mbit_s: Annotated[float, Field(gt=0.0)] | None = None
    """The most that is sent or fetched, in megabits a second."""
    compress: bool | None = None
    """Whether bytes are compressed under way; by default where it helps."""
    tries: Annotated[int, Field(ge=1, le=50)] = 6
    """How often a broken transfer is tried before it is given up."""
    folders: tuple[Path, ...] = ()
    """Folders of this machine that ``fleet sync HOST --all`` looks after."""
    failure_command: tuple[str, ...] = ()
    """Called when ``fleet sync HOST --all`` ends with an error, as argv; ``{host}``, ``{exit}``,
    ``{message}`` and ``{report}`` in it are filled in."""


class Settings(BaseModel):
    """What an operator may set in ``settings.toml``; every field has a working default."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    generation_slots: Slots | None = None
    """Workers in the generation pool; by default as many as the machine suits."""
    interpolation_slots: Slots | None = None
    """Workers in the interpolation pool; likewise."""
    object_store_mb: Annotated[int, Field(ge=100)] | None = None
    """Memory for frames under way between workers; by default a quarter of the machine's."""
    max_attempts: Annotated[int, Field(ge=1, le=20)] = 3
    """Tries per stage before a shot is given up."""
    first_retry_s: Annotated[float, Field(ge=0.0, le=3600.0)] = 0.5
    """Wait before the second try; doubles each time."""
    generate_deadline_s: PositiveSeconds = 3600.0
    """Longest a generation may take."""
    finish_deadline_s: PositiveSeconds = 3600.0
    """Longest interpolating, checking and encoding may take."""
    generation_limit: Annotated[int, Field(ge=1)] | None = None
    """Most shots generated at once in the whole cluster; by default as many as there are slots."""
    interpolation_limit: Annotated[int, Field(ge=1)] | None = None
    """Most shots finished at once; likewise."""
    generation_gpus: Annotated[float, Field(ge=0.0, le=16.0)] = 1.0
    """GPUs of a generation worker, on nodes that have any; 0.5 puts two on one."""
    interpolation_gpus: Annotated[float, Field(ge=0.0, le=16.0)] = 0.5
    """GPUs of an interpolation worker, likewise."""
    model_memory_mb: Annotated[int, Field(ge=1)] | None = None
    """Memory for the models a worker keeps loaded; by default its GPU's, without one half of its
    machine's. The one used longest ago makes room."""
    attention: Literal["", "native", "flash", "sage", "xformers", "flex", "_native_cudnn"] = ""
    """What computes attention in video models, by diffusers' name for it; empty: its own choice.
    Only ways that fetch nothing from the network when they are first used."""
    compile: bool = False
    """Whether the repeated blocks of video models are compiled: the first shot of a size takes
    minutes longer, those after it less."""
    quantise: Literal["", "int8", "fp8"] = ""
    """How torchao stores and multiplies the weights of video models, instead of what the memory
    plan says; empty: as the plan says. Needs ``motionfleet[quant]`` on every node."""
    prompt_cache_mb: Annotated[int, Field(ge=0)] = 1024
    """Disk for prompts that were encoded before, on each node; 0: none is kept."""
    affinity_s: Annotated[float, Field(ge=0.0, le=86400.0)] = 300.0
    """Seconds of work by which a manifest may fall behind others so that a worker can stay with a
    model it has."""
    checkpoints: bool = True
    """Whether generated frames are kept on the head's disk until their clip is published, so that
    a crash never repeats their generation."""
    checkpoint_after_s: Annotated[float, Field(ge=0.0)] = 10.0
    """Frames that took less than this to make are not kept: making them again is cheaper."""
    cancel_grace_s: Annotated[float, Field(ge=0.0, le=600.0)] = 5.0
    """How long a cancelled attempt may take to stop by itself before its worker is ended."""
    encode_threads: Annotated[int, Field(ge=1, le=64)] = 2
    """Threads of the encoder; fixed, because a clip's bytes are the same only for a fixed count."""
    encoder: Literal["software", "nvenc", "auto"] = "software"
    """What encodes clips: the processor, NVIDIA's encoder, or that where a node has it. Clips are
    the same byte for byte only with ``software``."""
    credentials_certificate: Path | None = None
    """Certificate chain (PEM) that clips are signed with; null: they are not."""
    credentials_key: Path | None = None
    """Its private key (PEM), which nobody else may read."""
    credentials_timestamps: str | None = None
    """Address of a time-stamping authority (RFC 3161); null: credentials hold no such stamp."""
    rate_per_hour: Annotated[float, Field(ge=0.0)] = 0.0
    """What an hour of one worker costs, for the cost in every meta."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    """Currency of the rate."""

    weights: dict[str, Path] = Field(default_factory=dict)
    """Files and folders of weights by the name of their model, for those that were not fetched."""
    loras: dict[str, Path] = Field(default_factory=dict)
    """Files of small weights (safetensors) by the name that manifests give them."""
    hosts: dict[HostName, Host] = Field(default_factory=dict)
    """Hosts to sync with."""

    @property
    def retry(self) -> RetryPolicy:
        """The retry policy these settings describe."""
        return RetryPolicy(max_attempts=self.max_attempts, first_delay_s=self.first_retry_s)


def load_settings(home: Home) -> Settings:
    """Settings from the home's ``settings.toml``, or the defaults if there is none.

    Raises:
        SettingsInvalid: not TOML, an unknown key, or a value out of range.
    """
    try:
        text = home.settings_file.read_text("utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(file=home.settings_file, what=f"cannot be read ({error})") from None
    try:
        return Settings.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsInvalid(file=home.settings_file, what=f"is not TOML ({error})") from None
    except ValidationError as error:
        what = "; ".join(str(problem) for problem in codec.problems_of(error))
        raise SettingsInvalid(file=home.settings_file, what=what) from None
