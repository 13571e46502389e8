"""``selector DIR``: which words open the window, and how it says that it cannot be shown."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from companions.errors import FileUnwritable
from selector.cli.app import OPEN, spelled_out
from tests.selector.cli.running import ran
from tests.selector.desks import two_groups


@pytest.mark.parametrize(
    ("given", "spelled"),
    [
        ([], [OPEN]),
        (["stills"], [OPEN, "stills"]),
        (["./check"], [OPEN, "./check"]),
        (["--overlay", "over", "stills"], [OPEN, "--overlay", "over", "stills"]),
        (["--debug", "stills"], ["--debug", OPEN, "stills"]),
        (["check", "stills"], ["check", "stills"]),
        (["--debug", "check", "stills"], ["--debug", "check", "stills"]),
        (["--help"], ["--help"]),
        (["--version"], ["--version"]),
        (["open", "stills"], ["open", "stills"]),
        (["open", "--help"], ["open", "--help"]),
    ],
)
def test_the_word_open_is_put_in_where_it_is_left_out(given: list[str], spelled: list[str]) -> None:
    assert spelled_out(given) == spelled


def selector(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``selector`` as a process of its own."""
    kept = {k: v for k, v in os.environ.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    kept.pop("QT_QPA_PLATFORM", None)
    return subprocess.run(
        [sys.executable, "-m", "selector", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**kept, **environment},
    )


def test_without_a_screen_it_says_so_and_names_the_commands_that_need_none(tmp_path: Path) -> None:
    done = selector(tmp_path)

    assert done.returncode == 37
    assert "there is no screen" in done.stderr
    assert "Start it on a desktop" in done.stderr
    assert "selector propose" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_is_not_there_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    found = ran(capsys, tmp_path / "nowhere")

    assert found.code == 2
    assert "nowhere" in re.sub(r"[\s│]", "", found.err)  # however long the way there is


def test_a_page_that_is_not_there_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    found = ran(capsys, tmp_path, "--page", "moon")

    assert found.code == 2
    assert "moon" in found.err


def test_a_screenshot_is_drawn_into_a_file_and_the_program_ends(tmp_path: Path) -> None:
    folder, drawn = two_groups(tmp_path / "shoot"), tmp_path / "window.png"
    done = selector(
        folder, "--screenshot", drawn, QT_QPA_PLATFORM="offscreen", SELECTOR_HOME=str(tmp_path)
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert drawn.read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "selector.json").exists(), "nothing of this is the operator's wish"


STAYS = """
from PySide6.QtWidgets import QWidget
from selector.app import started

class Stays(QWidget):
    def closeEvent(self, event):
        event.ignore()
        print("asked", flush=True)

application = started()
window = Stays()
window.show()
print("shown", flush=True)
application.exec()
"""


def test_a_second_signal_ends_a_window_that_asks_before_it_closes() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STAYS],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        stdout=subprocess.PIPE,
        text=True,
    ) as window:
        try:
            assert window.stdout is not None
            assert window.stdout.readline() == "shown\n"
            window.send_signal(signal.SIGTERM)
            assert window.stdout.readline() == "asked\n"
            window.send_signal(signal.SIGTERM)
            assert window.wait(timeout=60.0) == -signal.SIGTERM
        finally:
            window.kill()


AMID = """
import signal
from PySide6.QtWidgets import QWidget
from selector.app import started

class Paints(QWidget):
    def paintEvent(self, event):
        signal.raise_signal(signal.SIGTERM)
        print("painted", flush=True)

    def closeEvent(self, event):
        print("closed", flush=True)

application = started()
window = Paints()
window.show()
application.exec()
"""


def test_a_signal_closes_no_window_amid_what_it_draws() -> None:
    done = subprocess.run(
        [sys.executable, "-c", AMID],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout, done.stderr) == (0, "painted\nclosed\n", "")


def test_a_screenshot_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    folder = two_groups(tmp_path / "shoot")
    done = selector(
        folder,
        "--screenshot",
        tmp_path / "nowhere" / "window.png",
        QT_QPA_PLATFORM="offscreen",
        SELECTOR_HOME=str(tmp_path),
    )

    assert done.returncode == FileUnwritable.exit_code
    assert "window.png" in done.stderr
    assert "bug" not in done.stderr
