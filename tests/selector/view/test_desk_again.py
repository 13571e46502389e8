"""Undone and done again, looked into again: what other programs did meanwhile stays done."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from companions import codec
from selector.core.cull import Filter, Verdict
from selector.core.drafting import with_duration
from selector.core.groups import GroupRule
from tests.selector import stills
from tests.selector.desks import PATIENCE_MS, opened, two_groups, wait_for_look
from tests.selector.view.test_desk import FIRST_A, FIRST_B, motion_file, on_disk, slower


def test_an_edit_that_picked_is_undone_as_often_as_it_is_done_again(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(two_groups(tmp_path)) as desk:
        wait_for_look(qtbot, desk, FIRST_A)
        desk.edit(FIRST_A, slower, what="slower")
        for _ in range(3):
            desk.undo_stack.undo()
            assert not motion_file(desk, FIRST_A).exists()
            assert desk.cull.verdict(0) is Verdict.OPEN

            desk.undo_stack.redo()
            assert on_disk(desk, FIRST_A).duration_sec == 6.0
            assert desk.cull.is_picked(FIRST_A)


def test_a_pick_that_is_undone_before_its_look_came_leaves_nothing(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(two_groups(tmp_path)) as desk:
        desk.pick(1)
        desk.undo_stack.undo()
        wait_for_look(qtbot, desk, FIRST_B)
        assert desk.look(FIRST_B) is not None
        assert not motion_file(desk, FIRST_B).exists()


def test_undo_does_not_write_over_what_another_program_wrote(qtbot: QtBot, tmp_path: Path) -> None:
    with opened(two_groups(tmp_path)) as desk:
        wait_for_look(qtbot, desk, FIRST_A)
        desk.pick(0)
        theirs = with_duration(on_disk(desk, FIRST_A), 2.0)
        codec.write(motion_file(desk, FIRST_A), theirs)
        desk.edit(FIRST_A, slower, what="slower")  # which is refused, and asked about

        with qtbot.waitSignal(desk.told) as told:
            desk.undo_stack.undo()
        assert told.args is not None
        assert "stays as it is" in told.args[0]
        assert on_disk(desk, FIRST_A) == theirs

        desk.undo_stack.redo()
        assert on_disk(desk, FIRST_A) == theirs
        desk.take_mine(FIRST_A)
        assert on_disk(desk, FIRST_A).duration_sec == 6.0


def test_a_first_edit_does_not_write_over_a_motion_that_another_program_made_meanwhile(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(two_groups(tmp_path)) as desk:
        wait_for_look(qtbot, desk, FIRST_A)
        proposed = desk.drawn(FIRST_A)
        assert proposed is not None
        theirs = with_duration(proposed, 2.0)
        codec.write(motion_file(desk, FIRST_A), theirs)

        assert not desk.edit(FIRST_A, slower, what="slower")
        assert on_disk(desk, FIRST_A) == theirs
        desk.take_mine(FIRST_A)
        assert on_disk(desk, FIRST_A).duration_sec == 6.0, "what was drawn, not what was proposed"
        for _ in range(2):
            desk.undo_stack.undo()
        assert on_disk(desk, FIRST_A) == theirs


def test_undo_does_not_write_over_what_was_found_on_looking_again(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(two_groups(tmp_path)) as desk:
        wait_for_look(qtbot, desk, FIRST_A)
        desk.edit(FIRST_A, slower, what="slower")
        theirs = with_duration(on_disk(desk, FIRST_A), 2.0)
        codec.write(motion_file(desk, FIRST_A), theirs)
        desk.rescan()

        desk.undo_stack.undo()
        assert on_disk(desk, FIRST_A) == theirs


def test_what_waits_for_the_disk_is_counted_at_once(qtbot: QtBot, tmp_path: Path) -> None:
    folder = two_groups(tmp_path / "shoot")
    with opened(folder) as desk:
        folder.rename(tmp_path / "away")
        for count in (1, 2):
            with qtbot.waitSignal(desk.saved, timeout=1000):  # not by a further try, in 3 s
                desk.reject()
            assert desk.unsaved == count
        (tmp_path / "away").rename(folder)
        assert desk.save_again()


def test_looking_again_keeps_the_history(qtbot: QtBot, tmp_path: Path) -> None:
    with opened(two_groups(tmp_path)) as desk:
        wait_for_look(qtbot, desk, FIRST_A)
        desk.pick(0)
        proposed = on_disk(desk, FIRST_A)
        desk.edit(FIRST_A, slower, what="slower")
        desk.rescan()
        desk.undo_stack.undo()
        assert on_disk(desk, FIRST_A) == proposed

        desk.rescan()
        desk.undo_stack.undo()
        assert not motion_file(desk, FIRST_A).exists()
        desk.undo_stack.redo()
        desk.rescan()
        desk.undo_stack.redo()
        assert on_disk(desk, FIRST_A).duration_sec == 6.0


def test_what_is_undone_after_regrouping_is_told_of_every_group_it_is_in_now(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(two_groups(tmp_path)) as desk:
        desk.decide(0, (FIRST_A,))
        desk.regroup(GroupRule.EACH)
        told: list[int] = []
        desk.decided.connect(told.append)

        desk.undo_stack.undo()
        assert told == [0, 1]
        assert [desk.cull.verdict(group) for group in (0, 1)] == [Verdict.OPEN, Verdict.OPEN]


def test_each_step_of_the_history_is_called_what_it_did(qtbot: QtBot, tmp_path: Path) -> None:
    with opened(two_groups(tmp_path)) as desk:
        desk.pick(1)
        desk.reject()
        desk.reopen(0)
        said = [desk.undo_stack.text(step) for step in range(3)]
        assert said == [f"pick {FIRST_B}", "reject", "open again"]


def test_a_pick_that_was_gone_before_it_was_looked_at_has_its_proposal_when_it_is_back(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(two_groups(tmp_path)) as desk:
        desk.pick(1)
        whole = desk.picture(FIRST_B).read_bytes()
        desk.picture(FIRST_B).unlink()
        desk.rescan()
        desk.picture(FIRST_B).write_bytes(whole)
        desk.rescan()
        qtbot.waitUntil(motion_file(desk, FIRST_B).exists, timeout=PATIENCE_MS)


def test_pictures_are_looked_at_after_others_have_gone(qtbot: QtBot, tmp_path: Path) -> None:
    for name in "abcdef":
        stills.saved(stills.drawn(96, 64), tmp_path / name / "x.png")
    with opened(tmp_path) as desk:
        qtbot.waitUntil(lambda: desk.looking.known == 6, timeout=PATIENCE_MS)
        for name in "cdef":
            (tmp_path / name / "x.png").unlink()
        stills.saved(stills.drawn(96, 64, seed=9), tmp_path / "new" / "x.png")

        desk.rescan()
        for name in ("a/x.png", "b/x.png", "new/x.png"):
            wait_for_look(qtbot, desk, name)
        assert desk.pick(0)
        qtbot.waitUntil(motion_file(desk, "a/x.png").exists, timeout=PATIENCE_MS)


def test_a_look_at_a_picture_that_went_meanwhile_is_not_counted(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(two_groups(tmp_path)) as desk:
        wait_for_look(qtbot, desk, FIRST_B)
        gone, look = desk.picture(FIRST_B), desk.look(FIRST_B)
        gone.unlink()
        desk.rescan()
        desk.darkroom.looked.emit(gone, look)
        desk.darkroom.refused.emit(gone, "it is gone")

        assert desk.look(FIRST_B) is None
        qtbot.waitUntil(lambda: desk.looking.knows_all, timeout=PATIENCE_MS)
        assert desk.looking.known == 3


def test_names_that_clash_do_not_keep_the_rest_from_being_known(
    qtbot: QtBot, tmp_path: Path
) -> None:
    two_groups(tmp_path)
    stills.copied("rocket.jpg", tmp_path / "second", to="c.jpg")  # beside c.png
    with opened(tmp_path) as desk:
        qtbot.waitUntil(lambda: desk.looking.knows_all, timeout=PATIENCE_MS)
        assert desk.looking.known == 3


def test_nothing_is_drawn_on_a_picture_that_has_gone(qtbot: QtBot, tmp_path: Path) -> None:
    with opened(two_groups(tmp_path)) as desk:
        wait_for_look(qtbot, desk, FIRST_B)
        desk.edit(FIRST_B, slower, what="slower")
        before = on_disk(desk, FIRST_B)
        desk.picture(FIRST_B).unlink()
        desk.rescan()

        assert not desk.edit(FIRST_B, lambda motion: with_duration(motion, 9.0), what="slow")
        assert FIRST_B in (desk.problem(FIRST_B) or "")
        assert on_disk(desk, FIRST_B) == before


@pytest.mark.parametrize(("by", "to"), [(1, 4), (-1, 1), (2, 5), (-9, 0), (9, 5)])
def test_from_a_group_that_is_not_shown_it_is_one_step_to_its_neighbours(
    qtbot: QtBot, tmp_path: Path, by: int, to: int
) -> None:
    for number in range(6):
        stills.saved(stills.drawn(60, 40), tmp_path / f"g{number}" / "a.png")
    with opened(tmp_path) as desk:
        for group in (2, 3):
            desk.decide(group, ())
        desk.show(Filter.OPEN)
        desk.go(3)
        desk.step(by)
        assert desk.group == to
