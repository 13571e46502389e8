"""Content credentials (C2PA): who made a clip, how, and that nobody has changed it since.

The head signs each clip when it arrives, last of all that is done to the file, because a signature
holds for the bytes as they were.  Keys stay on the head: a ``Signer`` refuses to leave its process.
What is signed is read back and checked before it takes the clip's name.  A reader is told the
program, the generator and the kind of media; no person, no prompt, no path, no time but that of a
time-stamping authority where one is configured.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from companions import files
from companions.video_meta import CredentialFacts
from fleet.encode import boxes, claims
from fleet.encode.certificate import check_dates
from fleet.encode.claims import Claim, CredentialReading, CredentialState
from fleet.encode.replacing import replacing
from fleet.encode.signer import Signer, configured
from fleet.errors import BackendFailed

__all__ = [
    "Claim", "CredentialReading", "CredentialState", "Signer", "configured", "sign", "verify",
]  # fmt: skip

_MP4: Final = "video/mp4"
_MOST_MANIFEST: Final = 16 << 20


def sign(path: Path, *, signer: Signer, claim: Claim) -> CredentialFacts:
    """Write credentials into the marked MP4 at ``path``, whole or not at all, and read them back.

    Credentials that were there are replaced.  Nothing else in the file changes, but two signatures
    of one clip are never the same bytes.

    Raises:
        CredentialsRefused: the certificate has expired since it was loaded.
        BackendFailed: the file cannot be signed, the time-stamping authority does not answer, or
            what was written does not hold.
        FileUnwritable: the folder is read-only, or the disk is full.
    """
    check_dates(signer.credential, now=datetime.now(UTC))
    with files.open_regular(path) as source, replacing(path) as target:
        with _reporting(path):
            claims.write(
                source,
                target,
                credential=signer.credential,
                claim=claim,
                form=_MP4,
                timestamps=signer.timestamps,
            )
        found = claims.examined(target, form=_MP4)
        if (
            found.state is not CredentialState.VALID
            or found.facts is None
            or found.source_type is not claim.source_type
        ):
            why = "; ".join(found.reasons) or "it says something else"
            raise BackendFailed(
                backend="c2pa", what=f"the signature of {path} does not hold ({why})"
            )
        return found.facts


def verify(clip: Path | bytes, *, authorities: bytes | None = None) -> CredentialReading:
    """What the credentials of a clip, by path or by its bytes, are worth.

    The clip may be anyone's: nothing is fetched from anywhere, and whatever cannot be read is
    ``BROKEN``.  A valid signature says that the file is as it was signed, not that the signer can
    be believed; ``trusted`` says whether its certificate was issued by one of ``authorities``
    (certificates in PEM).

    Raises:
        ExtraMissing: it has credentials, and the packages that read them are not installed.
        OSError: the path cannot be read, or is no regular file.
    """
    with boxes.opened(clip) as stream:
        held = _held(stream)
        if held is None or not held:
            return CredentialReading(CredentialState.NONE)
        if max(held) > _MOST_MANIFEST:
            return claims.broken(f"they take {max(held)} bytes, more than any clip's")
        claims.require()
        return claims.examined(stream, form=_MP4, authorities=authorities)


def _held(stream: BinaryIO) -> list[int] | None:
    """How many bytes each box with credentials has; None for what is no file of boxes."""
    try:
        return [
            box.end - box.body for box in boxes.top_level(stream) if box.uuid == boxes.CREDENTIALS
        ]
    except boxes.NotBoxes:
        return None


@contextmanager
def _reporting(path: Path) -> Iterator[None]:
    import c2pa

    try:
        yield
    except c2pa.C2paError as error:
        raise BackendFailed(backend="c2pa", what=f"{path} was not signed ({error})") from error
