"""What can befall the head: its GCS, its disk, its clock, all of it at once.

One cluster for all of it, brought up and kept as ``fleet up`` does; the home has a small disk of
its own on the head.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from companions.video_meta import Verdict
from fleet.jobs.model import Stage
from fleet.ledger import reading
from fleet.stages.drill import Drill, Fault, Trouble
from tests.chaos.field import BOTH, Field
from tests.fleet import netns
from tests.fleet.raylets import until

pytestmark = pytest.mark.skipif(bool(netns.lacking()), reason=netns.lacking())

SETTINGS = """
first_retry_s = 2.0
checkpoint_after_s = 0.0
object_store_mb = 100
generation_slots = 1
interpolation_slots = 1
"""
DISK = "" if os.geteuid() else "size=200m"
needs_root = pytest.mark.skipif(not DISK, reason="only root can mount a disk for the home")
FULL_S = 3.0
PLUGS = ["plug_0", "plug_1"]
FAULTS = {
    "set_back": Fault("generate", Trouble.FLAKY, times=1),
    "set_forward": Fault("generate", Trouble.FLAKY, times=1),
    **{name: Fault("finish", Trouble.SLOW, times=1) for name in PLUGS},
}
CLOCK = """
import pathlib, time
_told, _true = pathlib.Path(__file__).with_name("jump"), time.time
time.time = lambda: _true() + float(_told.read_text())
"""
"""Read by Python when it starts: a clock that jumps when it is told."""


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clock")
    (folder / "sitecustomize.py").write_text(CLOCK)
    (folder / "jump").write_text("0")
    return folder / "jump"


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory, clock: Path) -> Iterator[Field]:
    stages = Drill(generate_s=0.3, frames=8, width=320, height=180, faults=FAULTS)
    folder = tmp_path_factory.mktemp("head")
    with Field(
        folder, stages=stages, settings=SETTINGS, disk=DISK, path=str(clock.parent)
    ) as field:
        field.keep()
        for name in ("n1", "n2"):
            field.cluster.start_node(name, BOTH)
        field.cluster.ready()
        field.wait_for_workers(4)
        yield field
        field.lose_head()
        field.holds_together()  # at rest: now what lies about is judged too


def test_a_killed_gcs_comes_back_and_costs_nothing(field: Field) -> None:
    names = [f"gcs_{number}" for number in range(10)]
    field.submit(*names)
    field.wait_until_at_work(names[0], Stage.GENERATE)

    assert field.cluster.head.kill("gcs_server") == 1

    field.wait_until_over(*names, within_s=40.0)
    for name in names:
        assert [a.outcome for a in field.history(name).attempts] == ["succeeded"] * 3
    field.holds_together()


def test_a_gcs_and_a_dispatcher_that_are_killed_at_once_come_back(field: Field) -> None:
    names = [f"both_{number}" for number in range(6)]
    field.submit(*names)
    field.wait_until_at_work(names[0], Stage.GENERATE)

    assert field.cluster.head.kill("gcs_server") == 1
    assert field.cluster.head.kill("ray::Dispatcher") == 1

    field.wait_until_over(*names, within_s=40.0)
    assert set(field.verdicts(*names).values()) == {Verdict.PASS}
    field.holds_together()


@pytest.mark.parametrize(("name", "jump_s"), [("set_back", -86400.0), ("set_forward", 86400.0)])
def test_a_clock_that_jumps_by_a_day_delays_nothing(
    field: Field, clock: Path, name: str, jump_s: float
) -> None:
    others = [f"{name}_{number}" for number in range(6)]
    field.submit(name, *others)
    until(
        lambda: field.outcomes(name, Stage.GENERATE) == ["backend_failed"],
        within_s=40.0,
        what="a shot that waits for its next try",
    )

    set_clock(clock, jump_s)
    try:
        field.wait_until_over(name, *others, within_s=40.0)
        assert set(field.verdicts(name, *others).values()) == {Verdict.PASS}
        attempts = [a for each in (name, *others) for a in field.history(each).attempts]
        paid_s = [a.duration_s for a in attempts if a.stage is not Stage.PUBLISH]
        assert all(0.0 < seconds < 30.0 for seconds in paid_s)
        field.holds_together()
    finally:
        set_clock(clock, 0.0)


def set_clock(clock: Path, jump_s: float) -> None:
    new = clock.with_suffix(".new")
    new.write_text(str(jump_s))
    new.replace(clock)  # at once: nobody may read half a number


def fill(path: Path) -> None:
    """Leave no room on the disk of ``path``."""
    with contextlib.suppress(OSError), path.open("wb") as stream:
        while True:
            stream.write(b"\0" * 65536)
            stream.flush()


@needs_root
def test_a_full_disk_of_the_head_is_waited_for(field: Field) -> None:
    names = [f"full_{number}" for number in range(8)]
    field.submit(*names)
    field.wait_until_at_work(names[0], Stage.GENERATE)
    filling = field.home.root / "filling"

    field.inside(lambda: fill(filling))
    time.sleep(FULL_S)
    assert None in field.verdicts(*names).values(), "there was room for all of them"
    assert field.cluster.head.processes("ray::Dispatcher")
    field.inside(filling.unlink)

    field.wait_until_over(*names, within_s=40.0)
    assert set(field.verdicts(*names).values()) == {Verdict.PASS}
    for name in names:
        assert field.outcomes(name, Stage.GENERATE) == ["succeeded"], "no work was given up"
    field.holds_together()


@needs_root
def test_a_ledger_that_became_read_only_is_waited_for(field: Field) -> None:
    names = [f"sealed_{number}" for number in range(6)]
    field.submit(*names)
    field.wait_until_at_work(names[0], Stage.GENERATE)
    ledger = str(field.home.ledger)

    # As after an error of the disk: what is opened from now on cannot be written.
    field.on_head("mount", "--bind", ledger, ledger)
    field.on_head("mount", "-o", "remount,bind,ro", ledger)
    assert field.cluster.head.kill("ray::Dispatcher") == 1
    until(
        lambda: "waiting" in field.inside(field.home.log.read_text),
        within_s=40.0,
        what="a dispatcher that waits for its ledger",
    )
    assert set(field.verdicts(*names).values()) - {Verdict.PASS} == {None}
    field.on_head("umount", "--lazy", ledger)

    field.wait_until_over(*names, within_s=40.0)
    assert set(field.verdicts(*names).values()) == {Verdict.PASS}
    field.holds_together()


def test_a_head_that_is_lost_and_started_again_goes_on_and_pays_for_nothing_twice(
    field: Field,
) -> None:
    kept = ["kept_1", "kept_2"]
    field.submit(*PLUGS)
    for plug in PLUGS:
        field.wait_until_at_work(plug, Stage.FINISH)
    field.submit(*kept)
    ids = {field.id_of(name) for name in kept}
    until(lambda: ids <= field.ask(reading.checkpoints).keys(), within_s=40.0, what="kept frames")

    field.lose_head()
    field.keep()
    for name in ("n1", "n2"):
        field.node(name).kill("raylet/raylet")  # the old cluster's, should they live on
        field.cluster.restart_raylet(name, BOTH)
    field.cluster.ready()

    field.wait_until_over(*kept, *PLUGS, within_s=60.0)
    for name in (*kept, *PLUGS):
        assert field.outcomes(name, Stage.GENERATE) == ["succeeded"], "generated once"
        assert field.verdicts(name) == {name: Verdict.PASS}
    field.holds_together()
    assert field.fleet("status").code == 0
