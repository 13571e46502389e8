"""The bar of shots that are made, and ``fleet watch`` at this machine."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from fleet.cli.output import Output
from fleet.cli.progress import Bar, Followed, Progress
from fleet.cli.watch import watch_here
from fleet.errors import ClusterDown, NothingMatches
from fleet.home import Home
from fleet.ledger import reading
from fleet.ledger.doing import Doing
from fleet.ledger.rows import EventRow
from tests.fleet.ledger.filling import break_one, make, manifest, submit
from tests.fleet.sync.work.world import opened


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "home").mkdir()
    return Home(tmp_path / "home")


def to_terminal() -> tuple[Output, io.StringIO]:
    """An output whose notes go to a terminal of 120 columns."""
    output, screen = Output(), io.StringIO()
    output.notes = Console(file=screen, force_terminal=True, width=120, highlight=False)
    return output, screen


def test_the_same_events_draw_the_same_lines_wherever_they_come_from(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(home) as ledger:
        shots = submit(ledger, manifest("day1"), ["a", "b"])
        begun = reading.last_event(ledger.database)
        with Progress(shots, home=home, output=Output()):
            make(ledger, home.root)
            break_one(ledger)
        from_ledger = capsys.readouterr().err
        names = {shot: Followed(f"{shot[0]}.png") for shot in shots}
        with Bar(names, output=Output()) as bar:
            for event in reading.events(ledger.database, after=begun):
                bar.take(event)
                bar.show("", {})

    assert capsys.readouterr().err == from_ledger
    assert from_ledger.splitlines() == [
        "1/2 pass a.png", "b.png: generate: broken", "2/2 failed b.png"
    ]  # fmt: skip


def test_events_of_other_shots_draw_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar({"a": Followed("a.png")}, output=Output()) as bar:
        bar.take(EventRow(1, 1.0, "stranger", "", "ended", {"verdict": "pass"}))
        bar.show("", {})

    assert capsys.readouterr().err == ""


def test_what_a_host_says_acts_on_no_terminal() -> None:
    output, screen = to_terminal()

    with Bar({"a": Followed("a.png")}, output=output) as bar:
        bar.show("[red]boo[/] \x1b]0;title\x07 \x1b[2J", {})

    assert "[red]boo[/]" in screen.getvalue()
    assert "\x1b]0;" not in screen.getvalue()
    assert "\x1b[2J" not in screen.getvalue()


def test_shots_that_nothing_works_on_are_not_watched_for_ever(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(home) as ledger:
        submit(ledger, manifest("day1"), ["a"])

    with pytest.raises(ClusterDown, match="no dispatcher"):
        watch_here((), home=home, output=Output(), as_json=False, idle_s=0.3)

    assert (
        "nothing is at work; go on with: fleet submit FILE, or fleet up" in capsys.readouterr().err
    )


def test_only_the_shots_of_what_is_named_are_watched(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(home) as ledger:
        submit(ledger, manifest("day1"), ["a"])
        submit(ledger, manifest("day2"), ["b"])
        make(ledger, home.root)

    watch_here(["day1"], home=home, output=Output(), as_json=False, idle_s=0.3)
    with pytest.raises(NothingMatches):
        watch_here(["day3"], home=home, output=Output(), as_json=False, idle_s=0.3)

    assert "all has ended; there is nothing to watch" in capsys.readouterr().err


def test_steps_of_a_shot_move_the_bar_and_are_told_with_what_is_left() -> None:
    output, screen = to_terminal()
    doing = Doing(done=20, steps=40, piece=1, pieces=2, left_s=185.0)

    with Bar({"a": Followed("a.png", 48)}, output=output) as bar:
        bar.take(EventRow(1, 1.0, "a", "generate", "leased", {}))
        bar.show("", {("a", "generate"): 0}, {"a": doing, "stranger": doing})

    assert "1 generating (step 20/40, piece 1/2, 3 min left)" in screen.getvalue()


def test_steps_of_a_shot_that_is_not_generated_any_more_are_not_told() -> None:
    output, screen = to_terminal()

    with Bar({"a": Followed("a.png", 48)}, output=output) as bar:
        bar.take(EventRow(1, 1.0, "a", "generate", "leased", {}))
        bar.take(EventRow(2, 2.0, "a", "generate", "finished", {}))
        bar.show("", {}, {"a": Doing(done=20, steps=40)})

    assert "step" not in screen.getvalue()
