"""Downloads over https, from a server on this machine with a certificate of its own."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fleet.weights.download import download, without_secrets
from fleet.weights.errors import WeightsUnreachable

BODY = bytes(range(256)) * 4000


class _Server(http.server.BaseHTTPRequestHandler):
    elsewhere: ClassVar[str] = ""

    def do_GET(self) -> None:
        if self.path in {"/there", "/out"}:
            self.send_response(302)
            self.send_header("Location", "/file" if self.path == "/there" else self.elsewhere)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path == "/missing":
            self.send_error(404)
        else:
            self.send_response(200)
            if self.path != "/unsaid":
                more = 10 if self.path == "/cut" else 0
                self.send_header("Content-Length", str(len(BODY) + more))
            self.end_headers()
            self.wfile.write(BODY)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: pytest's output is for results."""


class _Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Clients here hang up on purpose."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ssl.SSLContext]]:
    """The server's address, and a context that trusts it."""
    proof = _certificate(tmp_path_factory.mktemp("tls"))
    server = _Quiet(("127.0.0.1", 0), _Server)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(proof)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    _Server.elsewhere = f"http://127.0.0.1:{server.server_port}/file"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}", ssl.create_default_context(cafile=proof)
    server.shutdown()
    thread.join()
    server.server_close()


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


Served = tuple[str, ssl.SSLContext]


def fetched(
    served: Served, path: str, *, most_bytes: int = 10**7
) -> tuple[bytes, list[tuple[int, int]]]:
    told: list[tuple[int, int]] = []
    data = download(
        served[0] + path,
        name="rife",
        tell=lambda done, total: told.append((done, total)),
        context=served[1],
        most_bytes=most_bytes,
    )
    return data, told


@pytest.mark.parametrize(
    ("path", "total"), [("/file", len(BODY)), ("/there", len(BODY)), ("/unsaid", 0)]
)
def test_a_file_is_fetched_and_its_progress_told(served: Served, path: str, total: int) -> None:
    data, told = fetched(served, path)

    assert data == BODY
    assert told[-1] == (len(BODY), total)
    assert [done for done, _ in told] == sorted({done for done, _ in told})


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/missing", "Not Found"),
        ("/cut", "connection ended after 1024000 of 1024010 bytes"),
        ("/out", "leads to an address that is not https"),
    ],
)
def test_what_goes_wrong_is_told_with_what_to_do(served: Served, path: str, told: str) -> None:
    with pytest.raises(WeightsUnreachable) as failure:
        fetched(served, path)

    assert told in str(failure.value)
    assert "fleet models fetch rife --from PATH" in str(failure.value)


@pytest.mark.parametrize("path", ["/file", "/unsaid"])
def test_a_file_that_is_too_large_is_not_taken(served: Served, path: str) -> None:
    with pytest.raises(WeightsUnreachable, match="larger than 1000 bytes"):
        fetched(served, path, most_bytes=1000)


def test_a_server_nobody_vouches_for_is_not_believed(served: Served) -> None:
    with pytest.raises(WeightsUnreachable, match="CERTIFICATE_VERIFY_FAILED"):
        download(f"{served[0]}/file", name="rife", tell=lambda *_: None)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/file", "ftp://127.0.0.1/file", "file:///etc/passwd", "https:///file"],
)
def test_only_https_is_taken(url: str) -> None:
    with pytest.raises(WeightsUnreachable, match="only https"):
        download(url, name="rife", tell=lambda *_: None)


def test_what_may_be_a_key_stands_in_no_message() -> None:
    url = "https://me:secret@example.org:8443/a/flownet.pkl?token=secret#secret"

    assert without_secrets(url) == "https://example.org:8443/a/flownet.pkl"
