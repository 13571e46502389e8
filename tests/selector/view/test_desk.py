"""The desk: what is decided or drawn is on the disk when it returns, and so is its undoing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from companions import codec
from companions.files import TEMPORARY_PREFIX, TEMPORARY_SUFFIX
from companions.motion import MotionCompanion, MotionOrigin
from companions.names import MOTION_SUFFIX, companion_path
from selector.core.cull import Filter, Order, Verdict
from selector.core.drafting import with_duration
from selector.core.groups import GroupRule
from selector.core.placement import JOURNAL_NAME
from selector.view.desk import Desk
from tests.selector import stills
from tests.selector.desks import PATIENCE_MS, opened, two_groups, wait_for_look

FIRST_A, FIRST_B = "first/a.png", "first/b.png"


def motion_file(desk: Desk, name: str) -> Path:
    """Where that picture's motion lies."""
    return desk.writing.shelf.path(desk.picture(name))


def on_disk(desk: Desk, name: str) -> MotionCompanion:
    """That picture's motion as anyone would read it."""
    return codec.read(motion_file(desk, name), MotionCompanion)


def slower(motion: MotionCompanion) -> MotionCompanion:
    """The same move over six seconds."""
    return with_duration(motion, 6.0)


def test_a_pick_is_journaled_and_its_proposal_is_written_as_soon_as_there_is_one(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(two_groups(tmp_path)) as desk:
        assert desk.pick(1)  # at once, before anything was looked at

        assert desk.writing.journal.replay().decisions[-1].pictures[1].picked
        qtbot.waitUntil(motion_file(desk, FIRST_B).exists, timeout=PATIENCE_MS)
        motion = on_disk(desk, FIRST_B)
        assert motion.provenance is not None
        assert motion.provenance.origin is MotionOrigin.PROPOSED
        assert not motion_file(desk, FIRST_A).exists()
        assert desk.cull.verdict(0) is Verdict.PICKED


def test_a_pick_that_was_killed_before_its_look_has_its_proposal_after_opening_again(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(two_groups(tmp_path)) as desk:
        desk.pick(1)
        assert not motion_file(desk, FIRST_B).exists()

    with opened(tmp_path) as desk:
        assert desk.group == 1, "the operator goes on elsewhere"
        qtbot.waitUntil(motion_file(desk, FIRST_B).exists, timeout=PATIENCE_MS)
        assert not motion_file(desk, FIRST_A).exists()


def test_what_was_decided_is_there_after_opening_again_and_the_next_open_group_is_shown(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(two_groups(tmp_path)) as desk:
        wait_for_look(qtbot, desk, FIRST_A)
        desk.pick(0)

    with opened(tmp_path) as desk:
        assert desk.cull.picked(0) == (FIRST_A,)
        assert desk.cull.verdict(1) is Verdict.OPEN
        assert desk.group == 1
        assert desk.motion(FIRST_A) is not None


def test_undo_takes_a_pick_back_from_the_disk_and_redo_brings_it_again(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(two_groups(tmp_path)) as desk:
        wait_for_look(qtbot, desk, FIRST_A)
        desk.pick(0)
        desk.step(1)
        desk.reject()

        desk.undo_stack.undo()
        desk.undo_stack.undo()
        assert desk.group == 0, "the operator sees what was taken back"
        assert not motion_file(desk, FIRST_A).exists()
        with opened(tmp_path, read_only=True) as other:
            assert other.cull.verdict(0) is other.cull.verdict(1) is Verdict.OPEN

        desk.undo_stack.redo()
        assert motion_file(desk, FIRST_A).exists()
        assert desk.cull.verdict(0) is Verdict.PICKED


def test_an_edit_is_written_at_once_picks_the_picture_and_is_undone_on_disk(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(two_groups(tmp_path)) as desk:
        wait_for_look(qtbot, desk, FIRST_A)
        assert desk.edit(FIRST_A, slower, what="slower")
        written = on_disk(desk, FIRST_A)
        assert written.duration_sec == 6.0
        assert written.provenance is not None
        assert written.provenance.origin is MotionOrigin.EDITED
        assert desk.cull.is_picked(FIRST_A)

        desk.undo_stack.undo()
        assert not motion_file(desk, FIRST_A).exists(), "the pick goes with the edit that made it"
        assert desk.cull.verdict(0) is Verdict.OPEN


def test_a_change_that_changes_nothing_picks_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    with opened(two_groups(tmp_path)) as desk:
        wait_for_look(qtbot, desk, FIRST_A)
        assert desk.edit(FIRST_A, lambda motion: motion, what="nothing")

        assert desk.cull.verdict(0) is Verdict.OPEN
        assert not motion_file(desk, FIRST_A).exists()


def test_edits_of_one_drag_are_one_step_of_the_history(qtbot: QtBot, tmp_path: Path) -> None:
    with opened(two_groups(tmp_path)) as desk:
        wait_for_look(qtbot, desk, FIRST_A)
        desk.pick(0)
        before = on_disk(desk, FIRST_A)
        for seconds in (4.5, 5.0, 5.5):
            desk.edit(
                FIRST_A,
                lambda motion, s=seconds: with_duration(motion, s),  # type: ignore[misc]
                what="drag",
                merge="drag 1",
            )

        desk.undo_stack.undo()
        assert on_disk(desk, FIRST_A) == before


def test_a_second_pick_among_candidates_adds_to_the_first(qtbot: QtBot, tmp_path: Path) -> None:
    with opened(two_groups(tmp_path)) as desk:
        desk.pick(0)
        desk.pick(1, among=True)
        assert desk.cull.picked(0) == (FIRST_A, FIRST_B)

        desk.pick(0, among=True)
        assert desk.cull.picked(0) == (FIRST_B,)


def test_a_group_can_be_opened_again(qtbot: QtBot, tmp_path: Path) -> None:
    with opened(two_groups(tmp_path)) as desk:
        desk.reject()
        assert desk.cull.verdict(0) is Verdict.REJECTED
        desk.reopen(0)
        assert desk.cull.verdict(0) is Verdict.OPEN

    with opened(tmp_path) as desk:
        assert desk.cull.verdict(0) is Verdict.OPEN


def test_a_corrupt_motion_blocks_its_picture_is_kept_and_says_why(
    qtbot: QtBot, tmp_path: Path
) -> None:
    two_groups(tmp_path)
    file = companion_path(tmp_path / FIRST_A, MOTION_SUFFIX)
    file.write_text('{"schema_version": 1, "type": ')
    with opened(tmp_path) as desk, qtbot.waitSignal(desk.told, timeout=PATIENCE_MS) as told:
        wait_for_look(qtbot, desk, FIRST_A)
        assert not desk.pick(0)
        assert not desk.edit(FIRST_A, slower, what="slower")
        assert desk.cull.verdict(0) is Verdict.OPEN
        desk.show(Filter.BLOCKED)
        assert desk.shown == (0,)

    assert "a.motion.json" in told.args[0]
    assert file.read_text() == '{"schema_version": 1, "type": '


def test_a_corrupt_picture_says_why_and_cannot_be_picked(qtbot: QtBot, tmp_path: Path) -> None:
    two_groups(tmp_path)
    (tmp_path / FIRST_B).write_bytes((tmp_path / FIRST_B).read_bytes()[:5000])
    with opened(tmp_path) as desk:
        wait_for_look(qtbot, desk, FIRST_B)

        assert FIRST_B.split("/")[1] in (desk.problem(FIRST_B) or "")
        assert not desk.pick(1)
        assert desk.pick(0)


def test_a_picture_found_corrupt_after_it_was_picked_is_told(qtbot: QtBot, tmp_path: Path) -> None:
    two_groups(tmp_path)
    (tmp_path / FIRST_B).write_bytes((tmp_path / FIRST_B).read_bytes()[:5000])
    with opened(tmp_path) as desk, qtbot.waitSignal(desk.told, timeout=PATIENCE_MS) as told:
        desk.pick(1)
    assert "b.png" in told.args[0]


def test_what_cannot_be_written_is_kept_told_and_written_later(
    qtbot: QtBot, tmp_path: Path
) -> None:
    two_groups(tmp_path)
    with opened(tmp_path) as desk:
        wait_for_look(qtbot, desk, FIRST_A)
        away = tmp_path.with_name("away")
        tmp_path.rename(away)  # a disk that was pulled out
        try:
            desk.pick(0)
            desk.step(1)
            desk.reject()

            assert desk.unsaved == 3  # two decisions and a motion
            assert str(tmp_path) in desk.why_unsaved
            assert desk.cull.verdict(0) is Verdict.PICKED
        finally:
            if tmp_path.exists():
                shutil.rmtree(tmp_path)
            away.rename(tmp_path)
        with qtbot.waitSignal(
            desk.saved, timeout=PATIENCE_MS, check_params_cb=lambda: not desk.unsaved
        ):
            pass

    with opened(tmp_path) as desk:
        assert desk.motion(FIRST_A) is not None
        assert [desk.cull.verdict(g) for g in (0, 1)] == [Verdict.PICKED, Verdict.REJECTED]


def test_a_motion_that_another_program_changed_is_not_written_over(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(two_groups(tmp_path)) as desk:
        wait_for_look(qtbot, desk, FIRST_A)
        desk.pick(0)
        theirs = with_duration(on_disk(desk, FIRST_A), 2.0)
        codec.write(motion_file(desk, FIRST_A), theirs)

        desk.edit(FIRST_A, slower, what="slower")
        assert on_disk(desk, FIRST_A) == theirs
        assert FIRST_A in desk.conflicts

        desk.take_mine(FIRST_A)
        assert on_disk(desk, FIRST_A).duration_sec == 6.0
        assert not desk.conflicts

        desk.undo_stack.undo()
        assert on_disk(desk, FIRST_A) == theirs


def test_keeping_theirs_reads_it_again(qtbot: QtBot, tmp_path: Path) -> None:
    with opened(two_groups(tmp_path)) as desk:
        wait_for_look(qtbot, desk, FIRST_A)
        desk.pick(0)
        theirs = with_duration(on_disk(desk, FIRST_A), 2.0)
        codec.write(motion_file(desk, FIRST_A), theirs)
        desk.edit(FIRST_A, slower, what="slower")

        desk.take_theirs(FIRST_A)
        assert desk.motion(FIRST_A) == theirs
        assert not desk.conflicts


def test_a_window_that_only_looks_writes_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    with opened(two_groups(tmp_path), read_only=True) as desk:
        before = sorted(tmp_path.rglob("*"))
        wait_for_look(qtbot, desk, FIRST_A)
        for refused in (
            desk.pick(0),
            desk.reject(),
            desk.reopen(0),
            desk.edit(FIRST_A, slower, what="slower"),
        ):
            assert not refused
        assert sorted(tmp_path.rglob("*")) == before


def test_with_an_overlay_the_opened_folder_is_left_as_it_is(qtbot: QtBot, tmp_path: Path) -> None:
    folder, overlay = two_groups(tmp_path / "pictures"), tmp_path / "overlay"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    with opened(folder, overlay=overlay) as desk:
        wait_for_look(qtbot, desk, FIRST_A)
        desk.pick(0)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert (overlay / "first" / "a.motion.json").exists()
    assert (overlay / JOURNAL_NAME).exists()

    with opened(folder, overlay=overlay) as desk:
        assert desk.cull.picked(0) == (FIRST_A,)
        assert desk.motion(FIRST_A) is not None


def test_decisions_stay_with_their_pictures_when_groups_are_made_anew(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(two_groups(tmp_path)) as desk:
        desk.pick(1)
        desk.go(1, 1)
        desk.regroup(GroupRule.STEM)

        assert len(desk.cull.groups) == 4
        assert desk.name == "second/d.jpg", "the operator stays at the picture that was shown"
        assert desk.cull.all_picked() == (FIRST_B,)


def test_every_picture_is_looked_at_in_the_end_without_the_operator_moving(
    qtbot: QtBot, tmp_path: Path
) -> None:
    for i in range(40):  # more than one plan
        stills.saved(stills.drawn(96, 64, seed=i), tmp_path / f"g{i:02}" / "a.png")
    with opened(tmp_path) as desk:
        qtbot.waitUntil(
            lambda: all(desk.look(name) is not None for name in desk.scan.names),
            timeout=PATIENCE_MS,
        )
        desk.show(Filter.ALL, order=Order.VIABILITY)
        scores = [
            desk.look(desk.cull.groups[g].pictures[0]).viability.score  # type: ignore[union-attr]
            for g in desk.shown
        ]
    assert scores == sorted(scores, reverse=True)


def test_an_empty_folder_opens_and_every_act_is_refused_quietly(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(tmp_path) as desk:
        desk.step(1)
        desk.step_candidate(1)
        assert (desk.current, desk.name) == (None, "")
        assert not desk.pick(0)
        assert not desk.reject()


@pytest.mark.parametrize("name", ["ärger/ö.png", "写真/夕焼け.png", "a b/c'd.png", "🌅/x.png"])
def test_names_of_any_script_are_picked_and_found_again(
    qtbot: QtBot, tmp_path: Path, name: str
) -> None:
    stills.copied("astronaut.png", (tmp_path / name).parent, to=Path(name).name)
    with opened(tmp_path) as desk:
        wait_for_look(qtbot, desk, name)
        assert desk.pick(0)
    with opened(tmp_path) as desk:
        assert desk.cull.picked(0) == (name,)
        assert desk.motion(name) is not None


def test_looking_again_finds_pictures_that_came_and_leaves_out_those_that_went(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(two_groups(tmp_path)) as desk:
        wait_for_look(qtbot, desk, FIRST_A)
        desk.pick(0)
        desk.go(1)
        (tmp_path / "second" / "d.jpg").unlink()
        stills.copied("coffee.png", tmp_path / "third")

        assert desk.rescan()
        assert [group.key for group in desk.cull.groups] == ["first", "second", "third"]
        assert desk.cull.groups[1].pictures == ("second/c.png",)
        assert desk.group == 1
        assert desk.cull.picked(0) == (FIRST_A,)


def test_looking_again_reads_a_picture_that_was_mended(qtbot: QtBot, tmp_path: Path) -> None:
    two_groups(tmp_path)
    whole = (tmp_path / FIRST_A).read_bytes()
    (tmp_path / FIRST_A).write_bytes(whole[:5000])
    with opened(tmp_path) as desk:
        wait_for_look(qtbot, desk, FIRST_A)
        assert desk.problem(FIRST_A) is not None

        (tmp_path / FIRST_A).write_bytes(whole)
        desk.rescan()
        wait_for_look(qtbot, desk, FIRST_A)
        assert desk.problem(FIRST_A) is None
        assert desk.pick(0)


def test_looking_again_into_a_folder_that_is_gone_keeps_what_is_known(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = two_groups(tmp_path / "shoot")
    with opened(folder) as desk, qtbot.waitSignal(desk.told) as told:
        folder.rename(tmp_path / "away")
        assert not desk.rescan()
        assert len(desk.cull.groups) == 2
        (tmp_path / "away").rename(folder)
    assert str(folder) in told.args[0]


def test_what_killed_programs_left_an_hour_ago_is_swept_when_the_folder_is_opened(
    qtbot: QtBot, tmp_path: Path
) -> None:
    two_groups(tmp_path)
    old, young, foreign = (
        tmp_path / "first" / name
        for name in (
            f"{TEMPORARY_PREFIX}old{TEMPORARY_SUFFIX}",
            f"{TEMPORARY_PREFIX}young{TEMPORARY_SUFFIX}",
            f"old{TEMPORARY_SUFFIX}",
        )
    )
    for each in (old, young, foreign):
        each.write_text("half")
    for each in (old, foreign):
        os.utime(each, (1.0, 1.0))

    with opened(tmp_path, read_only=True):
        assert old.exists()
    with opened(tmp_path):
        assert [each.exists() for each in (old, young, foreign)] == [False, True, True]
