"""A file over https into memory: encrypted all the way, of bounded size, with progress."""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import IO, Final
from urllib.parse import urlsplit

from fleet.weights.errors import WeightsUnreachable
from fleet.weights.reading import MOST_BYTES

Tell = Callable[[int, int], None]
"""Takes the bytes that are here, and those there are; the latter is 0 while nobody knows."""

_PATIENCE_S: Final = 30.0
_CHUNK: Final = 256 * 1024


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never out of encryption."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme != "https":
            raise urllib.error.URLError("it leads to an address that is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(
    url: str,
    *,
    name: str,
    tell: Tell,
    context: ssl.SSLContext | None = None,
    most_bytes: int = MOST_BYTES,
) -> bytes:
    """What ``url`` serves.

    Args:
        url: https alone.
        name: of the model, for messages.
        tell: told how far it is.
        context: whom to trust; by default the machine's certificates.
        most_bytes: largest answer that is taken.

    Raises:
        WeightsUnreachable: no https, no answer, an answer that is an error, cut short or too
            large.
    """
    shown = without_secrets(url)
    if urlsplit(url).scheme != "https" or not urlsplit(url).hostname:
        raise WeightsUnreachable(name=name, source=shown, what="only https is taken")
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPSHandler(context=context or ssl.create_default_context()),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
        _OnlyHttps(),
    ):
        opener.add_handler(handler)
    try:
        with opener.open(url, timeout=_PATIENCE_S) as answer:
            return _taken(answer, tell=tell, most_bytes=most_bytes)
    except (OSError, http.client.HTTPException, ValueError) as error:
        what = str(getattr(error, "reason", "") or error) or type(error).__name__
        raise WeightsUnreachable(name=name, source=shown, what=what) from error


def _taken(answer: http.client.HTTPResponse, *, tell: Tell, most_bytes: int) -> bytes:
    told = answer.headers.get("Content-Length", "")
    total = int(told) if told.isdecimal() else 0
    if total > most_bytes:
        raise OSError(f"it is larger than {most_bytes} bytes")
    data = bytearray()
    while chunk := answer.read(_CHUNK):
        data += chunk
        if len(data) > most_bytes:
            raise OSError(f"it is larger than {most_bytes} bytes")
        tell(len(data), total)
    if total and len(data) != total:
        raise OSError(f"the connection ended after {len(data)} of {total} bytes")
    return bytes(data)


def without_secrets(url: str) -> str:
    """``url`` for messages and receipts: no user, no password, no query, which may be a key."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
