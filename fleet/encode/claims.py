"""What the C2PA library is told and what it says: claims written into files, and read from them.

The only module that imports it, and only when it is used.  What it reports of a file was put there
by whoever made the file, so it is parsed like anything from outside; and it is never let onto the
network by a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from companions.video_meta import CredentialFacts
from fleet.encode.certificate import PURPOSES, Credential
from fleet.encode.marking import SCHEME, SourceType
from fleet.errors import ExtraMissing

if TYPE_CHECKING:
    import c2pa

_MOST_REASONS: Final = 5
_LABEL: Final = 200
_UNTRUSTED: Final = "signingCredential.untrusted"

_SETTINGS: Final[dict[str, Any]] = {
    "version": 1,
    # Both are on unless said otherwise: whoever made a clip could have this machine call any
    # address by naming it in the file.
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    # Without a list of its own the library takes e-mail certificates only.
    "trust": {"trust_config": "\n".join(PURPOSES)},
}


class CredentialState(StrEnum):
    """What a clip's credentials are worth."""

    NONE = "none"
    """The clip has none."""
    VALID = "valid"
    """Whole, signed, and about the file as it is; whom to trust is another question."""
    BROKEN = "broken"
    """There, but damaged, or about another file than this one is now."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What is said of a clip under signature.

    Attributes:
        title: the clip's file name.
        source_type: the kind of media it is.
        model: the generator that made its frames.
        revision: the generator's pinned revision.
    """

    title: str
    source_type: SourceType
    model: str
    revision: str


@dataclass(frozen=True, slots=True)
class CredentialReading:
    """A clip's credentials as found in the file.

    Attributes:
        state: what they are worth.
        reasons: why they are broken, for people; empty otherwise.
        facts: whose signature it is; None where none can be read.
        source_type: what the signed claim says the clip is; None where it says nothing of ours.
        trusted: whether the signature leads to an authority that was given.
    """

    state: CredentialState
    reasons: tuple[str, ...] = ()
    facts: CredentialFacts | None = None
    source_type: SourceType | None = None
    trusted: bool = False


def write(
    source: BinaryIO,
    target: BinaryIO,
    *,
    credential: Credential,
    claim: Claim,
    form: str,
    timestamps: str | None,
) -> None:
    """Copy ``source`` to ``target`` with ``claim`` in it, signed and, by that address, stamped.

    Raises:
        C2paError: it cannot be signed, or the time-stamping authority does not answer.
    """
    import c2pa

    info = c2pa.C2paSignerInfo(credential.algorithm, credential.chain, credential.key, timestamps)
    with (
        _context() as context,
        c2pa.Signer.from_info(info) as native,
        c2pa.Builder(_definition(claim, form=form), context=context) as builder,
    ):
        builder.sign(native, form, source, target)


def _definition(claim: Claim, *, form: str) -> dict[str, JsonValue]:
    return {
        "claim_generator_info": [
            {"name": "motionfleet", "version": metadata.version("motionfleet")}
        ],
        "title": claim.title,
        "format": form,
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "created": True,
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.created",
                            "digitalSourceType": claim.source_type.uri,
                            "softwareAgent": {"name": claim.model, "version": claim.revision},
                        }
                    ]
                },
            }
        ],
    }


def _context(authorities: bytes | None = None) -> c2pa.Context:
    import c2pa

    trust = dict(_SETTINGS["trust"])
    if authorities is not None:
        trust["user_anchors"] = authorities.decode("ascii", "replace")
    return c2pa.Context(settings=c2pa.Settings.from_dict({**_SETTINGS, "trust": trust}))


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Status(_Entry):
    code: str
    explanation: str | None = None


class _Signature(_Entry):
    alg: str = "unknown"
    issuer: str | None = None
    common_name: str | None = None
    cert_serial_number: str = "unknown"


class _Assertion(_Entry):
    label: str
    data: JsonValue = None


class _Manifest(_Entry):
    signature_info: _Signature | None = None
    assertions: list[_Assertion] = []


class _Store(_Entry):
    """What the library reports of a file: the part that is read here."""

    active_manifest: str | None = None
    manifests: dict[str, _Manifest] = {}
    validation_status: list[_Status] = []
    validation_state: str = "Invalid"


class _Action(_Entry):
    digitalSourceType: str = ""  # noqa: N815  (C2PA spells it so)


class _Actions(_Entry):
    actions: list[_Action]


def examined(stream: BinaryIO, *, form: str, authorities: bytes | None = None) -> CredentialReading:
    """The credentials of a file, checked against it; trusted are those of ``authorities`` (PEM)."""
    import c2pa

    stream.seek(0)
    try:
        with _context(authorities) as context, c2pa.Reader(form, stream, context=context) as reader:
            store = _Store.model_validate_json(reader.json())
    except c2pa.C2paError as error:
        return broken(str(error))
    except (ValidationError, UnicodeDecodeError):
        return broken("they are of no form that is known")
    manifest = store.manifests.get(store.active_manifest or "")
    if manifest is None:
        return broken("they hold no active manifest")
    facts = _facts(manifest.signature_info)
    if store.validation_state not in {"Valid", "Trusted"} or facts is None:
        told = [
            f"{each.explanation or each.code} ({each.code})"
            for each in store.validation_status
            if each.code != _UNTRUSTED
        ]
        return broken(*(told or ["they are not valid"]), facts=facts)
    return CredentialReading(
        CredentialState.VALID,
        facts=facts,
        source_type=_source_type(manifest.assertions),
        trusted=store.validation_state == "Trusted",
    )


def _facts(signature: _Signature | None) -> CredentialFacts | None:
    if signature is None:
        return None
    return CredentialFacts(
        issuer=_label(signature.issuer or signature.common_name or ""),
        serial=_label(signature.cert_serial_number),
        algorithm=_label(signature.alg.lower()),
    )


def _label(text: str) -> str:
    return text[:_LABEL] or "unknown"


def _source_type(assertions: list[_Assertion]) -> SourceType | None:
    for assertion in assertions:
        if assertion.label.partition(".v")[0] == "c2pa.actions":
            try:
                actions = _Actions.model_validate(assertion.data).actions
            except ValidationError:
                return None
            words = {each.digitalSourceType.removeprefix(SCHEME) for each in actions} - {""}
            word = words.pop() if len(words) == 1 else ""
            return SourceType(word) if word in set(SourceType) else None
    return None


def broken(*reasons: str, facts: CredentialFacts | None = None) -> CredentialReading:
    """Credentials that are worth nothing, and why."""
    told = tuple(each[:_LABEL] for each in reasons[:_MOST_REASONS])
    return CredentialReading(CredentialState.BROKEN, told, facts)


def require() -> None:
    """Raise ``ExtraMissing`` where the packages that sign and read are not installed."""
    for module in ("c2pa", "cryptography"):
        try:
            __import__(module)
        except ModuleNotFoundError:
            raise ExtraMissing(
                kind="step", name="content credentials", extra="credentials", module=module
            ) from None
