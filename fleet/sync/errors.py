"""Errors of sync: a branch of the fleet's tree.

FleetError               40
+-- HostUnknown          80  a host is neither in settings nor ssh's config  name one
+-- HostUnreachable      81  no connection to a host                        retried; next sync
+-- HostRefused          82  a host does not let us in                      mend the key
+-- HostKeyRefused       83  a host's key is unknown or has changed         see the message
+-- FarFleetUnusable     84  the fleet on a host cannot be used             see the message
+-- TransferFailed       85  files did not get across                       same command goes on
+-- NoRoom               86  a disk has no room for what should arrive      free space
+-- SetStale             87  a manifest's files are not what it says        write the manifest anew
+-- SyncBusy             88  another sync of the same folder is at work     wait
+-- SyncIncomplete       89  a sync is over, and not all went through       see the listing
+-- SubmissionWaits      90  a host is away; the submission waits           fleet sync HOST
+-- AnswerRefused        91  what a host sent breaks the rules              see the message
+-- ScheduleFailed       92  the nightly sync could not be set up           see the message
+-- SyncRecordUnusable   93  the record of syncs cannot be read or written  fix the disk
+-- RequestRefused       94  a host refused what was asked of it            see the message
+-- TransferRefused      95  files cannot be moved this way at all          see the message
+-- FolderAway           96  a folder to sync is not there                  mount its disk
"""

from __future__ import annotations

from pathlib import Path

from fleet.errors import FleetError


class HostUnknown(FleetError):
    """No host of that name stands in the settings or in ssh's configuration."""

    exit_code = 80
    code = "host_unknown"

    def __init__(self, *, name: str, what: str) -> None:
        self.name, self.what = name, what
        super().__init__(
            f"no host {name!r} to sync with ({what}). Give it a [hosts.{name}] table in "
            f"settings.toml, or a Host entry in ~/.ssh/config; list them: fleet hosts list"
        )


class HostUnreachable(FleetError):
    """A host cannot be connected to, or the connection broke."""

    exit_code = 81
    code = "host_unreachable"
    retryable = True

    def __init__(self, *, host: str, what: str) -> None:
        self.host, self.what = host, what
        super().__init__(
            f"no connection to {host} ({what}). Nothing is lost; the same command goes on where "
            f"this one stopped."
        )


class HostRefused(FleetError):
    """A host was reached, and does not accept our identity."""

    exit_code = 82
    code = "host_refused"

    def __init__(self, *, host: str, what: str, by_hand: str = "") -> None:
        self.host, self.what = host, what
        self.by_hand = by_hand or f"ssh {host}"
        super().__init__(
            f"{host} does not let us in ({what}). See which key is offered with: {self.by_hand} "
            f"-v; "
            f"the lines for its authorized_keys are in deploy/authorized_keys.example."
        )


class HostKeyRefused(FleetError):
    """A host's key is not the one on record, or none is on record."""

    exit_code = 83
    code = "host_key_refused"

    def __init__(self, *, host: str, what: str, remedy: str) -> None:
        self.host, self.what, self.remedy = host, what, remedy
        super().__init__(f"the host key of {host} {what}; nothing was sent. {remedy}")


class FarFleetUnusable(FleetError):
    """The ``fleet`` command on a host is missing, too old or too new, or broke down."""

    exit_code = 84
    code = "far_fleet_unusable"

    def __init__(self, *, host: str, what: str, remedy: str) -> None:
        self.host, self.what, self.remedy = host, what, remedy
        super().__init__(f"the fleet on {host} cannot be used ({what}). {remedy}")


class TransferFailed(FleetError):
    """Files could not be moved between the desk and a host."""

    exit_code = 85
    code = "transfer_failed"
    retryable = True

    def __init__(self, *, host: str, by: str, status: int, what: str) -> None:
        self.host, self.by, self.status, self.what = host, by, status, what
        super().__init__(
            f"{by} could not move the files between here and {host} (exit code {status}): {what}. "
            f"What has arrived is kept; the same command goes on with the rest."
        )


class NoRoom(FleetError):
    """A disk has no room for what should arrive on it."""

    exit_code = 86
    code = "no_room"

    def __init__(self, *, host: str, folder: str, what: str) -> None:
        self.host, self.folder, self.what = host, folder, what
        super().__init__(
            f"there is no room in {folder} on {host} ({what}). Free some, then give the same "
            f"command again; what has arrived is kept."
        )


class SetStale(FleetError):
    """A manifest names files that are gone, or are not the ones it was written for."""

    exit_code = 87
    code = "set_stale"

    def __init__(self, *, manifest: str, what: str) -> None:
        self.manifest, self.what = manifest, what
        super().__init__(
            f"{manifest} was not sent: {what}. Put the files back, or write the manifest anew "
            f"(selector manifest); nothing of it has appeared on the other side."
        )


class SyncBusy(FleetError):
    """Another process syncs the same folder with the same host."""

    exit_code = 88
    code = "sync_busy"

    def __init__(self, *, what: str, holder: str) -> None:
        self.what, self.holder = what, holder
        super().__init__(
            f"{holder} is at work on {what}. Nothing was done here; when that one is over, give "
            f"the same command again."
        )


class SyncIncomplete(FleetError):
    """A sync is over; some of what it should do it could not."""

    exit_code = 89
    code = "sync_incomplete"

    def __init__(self, *, problems: int, report: str) -> None:
        self.problems, self.report = problems, report
        where = f" The report: {report}" if report else ""
        what = "1 thing" if problems == 1 else f"{problems:,} things"
        super().__init__(f"{what} did not go through; told above.{where}")


class SubmissionWaits(FleetError):
    """A submission was written down for later, because its host cannot be reached now."""

    exit_code = 90
    code = "submission_waits"

    def __init__(self, *, host: str, manifests: int, what: str) -> None:
        self.host, self.manifests, self.what = host, manifests, what
        told = (
            "1 manifest waits here and is"
            if manifests == 1
            else (f"{manifests:,} manifests wait here and are")
        )
        super().__init__(
            f"{host} cannot be reached ({what}); {told} delivered by the next: fleet sync {host}"
        )


class AnswerRefused(FleetError):
    """What came from a host breaks the rules: a name that was not asked for, a size, a meta."""

    exit_code = 91
    code = "answer_refused"

    def __init__(self, *, host: str, what: str) -> None:
        self.host, self.what = host, what
        super().__init__(
            f"what {host} sent is refused: {what}. Nothing of it was put in place. If that machine "
            f"is yours, look at it: fleet hosts check {host}"
        )


class ScheduleFailed(FleetError):
    """The nightly sync could not be set up, looked at or taken away."""

    exit_code = 92
    code = "schedule_failed"

    def __init__(self, *, what: str, remedy: str) -> None:
        self.what, self.remedy = what, remedy
        super().__init__(f"{what}. {remedy}")


class SyncRecordUnusable(FleetError):
    """The record of what was synced cannot be opened, read or written."""

    exit_code = 93
    code = "sync_record_unusable"

    def __init__(self, *, path: Path, what: str) -> None:
        self.path, self.what = str(path), what
        super().__init__(
            f"the record of syncs {path} cannot be used ({what}). Check the disk's space and the "
            f"rights of its folder; moved away, it is made anew: nothing is lost, but what it knew "
            f"to be its own is treated as a stranger's."
        )


class RequestRefused(FleetError):
    """A host refused what was asked of it, and said why."""

    exit_code = 94
    code = "request_refused"

    def __init__(self, *, host: str, code: str, what: str) -> None:
        self.host, self.their_code, self.what = host, code, what
        super().__init__(f"{host} says: {what}")


class TransferRefused(FleetError):
    """Files cannot be moved this way, however often it is tried."""

    exit_code = 95
    code = "transfer_refused"

    def __init__(self, *, host: str, by: str, status: int, what: str) -> None:
        self.host, self.by, self.status, self.what = host, by, status, what
        super().__init__(
            f"{by} cannot move files between here and {host} (exit code {status}): {what}. "
            f"Try another transport in settings.toml ([hosts.{host}] transport), or see: "
            f"fleet hosts check {host}"
        )


class FolderAway(FleetError):
    """A folder that the settings name is not there: its disk is not mounted, or it was moved."""

    exit_code = 96
    code = "folder_away"

    def __init__(self, *, folder: Path) -> None:
        self.folder = str(folder)
        super().__init__(
            f"{folder} is not there. Mount its disk, or correct folders in settings.toml; nothing "
            f"of it was sent or fetched"
        )
