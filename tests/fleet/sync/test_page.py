"""The page about sync says what is so: its settings, its exit codes, its names of files."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from fleet.errors import FleetError
from fleet.home import Home
from fleet.settings import Host, Settings
from fleet.sync import errors, nightly
from fleet.sync.desk.incoming import INCOMING
from fleet.sync.desk.label import LABEL_FILE
from fleet.sync.far.leftovers import ARRIVING

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "sync.md").read_text("utf-8")


def test_the_settings_on_the_page_are_accepted() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert blocks

    for block in blocks:
        if block.startswith("["):
            Settings.model_validate(tomllib.loads(block))
        else:  # choices for one host: one of the lines is to be taken
            for line in block.splitlines():
                if not line.startswith("#"):
                    Settings.model_validate({"hosts": {"colo": tomllib.loads(line)}})


@pytest.mark.parametrize("program", ["osascript", "notify-send", "mail"])
def test_the_commands_for_failures_on_the_page_take_a_hosts_words_as_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    (line,) = re.findall(rf"^failure_command = .*\b{program}\b.*$", PAGE, flags=re.MULTILINE)
    argv = Host.model_validate(tomllib.loads(line)).failure_command
    # A double at the edge: it writes down every argument, and what it is given to read.
    double = tmp_path / program
    double.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/told\ncat >> {tmp_path}/told\n')
    double.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    report = tmp_path / "a report.json"
    report.write_text("the whole report\n")
    words = '-x "; touch harm; $(touch harm) `touch harm` & do shell script "touch harm"'

    fault = nightly.call(
        nightly.filled(
            argv, {"host": "colo", "exit": "89", "message": words, "report": str(report)}
        ),
        limit_s=20.0,
    )

    told = (tmp_path / "told").read_text().splitlines()
    assert fault == ""
    assert words in told or told[-1] == "the whole report"
    assert any("colo" in each for each in told)


def test_everything_that_may_be_said_of_a_host_is_on_the_page() -> None:
    unnamed = [name for name in Host.model_fields if not re.search(rf"\b{name}\b", PAGE)]

    assert unnamed == []


def test_every_exit_code_of_sync_is_on_the_page() -> None:
    codes = {
        error.exit_code
        for error in vars(errors).values()
        if isinstance(error, type)
        and issubclass(error, FleetError)
        and error.__module__ == errors.__name__
    }
    table = PAGE.partition("## Exit codes")[2].partition("\n## ")[0]
    first_cells = re.findall(r"^\| ([\d, ]+) \|", table, flags=re.MULTILINE)

    assert codes <= {int(code) for cell in first_cells for code in cell.split(",")}


def test_files_are_called_on_the_page_what_they_are_called() -> None:
    home = Home(Path("FLEET_HOME"))

    for name in (LABEL_FILE, ARRIVING, INCOMING, str(home.receiving), str(home.gate_log)):
        assert name in PAGE
