"""A host's key counts if OpenSSH's own record has it, and only then."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from fleet.sync.errors import HostKeyRefused
from fleet.sync.ssh.known import OnRecord, check, kinds, on_record, parse

KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIP0000000000000000000000000000000000000000"
FILE = Path("/home/ann/.ssh/known_hosts")


@pytest.fixture
def key(tmp_path: Path) -> str:
    """A real public key, ``ssh-ed25519 AAAA...``."""
    return made(tmp_path / "one")


def made(path: Path, kind: str = "ed25519") -> str:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(path)], check=True, timeout=60.0
    )
    return " ".join(Path(f"{path}.pub").read_text().split()[:2])


def checked(records: tuple[OnRecord, ...], *, shown: str) -> OnRecord:
    kind, text = shown.split()
    return check(
        host="colo", by_hand="ssh colo", name="[colo]:2222", kind=kind, key=text,
        fingerprint="SHA256:shown", records=records,
    )  # fmt: skip


def test_the_listing_of_ssh_keygen_is_read_with_lines_and_markers() -> None:
    printed = (
        f"# Host colo found: line 3\ncolo ssh-ed25519 {KEY} a comment\n"
        f"# Host colo found: line 9 REVOKED\n@revoked colo ssh-rsa {KEY}\n"
        f"# Host colo found: line 12 CA\n@cert-authority *.x ssh-rsa {KEY}\nnonsense\n"
    )

    found = parse(printed, file=FILE)

    assert [(one.kind, one.marker, one.line) for one in found] == [
        ("ssh-ed25519", "", 3), ("ssh-rsa", "@revoked", 9), ("ssh-rsa", "@cert-authority", 12),
    ]  # fmt: skip


@pytest.mark.parametrize("written", ["[colo]:2222", "*colo*", "other,[colo]:2222", "colo"])
def test_a_key_is_found_under_every_form_of_name_that_ssh_knows(
    tmp_path: Path, key: str, written: str
) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"# a comment\nunrelated {key}\n{written} {key}\n")

    found = on_record(("[colo]:2222", "colo"), [tmp_path / "absent", file])

    assert [(one.file, one.line) for one in found] == [(file, 3)]
    assert checked(found, shown=key).line == 3


def test_a_hashed_name_is_found(tmp_path: Path, key: str) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"[colo]:2222 {key}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(file)], check=True, timeout=30.0)
    assert "colo" not in file.read_text()

    assert checked(on_record(("[colo]:2222",), [file]), shown=key).kind == "ssh-ed25519"


def test_any_of_several_keys_on_record_will_do(tmp_path: Path, key: str) -> None:
    other, third = made(tmp_path / "two"), made(tmp_path / "three", "ecdsa")
    first, second = tmp_path / "known_hosts", tmp_path / "known_hosts2"
    first.write_text(f"colo {other}\ncolo {third}\n")
    second.write_text(f"colo {key}\n")

    found = on_record(("colo",), [first, second])

    assert checked(found, shown=key).file == second
    assert kinds(found) == ("ssh-ed25519", "ecdsa-sha2-nistp256")


def test_a_changed_key_is_refused_with_the_line_that_has_the_old_one(
    tmp_path: Path, key: str
) -> None:
    file = tmp_path / "known hosts"
    file.write_text(f"unrelated {key}\n[colo]:2222 {made(tmp_path / 'old')}\n")

    with pytest.raises(HostKeyRefused) as refused:
        checked(on_record(("[colo]:2222",), [file]), shown=key)

    told = str(refused.value)
    assert "has changed" in told
    assert "SHA256:shown" in told
    assert f"{file} line 2" in told
    assert f"ssh-keygen -R '[colo]:2222' -f '{file}'" in told
    assert "nothing was sent" in told


def test_a_key_of_another_kind_than_those_on_record_is_unknown_not_accepted(
    tmp_path: Path, key: str
) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"colo {made(tmp_path / 'other', 'ecdsa')}\n")

    with pytest.raises(HostKeyRefused, match=r"is unknown.*on record are only ecdsa-sha2-nistp256"):
        checked(on_record(("colo",), [file]), shown=key)


def test_an_unknown_host_is_refused_with_the_command_that_makes_it_known(key: str) -> None:
    with pytest.raises(HostKeyRefused, match=r"is unknown: it shows ssh-ed25519 SHA256:shown.*: "
                       r"ssh colo"):  # fmt: skip
        checked((), shown=key)


def test_a_revoked_key_is_refused_even_where_another_line_has_it(tmp_path: Path, key: str) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"colo {key}\n@revoked * {key}\n")

    with pytest.raises(HostKeyRefused, match=r"is revoked in .* line 2"):
        checked(on_record(("colo",), [file]), shown=key)


def test_a_certificate_authority_on_record_is_no_key_of_the_host(tmp_path: Path, key: str) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"@cert-authority colo {key}\n")
    beside_another = tmp_path / "known_hosts2"
    beside_another.write_text(f"colo {made(tmp_path / 'other', 'ecdsa')}\n")

    for files, told in (
        ([file], "is only an authority.*ssh-keyscan"),
        ([file, beside_another], "are only ecdsa-sha2-nistp256"),
    ):
        with pytest.raises(HostKeyRefused, match=f"is unknown.*{told}"):
            checked(on_record(("[colo]:2222", "colo"), files), shown=key)


def test_a_key_that_is_revoked_for_all_does_not_hide_the_others(tmp_path: Path, key: str) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"@revoked * {made(tmp_path / 'lost')}\ncolo {key}\n")

    assert checked(on_record(("[colo]:2222", "colo"), [file]), shown=key).line == 2
