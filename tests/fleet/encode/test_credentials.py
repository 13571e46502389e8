"""Clips are signed with what settings name, read back, and found out when they were changed."""

from __future__ import annotations

import http.server
import io
import json
import os
import pickle
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import c2pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from companions.errors import FileUnwritable
from companions.video_manifest import Codec
from companions.video_meta import CredentialFacts
from fleet.encode import boxes, claims
from fleet.encode.credentials import (
    Claim,
    CredentialReading,
    CredentialState,
    Signer,
    configured,
    sign,
    verify,
)
from fleet.encode.errors import CredentialsRefused
from fleet.encode.marking import SourceType, mark, read_marking
from fleet.encode.probe import probe_clip
from fleet.errors import BackendFailed
from tests.fleet.encode import certificates
from tests.fleet.encode.certificates import DAY, Key, authority, key_pem, pem, signing_key, written
from tests.fleet.encode.clips import clip_at, clip_bytes, full_disk

CLAIM = Claim(
    title="coffee.mp4",
    source_type=SourceType.TRAINED_ALGORITHMIC_MEDIA,
    model="wan2.2-i2v",
    revision="9f2c11",
)


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    files = written(tmp_path_factory.mktemp("keys"))
    return Signer.load(certificate=files.certificate, key=files.key, timestamps=None)


@pytest.fixture(scope="module")
def signed(signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    clip = clip_at(tmp_path_factory.mktemp("signed") / "coffee.mp4")
    mark(clip, CLAIM.source_type)
    sign(clip, signer=signer, claim=CLAIM)
    return clip.read_bytes()


def load(files: certificates.Files, timestamps: str | None = None) -> Signer:
    return Signer.load(certificate=files.certificate, key=files.key, timestamps=timestamps)


@pytest.mark.parametrize("codec", list(Codec))
@pytest.mark.parametrize("source_type", list(SourceType))
def test_a_signed_clip_is_the_same_film_and_says_who_signed_what(
    tmp_path: Path, signer: Signer, codec: Codec, source_type: SourceType
) -> None:
    clip = clip_at(tmp_path / "clip.mp4", codec)
    mark(clip, source_type)
    before = probe_clip(clip)
    claim = Claim(title="clip.mp4", source_type=source_type, model="camera", revision="0.1.0")

    facts = sign(clip, signer=signer, claim=claim)

    after = probe_clip(clip)
    assert facts == CredentialFacts(issuer=certificates.STUDIO, serial="4242", algorithm="es256")
    assert verify(clip) == CredentialReading(CredentialState.VALID, (), facts, source_type)
    assert verify(clip.read_bytes()) == verify(clip)
    assert read_marking(clip) is source_type
    assert (after.frames, after.frames_sha256) == (before.frames, before.frames_sha256)
    assert list(tmp_path.iterdir()) == [clip]


def test_what_is_signed_names_program_model_and_title_and_no_place_or_person(
    tmp_path: Path, signed: bytes
) -> None:
    for word in (b"motionfleet", b"wan2.2-i2v", b"9f2c11", b"coffee.mp4", b"c2pa.created"):
        assert word in signed
    for place in (tmp_path.parent, Path.home()):
        assert str(place).encode() not in signed


def test_how_the_clip_was_made_is_said_by_the_signer_and_not_hearsay(signed: bytes) -> None:
    # Of C2PA's two kinds of statement, "created" ones are those that the signer answers for.
    with c2pa.Reader("video/mp4", io.BytesIO(signed)) as reader:
        store = json.loads(reader.json())

    said = store["manifests"][store["active_manifest"]]["assertions"]
    actions = next(each for each in said if each["label"] == "c2pa.actions.v2")
    assert actions["created"] is True
    assert [each["action"] for each in actions["data"]["actions"]] == ["c2pa.created"]


def test_what_a_hostile_file_says_is_cut_to_what_a_table_holds() -> None:
    found = claims.broken("x" * 10_000, *["y"] * 100)

    assert len(found.reasons) <= 10
    assert max(map(len, found.reasons)) <= 200


def test_a_clip_without_credentials_has_none() -> None:
    for data in (clip_bytes(), b"", b"no clip"):
        assert verify(data) == CredentialReading(CredentialState.NONE)


def test_without_the_library_unsigned_clips_are_read_and_signed_ones_ask_for_the_extra(
    tmp_path: Path, signed: bytes
) -> None:
    (tmp_path / "signed.mp4").write_bytes(signed)
    program = (
        "import sys; sys.modules['c2pa'] = None\n"
        "from pathlib import Path\n"
        "from fleet.encode.credentials import verify\n"
        "from fleet.errors import ExtraMissing\n"
        "print(verify(Path('clip.mp4')).state)\n"
        "try: verify(Path('signed.mp4'))\n"
        "except ExtraMissing as missing: print(missing)"
    )
    clip_at(tmp_path / "clip.mp4")
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    none, missing = done.stdout.splitlines()
    assert none == "none"
    assert "pip install 'motionfleet[credentials]'" in missing


def changed_at(data: bytes, needle: bytes, *, behind: int) -> bytes:
    at = data.index(needle) + behind
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: changed_at(data, b"mdat", behind=40), "hash"),
        (lambda data: changed_at(data, b"trainedAlgorithmicMedia</", behind=0), "hash"),
        (lambda data: changed_at(data, b"mvhd", behind=15), "hash"),
        (lambda data: changed_at(data, b"wan2.2-i2v", behind=0), "hash"),
        (lambda data: changed_at(data, b"Studio Ost", behind=0), ""),
        (lambda data: changed_at(data, boxes.CREDENTIALS, behind=45), ""),
        (lambda data: data + boxes.uuid_box(boxes.XMP, b"other"), "hash"),
    ],
    ids=["film", "marking", "index", "model", "issuer", "box", "added packet"],
)
def test_whatever_is_changed_breaks_the_credentials(
    signed: bytes, change: Callable[[bytes], bytes], words: str
) -> None:
    found = verify(change(signed))

    assert found.state is CredentialState.BROKEN
    assert words in " ".join(found.reasons)


def test_credentials_of_another_clip_are_broken(tmp_path: Path, signed: bytes) -> None:
    with io.BytesIO(signed) as stream:
        box = next(each for each in boxes.top_level(stream) if each.uuid == boxes.CREDENTIALS)
    other = clip_at(tmp_path / "other.mp4", Codec.HEVC)
    mark(other, CLAIM.source_type)
    # As a thief would: the box of a signed clip put behind another film.
    other.write_bytes(other.read_bytes() + signed[box.start : box.end])

    assert verify(other).state is CredentialState.BROKEN


def test_signing_again_takes_the_place_of_the_first_signature(
    tmp_path: Path, signer: Signer, signed: bytes
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(signed)
    claim = Claim("other.mp4", SourceType.COMPOSITE_CAPTURE, "camera", "0.1.0")

    sign(clip, signer=signer, claim=claim)

    assert verify(clip).state is CredentialState.VALID
    assert verify(clip).source_type is SourceType.COMPOSITE_CAPTURE
    assert clip.read_bytes().count(boxes.CREDENTIALS) == 2, "one box, and its exclusion in the hash"
    assert b"wan2.2-i2v" not in clip.read_bytes()


def test_a_clip_signed_by_anyone_is_valid_but_says_by_whom(tmp_path: Path) -> None:
    files = written(
        tmp_path, chain=pem(authority("other").issue(signing_key(), organisation="Someone"))
    )
    clip = clip_at(tmp_path / "clip.mp4")

    sign(clip, signer=load(files), claim=CLAIM)

    found = verify(clip)
    assert found.state is CredentialState.VALID
    assert found.facts is not None
    assert found.facts.issuer == "Someone"


def test_a_signature_is_trusted_if_it_leads_to_an_authority_that_was_named(signed: bytes) -> None:
    own, other = pem(authority().certificate), pem(authority("other").certificate)

    assert verify(signed, authorities=own).trusted
    assert verify(signed, authorities=other + own).trusted
    assert not verify(signed, authorities=other).trusted
    assert not verify(signed).trusted
    assert not verify(changed_at(signed, b"mdat", behind=40), authorities=own).trusted


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ec.generate_private_key(ec.SECP384R1()), "es384"),
        (ec.generate_private_key(ec.SECP521R1()), "es512"),
        (rsa.generate_private_key(65537, 2048), "ps256"),
        (ed25519.Ed25519PrivateKey.generate(), "ed25519"),
    ],
    ids=["p384", "p521", "rsa", "ed25519"],
)
def test_the_algorithm_follows_from_the_key(tmp_path: Path, key: Key, algorithm: str) -> None:
    files = written(tmp_path, chain=pem(authority().issue(key)), key=key_pem(key))
    clip = clip_at(tmp_path / "clip.mp4")

    facts = sign(clip, signer=load(files), claim=CLAIM)

    assert facts.algorithm == algorithm
    assert verify(clip).state is CredentialState.VALID


@pytest.mark.parametrize("purpose", [certificates.DOCUMENTS, certificates.C2PA])
def test_certificates_for_documents_and_for_c2pa_sign_as_well(
    tmp_path: Path, purpose: x509.ObjectIdentifier
) -> None:
    chain = pem(authority().issue(signing_key(), purposes=[purpose]))
    clip = clip_at(tmp_path / "clip.mp4")

    sign(clip, signer=load(written(tmp_path, chain=chain)), claim=CLAIM)

    assert verify(clip).state is CredentialState.VALID


def test_a_key_in_openssls_older_form_signs_as_well(tmp_path: Path) -> None:
    older = key_pem(signing_key(), serialization.PrivateFormat.TraditionalOpenSSL)
    assert older.startswith(b"-----BEGIN EC PRIVATE KEY")

    assert load(written(tmp_path, key=older)).algorithm == "es256"


def test_the_certificate_of_the_page_on_marking_signs(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "marking.md").read_text("utf-8")
    lines = next(block for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
                 if "openssl" in block)  # fmt: skip
    subprocess.run(["sh", "-ec", lines], cwd=tmp_path, capture_output=True, check=True)
    files = certificates.Files(tmp_path / "clips.pem", tmp_path / "clips.key")
    clip = clip_at(tmp_path / "clip.mp4")

    sign(clip, signer=load(files), claim=CLAIM)

    assert verify(clip, authorities=(tmp_path / "root.pem").read_bytes()).trusted


def issued(**wishes: object) -> bytes:
    return pem(authority().issue(signing_key(), **wishes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("chain", "key", "words"),
    [
        (b"", None, "no certificate in PEM"),
        (b"junk", None, "no certificate in PEM"),
        (None, b"junk", "no private key in PEM"),
        (None, key_pem(ec.generate_private_key(ec.SECP256R1())), "not that of the first"),
        (None, key_pem(signing_key(), password=b"secret"), "password"),
        (pem(authority().certificate) + issued(), None, "not that of the first"),
        (issued() + pem(authority("other").certificate), None, "did not issue"),
        (pem(authority().certificate), key_pem(authority().key), "signed itself"),
        (issued(authority=True), None, "authority's own"),
        (issued(signs=False), None, "key usage"),
        (issued(purposes=[]), None, "another purpose"),
        (issued(purposes=[certificates.SERVER]), None, "another purpose"),
        (issued(identified=False), None, "authority's key"),
        (issued(begins=-9 * DAY, ends=-DAY), None, "expired on"),
        (issued(begins=DAY), None, "not valid before"),
        (issued(common="", organisation=""), None, "made out to nobody"),
    ],
    ids=[
        "empty", "junk", "junk key", "other key", "password", "wrong order", "other authority",
        "self-signed", "authority", "key usage", "no purpose", "server", "no authority key",
        "expired", "not yet", "nobody",
    ],
)  # fmt: skip
def test_what_cannot_sign_is_refused_before_the_first_clip_with_the_reason(
    tmp_path: Path, chain: bytes | None, key: bytes | None, words: str
) -> None:
    with pytest.raises(CredentialsRefused, match=words) as refused:
        load(written(tmp_path, chain=chain, key=key))

    assert "PRIVATE KEY" not in str(refused.value)


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 1024),  # noqa: S505
        ec.generate_private_key(ec.SECP256K1()),
    ],
    ids=["short rsa", "other curve"],
)
def test_a_key_that_c2pa_does_not_sign_with_is_refused(tmp_path: Path, key: Key) -> None:
    with pytest.raises(CredentialsRefused, match="does not sign with"):
        load(written(tmp_path, chain=pem(authority().issue(key)), key=key_pem(key)))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_key_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    files = written(tmp_path)
    files.key.chmod(mode)

    with pytest.raises(CredentialsRefused, match="chmod 600"):
        load(files)


def test_files_that_are_missing_relative_or_no_files_are_named(tmp_path: Path) -> None:
    files = written(tmp_path)
    os.mkfifo(tmp_path / "pipe")

    for certificate, key, words in (
        (tmp_path / "none.pem", files.key, "none.pem.*cannot be read"),
        (files.certificate, tmp_path / "none.key", "none.key.*cannot be read"),
        (files.certificate, tmp_path / "pipe", "not a regular file"),
        (files.certificate, Path("clips.key"), "where a command is started"),
    ):
        with pytest.raises(CredentialsRefused, match=words):
            Signer.load(certificate=certificate, key=key, timestamps=None)


def test_settings_name_both_files_or_neither(tmp_path: Path) -> None:
    files = written(tmp_path)

    assert configured(certificate=None, key=None, timestamps=None) is None
    found = configured(certificate=files.certificate, key=files.key, timestamps=None)
    assert found is not None
    assert (found.issuer, found.algorithm) == (certificates.STUDIO, "es256")
    for certificate, key, words in (
        (files.certificate, None, "no credentials_key"),
        (None, files.key, "no credentials_certificate"),
    ):
        with pytest.raises(CredentialsRefused, match=words):
            configured(certificate=certificate, key=key, timestamps=None)


def test_a_key_is_never_shown_and_never_leaves_its_process(signer: Signer) -> None:
    for text in (repr(signer), str(signer), repr(signer.credential)):
        assert "PRIVATE" not in text
        assert signer.credential.key.decode().splitlines()[1] not in text
    with pytest.raises(TypeError, match="stays in the process"):
        pickle.dumps(signer)


def test_the_day_a_certificate_ends_is_the_first_of_its_chain(tmp_path: Path) -> None:
    signer = load(written(tmp_path, chain=issued(ends=12 * DAY) + pem(authority().certificate)))

    assert signer.ends == signer.credential.ends < signer.credential.begins + 20 * DAY


@pytest.mark.parametrize(
    "address", ["nonsense", "ftp://stamps", "http://", "http://[", "file:///x"]
)
def test_an_address_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(CredentialsRefused, match="no address of a server"):
        load(written(tmp_path), timestamps=address)


def test_a_stamping_authority_that_does_not_answer_fails_the_attempt_and_nothing_else(
    tmp_path: Path,
) -> None:
    clip = clip_at(tmp_path / "clip.mp4")
    folder = tmp_path / "keys"
    folder.mkdir()
    signer = load(written(folder), timestamps="http://127.0.0.1:9/")

    with pytest.raises(BackendFailed, match=r"127\.0\.0\.1:9") as failed:
        sign(clip, signer=signer, claim=CLAIM)

    assert failed.value.retryable
    assert clip.read_bytes() == clip_bytes()
    assert sorted(tmp_path.iterdir()) == [clip, folder]


@pytest.mark.parametrize("data", [b"", b"no clip at all", clip_bytes()[:300]])
def test_what_is_no_clip_is_not_signed_and_left_as_it_is(
    tmp_path: Path, signer: Signer, data: bytes
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(data)

    with pytest.raises(BackendFailed, match="not signed"):
        sign(clip, signer=signer, claim=CLAIM)

    assert clip.read_bytes() == data
    assert list(tmp_path.iterdir()) == [clip]


def test_a_full_disk_leaves_the_clip_unsigned_and_whole(tmp_path: Path, signer: Signer) -> None:
    clip = clip_at(tmp_path / "clip.mp4")

    with full_disk(room=len(clip_bytes())), pytest.raises((FileUnwritable, BackendFailed)) as full:
        sign(clip, signer=signer, claim=CLAIM)

    assert isinstance(full.value, FileUnwritable), full.value
    assert clip.read_bytes() == clip_bytes()
    assert list(tmp_path.iterdir()) == [clip]


def test_a_missing_clip_is_no_traceback_of_the_library(tmp_path: Path, signer: Signer) -> None:
    with pytest.raises(OSError, match="No such file"):
        sign(tmp_path / "none.mp4", signer=signer, claim=CLAIM)
    with pytest.raises(OSError, match="No such file"):
        verify(tmp_path / "none.mp4")


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def test_no_clip_makes_this_machine_call_an_address_that_it_names(
    listener: tuple[str, list[str]],
) -> None:
    address, asked = listener
    pointing = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dcterms="http://purl.org/dc/terms/" '
        f'dcterms:provenance="{address}/x.c2pa"/></rdf:RDF></x:xmpmeta>'
    ).encode()
    clip = clip_bytes() + boxes.uuid_box(boxes.XMP, pointing)
    # A box that is there but empty has the library look elsewhere.
    header = b"\0\0\0\0manifest\0" + b"\0" * 8
    baited = clip + boxes.uuid_box(boxes.CREDENTIALS, header)

    assert verify(clip).state is CredentialState.NONE
    assert verify(baited).state is CredentialState.BROKEN
    assert asked == []


def test_credentials_larger_than_any_clips_are_not_parsed(signed: bytes) -> None:
    found = verify(signed + boxes.uuid_box(boxes.CREDENTIALS, bytes(17 << 20)))

    assert found.state is CredentialState.BROKEN
    assert "more than any clip" in found.reasons[0]


@settings(deadline=None, max_examples=60)
@given(at=st.integers(0, 5000), patch=st.binary(min_size=1, max_size=12), cut=st.booleans())
def test_no_change_of_a_signed_clip_makes_reading_fail(
    signed: bytes, at: int, patch: bytes, *, cut: bool
) -> None:
    at %= len(signed)
    found = verify(signed[:at] if cut else signed[:at] + patch + signed[at + len(patch) :])

    assert found.state in set(CredentialState)
    assert all(reason and len(reason) <= 200 for reason in found.reasons)
