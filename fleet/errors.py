"""Errors of the fleet: the rest of the one tree whose root is in ``companions.errors``.

FleetError               40
+-- UnknownBackend       41  a manifest names a backend this fleet lacks    name one it has
+-- ExtraMissing         42  a backend needs an optional install            install it
+-- ParameterRefused     43  a backend cannot do what the manifest asks     change the field
+-- TargetTaken          44  a clip not ours lies where ours would go       move it, or --out
+-- LedgerUnusable       45  the ledger cannot be read or written           fix the disk
+-- FleetBusy            46  another submission works on the same ledger    wait
+-- UnknownShot          47  no shot has that id or name                    see fleet status
+-- SettingsInvalid      48  the settings file breaks its contract          fix the named field
+-- ConformanceFailed    49  an implementation of the contract errs         see the listing
+-- ClusterFailed        50  Ray could not be started                       see the message
+-- BackendFailed        51  a model or encoder failed                      retried
+-- WorkerLost           52  a worker died while it held a shot             retried
+-- StageTimedOut        53  a stage outlasted its deadline                 retried
+-- OutOfMemory          54  a stage needed more memory than there is       retried
+-- NodeDiskFull         55  a node has no room for its temporary files     retried elsewhere
+-- CheckpointUnusable   56  kept frames are damaged                        made again
+-- ClusterInsecure      57  a cluster takes anyone's commands              see the message
+-- ClusterDown          58  the cluster's dispatcher does not answer       fleet up
+-- TimesUnknown         59  nothing was measured to plan from              declare times
+-- ShotsFailed          60  some shots ended without a clip                see the table
+-- UnknownNode          61  no node has that name                          see fleet nodes
+-- NothingMatches       62  a command names no shot, manifest or project   see fleet status
+-- DoctorFailed         63  something would keep the fleet from working    see the listing
+-- InvariantBroken      64  ledger, disk and events do not agree           fleet repair
+-- NodeLost             65  a node went away while it worked               repeated elsewhere
+-- LeaseLost            70  another attempt owns the job                   result dropped
+-- IllegalTransition    71  the job cannot do that: a bug                  report it
+-- AttemptStopped       72  an attempt was told to stop                    nothing to do
+-- GpuTooSmall          78  no memory plan of a model fits the GPU         retried elsewhere
+-- AttentionUnavailable 79  settings ask for an attention a node lacks     see the message
+-- MotionFolderUnusable 98  a folder of a motion is in the way, or is none  see the message
+-- Interrupted         130  stopped by Ctrl-C                              same command goes on
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from companions.errors import MotionfleetError


class FleetError(MotionfleetError):
    """Root of what can go wrong in the fleet."""

    exit_code = 40
    code = "fleet_error"


class UnknownBackend(FleetError):
    """A manifest names a generator, interpolator or encoder that does not exist here."""

    exit_code = 41
    code = "unknown_backend"

    def __init__(self, *, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, tuple(sorted(known))
        super().__init__(
            f"there is no {kind} {name!r}; this fleet has {', '.join(self.known)}. "
            f"Name one of them in the manifest."
        )


class ExtraMissing(FleetError):
    """A backend exists, but the packages it needs are not installed."""

    exit_code = 42
    code = "extra_missing"

    @property
    def curable(self) -> bool:
        """It can be installed."""
        return True

    def __init__(self, *, kind: str, name: str, extra: str, module: str) -> None:
        self.kind, self.name, self.extra, self.module = kind, name, extra, module
        super().__init__(
            f"the {kind} {name!r} needs the package {module!r}. "
            f"Install it with: pip install 'motionfleet[{extra}]'"
        )


class ParameterRefused(FleetError):
    """A backend cannot do what a shot asks of it; found before anything is queued."""

    exit_code = 43
    code = "parameter_refused"

    def __init__(self, *, field: str, what: str) -> None:
        self.field, self.what = field, what
        super().__init__(f"{field}: {what}")


class TargetTaken(FleetError):
    """A file that motionfleet did not write lies where a clip would be published."""

    exit_code = 44
    code = "target_taken"

    @property
    def curable(self) -> bool:
        """The file can be moved away."""
        return True

    def __init__(self, *, path: Path) -> None:
        self.path = str(path)
        super().__init__(
            f"{path} exists and was not published by motionfleet, so it is kept. "
            f"Move it away, or publish elsewhere with --out DIR."
        )


class LedgerUnusable(FleetError):
    """The ledger's file cannot be opened, read or written."""

    exit_code = 45
    code = "ledger_unusable"

    def __init__(self, *, path: Path, what: str) -> None:
        self.path, self.what = str(path), what
        super().__init__(
            f"the ledger {path} cannot be used ({what}). Check the disk's space and the rights of "
            f"its folder, or set FLEET_HOME to another folder; nothing is lost."
        )


class FleetBusy(FleetError):
    """Another process works on the same ledger."""

    exit_code = 46
    code = "fleet_busy"

    def __init__(self, *, home: Path, holder: str) -> None:
        self.home, self.holder = str(home), holder
        super().__init__(
            f"{holder} is at work on {home}. What was submitted is in the ledger and is made by "
            f"it; follow it with: fleet status. To have the fleet at rest: fleet down"
        )


class UnknownShot(FleetError):
    """No shot in the ledger answers to a name."""

    exit_code = 47
    code = "unknown_shot"

    def __init__(self, *, name: str, near: Iterable[str] = ()) -> None:
        self.name, self.near = name, tuple(near)
        hint = f"Did you mean {', '.join(self.near)}?" if self.near else "List them: fleet status"
        super().__init__(f"no shot is called {name!r}. {hint}")


class SettingsInvalid(FleetError):
    """The settings file cannot be used."""

    exit_code = 48
    code = "settings_invalid"

    def __init__(self, *, file: Path, what: str) -> None:
        self.file, self.what = str(file), what
        super().__init__(f"{file}: {what}. Correct it, or move the file away for the defaults.")


class ConformanceFailed(FleetError):
    """Another implementation of the contract disagrees with its public suite, or gave no answer."""

    exit_code = 49
    code = "conformance_failed"

    def __init__(self, *, disagreements: int, unanswered: int, total: int) -> None:
        self.disagreements, self.unanswered, self.total = disagreements, unanswered, total
        silent = f" ({unanswered} without an answer)" if unanswered else ""
        super().__init__(
            f"{disagreements} of {total} cases did not get the right answer{silent}; the listing "
            f"says which. What a schema cannot say is excused with --schema-only."
        )


class ClusterFailed(FleetError):
    """Ray could not be started or reached."""

    exit_code = 50
    code = "cluster_failed"
    retryable = True

    def __init__(self, *, what: str, remedy: str) -> None:
        self.what, self.remedy = what, remedy
        super().__init__(f"{what}. {remedy}")


class BackendFailed(FleetError):
    """A generator, interpolator or encoder failed on one shot, perhaps only this time."""

    exit_code = 51
    code = "backend_failed"
    retryable = True

    def __init__(self, *, backend: str, what: str) -> None:
        self.backend, self.what = backend, what
        super().__init__(
            f"{backend} failed: {what}. If it fails again, try other parameters for this shot."
        )


class WorkerLost(FleetError):
    """The process that worked on a shot died."""

    exit_code = 52
    code = "worker_lost"
    retryable = True

    def __init__(self, *, stage: str, what: str) -> None:
        self.stage, self.what = stage, what
        super().__init__(
            f"the worker died during {stage} ({what}). If it happens again, the shot may need more "
            f"memory than the machine has: try a smaller size or a shorter clip."
        )


class StageTimedOut(FleetError):
    """A stage took longer than its deadline and its worker was ended."""

    exit_code = 53
    code = "stage_timed_out"
    retryable = True

    def __init__(self, *, stage: str, deadline_s: float) -> None:
        self.stage, self.deadline_s = stage, deadline_s
        super().__init__(
            f"{stage} was not done after {deadline_s:.0f} s and was ended. Raise the deadline in "
            f"the settings, or make the clip smaller or shorter."
        )


class OutOfMemory(FleetError):
    """A stage needed more memory, the machine's or its GPU's, than there is."""

    exit_code = 54
    code = "out_of_memory"
    retryable = True

    def __init__(self, *, stage: str, what: str) -> None:
        self.stage, self.what = stage, what
        super().__init__(
            f"{stage} ran out of memory ({what}). Allow smaller memory plans in the manifest "
            f"(generation_params.memory_plans), or make the clip smaller or shorter."
        )


class GpuTooSmall(FleetError):
    """A node's GPU has less memory than the smallest of a model's memory plans needs."""

    exit_code = 78
    code = "gpu_too_small"
    retryable = True  # another node may have a larger one

    def __init__(self, *, model: str, plan: str, needed_bytes: int, there_bytes: int) -> None:
        self.model, self.plan = model, plan
        self.needed_bytes, self.there_bytes = needed_bytes, there_bytes
        super().__init__(
            f"{model} needs about {needed_bytes / 1024**3:.0f} GiB of a GPU's memory even by its "
            f"plan {plan!r}, and there are {there_bytes / 1024**3:.1f} GiB. Use a larger GPU or a "
            f"smaller model; to try all the same, name the plan in generation_params.memory_plans."
        )


class AttentionUnavailable(FleetError):
    """The settings ask for a way to compute attention that a node has not."""

    exit_code = 79
    code = "attention_unavailable"

    @property
    def curable(self) -> bool:
        """The setting can be removed."""
        return True

    def __init__(self, *, name: str, what: str) -> None:
        self.name, self.what = name, what
        super().__init__(
            f"attention {name!r}, which settings.toml asks for, cannot be used here: {what}. "
            f"Install what it needs on every node, or remove the setting."
        )


class NodeDiskFull(FleetError):
    """A node has no room for the temporary files of a stage."""

    exit_code = 55
    code = "node_disk_full"
    retryable = True

    def __init__(self, *, node: str, what: str) -> None:
        self.node, self.what = node, what
        super().__init__(
            f"the disk of {node} is full ({what}). Free space in its temporary folder, then: "
            f"fleet nodes use {node}"
        )


class CheckpointUnusable(FleetError):
    """Frames that were kept against a crash cannot be read back whole."""

    exit_code = 56
    code = "checkpoint_unusable"
    retryable = True

    def __init__(self, *, path: Path, what: str) -> None:
        self.path, self.what = str(path), what
        super().__init__(
            f"the kept frames {path} cannot be used ({what}); the shot is generated again"
        )


class ClusterInsecure(FleetError):
    """A Ray cluster that anyone who reaches it could command."""

    exit_code = 57
    code = "cluster_insecure"

    def __init__(self, *, address: str, what: str) -> None:
        self.address, self.what = address, what
        super().__init__(
            f"the cluster at {address} is not safe to use ({what}). Start it with token "
            f"authentication (fleet up does), or accept the risk with --insecure."
        )


class ClusterDown(FleetError):
    """A cluster was started for this home, but nothing dispatches on it."""

    exit_code = 58
    code = "cluster_down"
    retryable = True

    def __init__(self, *, home: Path, what: str) -> None:
        self.home, self.what = str(home), what
        super().__init__(
            f"the cluster of {home} does not work ({what}). Bring it back with: fleet up. "
            f"What was submitted is kept and goes on then."
        )


class TimesUnknown(FleetError):
    """A plan was asked for, and how long a stage takes was never measured here."""

    exit_code = 59
    code = "times_unknown"

    def __init__(self, *, stage: str, what: str) -> None:
        self.stage, self.what = stage, what
        super().__init__(
            f"how long {stage} takes with {what} was never measured here. Declare it, in seconds "
            f"a shot: --time {stage}=30"
        )


class ShotsFailed(FleetError):
    """A submission is over, and some shots ended without a clip."""

    exit_code = 60
    code = "shots_failed"

    def __init__(self, *, failed: int, total: int) -> None:
        self.failed, self.total = failed, total
        super().__init__(
            f"{failed} of {total} shots ended without a clip; the reasons stand above and in "
            f"their .video_meta.json."
        )


class UnknownNode(FleetError):
    """No node of the cluster answers to a name."""

    exit_code = 61
    code = "unknown_node"

    def __init__(self, *, name: str, known: Iterable[str]) -> None:
        self.name, self.known = name, tuple(sorted(known))
        there = f"There are {', '.join(self.known)}." if self.known else "No node has joined yet."
        super().__init__(f"no node is called {name!r}. {there} List them: fleet nodes")


class NothingMatches(FleetError):
    """A command names no shot, manifest or project of the ledger."""

    exit_code = 62
    code = "nothing_matches"

    def __init__(self, *, name: str, near: Iterable[str] = ()) -> None:
        self.name, self.near = name, tuple(near)
        hint = f"Did you mean {', '.join(self.near)}?" if self.near else "List them: fleet status"
        super().__init__(f"no shot, manifest or project is called {name!r}. {hint}")


class DoctorFailed(FleetError):
    """The examination found what would keep the fleet from working, or make it unsafe."""

    exit_code = 63
    code = "doctor_failed"

    def __init__(self, *, failed: int) -> None:
        self.failed = failed
        super().__init__(f"{failed} checks failed; the listing names each and its remedy")


class InvariantBroken(FleetError):
    """Ledger, disk and events do not tell the same story."""

    exit_code = 64
    code = "invariant_broken"

    def __init__(self, *, broken: int, total: int) -> None:
        self.broken, self.total = broken, total
        super().__init__(
            f"{broken} of {total} invariants do not hold; the listing says where. What can be "
            f"mended is mended by: fleet repair"
        )


class NodeLost(FleetError):
    """A node went away: it died, it was cut off, or it was taken out of the cluster."""

    exit_code = 65
    code = "node_lost"
    retryable = True

    def __init__(self, *, stage: str, node: str) -> None:
        self.stage, self.node = stage, node
        super().__init__(
            f"node {node} went away during {stage}. If a shot takes one node after the other with "
            f"it, look at it: fleet show SHOT"
        )


class LeaseLost(FleetError):
    """A result arrived for an attempt that no longer owns its job; it is dropped."""

    exit_code = 70
    code = "lease_lost"

    def __init__(self, *, job: str) -> None:
        self.job = job
        super().__init__(f"{job}: another attempt owns this job; the late result was dropped")


class IllegalTransition(FleetError):
    """A job was asked for a step its state does not have: a bug, never the operator's fault."""

    exit_code = 71
    code = "illegal_transition"

    def __init__(self, *, job: str, state: str, event: str) -> None:
        self.job, self.state, self.event = job, state, event
        super().__init__(f"{job} is {state} and cannot take {event}; please report this")


class AttemptStopped(FleetError):
    """An attempt ended because it was told to: its shot was cancelled, or its worker is needed."""

    exit_code = 72
    code = "attempt_stopped"
    retryable = True

    def __init__(self, *, stage: str) -> None:
        self.stage = stage
        super().__init__(f"{stage} was told to stop")


class MotionFolderUnusable(FleetError):
    """A Time-to-Move folder cannot be read as one, or cannot be written where it was asked for."""

    exit_code = 98
    code = "motion_folder_unusable"

    def __init__(self, *, path: Path, what: str, remedy: str) -> None:
        self.path, self.what, self.remedy = path, what, remedy
        super().__init__(f"{path}: {what}. {remedy}")


class Interrupted(FleetError):
    """Stopped by Ctrl-C or SIGTERM; nothing is lost."""

    exit_code = 130
    code = "interrupted"

    def __init__(self, *, again: str) -> None:
        self.again = again
        super().__init__(f"stopped; nothing is lost. Go on with: {again}")
