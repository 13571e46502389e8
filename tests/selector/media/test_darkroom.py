from __future__ import annotations

import os
import signal
import sys
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QProcess
from pytestqt.qtbot import QtBot

from companions.geometry import Size
from selector.core.look import Look, Wanted, look_at
from selector.media.darkroom import Darkroom
from tests.selector import stills
from tests.selector.desks import PATIENCE_MS, let_go
from tests.selector.media import pictures

Making = Callable[..., Darkroom]
WANTED = Wanted()
STUBBORN = (sys.executable, "-m", "tests.selector.media.stubborn")


@pytest.fixture
def darkrooms(qapp: object) -> Iterator[Making]:
    """Makes darkrooms, and closes them at the end."""
    made: list[Darkroom] = []

    def make(**options: object) -> Darkroom:
        made.append(Darkroom(**{"processes": 1, **options}))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


class Heard:
    """What a darkroom has told, in its order."""

    def __init__(self, darkroom: Darkroom) -> None:
        self.looks: list[tuple[Path, Look]] = []
        self.refusals: list[tuple[Path, str]] = []
        self.order: list[str] = []
        self.idle = 0
        self.stopped: list[str] = []
        darkroom.looked.connect(self._looked)
        darkroom.refused.connect(self._refused)
        darkroom.idle.connect(self._idle)
        darkroom.stopped.connect(self.stopped.append)

    def _looked(self, picture: Path, look: Look) -> None:
        self.looks.append((picture, look))
        self.order.append(picture.name)

    def _refused(self, picture: Path, why: str) -> None:
        self.refusals.append((picture, why))
        self.order.append(picture.name)

    def _idle(self) -> None:
        self.idle += 1


def wait(qtbot: QtBot, condition: Callable[[], bool]) -> None:
    qtbot.waitUntil(condition, timeout=PATIENCE_MS)


def few(folder: Path, *names: str) -> list[Path]:
    return [stills.copied("coffee.png", folder, to=name) for name in names]


def process_ids(darkroom: Darkroom) -> list[int]:
    return [child.processId() for child in darkroom.findChildren(QProcess)]


def is_alive(process_id: int) -> bool:
    """Whether the process is still at work (one that nobody has buried yet is not)."""
    try:
        os.kill(process_id, 0)
        facts = Path(f"/proc/{process_id}/stat").read_text("utf-8")
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return sys.platform == "darwin"
    return facts.rpartition(")")[2].split()[0] != "Z"


def test_a_look_from_another_process_is_the_same_as_one_made_here(
    qtbot: QtBot, tmp_path: Path, darkrooms: Making
) -> None:
    picture = stills.copied("astronaut.png", tmp_path)
    darkroom = darkrooms()
    heard = Heard(darkroom)

    darkroom.want([picture], wanted=WANTED)
    wait(qtbot, lambda: heard.idle == 1)

    assert heard.looks == [(picture, look_at(picture, wanted=WANTED))]


def test_a_picture_that_cannot_be_used_is_refused_and_the_next_is_looked_at(
    qtbot: QtBot, tmp_path: Path, darkrooms: Making
) -> None:
    whole = pictures.photograph(tmp_path / "whole.jpg", scale=3.0)
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(whole.read_bytes()[:-3000])
    darkroom = darkrooms()
    heard = Heard(darkroom)

    darkroom.want([cut, tmp_path / "gone.jpg", whole], wanted=WANTED)
    wait(qtbot, lambda: heard.idle == 1)

    assert heard.order == ["cut.jpg", "gone.jpg", "whole.jpg"]
    assert "truncated" in heard.refusals[0][1]
    assert "no such file" in heard.refusals[1][1]
    assert all("\n" not in why for _, why in heard.refusals)


def test_the_plan_of_now_is_obeyed_and_not_the_one_before(
    qtbot: QtBot, tmp_path: Path, darkrooms: Making
) -> None:
    stale = few(tmp_path, *(f"stale{i}.png" for i in range(6)))
    urgent, later = few(tmp_path, "urgent.png", "later.png")
    darkroom = darkrooms()
    heard = Heard(darkroom)
    darkroom.want(stale, wanted=WANTED)
    wait(qtbot, lambda: bool(heard.order))

    darkroom.want([urgent, later, *stale[:2]], wanted=WANTED)
    wait(qtbot, lambda: heard.idle == 1)

    # The one that was under way may be told of first.
    at = heard.order.index("urgent.png")
    assert at <= 2
    assert heard.order[at + 1] == "later.png"
    assert not {"stale4.png", "stale5.png"} & set(heard.order)


def test_each_picture_is_told_once_however_often_the_plan_is_given(
    qtbot: QtBot, tmp_path: Path, darkrooms: Making
) -> None:
    plan = few(tmp_path, "a.png", "b.png", "c.png")
    darkroom = darkrooms()
    heard = Heard(darkroom)
    darkroom.looked.connect(lambda *_: darkroom.want(plan, wanted=WANTED))

    darkroom.want([*plan, *plan], wanted=WANTED)
    wait(qtbot, lambda: heard.idle == 1)
    darkroom.want(plan, wanted=WANTED)

    assert not darkroom._pending
    assert heard.order == ["a.png", "b.png", "c.png"]
    assert heard.idle == 1


def test_a_plan_given_anew_while_looks_are_being_recalled_is_carried_out(
    qtbot: QtBot, tmp_path: Path, darkrooms: Making
) -> None:
    plan = few(tmp_path, "wait.png", "b.png", "wait-too.png")
    darkroom = darkrooms(command=STUBBORN, cache_folder=tmp_path / "cache")
    heard = Heard(darkroom)
    darkroom.want(plan, wanted=WANTED)
    wait(qtbot, lambda: any(child.job is not None for child in darkroom._children))

    darkroom.want(plan[::-1], wanted=WANTED)
    (tmp_path / "go").touch()
    wait(qtbot, lambda: heard.idle == 1)

    assert heard.order == [picture.name for picture in plan[::-1]]


def test_a_picture_that_is_wanted_again_later_is_told_again(
    qtbot: QtBot, tmp_path: Path, darkrooms: Making
) -> None:
    (picture,) = few(tmp_path, "a.png")
    darkroom = darkrooms()
    heard = Heard(darkroom)
    darkroom.want([picture], wanted=WANTED)
    wait(qtbot, lambda: heard.idle == 1)

    darkroom.want([], wanted=WANTED)
    darkroom.want([picture], wanted=WANTED)
    wait(qtbot, lambda: heard.idle == 2)

    assert heard.order == ["a.png", "a.png"]


def test_what_is_proposed_is_for_what_is_wanted_now(
    qtbot: QtBot, tmp_path: Path, darkrooms: Making
) -> None:
    plan = few(tmp_path, "a.png", "b.png")
    tall = Wanted(output=Size(720, 1280), duration_s=2.5)
    darkroom = darkrooms()
    heard = Heard(darkroom)
    darkroom.want(plan, wanted=WANTED)
    wait(qtbot, lambda: bool(heard.order))  # the second is under way now
    told = len(heard.looks)

    darkroom.want(plan, wanted=tall)
    wait(qtbot, lambda: heard.idle == 1)

    assert heard.looks[told:] == [(picture, look_at(picture, wanted=tall)) for picture in plan]


def test_whoever_is_told_of_one_picture_may_want_something_else_of_the_next(
    qtbot: QtBot, tmp_path: Path, darkrooms: Making
) -> None:
    plan = pictures.many(tmp_path, 3, size=(320, 240))
    tall = Wanted(output=Size(720, 1280))
    first = darkrooms(cache_folder=tmp_path / "cache")
    before = Heard(first)
    first.want(plan, wanted=WANTED)
    wait(qtbot, lambda: before.idle == 1)

    darkroom = darkrooms(cache_folder=tmp_path / "cache")  # will recall all three at once
    heard = Heard(darkroom)
    darkroom.looked.connect(lambda *_: darkroom.want(plan, wanted=tall))
    darkroom.want(plan, wanted=WANTED)
    wait(qtbot, lambda: heard.idle == 1)

    assert heard.looks[0] == before.looks[0]
    assert heard.looks[1:] == [(picture, look_at(picture, wanted=tall)) for picture in plan]


def test_a_changed_picture_is_looked_at_again_when_it_is_forgotten(
    qtbot: QtBot, tmp_path: Path, darkrooms: Making
) -> None:
    (picture,) = few(tmp_path, "a.png")
    darkroom = darkrooms(cache_folder=tmp_path / "cache")
    heard = Heard(darkroom)
    darkroom.want([picture], wanted=WANTED)
    wait(qtbot, lambda: heard.idle == 1)

    stills.copied("astronaut.png", tmp_path, to="a.png")
    darkroom.forget(picture)
    wait(qtbot, lambda: heard.idle == 2)

    assert heard.looks[1][1] == look_at(picture, wanted=WANTED)


def test_a_picture_that_changes_while_it_is_looked_at_is_told_as_it_is_at_last(
    qtbot: QtBot, tmp_path: Path, darkrooms: Making
) -> None:
    (first,) = few(tmp_path, "first.png")
    picture = pictures.slow(tmp_path / "a.png")
    darkroom = darkrooms()
    heard = Heard(darkroom)
    darkroom.want([first, picture], wanted=WANTED)
    wait(qtbot, lambda: bool(heard.order))  # the second is under way now

    stills.copied("astronaut.png", tmp_path, to="new.png").replace(picture)
    darkroom.forget(picture)
    wait(qtbot, lambda: heard.idle == 1)

    assert heard.order == ["first.png", "a.png"]
    assert heard.looks[1][1] == look_at(picture, wanted=WANTED)


def test_looks_are_recalled_after_a_restart(
    qtbot: QtBot, tmp_path: Path, darkrooms: Making
) -> None:
    plan = pictures.many(tmp_path, 40, size=(320, 240))
    damaged = tmp_path / "damaged.jpg"
    damaged.write_bytes(plan[0].read_bytes()[:700])
    plan.insert(5, damaged)
    first = darkrooms(cache_folder=tmp_path / "cache", processes=2)
    before = Heard(first)
    first.want(plan, wanted=WANTED)
    wait(qtbot, lambda: before.idle == 1)
    first.close()
    for picture in plan[:-1]:  # none of these can be looked at any more
        facts = picture.stat()
        picture.write_bytes(bytes(facts.st_size))
        os.utime(picture, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    changed = pictures.photograph(plan[-1])

    second = darkrooms(cache_folder=tmp_path / "cache")
    after = Heard(second)
    second.want(plan, wanted=WANTED)
    wait(qtbot, lambda: after.idle == 1)

    assert after.order == [picture.name for picture in plan]
    assert after.refusals == before.refusals
    assert dict(after.looks[:-1]) == {p: look for p, look in before.looks if p != changed}
    assert after.looks[-1] == (changed, look_at(changed, wanted=WANTED))


def test_a_file_that_could_not_be_read_is_not_remembered_as_such(
    qtbot: QtBot, tmp_path: Path, darkrooms: Making
) -> None:
    picture = tmp_path / "a.png"
    first = darkrooms(cache_folder=tmp_path / "cache")
    before = Heard(first)
    first.want([picture], wanted=WANTED)
    wait(qtbot, lambda: before.idle == 1)

    few(tmp_path, "a.png")
    first.forget(picture)
    wait(qtbot, lambda: before.idle == 2)

    assert len(before.refusals) == 1
    assert [each for each, _ in before.looks] == [picture]


def test_a_picture_on_which_the_process_dies_twice_is_refused_and_the_rest_goes_on(
    qtbot: QtBot, tmp_path: Path, darkrooms: Making
) -> None:
    plan = few(tmp_path, "crash.png", "raise.png", "good.png", "crash-once.png")
    darkroom = darkrooms(command=STUBBORN)
    heard = Heard(darkroom)

    darkroom.want(plan, wanted=WANTED)
    wait(qtbot, lambda: heard.idle == 1)

    assert heard.order == ["crash.png", "raise.png", "good.png", "crash-once.png"]
    assert [picture.name for picture, _ in heard.looks] == ["good.png", "crash-once.png"]
    assert "failed twice" in heard.refusals[0][1]
    assert "something that nobody foresaw" in heard.refusals[1][1]
    assert heard.stopped == []


def test_a_picture_on_which_the_process_hangs_is_refused_in_time(
    qtbot: QtBot, tmp_path: Path, darkrooms: Making
) -> None:
    plan = few(tmp_path, "hang.png", "good.png")
    darkroom = darkrooms(command=STUBBORN, patience_s=3.0)
    heard = Heard(darkroom)

    darkroom.want(plan, wanted=WANTED)
    wait(qtbot, lambda: heard.idle == 1)

    assert heard.order == ["hang.png", "good.png"]
    assert "over 3 s" in heard.refusals[0][1]


def test_a_process_that_answers_nonsense_is_started_again(
    qtbot: QtBot, tmp_path: Path, darkrooms: Making
) -> None:
    plan = few(tmp_path, "nonsense-once.png", "good.png", "nonsense.png")
    darkroom = darkrooms(command=STUBBORN)
    heard = Heard(darkroom)

    darkroom.want(plan, wanted=WANTED)
    wait(qtbot, lambda: heard.idle == 1)

    assert [picture.name for picture, _ in heard.looks] == ["nonsense-once.png", "good.png"]
    assert [picture.name for picture, _ in heard.refusals] == ["nonsense.png"]


@pytest.mark.parametrize(
    "command",
    [
        ("/no/such/program",),
        (sys.executable, "-c", "raise SystemExit('No such module')"),
        (sys.executable, "-c", "import time; time.sleep(1000)"),
    ],
    ids=["no program", "one that ends at once", "one that never begins"],
)
def test_processes_that_cannot_run_are_given_up_and_that_is_told(
    qtbot: QtBot, tmp_path: Path, darkrooms: Making, command: tuple[str, ...]
) -> None:
    plan = few(tmp_path, "a.png")
    darkroom = darkrooms(command=command, start_s=0.5)
    heard = Heard(darkroom)

    darkroom.want(plan, wanted=WANTED)
    wait(qtbot, lambda: bool(heard.stopped))
    darkroom.want(plan, wanted=WANTED)
    qtbot.wait(50)

    assert len(heard.stopped) == 1
    assert "no proposals" in heard.stopped[0]
    assert "No such" in heard.stopped[0] or "It took over" in heard.stopped[0]
    assert heard.order == []
    assert process_ids(darkroom) == []


def test_a_process_that_is_killed_from_outside_costs_no_picture(
    qtbot: QtBot, tmp_path: Path, darkrooms: Making
) -> None:
    plan = few(tmp_path, *(f"{i}.png" for i in range(5)))
    darkroom = darkrooms()
    heard = Heard(darkroom)
    darkroom.want(plan, wanted=WANTED)
    wait(qtbot, lambda: len(heard.order) == 2)

    os.kill(process_ids(darkroom)[0], signal.SIGKILL)
    wait(qtbot, lambda: heard.idle == 1)

    assert heard.order == [picture.name for picture in plan]
    assert heard.refusals == []


def test_processes_are_polite_and_end_with_their_darkroom(
    qtbot: QtBot, tmp_path: Path, darkrooms: Making
) -> None:
    plan = few(tmp_path, "a.png", "b.png", "c.png")
    darkroom = darkrooms(processes=2)
    heard = Heard(darkroom)
    darkroom.want(plan, wanted=WANTED)
    wait(qtbot, lambda: bool(heard.order))
    ids = process_ids(darkroom)

    assert len(ids) == 2
    assert all(os.getpriority(os.PRIO_PROCESS, each) >= 10 for each in ids)
    darkroom.close()
    told = len(heard.order)
    qtbot.wait(50)

    assert not any(is_alive(each) for each in ids)
    assert len(heard.order) == told
    darkroom.want(plan, wanted=WANTED)
    assert process_ids(darkroom) == []


def test_a_closed_darkroom_goes_with_its_last_owner(qtbot: QtBot, tmp_path: Path) -> None:
    darkroom = Darkroom(processes=1)
    with qtbot.waitSignal(darkroom.idle, timeout=PATIENCE_MS):
        darkroom.want(few(tmp_path, "a.png"), wanted=WANTED)
    gone = weakref.ref(darkroom)

    darkroom.close()
    del darkroom
    let_go()

    assert gone() is None


@pytest.mark.skipif(sys.platform == "darwin", reason="names are text there")
def test_a_file_whose_name_is_not_text_is_told_of(
    qtbot: QtBot, tmp_path: Path, darkrooms: Making
) -> None:
    (plain,) = few(tmp_path, "plain.png")
    strange = plain.rename(tmp_path / os.fsdecode(b"caf\xe9 100%.png"))
    damaged = tmp_path / os.fsdecode(b"\xff.png")
    damaged.write_bytes(b"not a picture")
    folder = tmp_path / "写真 100%"
    (other,) = few(folder, "早.png")
    darkroom = darkrooms(cache_folder=tmp_path / "cache")
    heard = Heard(darkroom)

    darkroom.want([strange, damaged, other], wanted=WANTED)
    wait(qtbot, lambda: heard.idle == 1)

    # A document cannot name such a file, so there is no look; but it is said so, and no more.
    assert [picture for picture, _ in heard.refusals] == [strange, damaged]
    assert "not a picture" in heard.refusals[1][1]
    assert [picture for picture, _ in heard.looks] == [other]


def test_pictures_may_be_given_relative_to_where_the_window_was_started(
    qtbot: QtBot, tmp_path: Path, darkrooms: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(tmp_path, "a.png")
    for name in ("cv2", "queue", "PIL"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not a module of ours')", "utf-8")
    monkeypatch.chdir(tmp_path)
    darkroom = darkrooms()
    heard = Heard(darkroom)

    darkroom.want([Path("a.png")], wanted=WANTED)
    wait(qtbot, lambda: heard.idle == 1 or bool(heard.stopped))

    assert heard.stopped == []
    assert [picture for picture, _ in heard.looks] == [Path("a.png")]
