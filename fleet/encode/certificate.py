"""Whether a certificate chain and a key can sign clips, said before the first clip is made.

What the C2PA specification asks of a signing certificate is checked here one demand at a time,
because the library that signs says only "the certificate is invalid".  Pure but for the clock,
which is given.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Never

from fleet.encode.errors import CredentialsRefused

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

PURPOSES: Final = (
    "1.3.6.1.5.5.7.3.4",  # e-mail protection
    "1.3.6.1.5.5.7.3.36",  # document signing (RFC 9336)
    "1.3.6.1.4.1.62558.2.1",  # C2PA claim signing
    "1.3.6.1.4.1.311.76.59.1.9",  # the same, Microsoft's
)
"""Extended key usages that a certificate may sign clips with; one of them must be there."""
_LEAST_RSA_BITS: Final = 2048
_CURVES: Final = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_PAGE: Final = "docs/marking.md shows how to make one to try with."


@dataclass(frozen=True, slots=True)
class Credential:
    """A key and its certificates that belong together, in the form the signing library takes.

    Attributes:
        chain: PEM, the signing certificate first.
        key: PEM, PKCS #8, not encrypted.  Never shown, logged or sent.
        algorithm: as C2PA names it, such as ``es256``.
        issuer: who the signing certificate was made out to.
        begins, ends: when every certificate of the chain is valid.
    """

    chain: bytes
    key: bytes
    algorithm: str
    issuer: str
    begins: datetime
    ends: datetime

    def __repr__(self) -> str:
        return f"Credential({self.issuer!r}, {self.algorithm})"

    def __reduce__(self) -> Never:
        """Refuse to be pickled: whatever is sent to a worker can be read there."""
        raise TypeError("a private key stays in the process that loaded it")


def made_of(chain_pem: bytes, key_pem: bytes) -> Credential:
    """The credential made of a chain and a key, both PEM.

    Raises:
        CredentialsRefused: not PEM, a password on the key, a key that is not the certificate's, a
            chain out of order, or a certificate that C2PA does not sign with.
        ModuleNotFoundError: ``cryptography`` is not installed.
    """
    from cryptography.hazmat.primitives import serialization

    certificates = _certificates(chain_pem)
    key = _private_key(key_pem)
    leaf = certificates[0]
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    der = serialization.Encoding.DER
    if leaf.public_key().public_bytes(der, form) != key.public_key().public_bytes(der, form):
        raise CredentialsRefused(
            what="the key is not that of the first certificate",
            remedy="Put the signing certificate first in credentials_certificate, its issuers "
            "behind it, and name the key it was made for.",
        )
    _check_order(certificates)
    algorithm = _algorithm(key)
    _check_usage(leaf)
    return Credential(
        chain=b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates),
        # The signing library takes no other form than PKCS #8, and OpenSSL still writes others.
        key=key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        algorithm=algorithm,
        issuer=_made_out_to(leaf),
        begins=max(each.not_valid_before_utc for each in certificates),
        ends=min(each.not_valid_after_utc for each in certificates),
    )


def check_dates(found: Credential, *, now: datetime) -> None:
    """Refuse a credential that is not valid at ``now`` (UTC).

    Raises:
        CredentialsRefused: it is expired, or not valid yet.
    """
    if now > found.ends:
        raise CredentialsRefused(
            what=f"the certificate expired on {found.ends:%Y-%m-%d}",
            remedy="Put the new one into credentials_certificate.",
        )
    if now < found.begins:
        raise CredentialsRefused(
            what=f"the certificate is not valid before {found.begins:%Y-%m-%d %H:%M}Z",
            remedy="Wait, or set this machine's clock right.",
        )


def is_certificates(pem: bytes) -> bool:
    """Whether ``pem`` holds certificates and nothing that is none."""
    try:
        return bool(_certificates(pem))
    except CredentialsRefused:
        return False


def _certificates(pem: bytes) -> list[x509.Certificate]:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        found = x509.load_pem_x509_certificates(pem)
        for each in found:
            # Read now: cryptography looks into a certificate only when it is asked.
            _ = each.extensions, each.public_key(), each.subject, each.issuer
    except (
        ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType
    ):  # fmt: skip
        raise CredentialsRefused(
            what="credentials_certificate holds no certificate in PEM, or one that cannot be read",
            remedy="It begins with -----BEGIN CERTIFICATE-----; from DER: openssl x509 -inform der",
        ) from None
    return found


def _private_key(pem: bytes) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    # None of these messages is passed on: one may quote what it could not read.
    try:
        return serialization.load_pem_private_key(pem, password=None)
    except TypeError:
        what, remedy = "the key is protected with a password", "Take it off: openssl pkey -in KEY"
    except (ValueError, UnsupportedAlgorithm):
        what, remedy = "credentials_key holds no private key in PEM", "From DER: openssl pkey"
    raise CredentialsRefused(what=what, remedy=remedy)


def _check_order(certificates: list[x509.Certificate]) -> None:
    from cryptography.exceptions import InvalidSignature

    for subject, issuer in itertools.pairwise(certificates):
        try:
            subject.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            raise CredentialsRefused(
                what=f"{_name(issuer)} did not issue {_name(subject)}, which stands before it",
                remedy="Order credentials_certificate: the signing certificate, its issuer, the "
                "issuer's issuer.",
            ) from None


def _algorithm(key: PrivateKeyTypes) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _LEAST_RSA_BITS:
        return "ps256"
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    raise CredentialsRefused(
        what="the key is of a kind that C2PA does not sign with",
        remedy="Take P-256, P-384, P-521, Ed25519, or RSA of at least 2048 bits.",
    )


def _check_usage(leaf: x509.Certificate) -> None:
    from cryptography import x509

    if leaf.subject == leaf.issuer:
        raise _unfit(f"{_name(leaf)} signed itself", "Have it issued by an authority.")
    found = {each.oid.dotted_string: each.value for each in leaf.extensions}
    basic = found.get(x509.BasicConstraints.oid.dotted_string)
    if isinstance(basic, x509.BasicConstraints) and basic.ca:
        raise _unfit(
            f"{_name(leaf)} is an authority's own",
            "Issue one for signing with it, and put it first.",
        )
    usage = found.get(x509.KeyUsage.oid.dotted_string)
    if not isinstance(usage, x509.KeyUsage) or not usage.digital_signature:
        raise _unfit(
            f"{_name(leaf)} is not for digital signatures (key usage)",
            "Issue one with keyUsage = digitalSignature.",
        )
    purposes = found.get(x509.ExtendedKeyUsage.oid.dotted_string)
    named = (
        {each.dotted_string for each in purposes}
        if isinstance(purposes, x509.ExtendedKeyUsage)
        else set()
    )
    if not named & set(PURPOSES):
        raise _unfit(
            f"{_name(leaf)} is for another purpose (extended key usage)",
            "Issue one with extendedKeyUsage = emailProtection, or one for C2PA or documents.",
        )
    if x509.AuthorityKeyIdentifier.oid.dotted_string not in found:
        raise _unfit(
            f"{_name(leaf)} does not name its authority's key",
            "Issue one with authorityKeyIdentifier = keyid.",
        )


def _made_out_to(leaf: x509.Certificate) -> str:
    from cryptography.x509.oid import NameOID

    for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        for each in leaf.subject.get_attributes_for_oid(oid):
            if isinstance(each.value, str) and each.value.strip():
                return each.value
    raise _unfit("the certificate is made out to nobody", "Issue one with an organisation (O).")


def _unfit(what: str, remedy: str) -> CredentialsRefused:
    return CredentialsRefused(what=what, remedy=f"{remedy} {_PAGE}")


def _name(certificate: x509.Certificate) -> str:
    return f"the certificate {certificate.subject.rfc4514_string()!r}"
