"""Who signs clips: a key and a certificate from settings, found to work before the first clip.

Loaded once, by whoever signs (the dispatcher) and by whoever wants to know early (``fleet submit``,
``fleet doctor``).
"""

from __future__ import annotations

import io
import os
import stat
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from companions import files
from fleet.encode import claims
from fleet.encode.certificate import Credential, check_dates, made_of
from fleet.encode.claims import Claim, CredentialState
from fleet.encode.errors import CredentialsRefused
from fleet.encode.marking import SourceType

_PNG: Final = "image/png"
_MOST_PEM: Final = 1 << 18
_OTHERS_RIGHTS: Final = 0o077


@dataclass(frozen=True, slots=True)
class Signer:
    """A key and certificate that were found to sign.  Stays in the process that loaded it.

    Attributes:
        timestamps: address of a time-stamping authority (RFC 3161), or None.
        credential: the key with its certificates.
    """

    timestamps: str | None
    credential: Credential = field(repr=False)

    @classmethod
    def load(cls, *, certificate: Path, key: Path, timestamps: str | None) -> Signer:
        """The signer of a certificate chain and a key, both PEM files, proved by a signature.

        Raises:
            CredentialsRefused: a file cannot be read; others can read the key; the two do not
                belong together; the certificate is not valid now, or not for this.
            ExtraMissing: the packages that sign are not installed.
        """
        claims.require()
        _check_address(timestamps)
        found = made_of(
            _read(certificate, name="credentials_certificate", private=False),
            _read(key, name="credentials_key", private=True),
        )
        check_dates(found, now=datetime.now(UTC))
        signer = cls(timestamps, found)
        _prove(signer)
        return signer

    @property
    def issuer(self) -> str:
        """Who the signing certificate was made out to."""
        return self.credential.issuer

    @property
    def algorithm(self) -> str:
        """Signing algorithm as C2PA names it, such as ``es256``."""
        return self.credential.algorithm

    @property
    def ends(self) -> datetime:
        """When the first certificate of the chain expires, in UTC."""
        return self.credential.ends


def configured(
    *, certificate: Path | None, key: Path | None, timestamps: str | None
) -> Signer | None:
    """The signer that settings ask for; None where they ask for none.

    Raises:
        CredentialsRefused: as ``Signer.load``, or one of the two files is named without the other.
        ExtraMissing: as ``Signer.load``.
    """
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        lacking = "credentials_certificate" if certificate is None else "credentials_key"
        raise CredentialsRefused(
            what=f"settings.toml names no {lacking}", remedy="Name both files, or neither."
        )
    return Signer.load(certificate=certificate, key=key, timestamps=timestamps)


def _prove(signer: Signer) -> None:
    """Sign a picture of one pixel: what was not thought of above shows now, and not at a clip."""
    import c2pa
    from PIL import Image

    pixel, signed = io.BytesIO(), io.BytesIO()
    Image.new("L", (1, 1)).save(pixel, "PNG")
    pixel.seek(0)
    claim = Claim("trial", SourceType.COMPOSITE_CAPTURE, "none", "none")
    try:
        claims.write(
            pixel, signed, credential=signer.credential, claim=claim, form=_PNG, timestamps=None
        )
    except c2pa.C2paError as error:
        what = str(error)
    else:
        found = claims.examined(signed, form=_PNG)
        if found.state is CredentialState.VALID:
            return
        what = "; ".join(found.reasons)
    raise CredentialsRefused(
        what=f"a trial signature does not hold ({what})",
        remedy="Have a certificate issued as docs/marking.md says.",
    )


def _read(path: Path, *, name: str, private: bool) -> bytes:
    path = path.expanduser()
    if not path.is_absolute():
        raise CredentialsRefused(
            what=f"{name} = {str(path)!r} depends on where a command is started",
            remedy="Give the whole path.",
        )
    try:
        with files.open_regular(path) as stream:
            rights = os.fstat(stream.fileno())
            data = stream.read(_MOST_PEM)
    except OSError as error:
        raise CredentialsRefused(
            what=f"{name} = {str(path)!r} cannot be read ({error.strerror or error})",
            remedy="Correct the path in settings.toml, or the file's rights.",
        ) from None
    if private and rights.st_mode & _OTHERS_RIGHTS:
        raise CredentialsRefused(
            what=f"{path} has mode {stat.S_IMODE(rights.st_mode):04o}: others can read the key",
            remedy=f"chmod 600 {path}; if others may have read it, have the certificate revoked.",
        )
    if private and rights.st_uid not in {os.geteuid(), 0}:
        raise CredentialsRefused(
            what=f"{path} belongs to user {rights.st_uid}",
            remedy="Give it to the user of the fleet.",
        )
    return data


def _check_address(timestamps: str | None) -> None:
    if timestamps is None:
        return
    try:
        parts = urlsplit(timestamps)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise CredentialsRefused(
            what=f"credentials_timestamps = {timestamps!r} is no address of a server",
            remedy="It begins with http:// or https://.",
        )
