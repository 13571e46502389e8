"""Certificates to sign clips with, and such as do not suit: an authority and what it issues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
EMAIL = ExtendedKeyUsageOID.EMAIL_PROTECTION
DOCUMENTS = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
C2PA = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
SERVER = ExtendedKeyUsageOID.SERVER_AUTH
STUDIO = "Studio Ost"
DAY = timedelta(days=1)


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)


def key_pem(
    key: Key,
    form: serialization.PrivateFormat = serialization.PrivateFormat.PKCS8,
    password: bytes | None = None,
) -> bytes:
    protection: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    return key.private_bytes(serialization.Encoding.PEM, form, protection)


def name(common: str, organisation: str = STUDIO) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(oid, text)
         for oid, text in ((NameOID.ORGANIZATION_NAME, organisation), (NameOID.COMMON_NAME, common))
         if text]
    )  # fmt: skip


def key_usage(*, signs: bool, issues: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=issues, crl_sign=issues,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


@dataclass(frozen=True)
class Authority:
    """Who issues certificates."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def issue(
        self,
        key: Key,
        *,
        common: str = "clips",
        organisation: str = STUDIO,
        purposes: Sequence[x509.ObjectIdentifier] = (EMAIL,),
        signs: bool = True,
        authority: bool = False,
        identified: bool = True,
        begins: timedelta = -DAY,
        ends: timedelta = 90 * DAY,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name(common, organisation))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(4242)
            .not_valid_before(now + begins)
            .not_valid_after(now + ends)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(key_usage(signs=signs, issues=authority or not signs), critical=True)
        )
        if purposes:
            made = made.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        if identified:
            identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
            made = made.add_extension(identifier, critical=False)
        return made.sign(self.key, hashes.SHA256())


@cache
def authority(common: str = "root") -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name(common))
        .issuer_name(name(common))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - DAY)
        .not_valid_after(now + 3650 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(key_usage(signs=False, issues=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


@cache
def signing_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Files:
    """The two files that settings name."""

    certificate: Path
    key: Path


def written(folder: Path, *, chain: bytes | None = None, key: bytes | None = None) -> Files:
    """A sound pair of files in ``folder``, unless a part is given."""
    chain = (
        pem(authority().issue(signing_key()), authority().certificate) if chain is None else chain
    )
    files = Files(folder / "clips.pem", folder / "clips.key")
    files.certificate.write_bytes(chain)
    files.key.write_bytes(key_pem(signing_key()) if key is None else key)
    files.key.chmod(0o600)
    return files
