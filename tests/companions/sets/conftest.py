"""Disks for sets: this one, another one, one without hard links and cases, a full one."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system than ``tmp_path``."""
    memory = Path("/dev/shm")  # noqa: S108
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("memory is no file system other than that of the temporary folder")
    with tempfile.TemporaryDirectory(dir=memory) as name:
        yield Path(name)


def _run(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in argv], capture_output=True, text=True, check=True, timeout=60
    )


@pytest.fixture(scope="session")
def exfat_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A real exFAT disk: no hard links, no rights, and letter case means nothing to it."""
    missing = [
        tool
        for tool in ("mkfs.exfat", "mount.exfat-fuse", "losetup", "umount")
        if shutil.which(tool) is None
    ]
    if missing or os.geteuid() != 0 or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip(f"a real exFAT disk needs root, /dev/fuse and {missing or 'exfat-fuse'}")
    folder = tmp_path_factory.mktemp("exfat")
    image, disk = folder / "image", folder / "disk"
    disk.mkdir()
    with contextlib.ExitStack() as undo:
        try:
            with image.open("wb") as stream:
                stream.truncate(64 * 1024 * 1024)
            _run("mkfs.exfat", image)
            loop = _run("losetup", "--show", "-f", image).stdout.strip()
            undo.callback(_run, "losetup", "-d", loop)
            _run("mount.exfat-fuse", loop, disk)
            undo.callback(_run, "umount", disk)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"a real exFAT disk cannot be mounted here: {error.stderr}")
        yield disk


@pytest.fixture
def exfat(exfat_disk: Path) -> Iterator[Path]:
    """An empty folder on the exFAT disk."""
    with tempfile.TemporaryDirectory(dir=exfat_disk) as name:
        yield Path(name)


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's home with a trash of its own; where its things lie."""
    if sys.platform == "darwin":
        pytest.skip("the trash of macOS knows one home only")
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    for name in [name for name in sys.modules if name.partition(".")[0] == "send2trash"]:
        monkeypatch.delitem(sys.modules, name)  # it looks where the home is on being imported
    return home / "data" / "Trash" / "files"


@pytest.fixture
def there(tmp_path: Path) -> Path:
    folder = tmp_path / "there"
    folder.mkdir()
    return folder


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def stills(tmp_path: Path) -> Path:
    folder = tmp_path / "stills"
    folder.mkdir()
    return folder
