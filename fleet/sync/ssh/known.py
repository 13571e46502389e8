"""Whether the key a host shows is the one on record: decided as OpenSSH decides it, and strictly.

The record is looked up by ``ssh-keygen -F``, which alone knows its hashed names, patterns and
markers.  paramiko's own reading of it takes the first key of a kind for the only one, and passes
over ``@revoked``.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fleet.sync.errors import HostKeyRefused

ASK_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class OnRecord:
    """A key that a known hosts file has for a name.

    Attributes:
        kind: ``ssh-ed25519`` and so on.
        key: in base64, as the file has it.
        marker: ``@revoked``, ``@cert-authority``, or empty.
        line: the line's number in ``file``.
    """

    kind: str
    key: str
    marker: str
    file: Path
    line: int


def parse(printed: str, *, file: Path) -> tuple[OnRecord, ...]:
    """What ``ssh-keygen -F NAME -f FILE`` printed."""
    found: list[OnRecord] = []
    number = 0
    for text in printed.splitlines():
        if text.startswith("# Host "):
            words = text.rpartition("line ")[2].split()
            number = int(words[0]) if words and words[0].isdecimal() else 0
            continue
        words = text.split()
        marker = words.pop(0) if words and words[0].startswith("@") else ""
        if len(words) >= 3:
            found.append(OnRecord(kind=words[1], key=words[2], marker=marker, file=file,
                                  line=number))  # fmt: skip
    return tuple(found)


def on_record(names: Sequence[str], files: Sequence[Path]) -> tuple[OnRecord, ...]:
    """The keys the files have for the first of ``names`` that they have any for.

    What is marked, revoked keys and authorities, is told besides.

    Raises:
        OSError: ``ssh-keygen`` cannot be run, or did not end.
    """
    found: list[OnRecord] = []
    for name in names:
        for file in files:
            if not os.access(file, os.R_OK):
                continue  # not every file that is named need exist; ssh passes over it as well
            try:
                asked = subprocess.run(
                    ["ssh-keygen", "-F", name, "-f", str(file)], capture_output=True,
                    stdin=subprocess.DEVNULL, timeout=ASK_S, check=False,
                )  # fmt: skip
            except subprocess.TimeoutExpired as error:
                raise TimeoutError(str(error)) from None
            found += parse(asked.stdout.decode(errors="replace"), file=file)
        if any(not record.marker for record in found):
            break
    return tuple(found)


def kinds(records: Sequence[OnRecord]) -> tuple[str, ...]:
    """The kinds of key to ask the host for: those on record, in the record's order."""
    return tuple(dict.fromkeys(record.kind for record in records if not record.marker))


def check(
    *, host: str, by_hand: str, name: str, kind: str, key: str, fingerprint: str,
    records: Sequence[OnRecord],
) -> OnRecord:  # fmt: skip
    """The record of the key a host shows; one that is not on record is refused.

    Args:
        host: what the host is called here.
        by_hand: the command that connects to it from a terminal.
        name: what its key is on record under.
        fingerprint: the key's, ``SHA256:...``.

    Raises:
        HostKeyRefused: it is revoked, another than the one on record, or none is.
    """
    for record in records:
        if record.marker == "@revoked" and record.key == key:
            raise HostKeyRefused(
                host=host,
                what=f"({kind} {fingerprint}) is revoked in {record.file} line {record.line}",
                remedy="Ask who runs the host which key it should show.",
            )
    ours = [record for record in records if not record.marker]
    for record in ours:
        if record.kind == kind and record.key == key:
            return record
    same = [record for record in ours if record.kind == kind]
    if same:
        files = " and ".join(
            dict.fromkeys(f"{record.file} line {record.line}" for record in same)
        )  # fmt: skip
        raise HostKeyRefused(
            host=host,
            what=f"has changed: it shows {kind} {fingerprint}, and {files} has another",
            remedy="Someone may be between you and it. Ask who runs the host whether its key was "
            f"changed; only then: ssh-keygen -R {shlex.quote(name)} "
            f"-f {shlex.quote(str(same[0].file))}, and once: {by_hand} (compare the fingerprint).",
        )
    if not ours and any(record.marker == "@cert-authority" for record in records):
        raise HostKeyRefused(
            host=host,
            what=f"is unknown: it shows {kind} {fingerprint}, and on record is only an authority",
            remedy="Certificates of hosts are not understood here: put the host's own key on "
            "record with ssh-keyscan, once its operator has told you the same fingerprint.",
        )
    other = f" (on record are only {', '.join(kinds(ours))})" if ours else ""
    raise HostKeyRefused(
        host=host,
        what=f"is unknown: it shows {kind} {fingerprint}{other}",
        remedy=f"Compare that fingerprint with the one its operator tells you, then connect once "
        f"by hand and say yes: {by_hand}",
    )
