"""The examination looks at the key that clips would be signed with, before a clip needs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.check import Check, State
from fleet.doctor.examination import examine
from fleet.settings import Home
from tests.fleet.encode.certificates import DAY, authority, pem, signing_key, written


def found(home: Path, settings: str) -> Check:
    (home / "settings.toml").write_text(settings, "utf-8")
    return next(check for check in examine(Home(home)) if check.name == "credentials")


def settings(home: Path, *, ends_in_days: int = 90) -> str:
    chain = pem(authority().issue(signing_key(), ends=ends_in_days * DAY))
    files = written(home, chain=chain)
    return f'credentials_certificate = "{files.certificate}"\ncredentials_key = "{files.key}"\n'


@pytest.mark.parametrize(("ends_in_days", "state"), [(90, State.PASS), (20, State.WARN)])
def test_a_certificate_that_soon_ends_is_a_warning(
    tmp_path: Path, ends_in_days: int, state: State
) -> None:
    check = found(tmp_path, settings(tmp_path, ends_in_days=ends_in_days))

    assert (check.state, f"{ends_in_days - 1} days left" in check.figure) == (state, True)


def test_a_key_that_others_can_read_is_a_failure_with_its_remedy(tmp_path: Path) -> None:
    told = settings(tmp_path)
    (tmp_path / "clips.key").chmod(0o644)

    check = found(tmp_path, told)

    assert check.state is State.FAIL
    assert "chmod 600" in check.figure


def test_no_key_at_all_is_in_order(tmp_path: Path) -> None:
    assert found(tmp_path, "").state is State.PASS
