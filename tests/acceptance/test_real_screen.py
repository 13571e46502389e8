"""The window on a real screen: an X server, the platform plugin people have, a signal to end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.selector.desks import two_groups

pytestmark = pytest.mark.skipif(
    shutil.which("Xvfb") is None, reason="needs Xvfb; .ci/run installs it as root"
)

PATIENCE_S = 60.0
GRAB = """
import sys
from PySide6.QtGui import QGuiApplication
application = QGuiApplication([])
application.primaryScreen().grabWindow(0).save(sys.argv[1])
"""


@pytest.fixture
def screen() -> Iterator[dict[str, str]]:
    """The environment in which windows appear on an X server of this test's own."""
    reading, writing = os.pipe()
    with subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1440x900x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    ) as server:
        os.close(writing)
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        assert number, "the X server did not start"
        try:
            yield os.environ | {"DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
        finally:
            server.terminate()


def test_the_window_appears_on_a_screen_and_a_signal_closes_it(
    screen: dict[str, str], tmp_path: Path
) -> None:
    folder = two_groups(tmp_path / "shoot")
    with subprocess.Popen(
        [sys.executable, "-m", "selector", str(folder)],
        env=screen | {"SELECTOR_HOME": str(tmp_path)},
        stderr=subprocess.PIPE,
    ) as window:
        try:
            assert shown(screen, tmp_path / "grab.png"), "nothing appeared on the screen"
        finally:
            window.send_signal(signal.SIGTERM)
            _, complaints = window.communicate(timeout=PATIENCE_S)
    assert (window.returncode, complaints) == (0, b"")


def shown(screen: dict[str, str], file: Path) -> bool:
    """Whether anything but the bare screen is seen within the patience."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        subprocess.run([sys.executable, "-c", GRAB, str(file)], env=screen, check=True)
        with Image.open(file) as image:
            if len(image.convert("RGB").getcolors(maxcolors=2**24) or ()) > 100:
                return True
    return False
