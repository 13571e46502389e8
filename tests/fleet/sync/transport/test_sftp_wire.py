"""SFTP with servers that are slower, poorer or worse than OpenSSH's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from fleet.sync.errors import TransferFailed
from fleet.sync.transport.base import Item, Pace, Stop
from fleet.sync.transport.sftp import SftpTransport
from tests.contracts.transfers import bytes_of, tree, write
from tests.fleet.sync.transport.odd_sftp import Odd, serving

SIZE = 600_000


@pytest.fixture
def odd(tmp_path: Path) -> Odd:
    root = tmp_path / "far"
    root.mkdir()
    return Odd(root)


@pytest.fixture
def transport(odd: Odd) -> Iterator[SftpTransport]:
    with serving(odd) as connection:

        def opened() -> paramiko.SFTPClient:
            client = paramiko.SFTPClient.from_transport(connection)
            assert client is not None
            return client

        yield SftpTransport(opened, host="colo")


def fetch(transport: SftpTransport, items: list[Item], odd: Odd, here: Path) -> None:
    here.mkdir(exist_ok=True)
    transport.fetch(
        items, source=str(odd.root), destination=here, pace=Pace(timeout_s=10.0), stop=Stop()
    )


@pytest.mark.parametrize("share", [0.9, 0.3])
def test_a_server_that_gives_less_than_is_asked_for_is_asked_again(
    transport: SftpTransport, odd: Odd, tmp_path: Path, share: float
) -> None:
    files = {"a.mp4": bytes_of(SIZE)}
    items = write(odd.root, files)
    odd.read_share = share

    fetch(transport, items, odd, tmp_path / "here")

    assert tree(tmp_path / "here") == files


def test_a_server_that_gives_more_than_is_asked_for_is_not_believed(
    transport: SftpTransport, odd: Odd, tmp_path: Path
) -> None:
    items = write(odd.root, {"a.mp4": bytes_of(SIZE)})
    odd.surplus = 7

    with pytest.raises(TransferFailed, match="more than was asked for"):
        fetch(transport, items, odd, tmp_path / "here")

    assert "a.mp4" not in tree(tmp_path / "here")


@pytest.mark.parametrize("offset", [0, 32_768, 589_824])
def test_a_write_that_failed_among_others_leaves_no_hole_under_the_files_name(
    transport: SftpTransport, odd: Odd, tmp_path: Path, offset: int
) -> None:
    files = {"a.jpg": bytes_of(SIZE)}
    items = write(tmp_path / "here", files)
    odd.lose_write_at = offset

    with pytest.raises(TransferFailed, match="the other side says"):
        transport.send(
            items, source=tmp_path / "here", destination=str(odd.root), pace=Pace(), stop=Stop()
        )

    assert "a.jpg" not in tree(odd.root)
    transport.send(
        items, source=tmp_path / "here", destination=str(odd.root), pace=Pace(), stop=Stop()
    )
    assert tree(odd.root) == files
