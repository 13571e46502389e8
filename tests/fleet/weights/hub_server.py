"""A hub on loopback that the real client talks to: one repository, its listing, its files.

Large files are served from a second address, as the real hub sends them to its own storage.
"""

from __future__ import annotations

import hashlib
import http.server
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

COMMIT: Final = "0123456789abcdef0123456789abcdef01234567"
_PAGE: Final = 20
"""Files in one page of the listing: few, so that the client has to turn pages."""


@dataclass
class FakeHub:
    """What is published, and how the hub behaves; ``seen`` and ``stored`` are what it was asked.

    Attributes:
        repo: id of the repository.
        files: content by path.
        more: further repositories, by their id: content by path.
        commit: the one that is current, and the only one.
        claimed: sizes that the listing says instead of the true ones.
        swapped: content that is sent instead of what the listing describes.
        cut: after how many bytes of a file the connection ends, each time it is asked for; once
            for each number.
        stall: after how many bytes of a file nothing more comes, while it stands here.
        gated: whether only people whom the authors let in are served files.
        endpoint: its address.
        seen: method and path of every request.
        ranges: the ``Range`` of each request for a file, empty where there was none, by path.
        tokens: ``Authorization`` of the requests, by which of the two addresses was asked.
    """

    repo: str
    files: dict[str, bytes]
    commit: str = COMMIT
    more: dict[str, dict[str, bytes]] = field(default_factory=dict)
    claimed: dict[str, int] = field(default_factory=dict)
    swapped: dict[str, bytes] = field(default_factory=dict)
    cut: dict[str, list[int]] = field(default_factory=dict)
    stall: dict[str, int] = field(default_factory=dict)
    gated: bool = False
    endpoint: str = ""
    storage: str = ""
    seen: list[str] = field(default_factory=list)
    ranges: dict[str, list[str]] = field(default_factory=dict)
    tokens: dict[str, set[str | None]] = field(default_factory=dict)

    def is_large(self, path: str) -> bool:
        """Whether git keeps only a pointer to it."""
        return path.endswith((".safetensors", ".bin"))

    def of(self, repo: str) -> dict[str, bytes]:
        """The files of that repository."""
        return self.files if repo == self.repo else self.more[repo]

    def entry(self, path: str, data: bytes) -> dict[str, object]:
        """As the listing describes the file ``path``."""
        git = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        size = self.claimed.get(path, len(data))
        told: dict[str, object] = {"type": "file", "path": path, "size": size, "oid": git}
        if self.is_large(path):
            sha256 = hashlib.sha256(data).hexdigest()
            told["lfs"] = {"size": size, "oid": sha256, "pointerSize": 130}
            told["xetHash"] = sha256
        return told


class _Server(http.server.ThreadingHTTPServer):
    hub: FakeHub
    name: str

    def handle_error(self, request: object, client_address: object) -> None:
        """Connections here are cut on purpose."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # Header and body are two writes, and the second would wait for a late acknowledgement.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        hub, parts = self.server.hub, urlsplit(self.path)
        path = unquote(parts.path)
        hub.seen.append(f"GET {path}")
        hub.tokens.setdefault(self.server.name, set()).add(self.headers.get("Authorization"))
        repo = next((each for each in (hub.repo, *hub.more) if f"/{each}/" in f"{path}/"), "")
        api = f"/api/models/{repo}"
        resolved = re.fullmatch(rf"/{re.escape(repo)}/resolve/([0-9a-f]+)/(.+)", path)
        if self.server.name == "storage":
            self._file(path.removeprefix(f"/{repo}/"), hub.of(repo))
        elif not repo:
            self._refuse(404, "RepoNotFound")
        elif path == api or path.startswith(f"{api}/revision/"):
            wanted = path.rpartition("/")[2] if path != api else hub.commit
            if wanted not in {hub.commit, "main"}:
                self._refuse(404, "RevisionNotFound")
            else:
                self._json({"id": repo, "sha": hub.commit, "siblings": []})
        elif path == f"{api}/tree/{hub.commit}":
            self._listing(repo, parts.query)
        elif resolved and hub.gated:
            self._refuse(403, "GatedRepo")
        elif resolved and resolved[1] == hub.commit and resolved[2] in hub.of(repo):
            if hub.is_large(resolved[2]):
                self.send_response(302)
                self.send_header("Location", f"{hub.storage}/{repo}/{resolved[2]}")
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self._file(resolved[2], hub.of(repo))
        else:
            self._refuse(404, "EntryNotFound")

    def _listing(self, repo: str, query: str) -> None:
        hub = self.server.hub
        at = int(re.search(r"cursor=(\d+)", query)[1]) if "cursor=" in query else 0  # type: ignore[index]
        files = hub.of(repo)
        paths = sorted(files)
        folders = sorted({path.partition("/")[0] for path in paths if "/" in path})
        entries = [{"type": "directory", "path": each, "oid": "0" * 40} for each in folders]
        entries += [hub.entry(path, files[path]) for path in paths]  # type: ignore[misc]
        more = at + _PAGE < len(entries)
        link = f"{hub.endpoint}/api/models/{repo}/tree/{hub.commit}?recursive=true"
        headers = {"Link": f'<{link}&cursor={at + _PAGE}>; rel="next"'} if more else {}
        self._json(entries[at : at + _PAGE], headers=headers)

    def _file(self, path: str, files: Mapping[str, bytes]) -> None:
        hub = self.server.hub
        data, asked = hub.swapped.get(path, files[path]), self.headers.get("Range", "")
        hub.ranges.setdefault(path, []).append(asked)
        begin = int(asked.removeprefix("bytes=").partition("-")[0]) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(data) - begin))
        if asked:
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        if cuts := hub.cut.get(path):
            self.wfile.write(data[begin : begin + cuts.pop(0)])
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(2)
        elif path in hub.stall:
            self.wfile.write(data[begin : begin + hub.stall[path]])
            while path in hub.stall:
                time.sleep(0.02)
            self.close_connection = True
        else:
            self.wfile.write(data[begin:])

    def _json(self, value: object, *, headers: Mapping[str, str] | None = None) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, told in (headers or {}).items():
            self.send_header(name, told)
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: pytest's output is for results."""


@contextmanager
def serving(hub: FakeHub) -> Iterator[FakeHub]:
    """``hub`` at work: its ``endpoint`` is what ``HF_ENDPOINT`` or ``endpoint=`` is given."""
    servers = []
    for name in ("hub", "storage"):
        server = _Server(("127.0.0.1", 0), _Handler)
        server.hub, server.name = hub, name
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        servers.append((server, thread))
    # Two names of one machine: no login goes from one to the other.
    hub.endpoint = f"http://127.0.0.1:{servers[0][0].server_port}"
    hub.storage = f"http://localhost:{servers[1][0].server_port}"
    try:
        yield hub
    finally:
        for server, thread in servers:
            server.shutdown()
            thread.join()
            server.server_close()
