"""``selector calibrate``: the threshold that fits decisions, printed and saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from selector.core.decisions import Considered, Decision, Journal
from selector.core.placement import JOURNAL_NAME
from selector.core.settings import FILE_NAME, SettingsFile
from tests.selector.cli.running import ran
from tests.selector.stills import NOON

Capture = pytest.CaptureFixture[str]


def culled(folder: Path, *, groups: int = 20, above: float = 0.6) -> Path:
    """A folder where all pictures with a score of at least ``above`` were picked."""
    folder.mkdir()
    scores = [index / (groups - 1) for index in range(groups)]
    Journal(folder / JOURNAL_NAME).append(
        *(
            Decision(
                at=NOON,
                group=str(index),
                pictures=(
                    Considered(name=f"{index}.jpg", picked=score >= above, score=round(score, 3)),
                ),
            )
            for index, score in enumerate(scores)
        )
    )
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the settings."""
    monkeypatch.setenv("SELECTOR_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_the_fit_and_how_all_thresholds_agree_are_printed(tmp_path: Path, capsys: Capture) -> None:
    told = ran(capsys, "calibrate", culled(tmp_path / "july"))

    assert told.code == 0, told.err
    lines = told.out.splitlines()
    assert len(lines) == 22
    assert lines[0] == "0.00\t40%\t100%\t100%\t0.57\t20"
    assert lines[20].startswith("1.00\t100%\t12%\t5%")
    assert "0.632 fits best: precision 100%, recall 100%, accept rate 40%" in lines[21]
    assert "20 decided pictures, 8 picked" in lines[21]


def test_the_decisions_of_several_folders_count_together(tmp_path: Path, capsys: Capture) -> None:
    folders = [culled(tmp_path / name, groups=12) for name in ("july", "august")]

    told = ran(capsys, "calibrate", *folders, "--json")

    assert told.code == 0, told.err
    assert told.document["pictures"] == 24
    assert told.document["best"]["f1"] == 1.0
    assert len(told.document["thresholds"]) == 21


def test_nothing_is_saved_unasked(tmp_path: Path, capsys: Capture, home: Path) -> None:
    told = ran(capsys, "calibrate", culled(tmp_path / "july"), "--json")

    assert told.document["saved_in"] is None
    assert not home.exists()


def test_the_window_uses_the_threshold_that_was_saved(
    tmp_path: Path, capsys: Capture, home: Path
) -> None:
    file = SettingsFile(home / FILE_NAME)
    file.change(lambda settings: settings.changed(duration_s=9.0))

    told = ran(capsys, "calibrate", culled(tmp_path / "july"), "--save")

    assert told.code == 0, told.err
    assert str(file.path) in told.out
    found = file.load().settings
    assert (found.threshold, found.duration_s) == (0.632, 9.0)


def test_settings_that_are_damaged_are_told_and_kept(
    tmp_path: Path, capsys: Capture, home: Path
) -> None:
    home.mkdir()
    (home / FILE_NAME).write_bytes(b"{")

    told = ran(capsys, "calibrate", culled(tmp_path / "july"), "--save")

    assert told.code == 0
    assert "kept as selector.damaged.json" in told.err


def test_too_few_decisions_are_no_threshold(tmp_path: Path, capsys: Capture) -> None:
    told = ran(capsys, "calibrate", culled(tmp_path / "july", groups=5))

    assert told.code == 39
    assert "5 decided pictures have a score, 2 of them picked" in told.err
    assert told.out == ""


def test_a_journal_that_cannot_be_read_is_told(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / JOURNAL_NAME).mkdir()

    told = ran(capsys, "calibrate", tmp_path)

    assert told.code == 38
    assert JOURNAL_NAME in told.err
