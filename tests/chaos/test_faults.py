"""What can befall a fleet on many nodes, on a real cluster: every shot ends, and ends once.

One cluster for all of it: starting one is what takes the time.  What breaks a node mends it again.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from itertools import count

import pytest

from companions.generation_params import MemoryPlan
from companions.video_meta import Verdict
from fleet.jobs.model import Stage
from fleet.ledger import control
from fleet.ledger.selection import Selection
from fleet.stages.drill import Drill, Fault, Trouble
from tests.acceptance.cli import command, environment
from tests.chaos.field import Field
from tests.fleet import netns
from tests.fleet.raylets import STORE_BYTES, until

pytestmark = pytest.mark.skipif(bool(netns.lacking()), reason=netns.lacking())

SETTINGS = """
first_retry_s = 0.05
generate_deadline_s = 8.0
"""
SICK = [f"sick_{number}" for number in range(24)]
PLUGS = [f"plug_{number}" for number in range(3)]
PLUGS_TOO = [f"plug_too_{number}" for number in range(3)]
MORE = [f"more_{number}" for number in range(6)]
MORE_TOO = [f"more_too_{number}" for number in range(6)]
GENERATE_S = 0.3
FETCH_AGAIN_S = 10.0
"""Ray looks this seldom whether frames from elsewhere can still come."""
FAULTS = {
    "flaky": Fault("generate", Trouble.FLAKY, times=1),
    "hopeless": Fault("finish", Trouble.FLAKY),
    "bug": Fault("generate", Trouble.BUG),
    "killed_once": Fault("finish", Trouble.KILLED, times=1),
    "killer": Fault("generate", Trouble.KILLED),
    "memory": Fault("generate", Trouble.MEMORY, times=1),
    "cuda": Fault("generate", Trouble.CUDA),
    "disk": Fault("finish", Trouble.DISK, times=1),
    "stuck": Fault("generate", Trouble.HANG, times=1),
    "worker_victim": Fault("generate", Trouble.SLOW, times=1),
    "dispatcher_victim": Fault("generate", Trouble.SLOW, times=1),
    "power_victim": Fault("generate", Trouble.SLOW, times=1),
    **{name: Fault("generate", Trouble.FLAKY, node="n3") for name in SICK},
    **{name: Fault("finish", Trouble.SLOW, times=1) for name in PLUGS + PLUGS_TOO},
}


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    stages = Drill(generate_s=GENERATE_S, frames=24, width=320, height=180, faults=FAULTS)
    folder = tmp_path_factory.mktemp("field")
    with Field(folder, stages=stages, settings=SETTINGS) as field:
        field.bring_up("n1", "n2", "n3")
        yield field
        field.cluster.head.kill()
        field.holds_together()  # at rest: now what lies about is judged too


def test_trouble_of_one_shot_never_reaches_the_others_or_the_nodes(field: Field) -> None:
    names = ("first", "flaky", "hopeless", "bug", "killed_once", "killer", "memory", "disk", "last")

    field.submit(*names)
    field.wait_until_over(*names, within_s=40.0)

    assert field.verdicts(*names) == {
        "first": Verdict.PASS,
        "flaky": Verdict.PASS,
        "hopeless": Verdict.FAILED,
        "bug": Verdict.QUARANTINED,
        "killed_once": Verdict.PASS,
        "killer": Verdict.QUARANTINED,
        "memory": Verdict.PASS,
        "disk": Verdict.PASS,
        "last": Verdict.PASS,
    }
    assert field.outcomes("flaky", Stage.GENERATE) == ["backend_failed", "succeeded"]
    assert field.outcomes("hopeless", Stage.FINISH) == ["backend_failed"] * 3
    assert field.outcomes("bug", Stage.GENERATE) == ["internal_error"] * 3
    assert field.outcomes("killer", Stage.GENERATE) == ["worker_lost"] * 3
    assert field.outcomes("memory", Stage.GENERATE) == ["out_of_memory", "succeeded"]
    # What befalls finishing does not cost the generation again.
    for name, reason in (("killed_once", "worker_lost"), ("disk", "node_disk_full")):
        assert field.outcomes(name, Stage.GENERATE) == ["succeeded"]
        assert field.outcomes(name, Stage.FINISH) == [reason, "succeeded"]
        # Another try is made on another node.
        assert len(set(field.places(name, Stage.FINISH))) == 2
    assert len(set(field.places("killer", Stage.GENERATE))) > 1
    assert [row.blocked for row in field.nodes().values()] == ["", "", "", ""]
    field.holds_together()


def test_a_gpu_without_enough_memory_gets_a_fresh_worker_and_the_next_plan_of_the_manifest(
    field: Field,
) -> None:
    field.submit("cuda", plans=(MemoryPlan.CINEMA, MemoryPlan.FAST))
    field.wait_until_over("cuda", within_s=40.0)

    first, second = field.history("cuda").attempts[:2]
    assert (first.outcome, second.outcome) == ("out_of_memory", "succeeded")
    assert first.worker != second.worker
    model = field.meta("cuda").model
    assert model is not None
    assert model.memory_plan == "fast"


def test_a_stage_that_hangs_is_ended_at_its_deadline_with_its_worker(field: Field) -> None:
    field.submit("stuck", "beside_it")
    hanging = field.wait_until_at_work("stuck", Stage.GENERATE)
    processes = field.node(hanging.node).processes("ray::Worker.generate")

    field.wait_until_over("stuck", "beside_it", within_s=40.0)

    assert field.outcomes("stuck", Stage.GENERATE) == ["stage_timed_out", "succeeded"]
    assert not any(process.alive for process in processes)
    field.holds_together()


def test_a_node_on_which_everything_fails_is_blocked_until_a_person_has_looked(
    field: Field,
) -> None:
    field.submit(*SICK)
    field.wait_until_over(*SICK, within_s=40.0)

    assert set(field.verdicts(*SICK).values()) == {Verdict.PASS}, "the node was at fault, not they"
    assert {name for name, row in field.nodes().items() if row.blocked} == {"n3"}
    assert "it was told to" in field.nodes()["n3"].blocked
    meanwhile = ["meanwhile_1", "meanwhile_2", "meanwhile_3"]
    field.submit(*meanwhile)
    field.wait_until_over(*meanwhile, within_s=40.0)
    assert "n3" not in {node for name in meanwhile for node in field.places(name, Stage.GENERATE)}

    assert field.fleet("nodes", "use", "n3").code == 0

    until(lambda: field.nodes()["n3"].workers == 2, within_s=40.0, what="workers on n3")
    after = ["after_1", "after_2", "after_3", "after_4"]
    field.submit(*after)
    field.wait_until_over(*after, within_s=40.0)
    assert "n3" in {node for name in after for node in field.places(name, Stage.GENERATE)}
    field.holds_together()


def test_a_node_that_is_drained_ends_what_it_has_and_gets_nothing_new(field: Field) -> None:
    names = [f"drained_{number}" for number in range(6)]
    field.submit(*names)
    node = field.wait_until_at_work(names[0], Stage.GENERATE).node

    assert field.fleet("nodes", "drain", node).code == 0

    drained_at = time.time()
    field.wait_until_over(*names, within_s=40.0)
    attempts = [attempt for name in names for attempt in field.history(name).attempts]
    assert {attempt.outcome for attempt in attempts} == {"succeeded"}
    assert not [a for a in attempts if a.node == node and a.started_at > drained_at + 0.5]
    until(lambda: field.nodes()[node].state == "drained", within_s=40.0, what="a drained node")
    assert field.fleet("nodes", "use", node).code == 0
    until(lambda: field.nodes()[node].workers == 2, within_s=40.0, what=f"workers on {node}")


def test_a_killed_worker_costs_one_attempt_and_is_replaced(field: Field) -> None:
    field.submit("worker_victim")
    node = field.node(field.wait_until_at_work("worker_victim", Stage.GENERATE).node)
    until(lambda: bool(node.processes("ray::Worker.gen")), within_s=40.0, what="a working worker")

    assert node.kill("ray::Worker.generate") == 1

    field.wait_until_over("worker_victim", within_s=40.0)
    assert field.outcomes("worker_victim", Stage.GENERATE) == ["worker_lost", "succeeded"]
    field.wait_for_workers(6)
    field.holds_together()


def test_a_killed_dispatcher_comes_back_and_adopts_its_workers(field: Field) -> None:
    field.submit("dispatcher_victim")
    field.wait_until_at_work("dispatcher_victim", Stage.GENERATE)
    workers = {
        process.pid for node in ("n1", "n2", "n3") for process in field.node(node).processes(
            "ray::Worker"
        )
    }  # fmt: skip
    assert len(workers) == 6

    assert field.cluster.head.kill("ray::Dispatcher") == 1
    field.submit("beside_the_dispatcher")

    field.wait_until_over("dispatcher_victim", "beside_the_dispatcher", within_s=40.0)
    assert field.verdicts("dispatcher_victim") == {"dispatcher_victim": Verdict.PASS}
    assert workers == {
        process.pid for node in ("n1", "n2", "n3") for process in field.node(node).processes(
            "ray::Worker"
        )
    }  # fmt: skip
    field.holds_together()


def test_a_killed_command_is_no_loss_and_said_again_it_only_follows(field: Field) -> None:
    names = [f"command_{number}" for number in range(8)]
    manifest = field.write_manifest(*names)

    with subprocess.Popen(
        command("submit", manifest), env=environment(field.home.root),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        field.wait_until_at_work(names[0], Stage.GENERATE)
        process.send_signal(signal.SIGKILL)
    again = field.fleet("submit", str(manifest))

    assert again.code == 0, again.err
    assert set(field.verdicts(*names).values()) == {Verdict.PASS}
    for name in names:
        assert field.outcomes(name, Stage.GENERATE) == ["succeeded"]
    field.holds_together()


def frames_that_wait(field: Field, plugs: list[str], names: list[str]) -> str:
    """Have the shots ``names`` generated and every worker that could finish them at a plug; the
    node that made the first one's frames.
    """
    field.submit(*plugs)
    for plug in plugs:
        field.wait_until_at_work(plug, Stage.FINISH)
    field.submit(*names)
    until(
        lambda: all(field.outcomes(name, Stage.GENERATE) == ["succeeded"] for name in names),
        within_s=40.0,
        what="frames that wait",
    )
    return field.places(names[0], Stage.GENERATE)[0]


def withdraw(field: Field, names: list[str]) -> None:
    chosen = Selection(shots=tuple(map(field.id_of, names)))
    field.ask(
        lambda database: control.cancel(
            database, chosen, who="a test", spare_publishing=True, now=time.time()
        )
    )


def test_frames_that_outlive_a_killed_raylet_are_not_generated_again(field: Field) -> None:
    node = frames_that_wait(field, PLUGS, MORE)

    assert field.node(node).kill("raylet/raylet") == 1
    until(lambda: not field.nodes()[node].alive, within_s=40.0, what="the loss of a node")
    withdraw(field, PLUGS)

    field.wait_until_over(*MORE, *PLUGS, within_s=40.0)
    assert {field.outcomes(name, Stage.GENERATE)[0] for name in MORE} == {"succeeded"}
    assert {len(field.outcomes(name, Stage.GENERATE)) for name in MORE} == {1}
    lost = [plug for plug in PLUGS if field.places(plug, Stage.FINISH)[0] == node]
    assert [field.outcomes(plug, Stage.FINISH)[0] for plug in lost] == ["node_lost"]
    field.holds_together()
    field.bring_back(node)


def test_nobody_waits_for_frames_that_are_gone_with_their_raylet(field: Field) -> None:
    node = frames_that_wait(field, PLUGS_TOO, MORE_TOO)

    with field.crowded(size_mb=STORE_BYTES // 1_000_000 - 4):
        assert field.node(node).kill("raylet/raylet") == 1
        # Before its death is known, so that others begin with frames that never come.
        withdraw(field, PLUGS_TOO)
        field.wait_until_over(*MORE_TOO, *PLUGS_TOO, within_s=60.0)

    attempts = [a for name in MORE_TOO for a in field.history(name).attempts]
    waited_s = {a.duration_s for a in attempts if a.stage is Stage.FINISH}
    assert max(waited_s) < FETCH_AGAIN_S
    assert set(field.verdicts(*MORE_TOO).values()) == {Verdict.PASS}
    again = [name for name in MORE_TOO if len(field.outcomes(name, Stage.GENERATE)) > 1]
    assert {field.places(name, Stage.GENERATE)[0] for name in again} == {node}
    field.holds_together()
    field.bring_back(node)


def test_a_partition_costs_no_try_and_what_comes_late_is_not_taken(field: Field) -> None:
    for number in count():
        name = f"cut_off_{number}"
        field.submit(name)
        node = field.wait_until_at_work(name, Stage.GENERATE).node
        field.node(node).unplug()
        time.sleep(2 * GENERATE_S)  # the stage ends, and nobody hears of it
        if field.outcomes(name, Stage.GENERATE) != ["succeeded"]:
            break
        field.node(node).plug_in()  # it was quicker; a moment without a network harms nobody

    field.wait_until_over(name, within_s=40.0)
    field.node(node).plug_in()
    until(
        lambda: not field.node(node).processes("raylet/raylet"),
        within_s=40.0,
        what="the end of a raylet that was given up",
    )

    assert field.outcomes(name, Stage.GENERATE) == ["node_lost", "succeeded"]
    assert field.outcomes(name, Stage.FINISH) == ["succeeded"]
    assert field.outcomes(name, Stage.PUBLISH) == ["succeeded"]
    field.holds_together()
    field.bring_back(node)


def test_a_node_that_loses_its_power_costs_no_try(field: Field) -> None:
    field.submit("power_victim")
    node = field.wait_until_at_work("power_victim", Stage.GENERATE).node

    field.node(node).power_off()

    field.wait_until_over("power_victim", within_s=40.0)
    assert field.outcomes("power_victim", Stage.GENERATE) == ["node_lost", "succeeded"]
    # A shot may be over before the next look at the cluster is written down.
    until(lambda: not field.nodes()[node].alive, within_s=40.0, what="the loss of a node")
    field.holds_together()
