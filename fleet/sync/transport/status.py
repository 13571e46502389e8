"""How a transfer can end, in rsync's numbers: every transport tells its failures by them."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """An exit code of rsync; what another transport meets is told by the one that fits."""

    OK = 0
    UNSUPPORTED = 4  #: what was asked for is not a thing that travels: a link, a folder, a device
    SOCKET = 10  #: the connection broke
    FILE_IO = 11  #: a file could not be read or written
    STREAM = 12  #: the other side stopped speaking as agreed
    STOPPED = 20  #: a signal, or ``Stop``
    PARTIAL = 23  #: some files did not arrive
    VANISHED = 24  #: some files went away or changed before they were sent
    SILENT = 30  #: nothing came for as long as ``Pace.timeout_s``
    NOT_REACHED = 35  #: the other side took too long to answer at all
    NO_COMMAND = 127  #: there is no such program on the other side
    SSH = 255  #: ssh itself gave up


WORTH_ANOTHER_TRY: frozenset[int] = frozenset(
    {
        Status.SOCKET,
        Status.STREAM,
        Status.STOPPED,
        Status.PARTIAL,
        Status.VANISHED,
        Status.SILENT,
        Status.NOT_REACHED,
        Status.SSH,
    }
)
