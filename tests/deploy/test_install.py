"""The environment is brought up to date when, and only when, what it is made from has changed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone whose .venv has a Python that writes down how it was called."""
    (tmp_path / "deploy").mkdir()
    shutil.copy(DEPLOY / "install.py", tmp_path / "deploy")
    (tmp_path / "deploy" / "constraints.txt").write_text("numpy==2.0\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/calls\ntest ! -e {tmp_path}/broken\n')
    python.chmod(0o755)
    return tmp_path


def install(clone: Path, *extras: str) -> int:
    done = subprocess.run(
        [sys.executable, str(clone / "deploy" / "install.py"), *extras],
        capture_output=True,
        check=False,
    )
    return done.returncode


def calls(clone: Path) -> list[str]:
    file = clone / "calls"
    return file.read_text().splitlines() if file.exists() else []


def test_the_project_is_installed_with_its_extras_and_pins(clone: Path) -> None:
    assert install(clone, "fleet") == 0

    (call,) = calls(clone)
    assert call.startswith("-m pip install")
    assert f"--constraint {clone}/deploy/constraints.txt" in call
    assert call.endswith(f"--editable {clone}[fleet]")


def test_a_second_time_there_is_nothing_to_do(clone: Path) -> None:
    install(clone, "fleet", "dev")

    assert install(clone, "fleet", "dev") == 0
    assert install(clone, "fleet") == 0, "a part of what is there is there"
    assert install(clone) == 0
    assert len(calls(clone)) == 1


@pytest.mark.parametrize("source", ["pyproject.toml", "deploy/constraints.txt"])
def test_a_changed_source_is_installed_from_again(clone: Path, source: str) -> None:
    install(clone, "fleet")
    (clone / source).write_text((clone / source).read_text() + "# changed\n")

    assert install(clone, "fleet") == 0

    assert len(calls(clone)) == 2


def test_a_touched_source_is_no_change(clone: Path) -> None:
    install(clone, "fleet")
    (clone / "pyproject.toml").write_text((clone / "pyproject.toml").read_text())

    install(clone, "fleet")

    assert len(calls(clone)) == 1


def test_one_more_extra_keeps_those_that_are_there(clone: Path) -> None:
    install(clone, "fleet")
    install(clone, "dev")

    assert calls(clone)[-1].endswith("[dev,fleet]")
    assert install(clone, "fleet", "dev") == 0
    assert len(calls(clone)) == 2


def test_a_failed_installation_counts_as_none(clone: Path) -> None:
    (clone / "broken").touch()
    assert install(clone, "fleet") == 1
    (clone / "broken").unlink()

    assert install(clone, "fleet") == 0

    assert len(calls(clone)) == 2


def test_a_damaged_stamp_counts_as_none(clone: Path) -> None:
    install(clone, "fleet")
    (clone / ".venv" / ".motionfleet-installed.json").write_text("[]")

    assert install(clone, "fleet") == 0

    assert len(calls(clone)) == 2
